/// \file
/// Writes request bodies. What programs see of it are the operations of a store and of a batch.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_BODY_HPP
#define LGSTORE_CPP_BODY_HPP

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "lgstore/json.hpp"
#include "lgstore/options.hpp"

namespace lgstore {
namespace detail {

/// The text of a request; short ones need no memory from the heap. Functions throw std::bad_alloc.
class Body {
 public:
  Body() noexcept { *at_++ = '{'; }
  Body(const Body &) = delete;
  Body &operator=(const Body &) = delete;

  void raw(std::string_view text) {
    need(text.size());
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  /// The same, for a literal: its size is known where it is compiled.
  template <std::size_t N>
  void raw(const char (&text)[N]) {
    need(N - 1);
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
  }
  /// Begins a member. `name` is written out: `"key":`.
  template <std::size_t N>
  void member(const char (&name)[N]) {
    if (at_[-1] != '{') raw(",");
    raw(name);
  }
  /// A JSON string. What is not UTF-8 goes through, for the library to refuse.
  void string(std::string_view text) {
    need(text.size() + 2);
    *at_++ = '"';
    const char *from = text.data();
    const char *const end = from + text.size();
    for (; end - from >= 8 && is_plain(from); from += 8, at_ += 8) std::memcpy(at_, from, 8);
    for (; from < end; ++from) {
      const auto c = static_cast<unsigned char>(*from);
      if (c >= 0x20 && c != '"' && c != '\\') {
        *at_++ = *from;
      } else {
        escape(c);
        need(static_cast<std::size_t>(end - from)); /* the rest and the quote */
      }
    }
    *at_++ = '"';
  }
  /// JSON text that stays one value where it stands. Text that goes on after its first value could bring
  /// members of its own into the request; it goes down as a string, which the library refuses where it asks
  /// for an object.
  void json(std::string_view text) {
    const char *const end = text.data() + text.size();
    const char *const begin = skip_blanks(text.data(), end);
    const char *const after = skip_value(begin, end);
    if (after > begin && skip_blanks(after, end) == end) return raw(text);
    string(text);
  }
  void number(std::uint64_t number) {
    char digits[20];
    std::size_t at = sizeof digits;
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    raw({digits + at, sizeof digits - at});
  }
  void boolean(bool value) { raw(value ? "true" : "false"); }
  /// Seconds with six decimals.
  void seconds(Duration span) {
    const auto us = span.count();
    if (us < 0) raw("-");
    micros(us < 0 ? ~static_cast<std::uint64_t>(us) + 1 : static_cast<std::uint64_t>(us));
  }
  /// A number given in millionths.
  void micros(std::uint64_t us) {
    char fraction[7] = {'.', '0', '0', '0', '0', '0', '0'};
    number(us / 1000000);
    us %= 1000000;
    for (std::size_t at = 6; at >= 1; --at, us /= 10) fraction[at] = static_cast<char>('0' + us % 10);
    raw({fraction, sizeof fraction});
  }
  void labels(const NamespaceRef &place) {
    raw("[");
    for (std::size_t index = 0; index < place.size(); ++index) {
      if (index > 0) raw(",");
      string(place[index]);
    }
    raw("]");
  }

  /// Closes the object and gives its text.
  std::string_view finish() {
    raw("}");
    return {begin_, size()};
  }

 private:
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  std::size_t room() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  /// Makes room for so many bytes.
  void need(std::size_t more) {
    if (more > room()) grow(more);
  }

  void grow(std::size_t more) {
    const std::size_t used = size();
    std::string grown;
    grown.resize((used + more) * 2);
    std::memcpy(grown.data(), begin_, used);
    heap_ = std::move(grown);
    begin_ = heap_.data();
    at_ = begin_ + used;
    end_ = begin_ + heap_.size();
  }

  /// Whether none of eight bytes has to be escaped. Each term has the high bit of a byte that is below 0x20,
  /// a quote or a backslash; bytes beyond ASCII have none. A borrow from such a byte may mark the next as
  /// well, which changes nothing: the answer is no already.
  static bool is_plain(const char *at) noexcept {
    constexpr std::uint64_t each = UINT64_C(0x0101010101010101);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    const std::uint64_t quotes = bytes ^ each * '"', slashes = bytes ^ each * '\\';
    const std::uint64_t found =
        ((bytes - each * 0x20) & ~bytes) | ((quotes - each) & ~quotes) | ((slashes - each) & ~slashes);
    return (found & each * 0x80) == 0;
  }

  void escape(unsigned char c) {
    constexpr char digits[] = "0123456789abcdef";
    const char control[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    const char quoted[2] = {'\\', static_cast<char>(c)};
    raw(c < 0x20 ? std::string_view(control, sizeof control) : std::string_view(quoted, sizeof quoted));
  }

  char first_[256];
  std::string heap_; /* in use once `first_` was too small */
  char *begin_ = first_;
  char *at_ = first_;
  char *end_ = first_ + sizeof first_;
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
