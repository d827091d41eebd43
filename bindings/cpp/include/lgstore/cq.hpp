/// \file
/// Completion queues: callbacks and coroutines on a thread of the program's choice, for event loops.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_CQ_HPP
#define LGSTORE_CPP_CQ_HPP

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "lgstore/runtime.hpp"
#include "lgstore/submit.hpp"

namespace lgstore {
namespace detail {

/// The receivers whose completions are to come through one queue. Submitters and the reader share it.
class Waiting {
 public:
  void add(Receiver *receiver) noexcept {
    const std::lock_guard<std::mutex> guard(lock_);
    receiver->after_ = first_;
    if (first_ != nullptr) first_->before_ = receiver;
    first_ = receiver;
  }
  void remove(Receiver *receiver) noexcept {
    const std::lock_guard<std::mutex> guard(lock_);
    (receiver->before_ != nullptr ? receiver->before_->after_ : first_) = receiver->after_;
    if (receiver->after_ != nullptr) receiver->after_->before_ = receiver->before_;
    receiver->before_ = receiver->after_ = nullptr;
  }
  Receiver *any() noexcept {
    const std::lock_guard<std::mutex> guard(lock_);
    return first_;
  }

 private:
  std::mutex lock_;
  Receiver *first_ = nullptr;
};

/// A queue of the C interface and those who wait for it.
struct QueueState {
  explicit QueueState(lgstore_cq_t *queue) noexcept : handle(queue) {}
  Handle<lgstore_cq_t, lgstore_cq_free> handle;
  Waiting waiting;
  std::unique_ptr<std::function<void()>> doorbell;
};

inline void on_doorbell(void *user_data) noexcept {
  shielded(*static_cast<const std::function<void()> *>(user_data));
}

/// How to send: to a queue. The receiver is entered first, since its completion may be drained at once.
struct ByQueue {
  lgstore_status_t submit(const Core &core, const lgstore_request_t &request, Receiver *receiver,
                          lgstore_op_t *op, lgstore_result_t **done, lgstore_error_t **err) const noexcept {
    lgstore_submission_t submission{};
    submission.op = request.op;
    submission.flags = request.flags;
    submission.json_len = static_cast<std::uint32_t>(request.json_len);
    submission.timeout_us = request.timeout_us;
    submission.tag = reinterpret_cast<std::uintptr_t>(receiver);
    *err = nullptr;
    if (request.json_len > UINT32_MAX) return LGSTORE_E_INVALID_ARG;
    lgstore_completion_t at_once{};
    std::size_t accepted = 0;
    state->waiting.add(receiver);
    const lgstore_status_t status =
        lgstore_submit_cq(core.handle, state->handle.get(), request.json, request.json_len, &submission, 1,
                          &accepted, op, done != nullptr ? &at_once : nullptr);
    if (accepted == 1 && (done == nullptr || at_once.owner == nullptr)) return LGSTORE_OK;
    state->waiting.remove(receiver);
    if (accepted == 0 || done == nullptr) return status;
    *done = lgstore_result_take(&at_once);
    lgstore_cq_release(state->handle.get(), &at_once, 1);
    return LGSTORE_DONE;
  }
  QueueState *state;
};

}  // namespace detail

/// Collects completions until a thread of the program dispatches them: then callbacks run, and coroutines go
/// on, there. One queue may serve several stores. Requests may be submitted from any thread.
///
///     CompletionQueue queue;
///     epoll_ctl(loop, EPOLL_CTL_ADD, queue.fd(), &event);
///     store.callbacks(queue, on_item).get({"users", "ada"}, "theme");
///     ... when fd() is readable:  queue.dispatch();
///
/// Destroy it after the last store's close. What is still under way when it is destroyed ends, on the
/// destroying thread, with errc::unknown_outcome: its answer can't be had any more.
class CompletionQueue {
 public:
  /// For at most `capacity` requests in flight (1 to LGSTORE_CQ_CAPACITY_MAX; 0 = 4096); beyond it requests
  /// are refused with errc::busy. Throws Exception.
  explicit CompletionQueue(std::uint32_t capacity = 0) : CompletionQueue(make(capacity).value()) {}
  /// The same without exceptions.
  static Result<CompletionQueue> make(std::uint32_t capacity = 0) {
    if (Result<void> fits = detail::check_abi(); !fits) return std::move(fits).error();
    lgstore_cq_t *queue = nullptr;
    lgstore_error_t *err = nullptr;
    const lgstore_status_t status = lgstore_cq_new(nullptr, capacity, &queue, &err);
    if (status != LGSTORE_OK) return detail::error_of(status, detail::ErrorHandle(err));
    return CompletionQueue(std::make_unique<detail::QueueState>(queue));
  }
  CompletionQueue(CompletionQueue &&) = default;
  CompletionQueue &operator=(CompletionQueue &&other) noexcept {
    if (this != &other) {
      end();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~CompletionQueue() { end(); }

  /// A descriptor that is readable while completions wait, for poll and epoll. The queue's; never read it. -1
  /// where it can't be had.
  int fd() const noexcept { return lgstore_cq_fd(state_->handle.get()); }

  /// Runs what waits, at most `max` callbacks, on this thread, and says how many. It does not wait. When it
  /// gives fewer than `max`, the queue was empty and the descriptor is armed again.
  std::size_t dispatch(std::size_t max = 256) {
    return run(max, [this](lgstore_completion_t *out, std::size_t room) {
      return lgstore_cq_drain(state_->handle.get(), out, room);
    });
  }

  /// The same, but waits up to `timeout` for the first completion or for wake().
  std::size_t wait(Duration timeout, std::size_t max = 256) {
    const auto us = timeout < Duration::zero() ? 0 : static_cast<std::uint64_t>(timeout.count());
    return run(max, [this, us](lgstore_completion_t *out, std::size_t room) {
      return lgstore_cq_wait(state_->handle.get(), out, room, us);
    });
  }

  /// Makes one wait() return although nothing has come, and the descriptor readable. From any thread.
  void wake() const noexcept { lgstore_cq_wake(state_->handle.get()); }

  /// Sets what is called when the queue is not empty any more; it must not block. Empty = none. Waits for a
  /// running call of the one before. Throws Exception (errc::would_deadlock on a thread of the library).
  void set_doorbell(std::function<void()> doorbell) {
    auto next = doorbell ? std::make_unique<std::function<void()>>(std::move(doorbell)) : nullptr;
    const lgstore_status_t status =
        lgstore_cq_set_doorbell(state_->handle.get(), next ? detail::on_doorbell : nullptr, next.get());
    if (status != LGSTORE_OK) throw Exception(detail::error_of(status));
    state_->doorbell = std::move(next);
  }

  /// For the C interface. What is submitted to it there must be drained there, before dispatch() sees it.
  lgstore_cq_t *native_handle() const noexcept { return state_->handle.get(); }
  /// For Store.
  detail::ByQueue way() const noexcept { return {state_.get()}; }

 private:
  explicit CompletionQueue(std::unique_ptr<detail::QueueState> state) noexcept : state_(std::move(state)) {}

  /// Callbacks may dispatch, too: each run has a batch of its own.
  template <class Drain>
  std::size_t run(std::size_t max, Drain drain) {
    constexpr std::size_t most = 64;
    lgstore_completion_t batch[most];
    std::size_t total = 0;
    while (total < max) {
      const std::size_t room = max - total < most ? max - total : most;
      const std::size_t count =
          total == 0 ? drain(batch, room) : lgstore_cq_drain(state_->handle.get(), batch, room);
      for (std::size_t index = 0; index < count; ++index) {
        auto *const receiver =
            reinterpret_cast<detail::Receiver *>(static_cast<std::uintptr_t>(batch[index].tag));
        state_->waiting.remove(receiver);
        receiver->complete(batch[index]);
      }
      lgstore_cq_release(state_->handle.get(), batch, count);
      total += count;
      if (count < room) break;
    }
    return total;
  }

  /// Nothing is delivered once the queue is freed, so whoever still waits is told here.
  void end() noexcept {
    if (state_ == nullptr) return;
    // On a thread of the library a doorbell that rings can't be waited for; its function then stays.
    if (state_->doorbell && lgstore_cq_set_doorbell(state_->handle.get(), nullptr, nullptr) != LGSTORE_OK)
      static_cast<void>(state_->doorbell.release());
    state_->handle.reset();
    static constexpr char text[] =
        "{\"code\":\"unknown_outcome\",\"message\":\"the completion queue was destroyed before the answer "
        "came\","
        "\"retryable\":false,\"may_have_applied\":true}";
    lgstore_completion_t completion{};
    completion.status = LGSTORE_E_UNKNOWN_OUTCOME;
    completion.json = text;
    completion.json_len = sizeof text - 1;
    while (detail::Receiver *const receiver = state_->waiting.any()) {
      state_->waiting.remove(receiver);
      receiver->complete(completion);
    }
  }

  std::unique_ptr<detail::QueueState> state_;
};

}  // namespace lgstore

#endif
