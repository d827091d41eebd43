/// \file
/// Options of operations. All members have defaults: `PutOptions options; options.ttl = 30min;`, or in C++20
/// `{.ttl = 30min}`. Times are std::chrono durations down to the microsecond. Texts are the program's and
/// have to live until the call returns. SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_OPTIONS_HPP
#define LGSTORE_CPP_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lgstore/json.hpp"
#include "lgstore/namespace.hpp"

namespace lgstore {

/// Spans of time; hours, seconds and milliseconds convert to it by themselves.
using Duration = std::chrono::microseconds;

struct never_t {};
/// A time to live without end: `options.ttl = lgstore::never`.
inline constexpr never_t never{};

/// How long an item lives: the store's default unless a duration (above 0) or `never` is assigned.
class Ttl {
 public:
  constexpr Ttl() = default;
  constexpr Ttl(never_t) noexcept : kind_(Kind::without_end) {}
  constexpr Ttl(Duration span) noexcept : span_(span), kind_(Kind::limited) {}
  template <class Rep, class Period,
            std::enable_if_t<std::is_convertible_v<std::chrono::duration<Rep, Period>, Duration>, int> = 0>
  constexpr Ttl(std::chrono::duration<Rep, Period> span) noexcept : Ttl(Duration(span)) {}

  constexpr bool is_default() const noexcept { return kind_ == Kind::by_default; }
  constexpr bool is_never() const noexcept { return kind_ == Kind::without_end; }
  constexpr Duration span() const noexcept { return span_; }

 private:
  enum class Kind : char { by_default, without_end, limited };
  Duration span_{0};
  Kind kind_ = Kind::by_default;
};

/// How a request is run where the configuration's answer is not the one. What an operation does not take is
/// refused by the library.
struct Run {
  TextRef profile{};             ///< An execution profile of the cluster; empty = the default one.
  std::optional<bool> serial{};  ///< put and delete in one order with conditional writes.
  std::optional<std::uint32_t> max_retries{};  ///< Attempts after the first.
  std::optional<Duration> retry_delay{};       ///< The first pause.
  std::optional<double> retry_backoff{};       ///< Each pause by the one before it; kept to a millionth.
};

/// Of operations that need nothing else.
struct Options {
  Duration timeout{0};  ///< Until the deadline; 0 = the store's default.
  Run run{};
};

/// Of put and its conditional forms.
struct PutOptions {
  Ttl ttl{};
  Duration timeout{0};
  Run run{};
};

/// Of get.
struct GetOptions {
  std::optional<bool> refresh_ttl{};  ///< Whether the read moves the item's expiry; absent = as configured.
  Duration timeout{0};
  Run run{};
};

/// Of search.
struct SearchOptions {
  TextRef filter{};          ///< JSON object; empty = all.
  TextRef order{};           ///< "key", "updated_at desc", ...; empty = the store's default.
  std::uint64_t limit = 10;  ///< Items of one page.
  std::uint64_t offset = 0;  ///< Items to leave out at the beginning; not with a cursor.
  TextRef cursor{};          ///< Of the page before; empty = from the beginning.
  std::optional<bool> refresh_ttl{};
  Duration timeout{0};
  Run run{};
};

/// Of list_namespaces: `ListOptions().prefix({"users"}).suffix({"*", "facts"})`.
struct ListOptions {
  enum class Match { prefix, suffix };
  struct Condition {
    Match match;
    Namespace path;
  };

  ListOptions() {}
  /// Namespaces that begin with these labels; "*" is any one label. All conditions must hold.
  ListOptions &prefix(NamespaceRef path) { return add(Match::prefix, path); }
  /// Namespaces that end with these labels.
  ListOptions &suffix(NamespaceRef path) { return add(Match::suffix, path); }

  std::vector<Condition> match_conditions;
  std::optional<std::uint64_t> max_depth;  ///< Longer namespaces are cut to this many labels.
  std::uint64_t limit = 100;               ///< Namespaces of one page.
  std::uint64_t offset = 0;                ///< Namespaces to leave out; not with a cursor.
  TextRef cursor;                          ///< Of the page before; empty = from the beginning.
  Duration timeout{0};
  Run run;

 private:
  ListOptions &add(Match match, const NamespaceRef &path) {
    match_conditions.push_back({match, path.copy()});
    return *this;
  }
};

/// Of batch.
struct BatchOptions {
  bool sequential =
      false;            ///< Each operation sees the ones before; else reads see the state before the batch.
  bool logged = false;  ///< All or nothing.
  Duration timeout{0};
  Run run{};
};

/// Of migrate.
struct MigrateOptions {
  bool dry_run = false;               ///< Only say what would be done.
  std::optional<std::uint32_t> to{};  ///< Clusters only: the version of the schema; absent = this library's.
  Duration timeout{0};
};

/// Of health.
struct HealthOptions {
  bool write = false;  ///< Try a write too.
  Duration timeout{0};
};

/// What compare_and_set and delete_if_value ask of the item: this value, or this version.
class Expected {
 public:
  /// The item must have a value equal to this JSON object.
  static Expected value(const JsonText &json) { return {std::string(json.text()), false}; }
  /// The item must have this version (Item::version, or Outcome::version of an earlier write).
  static Expected version(std::string_view version) { return {std::string(version), true}; }

  bool is_version() const noexcept { return is_version_; }
  std::string_view text() const noexcept { return text_; }

 private:
  Expected(std::string text, bool is_version) : text_(std::move(text)), is_version_(is_version) {}

  std::string text_;
  bool is_version_;
};

}  // namespace lgstore

#endif
