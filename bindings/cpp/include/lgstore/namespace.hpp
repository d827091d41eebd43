/// \file
/// Namespaces: lists of labels, as LangGraph has them.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_NAMESPACE_HPP
#define LGSTORE_CPP_NAMESPACE_HPP

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lgstore {

/// The labels of a namespace, from the root down. A label is not empty and holds neither `.` nor NUL; the
/// limits (256 characters, 10 labels) are the store's.
using Namespace = std::vector<std::string>;

/// A parameter that is a namespace: `{"users", id}`, `{}`, a Namespace, a vector or array of strings or
/// views. It refers to the caller's labels and is only good until the call returns; keep a Namespace instead.
class NamespaceRef {
 public:
  /// The most labels between braces; a vector may have more.
  static constexpr std::size_t most_in_braces = 16;

  NamespaceRef() noexcept : size_(0), form_(Form::braces) {}
  // Not an initializer_list: its array would not outlive the call that makes it, and gcc 12 can't have one in
  // a co_await expression.
  template <class... Labels,
            class = std::enable_if_t<(sizeof...(Labels) > 0) &&
                                     (std::is_convertible_v<const Labels &, std::string_view> && ...)>>
  NamespaceRef(const Labels &...labels) noexcept : size_(sizeof...(Labels)), form_(Form::braces) {
    static_assert(sizeof...(Labels) <= most_in_braces, "pass a lgstore::Namespace");
    std::size_t index = 0;
    (refer(index++, labels), ...);
  }
  NamespaceRef(const std::vector<std::string> &labels) noexcept
      : size_(labels.size()), form_(Form::strings), strings_(labels.data()) {}
  NamespaceRef(const std::vector<std::string_view> &labels) noexcept
      : size_(labels.size()), form_(Form::views), views_(labels.data()) {}
  template <std::size_t N>
  NamespaceRef(const std::array<std::string_view, N> &labels) noexcept
      : size_(N), form_(Form::views), views_(labels.data()) {}
  template <std::size_t N>
  NamespaceRef(const std::array<std::string, N> &labels) noexcept
      : size_(N), form_(Form::strings), strings_(labels.data()) {}

  std::size_t size() const noexcept { return size_; }
  std::string_view operator[](std::size_t index) const noexcept {
    if (form_ == Form::strings) return strings_[index];
    if (form_ == Form::views) return views_[index];
    return {braces_[index].data, braces_[index].size};
  }
  /// A copy to keep.
  Namespace copy() const {
    Namespace labels;
    labels.reserve(size_);
    for (std::size_t index = 0; index < size_; ++index) labels.emplace_back((*this)[index]);
    return labels;
  }

 private:
  void refer(std::size_t index, std::string_view label) noexcept {
    braces_[index] = {label.data(), label.size()};
  }

  enum class Form : char { braces, strings, views };
  struct Label {
    const char *data;
    std::size_t size;
  };

  std::size_t size_;
  Form form_;
  union {
    const std::string *strings_;
    const std::string_view *views_;
    Label braces_[most_in_braces];
  };
};

}  // namespace lgstore

#endif
