// Runtimes: threads of one's own, their log, their end.
#include <type_traits>

#include "support.hpp"

using namespace support;
using lgstore::errc;
using lgstore::Level;
using lgstore::Runtime;
using lgstore::Store;

static_assert(!std::is_copy_constructible_v<Runtime> && std::is_move_constructible_v<Runtime>);

namespace {
constexpr auto chatty = R"({"backend":"embedded","limits":{"warn_value_bytes":1}})";
}

TEST(Runtime, EndsWhenItsStoresHave) {
  lgstore::RuntimeOptions options;
  options.worker_threads = 1;
  options.callbacks_on_workers = true;
  Runtime runtime(options);
  {
    const Store store(memory, runtime);
    store.put({"a"}, "k", "{}");
    EXPECT_FALSE(runtime.join(0s));
    EXPECT_EQ(thrown_by([&] { Store(memory, runtime); }), errc::closed);
    EXPECT_TRUE(store.get({"a"}, "k"));
  }
  EXPECT_TRUE(runtime.join(patience));
}

TEST(Runtime, MayGoBeforeItsStores) {
  auto runtime = std::make_unique<Runtime>();
  const Store store(memory, *runtime);
  runtime.reset();
  store.put({"a"}, "k", "{}");
  EXPECT_TRUE(store.futures().get({"a"}, "k").get());
}

TEST(Runtime, RefusesBadOptions) {
  lgstore::RuntimeOptions options;
  options.worker_threads = 1000000;
  EXPECT_EQ(thrown_by([&] { Runtime{options}; }), errc::invalid_arg);
  EXPECT_EQ(Runtime::make(options).error().code(), errc::invalid_arg);
}

TEST(Runtime, LogsToAFunction) {
  Runtime runtime;
  const auto store = std::make_unique<Store>(chatty, runtime);
  Counter events;
  auto kept = std::make_shared<int>(0);
  runtime.set_log(Level::trace, [&events, kept](Level level, std::string_view json) {
    EXPECT_GE(static_cast<int>(level), 1);
    EXPECT_EQ(json.front(), '{');
    if (level == Level::warn) events.add();
  });
  store->put({"a"}, "k", R"({"long":1})");
  EXPECT_TRUE(events.wait_for(1));
  EXPECT_EQ(kept.use_count(), 2);
  runtime.set_log(Level::error, nullptr);
  EXPECT_EQ(kept.use_count(), 1) << "the old function is gone, and with it what it held";
}

TEST(Runtime, TheLogOfTheDefaultRuntime) {
  const Store store(chatty);
  Counter events;
  lgstore::set_log(Level::warn, [&](Level, std::string_view) { events.add(); });
  store.put({"a"}, "k", R"({"long":1})");
  EXPECT_TRUE(events.wait_for(1));
  lgstore::set_log(Level::warn, nullptr);
}

TEST(Runtime, ALogFunctionThatThrowsHarmsNobody) {
  static Counter thrown;
  const auto before = lgstore::set_exception_handler([](std::exception_ptr) noexcept { thrown.add(); });
  {
    Runtime runtime;
    runtime.set_log(Level::warn, [](Level, std::string_view) { throw std::runtime_error("log"); });
    const Store store(chatty, runtime);
    store.put({"a"}, "k", R"({"long":1})");
    EXPECT_TRUE(thrown.wait_for(1));
    store.put({"a"}, "k", R"({"long":2})");
    EXPECT_TRUE(thrown.wait_for(2));
  }
  lgstore::set_exception_handler(before);
}
