/// \file
/// The operations of a store, each written once. How the answer comes (waited for, as a Result, a future, to
/// a callback, to a coroutine) is the Delivery's affair. SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_OPERATIONS_HPP
#define LGSTORE_CPP_OPERATIONS_HPP

#include <utility>

#include "lgstore/batch.hpp"

namespace lgstore {

/// All operations. `Answer<T>` is what a call gives whose answer is a T: T itself of a Store (which waits and
/// throws Exception), Result<T> of results(), Future<T> of futures(), Operation of callbacks(), an
/// Awaitable<T> of awaitables(). Arguments are copied before a call returns, and may be changed or destroyed
/// then. All are safe to call from several threads at once, and on callback threads if they do not wait.
template <class Delivery>
class Operations {
 public:
  template <class T>
  using Answer = typename Delivery::template Answer<T>;

  explicit Operations(Delivery delivery) : delivery_(std::move(delivery)) {}

  /// Creates or replaces an item. `value` is a JSON object of at most 1,000,000 bytes (by default) and is
  /// kept byte for byte; the text `null` deletes. A key has at most 1,024 bytes (by default) of any text.
  Answer<void> put(NamespaceRef place, std::string_view key, const JsonText &value,
                   const PutOptions &options = {}) const {
    return send<void>(LGSTORE_OP_PUT, options.timeout,
                      [&](detail::Body &body) { detail::write_put(body, place, key, value, options); });
  }

  /// Reads an item; std::nullopt if there is none.
  Answer<std::optional<Item>> get(NamespaceRef place, std::string_view key,
                                  const GetOptions &options = {}) const {
    return send<std::optional<Item>>(LGSTORE_OP_GET, options.timeout, [&](detail::Body &body) {
      detail::write_get(body, place, key, options);
    });
  }

  /// Removes an item, also when there is none.
  Answer<void> delete_item(NamespaceRef place, std::string_view key, const Options &options = {}) const {
    return send<void>(LGSTORE_OP_DELETE, options.timeout,
                      [&](detail::Body &body) { detail::write_delete(body, place, key, options); });
  }

  /// A page of the items at and below a prefix; `{}` is everything. Store::items walks over all pages.
  Answer<SearchPage> search(NamespaceRef prefix, const SearchOptions &options = {}) const {
    return send<SearchPage>(LGSTORE_OP_SEARCH, options.timeout,
                            [&](detail::Body &body) { detail::write_search(body, prefix, options); });
  }

  /// A page of the namespaces that hold an item. Store::namespaces walks over all pages.
  Answer<NamespacePage> list_namespaces(const ListOptions &options = {}) const {
    return send<NamespacePage>(LGSTORE_OP_LIST_NAMESPACES, options.timeout,
                               [&](detail::Body &body) { detail::write_list(body, options); });
  }

  /// Several operations in one request. That one of them failed is in its answer; that the batch could not be
  /// run at all (or, logged, was not applied) is an error of the whole.
  Answer<BatchAnswers> batch(const Batch &batch, const BatchOptions &options = {}) const {
    return send<BatchAnswers>(LGSTORE_OP_BATCH, options.timeout,
                              [&](detail::Body &body) { detail::write_batch(body, batch, options); });
  }

  /// Creates an item only where there is none.
  Answer<Outcome> put_if_absent(NamespaceRef place, std::string_view key, const JsonText &value,
                                const PutOptions &options = {}) const {
    return send<Outcome>(LGSTORE_OP_PUT_IF_ABSENT, options.timeout,
                         [&](detail::Body &body) { detail::write_put(body, place, key, value, options); });
  }

  /// Replaces an item only where there is one.
  Answer<Outcome> update_if_exists(NamespaceRef place, std::string_view key, const JsonText &value,
                                   const PutOptions &options = {}) const {
    return send<Outcome>(LGSTORE_OP_UPDATE_IF_EXISTS, options.timeout,
                         [&](detail::Body &body) { detail::write_put(body, place, key, value, options); });
  }

  /// Replaces an item only when it has the expected value or version.
  Answer<Outcome> compare_and_set(NamespaceRef place, std::string_view key, const JsonText &value,
                                  const Expected &expected, const PutOptions &options = {}) const {
    return send<Outcome>(LGSTORE_OP_COMPARE_AND_SET, options.timeout, [&](detail::Body &body) {
      detail::write_put(body, place, key, value, options);
      detail::write_expected(body, expected);
    });
  }

  /// Removes an item and says whether there was one.
  Answer<Outcome> delete_if_exists(NamespaceRef place, std::string_view key,
                                   const Options &options = {}) const {
    return send<Outcome>(LGSTORE_OP_DELETE_IF_EXISTS, options.timeout,
                         [&](detail::Body &body) { detail::write_delete(body, place, key, options); });
  }

