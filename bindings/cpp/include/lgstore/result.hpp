/// \file
/// Result<T>: an answer or an Error, in the words of C++23's std::expected but the same type in every
/// standard. SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_RESULT_HPP
#define LGSTORE_CPP_RESULT_HPP

#include <type_traits>
#include <utility>
#include <variant>

#include "lgstore/error.hpp"

#if __has_include(<expected>)
#include <expected>
#endif

namespace lgstore {

/// Either a T or an Error. value() throws Exception where there is none; operator* and error() must be asked
/// for what is there. Where the standard library has std::expected, a Result converts to it.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = Error;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T &value() & { return check(), **this; }
  const T &value() const & { return check(), **this; }
  T &&value() && { return check(), *std::move(*this); }

  T &operator*() &noexcept { return std::get<0>(state_); }
  const T &operator*() const &noexcept { return std::get<0>(state_); }
  T &&operator*() &&noexcept { return std::move(std::get<0>(state_)); }
  T *operator->() noexcept { return &**this; }
  const T *operator->() const noexcept { return &**this; }

  Error &error() &noexcept { return std::get<1>(state_); }
  const Error &error() const &noexcept { return std::get<1>(state_); }
  Error &&error() &&noexcept { return std::move(std::get<1>(state_)); }

  template <class U>
  T value_or(U &&otherwise) const & {
    return has_value() ? **this : static_cast<T>(std::forward<U>(otherwise));
  }
  template <class U>
  T value_or(U &&otherwise) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(otherwise));
  }

  /// `function(value)`, itself a Result, or this error.
  template <class F>
  std::invoke_result_t<F, T> and_then(F &&function) && {
    if (has_value()) return std::forward<F>(function)(*std::move(*this));
    return std::move(*this).error();
  }
  /// A Result of `function(value)`, or this error.
  template <class F>
  Result<std::invoke_result_t<F, T>> transform(F &&function) && {
    if (!has_value()) return std::move(*this).error();
    if constexpr (std::is_void_v<std::invoke_result_t<F, T>>) {
      std::forward<F>(function)(*std::move(*this));
      return {};
    } else {
      return std::forward<F>(function)(*std::move(*this));
    }
  }

#if defined(__cpp_lib_expected)
  operator std::expected<T, Error>() const & {
    if (has_value()) return **this;
    return std::unexpected<Error>(error());
  }
  operator std::expected<T, Error>() && {
    if (has_value()) return *std::move(*this);
    return std::unexpected<Error>(std::move(*this).error());
  }
#endif

 private:
  void check() const {
    if (!has_value()) throw Exception(error());
  }

  std::variant<T, Error> state_;
};

/// Done, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  using error_type = Error;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) throw Exception(*error_);
  }
  void operator*() const noexcept {}
  Error &error() &noexcept { return *error_; }
  const Error &error() const &noexcept { return *error_; }
  Error &&error() &&noexcept { return std::move(*error_); }

#if defined(__cpp_lib_expected)
  operator std::expected<void, Error>() const {
    if (has_value()) return {};
    return std::unexpected<Error>(*error_);
  }
#endif

 private:
  std::optional<Error> error_;
};

}  // namespace lgstore

#endif
