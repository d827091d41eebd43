// Futures and callbacks: one outcome each, where it is delivered, what becomes of the callable, cancelling.
#include <thread>

#include "support.hpp"

using namespace support;
using lgstore::errc;
using lgstore::Result;
using lgstore::Store;
using Item = std::optional<lgstore::Item>;

namespace {

/// Takes exceptions of callbacks while it lives.
class Catching {
 public:
  Catching() : before_(lgstore::set_exception_handler([](std::exception_ptr) noexcept { caught().add(); })) {}
  ~Catching() { lgstore::set_exception_handler(before_); }
  static Counter &caught() {
    static Counter counter;
    return counter;
  }

 private:
  lgstore::ExceptionHandler before_;
};

}  // namespace

TEST(Futures, HoldAnswersAndErrors) {
  const Store store(memory);
  const auto futures = store.futures();
  futures.put({"a"}, "k", R"({"n":1})").get();
  EXPECT_EQ(futures.get({"a"}, "k").get()->value(), R"({"n":1})");
  EXPECT_EQ(futures.count({}).get(), 1u);
  std::future<Item> plain = futures.get({"a"}, "none");
  EXPECT_FALSE(plain.get());
  EXPECT_EQ(thrown_by([&] { futures.put({}, "k", "{}").get(); }), errc::invalid_arg);
  lgstore::PutOptions options;
  options.timeout = -1us;
  EXPECT_EQ(thrown_by([&] { futures.put({"a"}, "k", "{}", options).get(); }), errc::invalid_arg);
}

TEST(Futures, CanBeCancelled) {
  const Store store(stuck);
  auto future = store.futures().put({"a"}, "k", "{}");
  EXPECT_EQ(future.wait_for(10ms), std::future_status::timeout);
  future.cancel();
  ASSERT_EQ(future.wait_for(patience), std::future_status::ready);
  EXPECT_EQ(thrown_by([&] { future.get(); }), errc::cancelled);
  future.cancel();
}

TEST(Futures, MayBeDropped) {
  const Store store(memory);
  for (int n = 0; n < 100; ++n) store.futures().put({"a"}, std::to_string(n), "{}");
  // Requests have no order among each other; closing is what waits for them.
  Store other = Store(memory);
  for (int n = 0; n < 100; ++n) other.futures().put({"a"}, std::to_string(n), "{}");
  other.close();
  SUCCEED();
}

TEST(Futures, EndWithTheStore) {
  std::optional<lgstore::Future<void>> future;
  {
    Store store(stuck);
    future.emplace(store.futures().put({"a"}, "k", "{}"));
    store.close(0s);
  }
  EXPECT_EQ(thrown_by([&] { future->get(); }), errc::closed);
  future->cancel();
}

TEST(Callbacks, ComeOnceAndNeverInsideTheCall) {
  const Store store(memory);
  store.put({"a"}, "k", R"({"n":1})");
  std::mutex held;
  Counter called;
  {
    // Neither inside the call nor before it returned: the lock would be taken twice.
    const std::lock_guard<std::mutex> guard(held);
    const auto here = std::this_thread::get_id();
    const lgstore::Operation operation = store
                                             .callbacks([&, here](const Result<Item> &item) {
                                               EXPECT_NE(std::this_thread::get_id(), here);
                                               const std::lock_guard<std::mutex> wait(held);
                                               EXPECT_EQ(item.value()->value(), R"({"n":1})");
                                               called.add();
                                             })
                                             .get({"a"}, "k");
    EXPECT_GT(operation.id(), 0u);
  }
  ASSERT_TRUE(called.wait_for(1));
  EXPECT_EQ(called.count(), 1u);
}

TEST(Callbacks, GetErrorsOfRequestsThatWereAccepted) {
  const Store store(R"({"backend":"fault","fault":{"fail_every":1}})");
  Counter called;
  store
      .callbacks([&](const Result<void> &done) {
        EXPECT_EQ(done.error().code(), errc::unavailable);
        EXPECT_TRUE(done.error().retryable());
        called.add();
      })
      .put({"a"}, "k", "{}");
  ASSERT_TRUE(called.wait_for(1));
}