  /// Removes an item only when it has the expected value or version.
  Answer<Outcome> delete_if_value(NamespaceRef place, std::string_view key, const Expected &expected,
                                  const Options &options = {}) const {
    return send<Outcome>(LGSTORE_OP_DELETE_IF_VALUE, options.timeout, [&](detail::Body &body) {
      detail::write_delete(body, place, key, options);
      detail::write_expected(body, expected);
    });
  }

  /// Removes the items at and below a prefix that match the filter (a JSON object; empty = all). Not atomic.
  /// Answers how many they were.
  Answer<std::uint64_t> delete_prefix(NamespaceRef prefix, std::string_view filter = {},
                                      const Options &options = {}) const {
    return scope(LGSTORE_OP_DELETE_PREFIX, prefix, filter, options);
  }

  /// Counts the items at and below a prefix that match the filter (a JSON object; empty = all).
  Answer<std::uint64_t> count(NamespaceRef prefix, std::string_view filter = {},
                              const Options &options = {}) const {
    return scope(LGSTORE_OP_COUNT, prefix, filter, options);
  }

  /// Reclaims expired items now, and answers how many. Nobody sees an expired item anyhow.
  Answer<std::uint64_t> sweep(Duration timeout = {}) const {
    return plain<std::uint64_t>(LGSTORE_OP_SWEEP, timeout);
  }

  /// Opens the engine now instead of at the first operation, and says what is wrong with it.
  Answer<void> open(Duration timeout = {}) const { return plain<void>(LGSTORE_OP_OPEN, timeout); }

  /// Brings the schema to this library's version. Answers null, or what was (or would be) done.
  Answer<Document> migrate(const MigrateOptions &options = {}) const {
    return send<Document>(LGSTORE_OP_MIGRATE, options.timeout, [&](detail::Body &body) {
      if (options.dry_run) body.member("\"dry_run\":true");
      if (options.to) body.member("\"to\":"), body.number(*options.to);
    });
  }

  /// Opens connections and fills caches.
  Answer<void> warmup(Duration timeout = {}) const { return plain<void>(LGSTORE_OP_WARMUP, timeout); }

  /// Named checks, a JSON object: status, latency_ms, checks.
  Answer<Document> health(const HealthOptions &options = {}) const {
    return send<Document>(LGSTORE_OP_HEALTH, options.timeout, [&](detail::Body &body) {
      if (options.write) body.member("\"write\":true");
    });
  }

  /// What the engine says of itself, a JSON object.
  Answer<Document> cluster_info(Duration timeout = {}) const {
    return plain<Document>(LGSTORE_OP_CLUSTER_INFO, timeout);
  }

  /// Rebuilds derived data. Answers how many entries were made anew.
  Answer<std::uint64_t> reindex(Duration timeout = {}) const {
    return plain<std::uint64_t>(LGSTORE_OP_REINDEX, timeout);
  }

  /// Copies the open store into a new file.
  Answer<void> backup(std::string_view path, Duration timeout = {}) const {
    return send<void>(LGSTORE_OP_BACKUP, timeout,
                      [&](detail::Body &body) { body.member("\"path\":"), body.string(path); });
  }

  /// Moves the store's clock forward, for tests of expiry; the configuration must say `test_clock: true`.
  Answer<void> advance(Duration by) const {
    return send<void>(LGSTORE_OP_ADVANCE, Duration{0},
                      [&](detail::Body &body) { body.member("\"seconds\":"), body.seconds(by); });
  }

  /// Any operation in raw form: `op` is LGSTORE_OP_..., `json` its body, the answer the library's text.
  Answer<Document> call(std::uint32_t op, std::string_view json, Duration timeout = {}) const {
    return delivery_.template run<Document>(op, json, timeout);
  }

 protected:
  const Delivery &delivery() const noexcept { return delivery_; }
  Delivery &delivery() noexcept { return delivery_; }

 private:
  template <class T, class Write>
  Answer<T> send(std::uint32_t op, Duration timeout, Write write) const {
    detail::Body body;
    write(body);
    return delivery_.template run<T>(op, body.finish(), timeout);
  }

  template <class T>
  Answer<T> plain(std::uint32_t op, Duration timeout) const {
    return delivery_.template run<T>(op, "{}", timeout);
  }

  Answer<std::uint64_t> scope(std::uint32_t op, const NamespaceRef &prefix, std::string_view filter,
                              const Options &options) const {
    return send<std::uint64_t>(op, options.timeout, [&](detail::Body &body) {
      detail::write_scope(body, prefix, filter);
      detail::write_run(body, options.run);
    });
  }

  Delivery delivery_;
};

}  // namespace lgstore

#endif
