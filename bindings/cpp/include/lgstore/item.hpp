/// \file
/// What operations answer: items, pages of them, outcomes of conditional writes.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_ITEM_HPP
#define LGSTORE_CPP_ITEM_HPP

#include <lgstore.h>

#include <chrono>
#include <cstring>
#include <locale>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lgstore/json.hpp"
#include "lgstore/namespace.hpp"

namespace lgstore {

/// A point in time, as items have them.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// JSON text that the library wrote, with its memory. Cheap to copy; copies share the text, which stays where
/// it is as long as one of them lives.
class Document {
 public:
  Document() = default;
  Document(std::shared_ptr<const void> owner, std::string_view text) noexcept
      : owner_(std::move(owner)), text_(text) {}
  /// Takes over a result of the C interface.
  static Document take(lgstore_result_t *result) {
    std::shared_ptr<lgstore_result_t> owner(result, lgstore_result_free);
    std::size_t len = 0;
    const char *const json = lgstore_result_json(result, &len);
    return {std::move(owner), {json, len}};
  }

  std::string_view text() const noexcept { return text_; }
  /// A part of this text, with the same memory.
  Document part(std::string_view text) const { return {owner_, text}; }
  /// The text as a type that json_traits knows.
  template <class T>
  T as() const {
    return json_traits<T>::parse(text_);
  }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view text_;
};

namespace detail {

/// Microseconds since 1970 of `"2026-01-31T09:30:00.000001Z"`, quotes included; years may be longer.
inline Time to_time(std::string_view quoted) noexcept {
  const std::size_t dash = quoted.find('-', 1);
  if (dash == std::string_view::npos || quoted.size() != dash + 24) return {};
  const auto field = [&quoted](std::size_t at, std::size_t width) {
    return static_cast<std::int64_t>(to_number(quoted.substr(at, width)));
  };
  // Days of a civil date, in years that begin in March.
  std::int64_t year = field(1, dash - 1);
  std::int64_t month = field(dash + 1, 2);
  year -= month <= 2 ? 1 : 0;
  month += month <= 2 ? 9 : -3;
  const std::int64_t days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + field(dash + 4, 2) - 719469;
  const std::int64_t seconds =
      ((days * 24 + field(dash + 7, 2)) * 60 + field(dash + 10, 2)) * 60 + field(dash + 13, 2);
  return Time(std::chrono::microseconds(seconds * 1000000 + field(dash + 16, 6)));
}

/// A decimal number whatever the process's locale is.
inline double to_double(std::string_view text) {
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  double number = 0;
  stream >> number;
  return number;
}

/// The text between a string's quotes as it stands; empty for what is no string.
inline std::string_view unquote(std::string_view text) noexcept {
  return text.size() >= 2 && text.front() == '"' ? text.substr(1, text.size() - 2) : std::string_view();
}

inline Namespace to_namespace(std::string_view json) {
  Namespace labels;
  each_element(json, [&labels](std::string_view label) { labels.push_back(unescape(label)); });
  return labels;
}

}  // namespace detail

/// An item. It keeps the answer that it came in; copies share it. Safe to read from several threads.
class Item {
 public:
  /// Reads an item's document.
  explicit Item(Document document) : document_(std::move(document)) {
    if (take_as_written(document_.text())) return;
    detail::each_member(document_.text(),
                        [this](std::string_view name, std::string_view value) { take(name, value); });
  }

  /// The namespace.
  Namespace labels() const { return detail::to_namespace(labels_); }
  std::string key() const { return detail::unescape(key_); }
  /// The value, a JSON object, byte for byte as it was put. Valid while this item or a copy of it lives.
  std::string_view value() const noexcept { return value_; }
  /// The value as a type that json_traits knows.
  template <class T>
  T as() const {
    return json_traits<T>::parse(value_);
  }
  /// When it came into being; overwriting does not change it.
  Time created_at() const noexcept { return detail::to_time(created_at_); }
  /// When it was last written.
  Time updated_at() const noexcept { return detail::to_time(updated_at_); }
  /// Changes with every write; empty for a row of another program that has none. For Expected::version.
  std::string_view version() const noexcept { return detail::unquote(version_); }
  /// When it will be gone; absent = never.
  std::optional<Time> expires_at() const noexcept {
    if (expires_at_.empty()) return std::nullopt;
    return detail::to_time(expires_at_);
  }
  /// How well it matches; only in ranked searches.
  std::optional<double> score() const {
    if (score_.empty()) return std::nullopt;
    return detail::to_double(score_);
  }
  /// The whole item as the library wrote it.
  std::string_view json() const noexcept { return document_.text(); }

 private:
  // What stands behind the value in nearly every item:
  // `,"created_at":"...","updated_at":"...","version":"..."}`, or the same with `,"expires_at":"..."` before
  // the brace.
  static constexpr std::string_view head_ = "{\"namespace\":";
  static constexpr std::size_t time_size_ = 29, updated_at_place_ = 43, version_place_ = 86, tail_size_ = 136;
  static constexpr std::size_t expiry_size_ = 43;

