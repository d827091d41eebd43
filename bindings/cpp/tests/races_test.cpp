// Storms: threads submit in every form, cancel and let requests expire while the backend delays, fails and
// panics, and stores close under it. Every request has exactly one outcome, and every callable is gone
// afterwards.
#include <thread>

#include "coroutine.hpp"
#include "support.hpp"

using namespace support;
using lgstore::errc;
using lgstore::Result;
using lgstore::Store;

namespace {

constexpr auto storming = R"({"backend":"fault","fault":{"delay_us":300,"fail_every":7,"panic_every":11},)"
                          R"("limits":{"inflight_operations":256}})";
constexpr int submitters = 4;
constexpr int each = 800;

/// What has come in, and what of that has come out.
struct Tally {
  std::atomic<int> accepted{0}, outcomes{0}, strange{0};

  template <class T>
  void count(const Result<T> &result) {
    ++outcomes;
    if (result) return;
    switch (result.error().code()) {
      case errc::unavailable:
      case errc::panic:
      case errc::cancelled:
      case errc::timeout:
      case errc::closed:
        break;
      case errc::unknown_outcome:  // the deadline or the cancel came while the write was applied
        if (result.error().timed_out() || result.error().cancelled()) break;
        [[fallthrough]];
      default:
        ++strange;
    }
  }
};

/// Every callable holds a share; none is left at the end.
using Share = std::shared_ptr<int>;

lgstore::PutOptions some_options(int n) {
  lgstore::PutOptions options;
  if (n % 4 == 0) options.timeout = std::chrono::microseconds(1 + n % 900);
  return options;
}

/// Submits one request by a callback or to the queue, again while there is too much under way, and cancels
/// some.
void submit(const Store &store, const lgstore::CompletionQueue &queue, Tally &tally, const Share &share,
            int n) {
  const auto count = [&tally, share](const Result<void> &result) { tally.count(result); };
  for (;;) {
    try {
      const auto operation =
          n % 2 == 0 ? store.callbacks(count).put({"storm"}, std::to_string(n), "{}", some_options(n))
                     : store.callbacks(queue, count).put({"storm"}, std::to_string(n), "{}", some_options(n));
      ++tally.accepted;
      if (n % 3 == 0) operation.cancel();
      return;
    } catch (const lgstore::Exception &exception) {
      const errc code = exception.error().code();
      if (code == errc::closed) return;
      if (code != errc::busy) {
        ++tally.strange;
        return;
      }
      std::this_thread::yield();
    }
  }
}

void serve(lgstore::CompletionQueue &queue, const std::atomic<bool> &over) {
  while (!over) queue.wait(1ms);
}

}  // namespace

TEST(Races, CancelStorm) {
  const auto share = std::make_shared<int>(0);
  Tally tally;
  {
    Store store(storming);
    lgstore::CompletionQueue queue(128);
    std::atomic<bool> over{false};
    std::thread reader([&] { serve(queue, over); });
    std::vector<std::thread> threads;
    for (int t = 0; t < submitters; ++t) {
      threads.emplace_back([&, t] {
        for (int n = 0; n < each; ++n) submit(store, queue, tally, share, t * each + n);
      });
    }
    for (std::thread &thread : threads) thread.join();
    store.close();
    over = true;
    queue.wake();
    reader.join();
    while (queue.dispatch() > 0) continue;
  }
  EXPECT_EQ(tally.outcomes, tally.accepted);
  EXPECT_EQ(tally.accepted, submitters * each);
  EXPECT_EQ(tally.strange, 0);
  EXPECT_EQ(share.use_count(), 1);
}

TEST(Races, CloseStorm) {
  for (int round = 0; round < 40; ++round) {
    const auto share = std::make_shared<int>(0);
    Tally tally;
    Counter closed;
    {
      lgstore::CompletionQueue queue;
      Store store(round % 2 == 0 ? storming : memory);
      std::atomic<bool> over{false};
      std::thread reader([&] { serve(queue, over); });
      std::vector<std::thread> threads;
      for (int t = 0; t < submitters; ++t) {
        threads.emplace_back([&, t] {
          for (int n = 0; n < 60; ++n) submit(store, queue, tally, share, t * 60 + n);
        });
      }
      // Three at once, while requests come in; one of them with no patience.
      std::thread closer([&] { static_cast<void>(store.try_close(0s)); });
      store.close_async(1ms, [&closed](const Result<void> &) { closed.add(); });
      EXPECT_TRUE(store.try_close(patience));
      closer.join();
      for (std::thread &thread : threads) thread.join();
      over = true;
      queue.wake();
      reader.join();
      // What came after the reader's last look.
      while (queue.dispatch() > 0) continue;
    }
    EXPECT_TRUE(closed.wait_for(1)) << "what closes in the background says so, though another was first";
    EXPECT_EQ(tally.outcomes, tally.accepted);
    EXPECT_EQ(tally.strange, 0);
    EXPECT_EQ(share.use_count(), 1);
  }
}

TEST(Races, FuturesThatAreCancelledAndDropped) {
  Store store(storming);
  std::vector<std::thread> threads;
  std::atomic<int> settled{0}, kept{0};
  for (int t = 0; t < submitters; ++t) {
    threads.emplace_back([&] {
      std::vector<lgstore::Future<void>> futures;
      for (int n = 0; n < each; ++n) {
        auto future = store.futures().put({"storm"}, std::to_string(n), "{}", some_options(n));
        if (n % 3 == 0) future.cancel();
        if (n % 5 != 0) futures.push_back(std::move(future));
      }
      kept += static_cast<int>(futures.size());
      for (auto &future : futures) {
        if (future.wait_for(patience) == std::future_status::ready) ++settled;
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(settled, kept);
}

#if defined(LGSTORE_CPP_COROUTINES)
namespace {

Task one(const Store &store, const lgstore::CompletionQueue &queue, std::stop_token stop, Tally &tally,
         [[maybe_unused]] Share share, int n) {
  tally.count(co_await store.awaitables(queue, stop).put({"storm"}, std::to_string(n), "{}").as_result());
}

}  // namespace

// Coroutines of a queue go on where it is dispatched, here, so here they may be destroyed while they wait.
TEST(Races, CoroutinesThatAreStoppedAndDestroyed) {
  const auto share = std::make_shared<int>(0);
  Tally tally;
  int destroyed = 0;
  constexpr int total = 4000;
  {
    Store store(storming);
    lgstore::CompletionQueue queue(4096);
    std::stop_source stops[16];
    std::thread stopper([&] {
      for (std::stop_source &stop : stops) {
        std::this_thread::yield();
        stop.request_stop();
      }
    });
    std::vector<Task> tasks;
    for (int n = 0; n < total; ++n) {
      tasks.push_back(one(store, queue, stops[n % 16].get_token(), tally, share, n));
      if (n % 7 == 0) {
        if (!tasks.back().ends_within(0s)) ++destroyed;
        tasks.pop_back();
      }
      if (n % 64 == 0) queue.dispatch();
    }
    stopper.join();
    store.close();
    while (queue.dispatch() > 0) continue;
    for (const Task &task : tasks) EXPECT_TRUE(task.ends_within(0s));
  }
  EXPECT_EQ(tally.outcomes + destroyed, total);
  EXPECT_EQ(share.use_count(), 1);
}
#endif
