/// \file
/// JSON as text. The library takes and gives values as text; this is what the binding needs to find its way
/// in answers, and the place where a JSON library of the program's choice is plugged in (json_traits).
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_JSON_HPP
#define LGSTORE_CPP_JSON_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lgstore {

/// How a type becomes JSON text and is made from it. Specialise it for your own types or another JSON
/// library:
///
///     template <> struct lgstore::json_traits<Theme> {
///       static std::string dump(const Theme &theme);
///       static Theme parse(std::string_view json);
///     };
///
/// Then `store.put(ns, key, theme)` and `item.as<Theme>()` work. `<lgstore/nlohmann.hpp>` does it for
/// nlohmann::json and all types that it can convert.
template <class T, class Enable = void>
struct json_traits {};

/// A text in options. It refers to the program's text, which has to live until the call returns; so it takes
/// no std::string that would be gone before. (Options are trivially destructible: gcc 12 destroys braces in
/// co_await expressions twice.)
class TextRef {
 public:
  constexpr TextRef() = default;
  constexpr TextRef(std::string_view text) noexcept : text_(text) {}
  constexpr TextRef(const char *text) : text_(text) {}
  TextRef(const std::string &text) noexcept : text_(text) {}
  TextRef(std::string &&) = delete;

  constexpr operator std::string_view() const noexcept { return text_; }
  constexpr bool empty() const noexcept { return text_.empty(); }

 private:
  std::string_view text_;
};

/// A parameter that is JSON text: a string, or anything that json_traits knows. Text is not copied and has to
/// live until the call returns.
class JsonText {
 public:
  JsonText(std::string_view text) noexcept : text_(text) {}
  JsonText(const std::string &text) noexcept : text_(text) {}
  JsonText(const char *text) : text_(text) {}
  JsonText(std::nullptr_t) = delete;
  template <class T, class = decltype(json_traits<T>::dump(std::declval<const T &>()))>
  JsonText(const T &value) : owned_(json_traits<T>::dump(value)), text_(owned_) {}
  JsonText(const JsonText &) = delete;
  JsonText &operator=(const JsonText &) = delete;

  std::string_view text() const noexcept { return text_; }

 private:
  std::string owned_;
  std::string_view text_;
};

