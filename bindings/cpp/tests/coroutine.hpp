// The coroutines of the tests. Both begin at once.
#ifndef LGSTORE_CPP_TESTS_COROUTINE_HPP
#define LGSTORE_CPP_TESTS_COROUTINE_HPP

#include <lgstore.hpp>

#if defined(LGSTORE_CPP_COROUTINES)
#include <coroutine>
#include <exception>
#include <future>
#include <utility>

namespace support {

/// Goes on by itself, whoever made it, and ends the process if it throws.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

/// Has an owner, who can wait for its end, and who destroys it: when it has ended, or while it waits for what
/// can't come meanwhile.
class Task {
 public:
  struct promise_type {
    /// Tells the owner when nothing of the coroutine runs any more; at once it may be gone, and this with it.
    struct End : std::suspend_always {
      void await_suspend(std::coroutine_handle<promise_type> coroutine) noexcept {
        std::promise<void> ended = std::move(coroutine.promise().ended);
        const std::exception_ptr thrown = std::move(coroutine.promise().thrown);
        if (thrown) {
          ended.set_exception(thrown);
        } else {
          ended.set_value();
        }
      }
    };
    Task get_return_object() { return Task(*this); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    End final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { thrown = std::current_exception(); }
    std::promise<void> ended;
    std::exception_ptr thrown;
  };

  Task(Task &&other) noexcept
      : coroutine_(std::exchange(other.coroutine_, nullptr)), ended_(std::move(other.ended_)) {}
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }
  /// Waits for the end; throws what the coroutine threw.
  void get() { ended_.get(); }
  bool ends_within(lgstore::Duration patience) const {
    return ended_.wait_for(patience) == std::future_status::ready;
  }

 private:
  explicit Task(promise_type &promise)
      : coroutine_(std::coroutine_handle<promise_type>::from_promise(promise)),
        ended_(promise.ended.get_future()) {}

  std::coroutine_handle<> coroutine_;
  std::future<void> ended_;
};

}  // namespace support
#endif
#endif
