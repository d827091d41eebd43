/// \file
/// Errors: codes for `std::error_code`, what the library says of a failure, and the exception that carries
/// it. SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_ERROR_HPP
#define LGSTORE_CPP_ERROR_HPP

#include <lgstore.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "lgstore/handle.hpp"
#include "lgstore/json.hpp"

namespace lgstore {

/// Why a request failed: the status numbers of the C interface. An absent item and a condition that does not
/// hold are answers, not errors.
enum class errc : int {
  ok = LGSTORE_OK,
  invalid_arg = LGSTORE_E_INVALID_ARG,    ///< An argument is missing, of the wrong type or out of its limits.
  utf8 = LGSTORE_E_UTF8,                  ///< A text is not UTF-8.
  json = LGSTORE_E_JSON,                  ///< A text is not the JSON that is asked for.
  unsupported = LGSTORE_E_UNSUPPORTED,    ///< Not known to this library, or not to this backend.
  abi_mismatch = LGSTORE_E_ABI_MISMATCH,  ///< The headers and the library that is loaded do not fit.
  would_deadlock = LGSTORE_E_WOULD_DEADLOCK,    ///< Waiting on a thread of the library.
  closed = LGSTORE_E_CLOSED,                    ///< The store or runtime is closed or closing.
  forked = LGSTORE_E_FORKED,                    ///< Made before fork(); make a new one in the child.
  busy = LGSTORE_E_BUSY,                        ///< Too much in flight, or no memory; nothing was taken.
  timeout = LGSTORE_E_TIMEOUT,                  ///< The deadline passed; surely not applied.
  cancelled = LGSTORE_E_CANCELLED,              ///< Cancelled; surely not applied.
  not_found = LGSTORE_E_NOT_FOUND,              ///< Something that the request names does not exist.
  conflict = LGSTORE_E_CONFLICT,                ///< The stored data contradicts the request.
  corrupt = LGSTORE_E_CORRUPT,                  ///< Stored bytes are damaged.
  unavailable = LGSTORE_E_UNAVAILABLE,          ///< The engine can't serve now; not applied.
  rate_limited = LGSTORE_E_RATE_LIMITED,        ///< Refused by the rate limiter.
  unknown_outcome = LGSTORE_E_UNKNOWN_OUTCOME,  ///< The write may or may not have been applied.
  full = LGSTORE_E_FULL,                        ///< No space left; not applied.
  read_only = LGSTORE_E_READ_ONLY,              ///< File or medium is read-only; not applied.
  backend = LGSTORE_E_BACKEND,                  ///< An engine error without a better name.
  unauthorized = LGSTORE_E_UNAUTHORIZED,        ///< Credentials or rights are missing; not applied.
  overloaded = LGSTORE_E_OVERLOADED,            ///< The cluster refused for load; not applied.
  circuit_open = LGSTORE_E_CIRCUIT_OPEN,        ///< The circuit breaker is open; nothing was sent.
  panic = LGSTORE_E_PANIC,                      ///< A fault inside the library was caught.
  poisoned = LGSTORE_E_POISONED,                ///< After an earlier fault only close is possible.
};

namespace detail {

class Category final : public std::error_category {
 public:
  const char *name() const noexcept override { return "lgstore"; }
  std::string message(int code) const override { return lgstore_status_name(code); }
  /// What the standard library has a word for.
  std::error_condition default_error_condition(int code) const noexcept override {
    switch (static_cast<errc>(code)) {
      case errc::invalid_arg:
      case errc::json:
        return std::errc::invalid_argument;
      case errc::utf8:
        return std::errc::illegal_byte_sequence;
      case errc::unsupported:
        return std::errc::not_supported;
      case errc::would_deadlock:
        return std::errc::resource_deadlock_would_occur;
      case errc::busy:
      case errc::overloaded:
      case errc::rate_limited:
        return std::errc::resource_unavailable_try_again;
      case errc::timeout:
        return std::errc::timed_out;
      case errc::cancelled:
        return std::errc::operation_canceled;
      case errc::full:
        return std::errc::no_space_on_device;
      case errc::read_only:
        return std::errc::read_only_file_system;
      case errc::unauthorized:
        return std::errc::permission_denied;
      default:
        return {code, *this};
    }
  }
};

}  // namespace detail

/// The category of errc in `std::error_code`. Its conditions meet those of std::errc that mean the same:
/// errc::timeout equals std::errc::timed_out, errc::cancelled std::errc::operation_canceled, and so on.
inline const std::error_category &category() noexcept {
  static const detail::Category instance;
  return instance;
}

inline std::error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), category()};
}

namespace detail {

/// The code with a quoted name; errc::backend for one that is newer than these headers.
inline errc code_named(std::string_view quoted) noexcept {
  constexpr errc codes[] = {errc::invalid_arg,
                            errc::utf8,
                            errc::json,
                            errc::unsupported,
                            errc::abi_mismatch,
                            errc::would_deadlock,
                            errc::closed,
                            errc::forked,
                            errc::busy,
                            errc::timeout,
                            errc::cancelled,
                            errc::not_found,
                            errc::conflict,
                            errc::corrupt,
                            errc::unavailable,
                            errc::rate_limited,
                            errc::unknown_outcome,
                            errc::full,
                            errc::read_only,
                            errc::backend,
                            errc::unauthorized,
                            errc::overloaded,
                            errc::circuit_open,
                            errc::panic,
                            errc::poisoned};
  for (const errc code : codes) {
    const std::string_view name = lgstore_status_name(static_cast<lgstore_status_t>(code));
    if (quoted.size() == name.size() + 2 && quoted.substr(1, name.size()) == name) return code;
  }
  return errc::backend;
}

}  // namespace detail

