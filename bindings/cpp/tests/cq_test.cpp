// Completion queues: callbacks on the thread that dispatches, an event loop, the queue's own end.
#include <sys/epoll.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <type_traits>

#include "support.hpp"

using namespace support;
using lgstore::CompletionQueue;
using lgstore::errc;
using lgstore::Result;
using lgstore::Store;

static_assert(std::is_move_constructible_v<CompletionQueue> &&
              !std::is_copy_constructible_v<CompletionQueue>);

namespace {

/// Dispatches until `done` holds; false if it never does.
template <class Done>
bool serve(CompletionQueue &queue, Done done) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    queue.wait(20ms);
  }
  return true;
}

}  // namespace

TEST(CompletionQueue, CallsOnTheThreadThatDispatches) {
  const Store store(memory);
  CompletionQueue queue;
  EXPECT_EQ(queue.dispatch(), 0u);
  std::size_t called = 0;
  const auto here = std::this_thread::get_id();
  for (int n = 0; n < 300; ++n) {
    store
        .callbacks(queue,
                   [&](const Result<void> &done) {
                     EXPECT_TRUE(done);
                     EXPECT_EQ(std::this_thread::get_id(), here);
                     ++called;
                   })
        .put({"a"}, std::to_string(n), "{}");
  }
  EXPECT_EQ(called, 0u);
  ASSERT_TRUE(serve(queue, [&] { return called == 300; }));
  EXPECT_EQ(queue.dispatch(), 0u);
  EXPECT_EQ(store.count({}), 300u);
}

TEST(CompletionQueue, DispatchesNoMoreThanAskedFor) {
  Store store(memory);
  CompletionQueue queue;
  std::size_t called = 0;
  for (int n = 0; n < 200; ++n)
    store.callbacks(queue, [&](const Result<void> &) { ++called; }).put({"a"}, std::to_string(n), "{}");
  store.close();  // everything lies in the queue now
  EXPECT_EQ(queue.dispatch(1), 1u);
  EXPECT_EQ(queue.dispatch(100), 100u);
  EXPECT_EQ(called, 101u);
  EXPECT_EQ(queue.dispatch(), 99u);
}

TEST(CompletionQueue, WaitsInAnEventLoop) {
  const Store store(memory);
  CompletionQueue queue;
  const int loop = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  ASSERT_EQ(epoll_ctl(loop, EPOLL_CTL_ADD, queue.fd(), &event), 0);
  EXPECT_EQ(epoll_wait(loop, &event, 1, 0), 0);
  std::size_t called = 0;
  for (std::size_t round = 1; round <= 50; ++round) {
    store.callbacks(queue, [&](const Result<std::uint64_t> &) { ++called; }).count({});
    ASSERT_EQ(epoll_wait(loop, &event, 1, 60000), 1);
    queue.dispatch();
    ASSERT_EQ(called, round);
    ASSERT_EQ(epoll_wait(loop, &event, 1, 0), 0) << "drained and armed again";
  }
  queue.wake();
  EXPECT_EQ(epoll_wait(loop, &event, 1, 60000), 1);
  EXPECT_EQ(queue.dispatch(), 0u);
  ::close(loop);
}

TEST(CompletionQueue, RingsADoorbell) {
  const Store store(memory);
  CompletionQueue queue;
  Counter rung;
  queue.set_doorbell([&] { rung.add(); });
  store.callbacks(queue, [](const Result<void> &) {}).put({"a"}, "k", "{}");
  EXPECT_TRUE(rung.wait_for(1));
  EXPECT_EQ(queue.dispatch(), 1u);
  queue.set_doorbell(nullptr);
  const std::size_t before = rung.count();
  queue.wake();
  EXPECT_EQ(rung.count(), before);
}

