/// \file
/// Walks over all pages of a search or a listing: `for (const Item &item : store.items({"users"})) ...`
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_RANGE_HPP
#define LGSTORE_CPP_RANGE_HPP

#include <cstddef>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "lgstore/item.hpp"

namespace lgstore {

/// A sequence that is read once, page by page, while it is walked. begin() and ++ wait and throw Exception.
/// Must not outlive the store.
template <class T>
class Pages {
 public:
  /// One page: its elements, and the cursor of the next (empty = that was all).
  struct Page {
    std::vector<T> elements;
    std::string cursor;
  };
  using Fetch = std::function<Page(const std::string &cursor)>;

  /// Begins at a cursor, or at the beginning.
  explicit Pages(Fetch fetch, std::string cursor = {})
      : fetch_(std::move(fetch)), page_{{}, std::move(cursor)} {}

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T *;
    using reference = const T &;

    iterator() = default;
    explicit iterator(Pages *pages) : pages_(pages) { settle(); }
    const T &operator*() const noexcept { return pages_->page_.elements[pages_->at_]; }
    const T *operator->() const noexcept { return &**this; }
    iterator &operator++() {
      ++pages_->at_;
      settle();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.pages_ == b.pages_; }
    friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.pages_ != b.pages_; }

   private:
    void settle() {
      if (!pages_->fill()) pages_ = nullptr;
    }
    Pages *pages_ = nullptr;
  };

  iterator begin() { return iterator(this); }
  iterator end() { return {}; }

 private:
  /// Whether there is an element to look at; fetches until there is or nothing is left.
  bool fill() {
    while (at_ == page_.elements.size()) {
      if (begun_ && page_.cursor.empty()) return false;
      page_ = fetch_(page_.cursor);
      begun_ = true;
      at_ = 0;
    }
    return true;
  }

  Fetch fetch_;
  Page page_;
  std::size_t at_ = 0;
  bool begun_ = false;
};

}  // namespace lgstore

#endif
