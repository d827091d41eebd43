/// \file
/// Writes request bodies. What programs see of it are the operations of a store and of a batch.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_BODY_HPP
#define LGSTORE_CPP_BODY_HPP

#include <lgstore_text.h>

#include <new>

#include "lgstore/options.hpp"

namespace lgstore {
namespace detail {

/// The text of a request; short ones need no memory from the heap.
class Body {
 public:
  Body() noexcept {
    lgstore_text_init(&text_);
    raw("{");
  }
  ~Body() { lgstore_text_free(&text_); }
  Body(const Body &) = delete;
  Body &operator=(const Body &) = delete;

  void raw(std::string_view text) noexcept { lgstore_text_append(&text_, text.data(), text.size()); }
  /// Begins a member. `name` is written out: `"key":`.
  void member(std::string_view name) noexcept {
    if (text_.len > 0 && text_.data[text_.len - 1] != '{') raw(",");
    raw(name);
  }
  void string(std::string_view text) noexcept { lgstore_text_string(&text_, text.data(), text.size()); }
  /// JSON text, which stays one value whatever it holds. A view of nothing is no null.
  void json(std::string_view text) noexcept {
    lgstore_text_value(&text_, text.data() != nullptr ? text.data() : "", text.size());
  }
  void number(std::uint64_t number) noexcept { lgstore_text_number(&text_, number); }
  void boolean(bool value) noexcept { raw(value ? "true" : "false"); }
  /// Seconds with six decimals.
  void seconds(Duration span) noexcept {
    const auto us = span.count();
    if (us < 0) raw("-");
    micros(us < 0 ? ~static_cast<std::uint64_t>(us) + 1 : static_cast<std::uint64_t>(us));
  }
  /// A number given in millionths.
  void micros(std::uint64_t us) noexcept {
    char fraction[7] = {'.', '0', '0', '0', '0', '0', '0'};
    number(us / 1000000);
    for (std::size_t at = 6; at >= 1; --at, us /= 10) fraction[at] = static_cast<char>('0' + us % 10 % 10);
    raw({fraction, sizeof fraction});
  }
  void labels(const NamespaceRef &place) noexcept {
    raw("[");
    for (std::size_t index = 0; index < place.size(); ++index) {
      if (index > 0) raw(",");
      string(place[index]);
    }
    raw("]");
  }

  /// Closes the object and gives its text. Throws std::bad_alloc if memory had run out.
  std::string_view finish() {
    raw("}");
    return text();
  }
  std::string_view text() const {
    if (text_.failed != 0) throw std::bad_alloc();
    return {text_.data, text_.len};
  }

 private:
  lgstore_text_t text_;
};

inline void write_run(Body &body, const Run &run) {
  if (!run.profile.empty()) body.member("\"profile\":"), body.string(run.profile);
  if (run.serial) body.member("\"serial\":"), body.boolean(*run.serial);
  if (run.max_retries) body.member("\"max_retries\":"), body.number(*run.max_retries);
  if (run.retry_delay) body.member("\"retry_delay\":"), body.seconds(*run.retry_delay);
  if (run.retry_backoff) {
    body.member("\"retry_backoff\":");
    if (*run.retry_backoff < 0) body.raw("-"); /* for the library to refuse, as what is no number becomes 0 */
    const double size = *run.retry_backoff < 0 ? -*run.retry_backoff : *run.retry_backoff;
    body.micros(size < 1e12 ? static_cast<std::uint64_t>(size * 1e6 + 0.5) : UINT64_C(1000000000000000000));
  }
}

inline void write_item(Body &body, const NamespaceRef &place, std::string_view key) {
  body.member("\"namespace\":");
  body.labels(place);
  body.raw(",\"key\":");
  body.string(key);
}

inline void write_put(Body &body, const NamespaceRef &place, std::string_view key, const JsonText &value,
                      const PutOptions &options) {
  write_item(body, place, key);
  body.raw(",\"value\":");
  body.json(value.text());
  if (options.ttl.is_never()) {
    body.raw(",\"ttl\":null");
  } else if (!options.ttl.is_default()) {
    body.raw(",\"ttl\":");
    body.seconds(options.ttl.span());
  }
  write_run(body, options.run);
}

inline void write_get(Body &body, const NamespaceRef &place, std::string_view key,
                      const GetOptions &options) {
  write_item(body, place, key);
  if (options.refresh_ttl) body.raw(",\"refresh_ttl\":"), body.boolean(*options.refresh_ttl);
  write_run(body, options.run);
}

inline void write_delete(Body &body, const NamespaceRef &place, std::string_view key,
                         const Options &options) {
  write_item(body, place, key);
  write_run(body, options.run);
}

inline void write_expected(Body &body, const Expected &expected) {
  if (expected.is_version()) {
    body.raw(",\"expected_version\":");
    body.string(expected.text());
  } else {
    body.raw(",\"expected_value\":");
    body.json(expected.text());
  }
}

inline void write_scope(Body &body, const NamespaceRef &prefix, std::string_view filter) {
  body.member("\"namespace_prefix\":");
  body.labels(prefix);
  if (!filter.empty()) body.raw(",\"filter\":"), body.json(filter);
}

inline void write_page(Body &body, std::uint64_t limit, std::uint64_t offset, std::string_view cursor) {
  body.member("\"limit\":");
  body.number(limit);
  if (offset != 0) body.raw(",\"offset\":"), body.number(offset);
  if (!cursor.empty()) body.raw(",\"cursor\":"), body.string(cursor);
}

inline void write_search(Body &body, const NamespaceRef &prefix, const SearchOptions &options) {
  write_scope(body, prefix, options.filter);
  write_page(body, options.limit, options.offset, options.cursor);
  if (!options.order.empty()) body.raw(",\"order\":"), body.string(options.order);
  if (options.refresh_ttl) body.raw(",\"refresh_ttl\":"), body.boolean(*options.refresh_ttl);
  write_run(body, options.run);
}

inline void write_list(Body &body, const ListOptions &options) {
  body.member("\"match_conditions\":[");
  bool first = true;
  for (const ListOptions::Condition &condition : options.match_conditions) {
    if (!first) body.raw(",");
    first = false;
    body.raw(condition.match == ListOptions::Match::suffix ? "{\"match_type\":\"suffix\",\"path\":"
                                                           : "{\"match_type\":\"prefix\",\"path\":");
    body.labels(condition.path);
    body.raw("}");
  }
  body.raw("]");
  if (options.max_depth) body.raw(",\"max_depth\":"), body.number(*options.max_depth);
  write_page(body, options.limit, options.offset, options.cursor);
  write_run(body, options.run);
}

}  // namespace detail
}  // namespace lgstore

#endif
