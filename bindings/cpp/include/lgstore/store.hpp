/// \file
/// The store.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_STORE_HPP
#define LGSTORE_CPP_STORE_HPP

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "lgstore/awaitable.hpp"
#include "lgstore/cq.hpp"
#include "lgstore/operations.hpp"
#include "lgstore/range.hpp"
#include "lgstore/runtime.hpp"
#include "lgstore/submit.hpp"

namespace lgstore {

/// Long-term memory: JSON documents by namespace and key, in this process, in a file or on a cluster.
///
/// Its own operations (Operations) wait for the answer and throw Exception; the same operations come in other
/// forms by results(), futures(), callbacks() and awaitables(). All are const and safe to call from several
/// threads. Operations that wait answer errc::would_deadlock on threads of the library, that is in callbacks.
///
/// Move-only. Destroying it closes it; nothing of it runs afterwards.
class Store : public Operations<detail::Throwing> {
 public:
  /// How long close() and the destructor let requests under way go on.
  static constexpr Duration default_drain = std::chrono::seconds(5);

  /// Makes a store of a configuration: a JSON document, a URL (`memory:`, `file:items.db`, `scylla://...`),
  /// or an empty text for the environment (LGSTORE_...). Checks it, and does no I/O: the first operation
  /// opens the engine and carries the errors of that; open() does so at once. Throws Exception.
  explicit Store(std::string_view config) : Store(make(config).value()) {}
  /// The same on threads of your own.
  Store(std::string_view config, const Runtime &runtime) : Store(make(config, runtime).value()) {}
  /// The same without exceptions.
  static Result<Store> make(std::string_view config) { return make_on(nullptr, config); }
  static Result<Store> make(std::string_view config, const Runtime &runtime) {
    return make_on(runtime.native_handle(), config);
  }

  Store(Store &&) noexcept = default;
  Store &operator=(Store &&other) noexcept {
    if (this != &other) {
      end();
      delivery() = std::move(other.delivery());
    }
    return *this;
  }
  /// Lets requests under way go on for default_drain, ends the rest with errc::closed, and waits for
  /// callbacks that run. In a callback, where nobody may wait, the rest ends at once and in the background.
  ~Store() { end(); }

  /// Accepts nothing more, waits up to `drain` for what is under way, ends the rest with errc::closed, waits
  /// until callbacks have returned, writes back and closes files. errc::timeout: a callback still runs, close
  /// again to wait on. Closing again is no error. try_close says so, close throws Exception.
  Result<void> try_close(Duration drain = default_drain) {
    if (core() == nullptr) return {};
    const auto us = drain < Duration::zero() ? 0 : static_cast<std::uint64_t>(drain.count());
    const lgstore_status_t status = lgstore_close(core()->handle, us);
    if (status == LGSTORE_OK) return {};
    return detail::error_of(status);
  }
  void close(Duration drain = default_drain) { try_close(drain).value(); }

  /// close() in the background. `function(Result<void>)` is called once, on a thread of the library, unless
  /// an Exception says that it could not begin.
  template <class F>
  void close_async(Duration drain, F &&function) {
    if (core() == nullptr) throw Exception(detail::moved_from());
    using Box = detail::CallBox<void, std::decay_t<F>>;
    auto box = std::make_unique<Box>(std::forward<F>(function));
    const auto us = drain < Duration::zero() ? 0 : static_cast<std::uint64_t>(drain.count());
    detail::Receiver *const receiver = box.release();
    const lgstore_status_t status = lgstore_close_async(core()->handle, us, detail::on_completion, receiver);
    if (status == LGSTORE_OK) return;
    box.reset(static_cast<Box *>(receiver));
    throw Exception(detail::error_of(status));
  }

  /// The operations, waiting; each gives a Result<T> and throws nothing but std::bad_alloc.
  Operations<detail::Returning> results() const { return Operations<detail::Returning>({shared()}); }

  /// The operations, not waiting; each gives a Future<T>, which is a std::future<T>.
  Operations<detail::Promising> futures() const { return Operations<detail::Promising>({shared()}); }

  /// The operations, not waiting: `function(Result<T>)` is called once for each request that was accepted, on
  /// a callback thread of the runtime and never inside the call that submits. Each call gives an Operation,
  /// which can cancel, or throws Exception if the request was refused, and then `function` is not called.
  /// `function` is copied for each request; one that can only be moved serves one.
  template <class F>
  auto callbacks(F &&function) const {
    using Delivery = detail::Calling<std::decay_t<F>, detail::ByCallback>;
    return Operations<Delivery>(Delivery{shared(), {}, std::forward<F>(function)});
  }
  /// The same, but called by queue.dispatch(). The queue must outlive the requests.
  template <class F>
  auto callbacks(const CompletionQueue &queue, F &&function) const {
    using Delivery = detail::Calling<std::decay_t<F>, detail::ByQueue>;
    return Operations<Delivery>(Delivery{shared(), queue.way(), std::forward<F>(function)});
  }

#if defined(LGSTORE_CPP_COROUTINES)
 private:
  template <class Way, class Resume>
  auto awaiting(Way way, Resume resume, std::stop_token stop) const {
    using Delivery = detail::Awaiting<Resume, Way>;
    return Operations<Delivery>(Delivery{shared(), way, std::move(resume), std::move(stop)});
  }

