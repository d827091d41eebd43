// Steps of test vectors as requests: by typed calls, or raw in each form that the binding has.
#ifndef LGSTORE_CPP_TESTS_VECTORS_ASK_HPP
#define LGSTORE_CPP_TESTS_VECTORS_ASK_HPP

#include <lgstore.hpp>
#include <optional>
#include <string>
#include <string_view>

// The reader of vectors that the C tests have, too.
extern "C" {
#include "../../../../tests/c/support/ask.h"
#include "../../../../tests/c/support/backend.h"
#include "../../../../tests/c/support/files.h"
#include "../../../../tests/c/support/json.h"
#include "../../../../tests/c/support/judge.h"
#include "../../../../tests/c/support/pattern.h"
}

namespace vectors {

[[noreturn]] void die(const char *what, const char *more);

/// A text_t that ends by itself.
class Text {
 public:
  Text() { text_adds(&text_, ""); }
  ~Text() { text_free(&text_); }
  Text(const Text &) = delete;
  Text &operator=(const Text &) = delete;
  void add(std::string_view text) { text_add(&text_, text.data(), text.size()); }
  text_t *get() { return &text_; }
  std::string_view view() const { return {text_.data, text_.len}; }

 private:
  text_t text_{};
};

/// A tree that ends by itself; refers to the text.
class Json {
 public:
  explicit Json(std::string_view text) : tree_(json_read(text.data(), text.size())) {}
  ~Json() { json_free(tree_); }
  Json(const Json &) = delete;
  Json &operator=(const Json &) = delete;
  const json_t *get() const { return tree_; }

 private:
  json_t *tree_;
};

enum class Way { typed, raw, futures, coroutines };
constexpr int ways = 4;

/// What a step was answered: the answer's document or the error's.
struct Answer {
  lgstore_status_t status;
  std::string text;
};

class Asker {
 public:
  Asker(const lgstore::Store &store, Way way) : store_(store), way_(way) {}

  Answer ask(const json_t *step, const captures_t &captures);
  void advance(double seconds) {
    store_.advance(std::chrono::microseconds(static_cast<long long>(seconds * 1e6 + 0.5)));
  }
  /// How many steps were run by typed calls so far.
  int typed() const { return typed_; }

 private:
  Answer raw(std::uint32_t op, std::string_view body);

  const lgstore::Store &store_;
  Way way_;
  int typed_ = 0;
};

/// Runs a request by the typed call of its operation, and writes the answer out again; nothing if its body
/// holds what no typed call could say.
std::optional<Answer> ask_typed(const lgstore::Store &store, std::string_view op, const json_t *body);

/// An error's document, written out again.
std::string document(const lgstore::Error &error);

}  // namespace vectors

#endif