  /// Reads a document of that form without walking through the value. False if it has another. A value that
  /// holds such a text itself does not mislead: of both forms only one has the right words at the right
  /// distance from the end, and there is no room for the value's words there.
  bool take_as_written(std::string_view text) noexcept {
    if (text.size() < head_.size() + tail_size_ + expiry_size_ || text.substr(0, head_.size()) != head_)
      return false;
    const bool expires = !is_tail(text.substr(text.size() - tail_size_));
    const std::size_t tail = text.size() - tail_size_ - (expires ? expiry_size_ : 0);
    if (expires && !is_tail(text.substr(tail))) return false;
    const char *const end = text.data() + tail;
    const char *const labels = text.data() + head_.size();
    const char *const key = after_labels(labels, end);
    if (key == nullptr) return false;
    const char *const value = detail::skip_text(detail::skip_value(key, end), end, ",\"value\":");
    if (value == nullptr) return false;
    labels_ = detail::between(labels, key - 7);
    key_ = detail::between(key, value - 9);
    value_ = detail::between(value, end);
    created_at_ = text.substr(tail + 14, time_size_);
    updated_at_ = text.substr(tail + updated_at_place_ + 14, time_size_);
    version_ = text.substr(tail + version_place_ + 11, 38);
    if (expires) expires_at_ = text.substr(text.size() - 1 - time_size_, time_size_);
    return true;
  }

  /// The key's place. Its words stand nowhere in the labels: behind a quote that ends a label comes a comma
  /// or a bracket, and other quotes are escaped.
  static const char *after_labels(const char *at, const char *end) noexcept {
    if (*at != '[') return nullptr;
    while (at < end) {
      at = static_cast<const char *>(std::memchr(at, ']', static_cast<std::size_t>(end - at)));
      if (at == nullptr) return nullptr;
      if (const char *const key = detail::skip_text(++at, end, ",\"key\":")) return key;
    }
    return nullptr;
  }

  static bool is_tail(std::string_view text) noexcept {
    constexpr std::string_view created = ",\"created_at\":\"", updated = ",\"updated_at\":\"",
                               version = ",\"version\":\"", expiry = ",\"expires_at\":\"";
    return text.substr(0, created.size()) == created &&
           text.substr(updated_at_place_, updated.size()) == updated &&
           text.substr(version_place_, version.size()) == version && text.back() == '}' &&
           (text.size() == tail_size_ || text.substr(tail_size_ - 1, expiry.size()) == expiry);
  }

  void take(std::string_view name, std::string_view value) noexcept {
    if (name == "namespace") {
      labels_ = value;
    } else if (name == "key") {
      key_ = value;
    } else if (name == "value") {
      value_ = value;
    } else if (name == "created_at") {
      created_at_ = value;
    } else if (name == "updated_at") {
      updated_at_ = value;
    } else if (name == "version") {
      version_ = value;
    } else if (name == "expires_at") {
      expires_at_ = value;
    } else if (name == "score") {
      score_ = value;
    }
  }

  Document document_;
  std::string_view labels_, key_, value_, created_at_, updated_at_, version_, expires_at_, score_;
};

/// A page of a search.
struct SearchPage {
  std::vector<Item> items;
  std::string cursor;  ///< Asks for the next page (SearchOptions::cursor); empty on the last.
};

/// A page of list_namespaces.
struct NamespacePage {
  std::vector<Namespace> namespaces;
  std::string cursor;  ///< Asks for the next page (ListOptions::cursor); empty on the last.
};

/// What became of a conditional write.
struct Outcome {
  bool applied = false;
  std::string version;          ///< Of the item just written; empty after a delete or when not applied.
  std::optional<Item> current;  ///< When not applied: what is there instead; absent = nothing.
  explicit operator bool() const noexcept { return applied; }
};

namespace detail {

/// Makes answers of their text.
template <class T>
struct Decode;

template <>
struct Decode<void> {
  static void from(const Document &) noexcept {}
};

template <>
struct Decode<Document> {
  static Document from(Document document) noexcept { return document; }
};

template <>
struct Decode<std::uint64_t> {
  static std::uint64_t from(const Document &document) noexcept { return to_number(document.text()); }
};

template <>
struct Decode<std::optional<Item>> {
  static std::optional<Item> from(Document document) {
    if (document.text() == "null") return std::nullopt;
    return std::optional<Item>(std::in_place, std::move(document));
  }
};

template <>
struct Decode<SearchPage> {
  static SearchPage from(const Document &document) {
    SearchPage page;
    each_member(document.text(), [&](std::string_view name, std::string_view value) {
      if (name == "cursor") page.cursor = unescape(value);
      if (name != "items") return;
      each_element(value, [&](std::string_view item) { page.items.emplace_back(document.part(item)); });
    });
    return page;
  }
};

template <>
struct Decode<NamespacePage> {
  static NamespacePage from(const Document &document) {
    NamespacePage page;
    each_member(document.text(), [&](std::string_view name, std::string_view value) {
      if (name == "cursor") page.cursor = unescape(value);
      if (name != "namespaces") return;
      each_element(value, [&](std::string_view labels) { page.namespaces.push_back(to_namespace(labels)); });
    });
    return page;
  }
};

template <>
struct Decode<Outcome> {
  static Outcome from(const Document &document) {
    Outcome outcome;
    each_member(document.text(), [&](std::string_view name, std::string_view value) {
      if (name == "applied") outcome.applied = value == "true";
      if (name == "version") outcome.version = std::string(unquote(value));
      if (name == "current" && value != "null") outcome.current.emplace(document.part(value));
    });
    return outcome;
  }
};

}  // namespace detail
}  // namespace lgstore

#endif
