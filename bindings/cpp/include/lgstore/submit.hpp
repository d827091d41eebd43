/// \file
/// How requests go down and answers come back: waiting, futures, callbacks. Store offers it all.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_SUBMIT_HPP
#define LGSTORE_CPP_SUBMIT_HPP

#include <atomic>
#include <cstdio>
#include <exception>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "lgstore/item.hpp"
#include "lgstore/options.hpp"
#include "lgstore/result.hpp"

namespace lgstore {

/// Receives what a callback (or an executor, or a log function) of the program has thrown. It is called on
/// the thread that ran the callback and must not throw.
using ExceptionHandler = void (*)(std::exception_ptr thrown) noexcept;

namespace detail {

/// Says it on the standard error stream, as nobody else would.
inline void print_exception(std::exception_ptr thrown) noexcept {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const std::exception &exception) {
    std::fprintf(stderr, "lgstore: an exception in a callback was dropped: %s\n", exception.what());
  } catch (...) {
    std::fprintf(stderr, "lgstore: an exception in a callback was dropped\n");
  }
}

inline std::atomic<ExceptionHandler> exception_handler{print_exception};

/// Runs code of the program where an exception must go no further: below it are frames of the library.
template <class F>
void shielded(F &&function) noexcept {
  try {
    std::forward<F>(function)();
  } catch (...) {
    exception_handler.load()(std::current_exception());
  }
}

/// The handle of a store. Whoever may still cancel shares it; the store itself is closed before it lets go,
/// so the last one to come only frees memory.
struct Core {
  explicit Core(lgstore_t *store) noexcept : handle(store) {}
  ~Core() { lgstore_free(handle); }
  Core(const Core &) = delete;
  Core &operator=(const Core &) = delete;
  lgstore_t *const handle;
};

using CorePtr = std::shared_ptr<const Core>;
using ResultHandle = Handle<lgstore_result_t, lgstore_result_free>;

template <class T>
T decode(ResultHandle answer) {
  if constexpr (!std::is_void_v<T>) return Decode<T>::from(Document::take(answer.release()));
}

/// The outcome in a completion. Where memory runs out, that: the request itself has ended.
template <class T>
Result<T> outcome(const lgstore_completion_t &completion) {
  try {
    if (completion.status != LGSTORE_OK)
      return Error::from_json(static_cast<errc>(completion.status), {completion.json, completion.json_len});
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return decode<T>(ResultHandle(lgstore_result_take(&completion)));
    }
  } catch (const std::bad_alloc &) {
    return Error::in_doubt(errc::busy, "no memory");
  }
}

/// The outcome that a request had at once.
template <class T>
Result<T> outcome(ResultHandle done) {
  const lgstore_status_t status = lgstore_result_status(done.get());
  if (status == LGSTORE_OK) {
    if constexpr (std::is_void_v<T>)
      return {};
    else
      return decode<T>(std::move(done));
  }
  std::size_t len = 0;
  const char *const json = lgstore_result_json(done.get(), &len);
  return Error::from_json(static_cast<errc>(status), {json, len});
}

/// Fills a request. False if the span of time is none that the library could be told.
inline bool fill(lgstore_request_t &request, std::uint32_t op, std::string_view json,
                 Duration timeout) noexcept {
  request.struct_size = sizeof request;
  request.op = op;
  request.json = json.data();
  request.json_len = json.size();
  request.timeout_us = static_cast<std::uint64_t>(timeout.count());
  return timeout >= Duration::zero();
}

inline Error negative_timeout() {
  return {errc::invalid_arg, "must not be negative", "timeout"};
}
inline Error moved_from() {
  return {errc::closed, "this store was moved from"};
}