TEST(CompletionQueue, ReportsWhatTheLibraryRefused) {
  const Store store(memory);
  CompletionQueue queue;
  std::optional<lgstore::Error> error;
  store.callbacks(queue, [&](const Result<void> &done) { error = done.error(); }).put({}, "k", "{}");
  ASSERT_TRUE(serve(queue, [&] { return error.has_value(); }));
  EXPECT_EQ(error->code(), errc::invalid_arg);
  EXPECT_EQ(error->field(), "namespace");
}

TEST(CompletionQueue, HoldsNoMoreThanItsCapacity) {
  Store store(stuck);
  CompletionQueue queue(4);
  const auto operations = store.callbacks(queue, [](const Result<void> &) {});
  for (int n = 0; n < 4; ++n) operations.put({"a"}, "k", "{}");
  EXPECT_EQ(thrown_by([&] { operations.put({"a"}, "k", "{}"); }), errc::busy);
  EXPECT_EQ(thrown_by([] { CompletionQueue(LGSTORE_CQ_CAPACITY_MAX + 1); }), errc::invalid_arg);
  store.close(0s);
}

TEST(CompletionQueue, CancelsLikeAnyOther) {
  const Store store(stuck);
  CompletionQueue queue;
  std::optional<errc> code;
  const auto operation = store.callbacks(queue, [&](const Result<void> &done) { code = done.error().code(); })
                             .put({"a"}, "k", "{}");
  operation.cancel();
  ASSERT_TRUE(serve(queue, [&] { return code.has_value(); }));
  EXPECT_EQ(*code, errc::cancelled);
}

TEST(CompletionQueue, TellsThoseWhoStillWaitWhenItEnds) {
  Store store(stuck);
  auto kept = std::make_shared<int>(0);
  std::size_t called = 0;
  {
    CompletionQueue queue;
    for (int n = 0; n < 10; ++n) {
      store
          .callbacks(queue,
                     [&, kept](const Result<void> &done) {
                       EXPECT_EQ(done.error().code(), errc::unknown_outcome);
                       EXPECT_TRUE(done.error().may_have_applied());
                       ++called;
                     })
          .put({"a"}, std::to_string(n), "{}");
    }
    CompletionQueue other = std::move(queue);
    EXPECT_EQ(other.dispatch(), 0u);
  }
  EXPECT_EQ(called, 10u);
  EXPECT_EQ(kept.use_count(), 1);
  store.close(0s);
}

TEST(CompletionQueue, CallbacksMayThrowAndDispatch) {
  const Store store(memory);
  CompletionQueue queue;
  static std::size_t thrown;
  thrown = 0;
  const auto before = lgstore::set_exception_handler([](std::exception_ptr) noexcept { ++thrown; });
  std::size_t called = 0;
  for (int n = 0; n < 100; ++n) {
    store
        .callbacks(queue,
                   [&](const Result<void> &) {
                     ++called;
                     queue.dispatch(1);
                     throw std::runtime_error("callback");
                   })
        .put({"a"}, std::to_string(n), "{}");
  }
  ASSERT_TRUE(serve(queue, [&] { return called == 100; }));
  lgstore::set_exception_handler(before);
  EXPECT_EQ(thrown, 100u);
}

TEST(CompletionQueue, TakesRequestsOfManyThreadsAndStores) {
  const Store one(memory), two(memory);
  CompletionQueue queue;
  std::atomic<std::size_t> called{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&, n] {
      const auto operations = (n % 2 == 0 ? one : two).callbacks(queue, [&](const Result<void> &done) {
        done.value();
        ++called;
      });
      for (int i = 0; i < 500; ++i) operations.put({"t", std::to_string(n)}, std::to_string(i), "{}");
    });
  }
  std::thread reader([&] { serve(queue, [&] { return called >= 2000; }); });
  EXPECT_TRUE(serve(queue, [&] { return called >= 2000; }));
  for (std::thread &thread : threads) thread.join();
  reader.join();
  EXPECT_EQ(called, 2000u);
  EXPECT_EQ(one.count({}) + two.count({}), 2000u);
}