/// What is known of a failure. A value: copy, keep and compare it at will.
class Error {
 public:
  Error() = default;
  /// An error of the caller's side, for code that speaks of errors as the library does.
  Error(errc code, std::string message, std::string field = {})
      : code_(code), message_(std::move(message)), field_(std::move(field)) {}
  /// From an error document of the library: {"code","message",...}.
  static Error from_json(errc code, std::string_view document) {
    Error error;
    error.code_ = code;
    detail::each_member(document,
                        [&error](std::string_view name, std::string_view value) { error.take(name, value); });
    return error;
  }

  /// The same, with the code that the document names.
  static Error from_json(std::string_view document) {
    return from_json(detail::code_named(detail::find_member(document, "code")), document);
  }
  /// An error after which nobody knows whether the request was applied.
  static Error in_doubt(errc code, std::string message) {
    Error error(code, std::move(message));
    error.may_have_applied_ = true;
    return error;
  }

  errc code() const noexcept { return code_; }
  std::error_code error_code() const noexcept { return make_error_code(code_); }
  /// What happened, for people.
  const std::string &message() const noexcept { return message_; }
  /// The path of the field that is at fault, for example `ops[2].key`; empty if it is none's.
  const std::string &field() const noexcept { return field_; }
  /// Whether the same request may succeed later.
  bool retryable() const noexcept { return retryable_; }
  /// Whether a write of this request may be stored. False means that it surely is not.
  bool may_have_applied() const noexcept { return may_have_applied_; }
  /// How long to wait before trying again, where the library knows.
  std::optional<std::chrono::milliseconds> retry_after() const noexcept { return retry_after_; }
  /// More for programs, a JSON object; empty if there is nothing more.
  const std::string &details() const noexcept { return details_; }

  /// Whether time ran out: errc::timeout (surely not applied), or a write in doubt because of its deadline.
  bool timed_out() const {
    if (code_ == errc::timeout) return true;
    if (code_ != errc::unknown_outcome) return false;
    const std::string_view cause = detail::find_member(details_, "cause");
    return !detail::find_member(details_, "timeout_us").empty() || cause == "\"request_timeout\"" ||
           detail::find_member(cause, "code") == "\"timeout\"";
  }
  /// Whether the caller's cancel ended it: errc::cancelled, or a write in doubt that was cancelled.
  bool cancelled() const {
    if (code_ == errc::cancelled) return true;
    return code_ == errc::unknown_outcome &&
           detail::find_member(detail::find_member(details_, "cause"), "code") == "\"cancelled\"";
  }

  /// For people: `invalid_arg: key: must be a string`.
  std::string to_string() const {
    std::string text = lgstore_status_name(static_cast<lgstore_status_t>(code_));
    if (!field_.empty()) text.append(": ").append(field_);
    return text.append(": ").append(message_);
  }

 private:
  void take(std::string_view name, std::string_view value) {
    if (name == "message") message_ = detail::unescape(value);
    if (name == "field") field_ = detail::unescape(value);
    if (name == "retryable") retryable_ = value == "true";
    if (name == "may_have_applied") may_have_applied_ = value == "true";
    if (name == "retry_after_ms") retry_after_ = std::chrono::milliseconds(detail::to_number(value));
    if (name == "details") details_ = std::string(value);
  }

  errc code_ = errc::ok;
  std::string message_;
  std::string field_;
  std::string details_;
  std::optional<std::chrono::milliseconds> retry_after_;
  bool retryable_ = false;
  bool may_have_applied_ = false;
};

/// What the throwing forms throw. Its code() is the std::error_code, its error() the whole.
class Exception : public std::system_error {
 public:
  explicit Exception(Error error)
      : std::system_error(error.error_code(), error.to_string()), error_(std::move(error)) {}
  const Error &error() const noexcept { return error_; }

 private:
  Error error_;
};

namespace detail {

using ErrorHandle = Handle<lgstore_error_t, lgstore_error_free>;

/// The error of a C function that failed. `object` is NULL where the library had no memory for it.
inline Error error_of(lgstore_status_t status, const ErrorHandle &object) {
  std::size_t len = 0;
  const char *json = lgstore_error_json(object.get(), &len);
  if (len == 0) return {static_cast<errc>(status), lgstore_status_name(status)};
  return Error::from_json(static_cast<errc>(status), {json, len});
}

inline Error error_of(lgstore_status_t status) {
  return {static_cast<errc>(status), lgstore_status_name(status)};
}

}  // namespace detail
}  // namespace lgstore

template <>
struct std::is_error_code_enum<lgstore::errc> : std::true_type {};

#endif