/// Sends a request and waits on this thread: an answer to decode, or NULL and, then only, why.
inline ResultHandle wait_for(const Core *core, std::uint32_t op, std::string_view json, Duration timeout,
                             std::optional<Error> &why) {
  lgstore_request_t request{};
  lgstore_result_t *result = nullptr;
  if (core == nullptr) {
    why = moved_from();
  } else if (!fill(request, op, json, timeout)) {
    why = negative_timeout();
  } else {
    lgstore_error_t *err = nullptr;
    const lgstore_status_t status = lgstore_call(core->handle, &request, &result, &err);
    if (status == LGSTORE_OK) return ResultHandle(result);
    const ResultHandle failed(result);
    why = error_of(status, ErrorHandle(err));
  }
  return {};
}

/// What the library calls back into: complete() is called exactly once for each accepted request, and ends
/// the receiver's life.
class Receiver {
 public:
  virtual void complete(const lgstore_completion_t &completion) noexcept = 0;
  Receiver(const Receiver &) = delete;
  Receiver &operator=(const Receiver &) = delete;

 protected:
  Receiver() = default;
  virtual ~Receiver() = default;

 private:
  friend class Waiting;
  Receiver *before_ = nullptr; /* in the list of a completion queue */
  Receiver *after_ = nullptr;
};

inline void on_completion(const lgstore_completion_t *completion, void *user_data) noexcept {
  static_cast<Receiver *>(user_data)->complete(*completion);
}

/// How to send: callbacks of the runtime.
struct ByCallback {
  /// Gives the status; on LGSTORE_OK the receiver is the library's until its completion.
  lgstore_status_t submit(const Core &core, const lgstore_request_t &request, Receiver *receiver,
                          lgstore_op_t *op, lgstore_result_t **done, lgstore_error_t **err) const noexcept {
    return lgstore_submit(core.handle, &request, op, done, err, on_completion, receiver);
  }
};

}  // namespace detail

/// Replaces the handler of exceptions that callbacks of the program throw, for the whole process, and gives
/// the one before. An exception never reaches the library's frames; the handler at first prints it to the
/// standard error stream and goes on.
inline ExceptionHandler set_exception_handler(ExceptionHandler handler) noexcept {
  return detail::exception_handler.exchange(handler != nullptr ? handler : detail::print_exception);
}

/// A request that was accepted. May be kept, copied and dropped at will, also beyond its store.
class Operation {
 public:
  Operation() = default;
  Operation(detail::CorePtr core, lgstore_op_t id) noexcept : core_(std::move(core)), id_(id) {}

  /// Asks the request to end early. Its one outcome still comes: errc::cancelled (surely not applied), or its
  /// own if that was decided first or a write had begun. Nothing happens if it has ended.
  void cancel() const noexcept {
    if (core_ != nullptr && id_ != 0) lgstore_cancel(core_->handle, id_);
  }
  /// The request's number: growing, never used twice; 0 if it was answered at once.
  std::uint64_t id() const noexcept { return id_; }

 private:
  detail::CorePtr core_;
  lgstore_op_t id_ = 0;
};

namespace detail {

/// Owns the program's callable until it was called.
template <class T, class F>
class CallBox final : public Receiver {
 public:
  template <class G>
  explicit CallBox(G &&function) : function_(std::forward<G>(function)) {}
  void complete(const lgstore_completion_t &completion) noexcept override {
    const std::unique_ptr<CallBox> self(this);
    shielded([&] { function_(outcome<T>(completion)); });
  }
  void call(Result<T> result) { function_(std::move(result)); }

