/// \file
/// C++20: `co_await store.awaitables().get(...)`. Nothing is declared in earlier standards.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_AWAITABLE_HPP
#define LGSTORE_CPP_AWAITABLE_HPP

#if defined(__cpp_impl_coroutine) && __has_include(<coroutine>)
#define LGSTORE_CPP_COROUTINES 1

#include <atomic>
#include <coroutine>
#include <optional>
#include <stop_token>
#include <utility>

#include "lgstore/submit.hpp"

namespace lgstore {
namespace detail {

struct ResumeHere {
  void operator()(std::coroutine_handle<> coroutine) const { coroutine.resume(); }
};

struct Canceller {
  Operation operation;
  void operator()() const noexcept { operation.cancel(); }
};

/// What an awaitable and the library share of one request. `state_` decides who goes on: it is empty, then
/// either the address of the coroutine that waits or (once the result is there) done, or abandoned. Whoever
/// of completion and awaiter exchanges it second acts: the completion resumes a coroutine that it finds, the
/// awaiter does not suspend when it finds done.
template <class T, class Resume>
class AwaitBox final : public Receiver {
 public:
  explicit AwaitBox(Resume resume) : resume_(std::move(resume)) {}

  void complete(const lgstore_completion_t &completion) noexcept override {
    finish(outcome<T>(completion));
    release();
  }
  /// The outcome is there. The coroutine may be over, and this gone but for the caller's share, at the end.
  void finish(Result<T> result) noexcept {
    result_.emplace(std::move(result));
    void *const before = state_.exchange(done(), std::memory_order_acq_rel);
    if (before == nullptr || before == abandoned()) return;
    shielded([&] { resume_(std::coroutine_handle<>::from_address(before)); });
  }
  bool is_done() const noexcept { return state_.load(std::memory_order_acquire) == done(); }
  /// Whether the coroutine is to wait. If so it may be running already, elsewhere.
  bool wait(std::coroutine_handle<> coroutine) noexcept {
    void *nobody = nullptr;
    return state_.compare_exchange_strong(nobody, coroutine.address(), std::memory_order_acq_rel);
  }
  /// Nobody will wait (any more). A request whose outcome is not there yet is cancelled.
  void abandon() noexcept {
    if (state_.exchange(abandoned(), std::memory_order_acq_rel) != done()) operation_.cancel();
    release();
  }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  Result<T> take() { return *std::move(result_); }

  /// For the one who submits, who has a share of its own.
  void accepted(Operation operation, const std::stop_token &stop) {
    operation_ = std::move(operation);
    if (stop.stop_possible()) stop_.emplace(stop, Canceller{operation_});
  }

 private:
  // Addresses that no coroutine has.
  void *done() const noexcept { return const_cast<std::atomic<int> *>(&references_); }
  void *abandoned() const noexcept { return const_cast<std::atomic<void *> *>(&state_); }

  std::atomic<int> references_{2};
  std::atomic<void *> state_{nullptr};
  std::optional<Result<T>> result_;
  Resume resume_;
  Operation operation_;
  std::optional<std::stop_callback<Canceller>> stop_;
};

}  // namespace detail

/// A request under way, to be awaited once. It was sent when this was made, so several can be under way
/// before the first is awaited. Destroying it before the outcome is there cancels the request; destroying the
/// coroutine that waits is one way of that. Move-only.
template <class T, class Resume, bool Throws = true>
class [[nodiscard]] Awaitable {
 public:
  using Box = detail::AwaitBox<T, Resume>;
  explicit Awaitable(Box *box) noexcept : box_(box) {}
  Awaitable(Awaitable &&other) noexcept : box_(std::exchange(other.box_, nullptr)) {}
  Awaitable &operator=(Awaitable &&other) noexcept {
    std::swap(box_, other.box_);
    return *this;
  }
  ~Awaitable() {
    if (box_ != nullptr) box_->abandon();
  }

  /// The same request, whose co_await gives a Result<T> and does not throw.
  Awaitable<T, Resume, false> as_result() && {
    return Awaitable<T, Resume, false>(std::exchange(box_, nullptr));
  }

  bool await_ready() const noexcept { return box_->is_done(); }
  bool await_suspend(std::coroutine_handle<> coroutine) noexcept { return box_->wait(coroutine); }
  std::conditional_t<Throws, T, Result<T>> await_resume() {
    if constexpr (Throws) {
      return box_->take().value();
    } else {
      return box_->take();
    }
  }

 private:
  Box *box_;
};

namespace detail {

/// Delivery of awaitables().
template <class Resume, class Way>
struct Awaiting {
  template <class T>
  using Answer = Awaitable<T, Resume>;
  template <class T>
  Awaitable<T, Resume> run(std::uint32_t op, std::string_view json, Duration timeout) const {
    auto *const box = new AwaitBox<T, Resume>(resume);
    Awaitable<T, Resume> awaitable(box);
    lgstore_request_t request{};
    if (core == nullptr || !fill(request, op, json, timeout)) {
      refuse<T>(*box, core == nullptr ? moved_from() : negative_timeout());
      return awaitable;
    }
    request.flags = LGSTORE_ALLOW_IMMEDIATE;
    lgstore_op_t id = 0;
    lgstore_result_t *done = nullptr;
    lgstore_error_t *err = nullptr;
    const lgstore_status_t status = way.submit(*core, request, box, &id, &done, &err);
    if (status == LGSTORE_OK) {
      box->accepted(Operation(core, id), stop);
    } else if (status == LGSTORE_DONE) {
      refuse<T>(*box, outcome<T>(ResultHandle(done)));
    } else {
      refuse<T>(*box, error_of(status, ErrorHandle(err)));
    }
    return awaitable;
  }
  /// No completion comes: its share is given back here.
  template <class T>
  static void refuse(AwaitBox<T, Resume> &box, Result<T> result) noexcept {
    box.finish(std::move(result));
    box.release();
  }
  CorePtr core;
  Way way;
  Resume resume;
  std::stop_token stop;
};

}  // namespace detail
}  // namespace lgstore

#endif
#endif