 public:
  /// The operations, to be co_awaited: `co_await store.awaitables().get(...)` gives the answer or throws
  /// Exception, `co_await store.awaitables().get(...).as_result()` gives a Result. A coroutine goes on where
  /// its answer came: on the thread that awaits if it was there at once, else on a callback thread of the
  /// runtime, where it should not work for long. A stop request cancels what is under way.
  auto awaitables(std::stop_token stop = {}) const {
    return awaiting(detail::ByCallback{}, detail::ResumeHere{}, std::move(stop));
  }
  /// The same, but coroutines go on inside queue.dispatch(). The queue must outlive the requests.
  auto awaitables(const CompletionQueue &queue, std::stop_token stop = {}) const {
    return awaiting(queue.way(), detail::ResumeHere{}, std::move(stop));
  }
  /// The same, but coroutines go on where `executor(std::coroutine_handle<>)` resumes them. It is called on a
  /// callback thread.
  template <class Executor,
            class = std::enable_if_t<std::is_invocable_v<Executor &, std::coroutine_handle<>>>>
  auto awaitables(Executor executor, std::stop_token stop = {}) const {
    return awaiting(detail::ByCallback{}, std::move(executor), std::move(stop));
  }
#endif

  /// All items at and below a prefix, page by page of `options.limit`, in the order of `options`. Keeps
  /// copies of its arguments.
  Pages<Item> items(NamespaceRef prefix, SearchOptions options = {}) const {
    return Pages<Item>(
        [operations = results(), prefix = prefix.copy(), options, filter = std::string(options.filter),
         order = std::string(options.order),
         profile = std::string(options.run.profile)](const std::string &cursor) mutable {
          options.filter = filter;
          options.order = order;
          options.run.profile = profile;
          options.cursor = cursor;
          SearchPage page = operations.search(prefix, options).value();
          options.offset = 0; /* was for the first page */
          return Pages<Item>::Page{std::move(page.items), std::move(page.cursor)};
        },
        std::string(options.cursor));
  }
  /// All namespaces that meet the conditions, page by page of `options.limit`. Keeps copies of its arguments.
  Pages<Namespace> namespaces(ListOptions options = {}) const {
    return Pages<Namespace>(
        [operations = results(), options,
         profile = std::string(options.run.profile)](const std::string &cursor) mutable {
          options.run.profile = profile;
          options.cursor = cursor;
          NamespacePage page = operations.list_namespaces(options).value();
          options.offset = 0; /* was for the first page */
          return Pages<Namespace>::Page{std::move(page.namespaces), std::move(page.cursor)};
        },
        std::string(options.cursor));
  }

  /// Counts, errors and latencies (microseconds) so far, a JSON object; `reset` starts them anew.
  Document metrics(bool reset = false) const {
    return snapshot([reset](lgstore_t *store, lgstore_result_t **out, lgstore_error_t **err) {
      return lgstore_metrics(store, reset ? 1 : 0, out, err);
    });
  }
  /// The same as text for Prometheus, to be served as `text/plain; version=0.0.4`.
  Document metrics_prometheus() const {
    return snapshot(lgstore_metrics_prometheus);
  }

  /// Closes the circuit breaker, whatever its state; also where there is none.
  void breaker_reset() const {
    if (core() == nullptr) throw Exception(detail::moved_from());
    const lgstore_status_t status = lgstore_breaker_reset(core()->handle);
    if (status != LGSTORE_OK) throw Exception(detail::error_of(status));
  }

  /// For the C interface: bursts (lgstore_submit_cq), lgstore_ops.h. NULL after a move.
  lgstore_t *native_handle() const noexcept {
    return core() != nullptr ? core()->handle : nullptr;
  }

 private:
  explicit Store(lgstore_t *store) : Operations({std::make_shared<detail::Core>(store)}) {}

  static Result<Store> make_on(lgstore_runtime_t *runtime, std::string_view config) {
    if (Result<void> fits = detail::check_abi(); !fits) return std::move(fits).error();
    lgstore_t *store = nullptr;
    lgstore_error_t *err = nullptr;
    const lgstore_status_t status = lgstore_new(runtime, config.data(), config.size(), &store, &err);
    if (status != LGSTORE_OK) return detail::error_of(status, detail::ErrorHandle(err));
    return Store(store);
  }

  const detail::Core *core() const noexcept {
    return delivery().core.get();
  }
  const detail::CorePtr &shared() const noexcept {
    return delivery().core;
  }

  /// Closes for good. A callback that never returns is waited for without end, like a thread that is joined.
  void end() noexcept {
    if (core() == nullptr) return;
    const auto us = static_cast<std::uint64_t>(default_drain.count());
    lgstore_status_t status = lgstore_close(core()->handle, us);
    while (status == LGSTORE_E_TIMEOUT) status = lgstore_close(core()->handle, us);
    if (status != LGSTORE_OK) lgstore_close_async(core()->handle, 0, nullptr, nullptr);
  }

  template <class Take>
  Document snapshot(Take take) const {
    if (core() == nullptr) throw Exception(detail::moved_from());
    lgstore_result_t *result = nullptr;
    lgstore_error_t *err = nullptr;
    const lgstore_status_t status = take(core()->handle, &result, &err);
    if (status != LGSTORE_OK) throw Exception(detail::error_of(status, detail::ErrorHandle(err)));
    return Document::take(result);
  }
};

}  // namespace lgstore

#endif