 private:
  F function_;
};

/// Sends a request whose outcome goes to `box`. With `now` it may be answered inside this call.
template <class T, class F, class Way>
Result<Operation> start(const CorePtr &core, const Way &way, std::uint32_t op, std::string_view json,
                        Duration timeout, std::unique_ptr<CallBox<T, F>> box, bool now) {
  lgstore_request_t request{};
  if (core == nullptr) return moved_from();
  if (!fill(request, op, json, timeout)) return negative_timeout();
  if (now) request.flags = LGSTORE_ALLOW_IMMEDIATE;
  lgstore_op_t id = 0;
  lgstore_result_t *done = nullptr;
  lgstore_error_t *err = nullptr;
  // From here on the receiver may be called, and gone, at any moment.
  CallBox<T, F> *const receiver = box.release();
  const lgstore_status_t status = way.submit(*core, request, receiver, &id, now ? &done : nullptr, &err);
  if (status == LGSTORE_OK) return Operation(core, id);
  box.reset(receiver);
  if (status != LGSTORE_DONE) return error_of(status, ErrorHandle(err));
  box->call(outcome<T>(ResultHandle(done)));
  return Operation();
}

/// Delivery of Store: wait, and throw.
struct Throwing {
  template <class T>
  using Answer = T;
  template <class T>
  T run(std::uint32_t op, std::string_view json, Duration timeout) const {
    std::optional<Error> why;
    ResultHandle answer = wait_for(core.get(), op, json, timeout, why);
    if (answer == nullptr) throw Exception(*std::move(why));
    return decode<T>(std::move(answer));
  }
  CorePtr core;
};

/// Delivery of results(): wait.
struct Returning {
  template <class T>
  using Answer = Result<T>;
  template <class T>
  Result<T> run(std::uint32_t op, std::string_view json, Duration timeout) const {
    std::optional<Error> why;
    ResultHandle answer = wait_for(core.get(), op, json, timeout, why);
    if (answer == nullptr) return *std::move(why);
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return decode<T>(std::move(answer));
    }
  }
  CorePtr core;
};

}  // namespace detail

/// A std::future whose request can be cancelled. Dropping it neither waits nor cancels. It is a std::future
/// and can be moved into one. get() throws Exception where the request failed.
template <class T>
class Future : public std::future<T> {
 public:
  Future(std::future<T> plain, Operation operation) noexcept
      : std::future<T>(std::move(plain)), operation_(std::move(operation)) {}
  void cancel() const noexcept { operation_.cancel(); }

 private:
  Operation operation_;
};

namespace detail {

template <class T>
void settle(std::promise<T> &promise, Result<T> result) {
  if (!result) {
    promise.set_exception(std::make_exception_ptr(Exception(std::move(result).error())));
  } else if constexpr (std::is_void_v<T>) {
    promise.set_value();
  } else {
    promise.set_value(*std::move(result));
  }
}

template <class T>
struct Settle {
  std::promise<T> promise;
  void operator()(Result<T> result) { settle(promise, std::move(result)); }
};

/// Delivery of futures(). What is refused, and what is answered at once, is in a future that is ready.
struct Promising {
  template <class T>
  using Answer = Future<T>;
  template <class T>
  Future<T> run(std::uint32_t op, std::string_view json, Duration timeout) const {
    std::promise<T> promise;
    std::future<T> future = promise.get_future();
    auto box = std::make_unique<CallBox<T, Settle<T>>>(Settle<T>{std::move(promise)});
    Result<Operation> started = start<T>(core, ByCallback{}, op, json, timeout, std::move(box), true);
    if (started) return {std::move(future), *std::move(started)};
    std::promise<T> refused;
    settle<T>(refused, std::move(started).error());
    return {refused.get_future(), Operation()};
  }
  CorePtr core;
};

/// Delivery of callbacks(). Never calls inside the submitting call.
template <class F, class Way>
struct Calling {
  template <class T>
  using Answer = Operation;
  template <class T>
  Operation run(std::uint32_t op, std::string_view json, Duration timeout) const {
    static_assert(std::is_invocable_v<F &, Result<T>>,
                  "the callback must take a lgstore::Result of the answer");
    std::unique_ptr<CallBox<T, F>> box;
    if constexpr (std::is_copy_constructible_v<F>) {
      box = std::make_unique<CallBox<T, F>>(function);
    } else {
      box = std::make_unique<CallBox<T, F>>(std::move(function));
    }
    return start<T>(core, way, op, json, timeout, std::move(box), false).value();
  }
  CorePtr core;
  Way way;
  mutable F function;
};

}  // namespace detail
}  // namespace lgstore

#endif