TEST(Callbacks, AreNotCalledForRequestsThatWereRefused) {
  const Store store(memory);
  auto kept = std::make_shared<int>(0);
  EXPECT_EQ(thrown_by([&] { store.callbacks([kept](auto) { FAIL(); }).put({}, "k", "{}"); }),
            errc::invalid_arg);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(Callbacks, AreFreedOnceTheyWereCalled) {
  auto kept = std::make_shared<int>(0);
  {
    const Store store(memory);
    const auto operations = store.callbacks([kept](const Result<void> &done) { done.value(); });
    for (int n = 0; n < 50; ++n) operations.put({"a"}, std::to_string(n), "{}");
  }
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(Callbacks, MayBeMoveOnly) {
  const Store store(memory);
  std::promise<void> promise;
  auto future = promise.get_future();
  store
      .callbacks([promise = std::move(promise)](const Result<void> &done) mutable {
        done.value();
        promise.set_value();
      })
      .put({"a"}, "k", "{}");
  future.get();
}

TEST(Callbacks, MaySubmitCancelAndClose) {
  Counter called;
  Store store(memory), other(stuck);
  const auto endless = other
                           .callbacks([&](const Result<void> &done) {
                             EXPECT_EQ(done.error().code(), errc::cancelled);
                             called.add();
                           })
                           .put({"a"}, "k", "{}");
  store
      .callbacks([&](const Result<void> &) {
        endless.cancel();
        store
            .callbacks([&](const Result<Item> &item) {
              EXPECT_TRUE(item.value());
              called.add();
            })
            .get({"a"}, "k");
        // What waits is refused here, and says so; nothing hangs.
        EXPECT_EQ(store.results().get({"a"}, "k").error().code(), errc::would_deadlock);
        EXPECT_EQ(store.try_close().error().code(), errc::would_deadlock);
        called.add();
      })
      .put({"a"}, "k", "{}");
  ASSERT_TRUE(called.wait_for(3));
}

TEST(Callbacks, MayDestroyTheStore) {
  auto store = std::make_unique<Store>(memory);
  Counter called;
  store
      ->callbacks([&](const Result<void> &) {
        store.reset();
        called.add();
      })
      .put({"a"}, "k", "{}");
  ASSERT_TRUE(called.wait_for(1));
  EXPECT_EQ(store, nullptr);
}

TEST(Callbacks, HaveReturnedWhenTheStoreIsGone) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> running{0};
    {
      const Store store(memory);
      for (int n = 0; n < 20; ++n) {
        store
            .callbacks([&](const Result<void> &) {
              ++running;
              std::this_thread::yield();
              --running;
            })
            .put({"a"}, std::to_string(n), "{}");
      }
    }
    EXPECT_EQ(running, 0);
  }
}

TEST(Callbacks, MayThrow) {
  const Catching catching;
  const std::size_t before = Catching::caught().count();
  Counter after;
  auto kept = std::make_shared<int>(0);
  {
    const Store store(memory);
    for (int n = 0; n < 100; ++n) {
      store.callbacks([kept](const Result<void> &) { throw std::runtime_error("callback"); })
          .put({"a"}, std::to_string(n), "{}");
      store.callbacks([kept](const Result<void> &) { throw 7; }).delete_item({"a"}, std::to_string(n));
    }
    store.callbacks([&](const Result<std::uint64_t> &) { after.add(); }).count({});
    ASSERT_TRUE(after.wait_for(1)) << "the thread that called back goes on";
  }
  EXPECT_EQ(Catching::caught().count() - before, 200u);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(Callbacks, AnExceptionThatNobodyTakesIsPrinted) {
  Counter after;
  testing::internal::CaptureStderr();
  {
    const Store store(memory);
    store.callbacks([](const Result<void> &) { throw std::runtime_error("this is it"); })
        .put({"a"}, "k", "{}");
  }
  EXPECT_NE(testing::internal::GetCapturedStderr().find("this is it"), std::string::npos);
}

TEST(Callbacks, PanicsInsideTheLibraryAreErrors) {
  const Store store(R"({"backend":"fault","fault":{"panic_every":2}})");
  Counter good, bad;
  for (int n = 0; n < 100; ++n) {
    store
        .callbacks([&](const Result<void> &done) {
          EXPECT_EQ(done ? errc::panic : done.error().code(), errc::panic);
          (done ? good : bad).add();
        })
        .put({"a"}, std::to_string(n), "{}");
  }
  EXPECT_TRUE(good.wait_for(50));
  EXPECT_TRUE(bad.wait_for(50));
}

TEST(Callbacks, TooManyAreRefused) {
  Store store(R"({"backend":"fault","fault":{"delay_us":3600000000},"limits":{"inflight_operations":8}})");
  Counter called;
  const auto operations = store.callbacks([&](const Result<void> &) { called.add(); });
  std::size_t accepted = 0;
  EXPECT_EQ(thrown_by([&] {
              for (; accepted < 1000; ++accepted) operations.put({"a"}, "k", "{}");
            }),
            errc::busy);
  EXPECT_GE(accepted, 8u);
  store.close(0s);
  EXPECT_EQ(called.count(), accepted);
}
