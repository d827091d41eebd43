/// \file
/// Batches: several operations in one request, each answer with its own type.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_BATCH_HPP
#define LGSTORE_CPP_BATCH_HPP

#include <string>
#include <utility>
#include <vector>

#include "lgstore/body.hpp"
#include "lgstore/item.hpp"
#include "lgstore/result.hpp"

namespace lgstore {

/// Where in a batch an operation stands, and what it answers: `answers[slot]` is a Result<T>.
template <class T>
struct Slot {
  std::size_t index;
};

/// Operations to be sent together. Of their options, timeout has no meaning here. May be sent more than once.
///
///     Batch batch;
///     batch.put({"users", "ada"}, "theme", R"({"mode":"dark"})");
///     auto theme = batch.get({"users", "bob"}, "theme");
///     auto answers = store.batch(batch);
///     if (auto item = answers[theme].value()) ...
class Batch {
 public:
  Slot<void> put(NamespaceRef place, std::string_view key, const JsonText &value,
                 const PutOptions &options = {}) {
    return add<void>("put", [&](detail::Body &body) { detail::write_put(body, place, key, value, options); });
  }
  Slot<std::optional<Item>> get(NamespaceRef place, std::string_view key, const GetOptions &options = {}) {
    return add<std::optional<Item>>(
        "get", [&](detail::Body &body) { detail::write_get(body, place, key, options); });
  }
  Slot<void> delete_item(NamespaceRef place, std::string_view key, const Options &options = {}) {
    return add<void>("delete", [&](detail::Body &body) { detail::write_delete(body, place, key, options); });
  }
  Slot<SearchPage> search(NamespaceRef prefix, const SearchOptions &options = {}) {
    return add<SearchPage>("search",
                           [&](detail::Body &body) { detail::write_search(body, prefix, options); });
  }
  Slot<NamespacePage> list_namespaces(const ListOptions &options = {}) {
    return add<NamespacePage>("list_namespaces",
                              [&](detail::Body &body) { detail::write_list(body, options); });
  }
  Slot<std::uint64_t> count(NamespaceRef prefix, std::string_view filter = {}) {
    return add<std::uint64_t>("count",
                              [&](detail::Body &body) { detail::write_scope(body, prefix, filter); });
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// The operations as JSON, separated by commas.
  const std::string &text() const noexcept { return text_; }

 private:
  template <class T, class Write>
  Slot<T> add(std::string_view name, Write write) {
    detail::Body body;
    body.member("\"op\":");
    body.string(name);
    write(body);
    const std::string_view operation = body.finish();
    if (size_ > 0) text_.push_back(',');
    text_.append(operation);
    return {size_++};
  }

  std::string text_;
  std::size_t size_ = 0;
};

/// The answers of a batch, in the order of its operations.
class BatchAnswers {
 public:
  explicit BatchAnswers(Document document) : document_(std::move(document)) {
    detail::each_element(detail::find_member(document_.text(), "results"), [this](std::string_view entry) {
      detail::each_member(entry, [this](std::string_view name, std::string_view value) {
        entries_.push_back({name == "error", value});
      });
    });
  }

  std::size_t size() const noexcept { return entries_.size(); }
  /// The answer of one operation, or its error.
  template <class T>
  Result<T> operator[](Slot<T> slot) const {
    const Entry &entry = entries_.at(slot.index);
    if (entry.failed) return Error::from_json(entry.text);
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return detail::Decode<T>::from(document_.part(entry.text));
    }
  }
  /// Whether the operation at that place failed.
  bool failed(std::size_t index) const { return entries_.at(index).failed; }
  /// Throws the first error of any operation.
  void check() const {
    for (const Entry &entry : entries_) {
      if (entry.failed) throw Exception(Error::from_json(entry.text));
    }
  }

 private:
  struct Entry {
    bool failed;
    std::string_view text;
  };

  Document document_;
  std::vector<Entry> entries_;
};

namespace detail {

template <>
struct Decode<BatchAnswers> {
  static BatchAnswers from(Document document) { return BatchAnswers(std::move(document)); }
};

inline void write_batch(Body &body, const Batch &batch, const BatchOptions &options) {
  body.member("\"ops\":[");
  body.raw(batch.text());
  body.raw("]");
  if (options.sequential) body.raw(",\"mode\":\"sequential\"");
  if (options.logged) body.raw(",\"atomicity\":\"logged\"");
  write_run(body, options.run);
}

}  // namespace detail
}  // namespace lgstore

#endif