namespace detail {

inline bool is_blank(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

inline const char *skip_blanks(const char *at, const char *end) noexcept {
  while (at < end && is_blank(*at)) ++at;
  return at;
}

/// The place after the string whose opening quote is at `at`. Short strings are looked through by hand; in
/// long ones a quote is the end unless an odd number of backslashes stands before it.
inline const char *skip_string(const char *at, const char *end) noexcept {
  const char *const begin = ++at;
  const char *const by_hand = end - at < 24 ? end : at + 24;
  for (; at < by_hand; ++at) {
    if (*at == '"') return at + 1;
    if (*at == '\\') break;
  }
  while (at < end) {
    at = static_cast<const char *>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
    if (at == nullptr) return end;
    const char *before = at;
    while (before > begin && before[-1] == '\\') --before;
    if ((at - before) % 2 == 0) return at + 1;
    ++at;
  }
  return end;
}

/// The place after the value at `at`. Checks nothing: answers of the library are well-formed.
inline const char *skip_value(const char *at, const char *end) noexcept {
  if (at == end) return end;
  if (*at == '"') return skip_string(at, end);
  if (*at != '{' && *at != '[') {
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_blank(*at)) ++at;
    return at;
  }
  std::size_t depth = 0;
  while (at < end) {
    switch (*at) {
      case '"':
        at = skip_string(at, end);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return end;
}

/// The place after `wanted`, if it stands at `at`; else nullptr.
inline const char *skip_text(const char *at, const char *end, std::string_view wanted) noexcept {
  if (static_cast<std::size_t>(end - at) < wanted.size()) return nullptr;
  return std::memcmp(at, wanted.data(), wanted.size()) == 0 ? at + wanted.size() : nullptr;
}

inline std::string_view between(const char *begin, const char *end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Calls `each(text)` for every element of an array.
template <class Each>
void each_element(std::string_view json, Each each) {
  const char *const end = json.data() + json.size();
  const char *at = skip_blanks(json.data(), end);
  if (at == end || *at != '[') return;
  at = skip_blanks(at + 1, end);
  while (at < end && *at != ']') {
    const char *const value = at;
    at = skip_value(at, end);
    if (at == value) return;
    each(between(value, at));
    at = skip_blanks(at, end);
    if (at < end && *at == ',') at = skip_blanks(at + 1, end);
  }
}

/// Calls `each(name, text)` for every member of an object; names as they are between their quotes.
template <class Each>
void each_member(std::string_view json, Each each) {
  const char *const end = json.data() + json.size();
  const char *at = skip_blanks(json.data(), end);
  if (at == end || *at != '{') return;
  at = skip_blanks(at + 1, end);
  while (at < end && *at == '"') {
    const char *const name = at + 1;
    at = skip_string(at, end);
    const std::string_view found = between(name, at - 1);
    at = skip_blanks(at, end);
    if (at == end || *at != ':') return;
    const char *const value = skip_blanks(at + 1, end);
    at = skip_value(value, end);
    each(found, between(value, at));
    at = skip_blanks(at, end);
    if (at < end && *at == ',') at = skip_blanks(at + 1, end);
  }
}

/// The text of the first member of that name; empty if there is none.
inline std::string_view find_member(std::string_view json, std::string_view wanted) {
  std::string_view found;
  each_member(json, [&](std::string_view name, std::string_view value) {
    if (found.empty() && name == wanted) found = value;
  });
  return found;
}

inline std::uint64_t to_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

inline std::uint32_t to_hex4(const char *at) noexcept {
  std::uint32_t sum = 0;
  for (int digit = 0; digit < 4; ++digit, ++at) {
    const auto low = static_cast<std::uint32_t>(*at) | 32u;
    sum = sum * 16 + (low <= '9' ? low - '0' : low - 'a' + 10);
  }
  return sum;
}

inline void push_utf8(std::string &out, std::uint32_t c) {
  const auto byte = [&out](std::uint32_t bits) { out.push_back(static_cast<char>(bits)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) return byte(0xc0 | (c >> 6)), byte(0x80 | (c & 63));
  if (c < 0x10000) return byte(0xe0 | (c >> 12)), byte(0x80 | ((c >> 6) & 63)), byte(0x80 | (c & 63));
  byte(0xf0 | (c >> 18)), byte(0x80 | ((c >> 12) & 63)), byte(0x80 | ((c >> 6) & 63)), byte(0x80 | (c & 63));
}

/// Appends what the escape at `at` (after the backslash) stands for, and gives the place after it.
inline const char *push_escape(std::string &out, const char *at, const char *end) {
  static const char names[] = "bfnrt";
  static const char meanings[] = "\b\f\n\r\t";
  if (*at != 'u') {
    const char *const found = std::strchr(names, *at);
    out.push_back(found != nullptr ? meanings[found - names] : *at);
    return at + 1;
  }
  if (end - at < 5) return end;
  std::uint32_t c = to_hex4(at + 1);
  at += 5;
  if (c >= 0xd800 && c < 0xdc00 && end - at >= 6) {
    c = 0x10000 + ((c - 0xd800) << 10) + (to_hex4(at + 2) - 0xdc00);
    at += 6;
  }
  push_utf8(out, c);
  return at;
}

/// The text that a JSON string stands for; empty for anything that is no string.
inline std::string unescape(std::string_view quoted) {
  if (quoted.size() < 2 || quoted.front() != '"') return {};
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  std::string out;
  const char *at = text.data();
  const char *const end = at + text.size();
  while (at < end) {
    const auto *const escape =
        static_cast<const char *>(std::memchr(at, '\\', static_cast<std::size_t>(end - at)));
    if (escape == nullptr || escape + 1 == end) break;
    out.append(at, escape);
    at = push_escape(out, escape + 1, end);
  }
  return out.append(at, end);
}

}  // namespace detail
}  // namespace lgstore

#endif
