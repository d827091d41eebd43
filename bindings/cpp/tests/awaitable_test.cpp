// Coroutines: where they go on, several at once, cancelling, being destroyed while they wait.
#include "coroutine.hpp"
#include "support.hpp"

#if defined(LGSTORE_CPP_COROUTINES)
#include <thread>

using namespace support;
using lgstore::errc;
using lgstore::Store;

namespace {

Task put_and_get(const Store &store) {
  const auto awaitables = store.awaitables();
  co_await awaitables.put({"users", "ada"}, "theme", R"({"mode":"dark"})", {.ttl = 1h});
  const auto item = co_await awaitables.get({"users", "ada"}, "theme", {.refresh_ttl = false});
  EXPECT_EQ(item->value(), R"({"mode":"dark"})");
  EXPECT_TRUE(item->expires_at());
  const auto page =
      co_await store.awaitables().search({"users"}, {.filter = R"({"mode":"dark"})", .limit = 3});
  EXPECT_EQ(page.items.size(), 1u);
  EXPECT_FALSE(co_await awaitables.get({"users", "ada"}, "other"));
  const auto outcome = co_await awaitables.compare_and_set({"users", "ada"}, "theme", R"({"mode":"light"})",
                                                           lgstore::Expected::version(item->version()));
  EXPECT_TRUE(outcome);
  const auto list = co_await awaitables.list_namespaces(lgstore::ListOptions().prefix({"users"}));
  EXPECT_EQ(list.namespaces.size(), 1u);
  lgstore::Batch batch;
  const auto count = batch.count({"users"}, R"({"mode":"light"})");
  const auto answers = co_await awaitables.batch(batch, {.sequential = true, .run = {.max_retries = 1}});
  EXPECT_EQ(*answers[count], 1u);
  co_await awaitables.delete_item({"users", "ada"}, std::string(500, 'x'));
}

Task fail(const Store &store) {
  const auto result = co_await store.awaitables().put({}, "k", "{}").as_result();
  EXPECT_EQ(result.error().field(), "namespace");
  co_await store.awaitables().put({"a"}, std::string(2000, 'x'), "{}");
  ADD_FAILURE() << "a key above the limit was taken";
}

Task many(const Store &store) {
  std::vector<decltype(store.awaitables().put({}, "", ""))> puts;
  for (int n = 0; n < 100; ++n) puts.push_back(store.awaitables().put({"a"}, std::to_string(n), "{}"));
  for (auto &put : puts) co_await put;
  EXPECT_EQ(co_await store.awaitables().count({"a"}), 100u);
}

Task wait_for_nothing(const Store &store, std::stop_token stop, errc expected) {
  const auto result = co_await store.awaitables(stop).put({"a"}, "k", "{}").as_result();
  EXPECT_EQ(result ? errc::ok : result.error().code(), expected);
}

Task on_loop(const Store &store, lgstore::CompletionQueue &queue, std::thread::id loop) {
  for (int n = 0; n < 20; ++n) {
    co_await store.awaitables(queue).put({"a"}, std::to_string(n), "{}");
    EXPECT_EQ(std::this_thread::get_id(), loop);
  }
}

template <class Executor>
Task on_executor(const Store &store, Executor executor, const bool &there) {
  const auto result = co_await store.awaitables(executor).put({"a"}, "k", "{}").as_result();
  EXPECT_EQ(result.error().code(), errc::closed);
  EXPECT_TRUE(there);
}

Task wait_for_ever(const Store &store, std::shared_ptr<int> kept) {
  co_await store.awaitables().put({"a"}, "k", "{}");
  ++*kept;
}

}  // namespace

TEST(Awaitable, GivesAnswersAndThrowsErrors) {
  const Store store(memory);
  put_and_get(store).get();
  EXPECT_EQ(thrown_by([&] { fail(store).get(); }), errc::invalid_arg);
}

TEST(Awaitable, SeveralAreUnderWayAtOnce) {
  const Store store(memory);
  many(store).get();
}

TEST(Awaitable, StopsOnRequest) {
  const Store store(stuck);
  std::stop_source stop;
  Task task = wait_for_nothing(store, stop.get_token(), errc::cancelled);
  EXPECT_FALSE(task.ends_within(10ms));
  stop.request_stop();
  task.get();
  wait_for_nothing(store, stop.get_token(), errc::cancelled).get();
  const Store quick(memory);
  std::stop_source unused;
  wait_for_nothing(quick, unused.get_token(), errc::ok).get();
}

TEST(Awaitable, EndsWithTheStore) {
  Store store(stuck);
  Task task = wait_for_nothing(store, {}, errc::closed);
  store.close(0s);
  task.get();
}

TEST(Awaitable, GoesOnWhereAQueueIsDispatched) {
  const Store store(memory);
  lgstore::CompletionQueue queue;
  Task task = on_loop(store, queue, std::this_thread::get_id());
  while (!task.ends_within(0s)) queue.wait(patience);
  task.get();
}

TEST(Awaitable, EndsWithItsQueue) {
  Store store(stuck);
  Counter ended;
  {
    lgstore::CompletionQueue queue;
    [](const Store &where, lgstore::CompletionQueue &through, Counter &counter) -> Detached {
      const auto result = co_await where.awaitables(through).put({"a"}, "k", "{}").as_result();
      EXPECT_EQ(result.error().code(), errc::unknown_outcome);
      counter.add();
    }(store, queue, ended);
    EXPECT_EQ(ended.count(), 0u);
  }
  EXPECT_EQ(ended.count(), 1u);
  store.close(0s);
}

TEST(Awaitable, GoesOnWhereAnExecutorSays) {
  Store store(stuck);
  std::promise<std::coroutine_handle<>> next;
  auto future = next.get_future();
  bool there = false;
  Task task = on_executor(
      store, [&next](std::coroutine_handle<> coroutine) { next.set_value(coroutine); }, there);
  store.close(0s);  // the outcome comes now, when the coroutine surely waits
  const std::coroutine_handle<> coroutine = future.get();
  there = true;
  coroutine.resume();
  task.get();
}

TEST(Awaitable, CancelsWhenTheCoroutineIsDestroyed) {
  Store store(stuck);
  auto kept = std::make_shared<int>(0);
  for (int n = 0; n < 100; ++n) wait_for_ever(store, kept);
  EXPECT_EQ(kept.use_count(), 1);
  // The library delivers the outcomes on threads of its own, a moment later.
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string metrics;
  do {
    std::this_thread::yield();
    metrics = store.metrics().text();
  } while (metrics.find("\"cancelled\":100") == std::string::npos &&
           std::chrono::steady_clock::now() < until);
  EXPECT_NE(metrics.find("\"cancelled\":100"), std::string::npos) << metrics;
  store.close();  // at once: nothing is under way any more
  EXPECT_EQ(*kept, 0);
}

TEST(Awaitable, AnswersAtOnceWhatIsThere) {
  const Store store(memory);
  store.put({"a"}, "k", "{}");
  const auto here = std::this_thread::get_id();
  [](const Store &where, std::thread::id thread) -> Task {
    for (int n = 0; n < 10; ++n) {
      EXPECT_TRUE(co_await where.awaitables().get({"a"}, "k"));
      EXPECT_EQ(std::this_thread::get_id(), thread);
    }
  }(store, here)
                                                        .get();
}
#endif
