// The store: its making, its end, and each operation, waited for.
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>
#include <type_traits>

#include "support.hpp"

using namespace support;
using lgstore::errc;
using lgstore::Expected;
using lgstore::Item;
using lgstore::Store;

static_assert(std::is_nothrow_move_constructible_v<Store> && !std::is_copy_constructible_v<Store>);
static_assert(!std::is_default_constructible_v<Store>);
// A span that microseconds can't hold exactly is refused by the type, not somewhere inside it.
static_assert(std::is_convertible_v<std::chrono::hours, lgstore::Ttl>);
static_assert(!std::is_convertible_v<std::chrono::duration<double>, lgstore::Ttl>);
static_assert(Store::default_drain == std::chrono::seconds(5));
// gcc 12 destroys what braces make in co_await expressions twice.
static_assert(std::is_trivially_destructible_v<lgstore::PutOptions> &&
              std::is_trivially_destructible_v<lgstore::GetOptions> &&
              std::is_trivially_destructible_v<lgstore::SearchOptions> &&
              std::is_trivially_destructible_v<lgstore::BatchOptions> &&
              std::is_trivially_destructible_v<lgstore::Options> &&
              !std::is_aggregate_v<lgstore::ListOptions>);

namespace {

constexpr auto with_clock = R"({"backend":"embedded","test_clock":true,"ttl":{"refresh_slack":0}})";

std::vector<std::string> keys(lgstore::Pages<Item> items) {
  std::vector<std::string> keys;
  for (const Item &item : items) keys.push_back(item.key());
  return keys;
}

}  // namespace

TEST(Store, KeepsAnItem) {
  const Store store(memory);
  const auto before = std::chrono::time_point_cast<lgstore::Duration>(std::chrono::system_clock::now());
  store.put({"users", "ada"}, "theme", R"({"mode":"dark"})");
  const auto item = store.get({"users", "ada"}, "theme");
  ASSERT_TRUE(item);
  EXPECT_EQ(item->labels(), (lgstore::Namespace{"users", "ada"}));
  EXPECT_EQ(item->key(), "theme");
  EXPECT_EQ(item->value(), R"({"mode":"dark"})");
  EXPECT_GE(item->created_at(), before);
  EXPECT_LE(item->updated_at(), std::chrono::system_clock::now() + 1s);
  EXPECT_EQ(item->created_at(), item->updated_at());
  EXPECT_EQ(item->version().size(), 36u);
  EXPECT_FALSE(item->expires_at());
  EXPECT_FALSE(item->score());
  EXPECT_FALSE(store.get({"users", "ada"}, "other"));
  store.delete_item({"users", "ada"}, "theme");
  store.delete_item({"users", "ada"}, "theme");
  EXPECT_FALSE(store.get({"users", "ada"}, "theme"));
}

TEST(Store, AnItemOutlivesItsStore) {
  std::optional<Item> item;
  {
    const Store store(memory);
    store.put({"a"}, "k", R"({"n":1})");
    item = store.get({"a"}, "k");
  }
  const Item copy = *item;
  item.reset();
  EXPECT_EQ(copy.value(), R"({"n":1})");
}

TEST(Store, TakesNamespacesInEveryForm) {
  const Store store(memory);
  const lgstore::Namespace labels{"users", "ada"};
  const std::string id = "ada";
  const std::array<std::string_view, 2> views{"users", "ada"};
  store.put(labels, "k", "{}");
  EXPECT_TRUE(store.get({"users", id}, "k"));
  EXPECT_TRUE(store.get(views, "k"));
  EXPECT_TRUE(store.get(std::vector<std::string_view>{"users", "ada"}, "k"));
  EXPECT_TRUE(store.get(std::array<std::string, 2>{"users", "ada"}, "k"));
  EXPECT_FALSE(store.get("users", "k"));
  EXPECT_FALSE(store.get({}, "k"));
  EXPECT_EQ(thrown_by([&] { store.put({}, "k", "{}"); }), errc::invalid_arg);
}

TEST(Store, SaysWhatIsWrongWithAConfiguration) {
  EXPECT_EQ(thrown_by([] { Store("{\"backend\":\"embeded\"}"); }), errc::invalid_arg);
  const auto made = Store::make(R"({"backend":"embedded","limits":{"key_bytes":0}})");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().field(), "limits.key_bytes");
  const Store nowhere("file:/nowhere/at/all.db");
  EXPECT_NE(thrown_by([&] { nowhere.open(); }), errc::ok);
}

TEST(Store, AFileIsFoundAgain) {
  const std::string path = work_file("reopen");
  {
    Store store("file:" + path);
    store.open();
    store.put({"a"}, "k", R"({"n":1})");
    store.backup(path + ".copy");
    store.close();
  }
  for (const std::string &file : {path, path + ".copy"}) {
    EXPECT_EQ(Store("file:" + file).get({"a"}, "k")->value(), R"({"n":1})");
    std::filesystem::remove(file);
  }
}

TEST(Store, ItemsExpire) {
  const Store store(with_clock);
  lgstore::PutOptions options;
  options.ttl = 90min;
  store.put({"a"}, "k", "{}", options);
  const auto item = store.get({"a"}, "k");
  ASSERT_TRUE(item->expires_at());
  EXPECT_EQ(*item->expires_at() - item->updated_at(), 90min);
  store.advance(89min);
  lgstore::GetOptions refresh;
  refresh.refresh_ttl = true;
  EXPECT_TRUE(store.get({"a"}, "k", refresh));
  store.advance(89min);
  EXPECT_TRUE(store.get({"a"}, "k"));
  store.advance(2min);
  EXPECT_FALSE(store.get({"a"}, "k"));
  EXPECT_EQ(store.sweep(), 1u);
  options.ttl = 0s;
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", "{}", options); }), errc::invalid_arg);
  options.ttl = -1s;
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", "{}", options); }), errc::invalid_arg);
}

TEST(Store, NeverIsLongerThanTheDefault) {
  const Store store(R"({"backend":"embedded","ttl":{"default_ttl":60}})");
  lgstore::PutOptions options;
  store.put({"a"}, "default", "{}", options);
  options.ttl = lgstore::never;
  store.put({"a"}, "never", "{}", options);
  EXPECT_TRUE(store.get({"a"}, "default")->expires_at());
  EXPECT_FALSE(store.get({"a"}, "never")->expires_at());
}

TEST(Store, SearchesInPages) {
  const Store store(memory);
  for (int n = 0; n < 25; ++n) {
    const std::string key = std::string(n < 10 ? "0" : "") + std::to_string(n);
    store.put({"a", n % 2 == 0 ? "even" : "odd"}, key, "{\"n\":" + std::to_string(n) + "}");
  }
  store.put({"b"}, "elsewhere", "{}");
  lgstore::SearchOptions options;
  const auto page = store.search({"a"});
  EXPECT_EQ(page.items.size(), 10u);
  EXPECT_FALSE(page.cursor.empty());
  options.filter = R"({"n":{"$gte":20}})";
  options.order = "updated_at desc";
  EXPECT_EQ(keys(store.items({"a"}, options)), (std::vector<std::string>{"24", "23", "22", "21", "20"}));
  for (const std::uint64_t limit : {1u, 4u, 25u, 100u}) {
    options = {};
    options.limit = limit;
    options.offset = 1;
    const auto all = keys(store.items({"a"}, options));
    EXPECT_EQ(all.size(), 24u) << limit;
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 24u);
    EXPECT_EQ(all.front(), "02");
    EXPECT_EQ(all.back(), "23");
  }
  EXPECT_TRUE(keys(store.items({"none"})).empty());
  EXPECT_EQ(store.count({"a"}), 25u);
  EXPECT_EQ(store.count({}, R"({"n":3})"), 1u);
  EXPECT_EQ(store.delete_prefix({"a", "odd"}), 12u);
  EXPECT_EQ(store.delete_prefix({"a"}, R"({"n":{"$lt":10}})"), 5u);
  options = {};
  options.limit = 0;
  EXPECT_TRUE(store.search({"a"}, options).items.empty());
  options.filter = "{\"$nonsense\":1}";
  EXPECT_EQ(thrown_by([&] { store.search({"a"}, options); }), errc::invalid_arg);
}

TEST(Store, ListsNamespaces) {
  const Store store(memory);
  for (const char *user : {"ada", "bob", "eve"}) {
    store.put({"users", user, "preferences"}, "k", "{}");
    store.put({"users", user, "facts"}, "k", "{}");
  }
  lgstore::ListOptions options;
  options.prefix({"users"}).suffix({"*", "facts"}).limit = 2;
  std::vector<lgstore::Namespace> found;
  for (const auto &labels : store.namespaces(options)) found.push_back(labels);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1], (lgstore::Namespace{"users", "bob", "facts"}));
  lgstore::ListOptions shallow;
  shallow.max_depth = 1;
  EXPECT_EQ(store.list_namespaces(shallow).namespaces, (std::vector<lgstore::Namespace>{{"users"}}));
  shallow.max_depth = 0;
  EXPECT_EQ(thrown_by([&] { store.list_namespaces(shallow); }), errc::invalid_arg);
}

TEST(Store, WritesOnConditions) {
  const Store store(memory);
  EXPECT_FALSE(store.update_if_exists({"a"}, "k", "{}"));
  const auto first = store.put_if_absent({"a"}, "k", R"({"n":1})");
  EXPECT_TRUE(first);
  const auto second = store.put_if_absent({"a"}, "k", R"({"n":2})");
  EXPECT_FALSE(second);
  ASSERT_TRUE(second.current);
  EXPECT_EQ(second.current->value(), R"({"n":1})");
  EXPECT_EQ(second.current->version(), first.version);
  const auto third = store.compare_and_set({"a"}, "k", R"({"n":2})", Expected::version(first.version));
  EXPECT_TRUE(third);
  EXPECT_FALSE(store.compare_and_set({"a"}, "k", R"({"n":3})", Expected::version(first.version)));
  EXPECT_TRUE(store.compare_and_set({"a"}, "k", R"({"n":3})", Expected::value(R"({"n":2.0})")));
  EXPECT_FALSE(store.delete_if_value({"a"}, "k", Expected::value(R"({"n":2})")));
  EXPECT_TRUE(store.update_if_exists({"a"}, "k", R"({"n":4})"));
  EXPECT_TRUE(store.delete_if_value({"a"}, "k", Expected::value(R"({"n":4})")));
  const auto nothing = store.delete_if_exists({"a"}, "k");
  EXPECT_FALSE(nothing);
  EXPECT_FALSE(nothing.current);
}

TEST(Store, BatchesAnswerEachWithItsType) {
  const Store store(memory);
  store.put({"a"}, "old", R"({"n":1})");
  lgstore::Batch batch;
  const auto put = batch.put({"a"}, "new", R"({"n":2})");
  const auto old = batch.get({"a"}, "old");
  const auto fresh = batch.get({"a"}, "new");
  const auto search = batch.search({"a"});
  const auto list = batch.list_namespaces();
  const auto count = batch.count({"a"});
  const auto gone = batch.delete_item({"a"}, "old");
  ASSERT_EQ(batch.size(), 7u);
  auto answers = store.batch(batch);
  answers.check();
  ASSERT_EQ(answers.size(), 7u);
  EXPECT_TRUE(answers[put]);
  EXPECT_TRUE(answers[gone]);
  EXPECT_EQ(answers[old].value()->value(), R"({"n":1})");
  EXPECT_FALSE(answers[fresh].value()) << "reads see the state before the batch";
  EXPECT_EQ(answers[search]->items.size(), 1u);
  EXPECT_EQ(answers[list]->namespaces.size(), 1u);
  EXPECT_EQ(*answers[count], 1u);
  lgstore::BatchOptions sequential;
  sequential.sequential = true;
  answers = store.batch(batch, sequential);
  EXPECT_TRUE(answers[fresh].value());
  EXPECT_THROW(answers[lgstore::Slot<void>{7}], std::out_of_range);
  EXPECT_EQ(store.batch({}).size(), 0u);
}

TEST(Store, ABadOperationIsNamed) {
  const Store store(memory);
  lgstore::Batch batch;
  batch.put({"a"}, "k", "{}");
  batch.put({"a"}, std::string(2000, 'x'), "{}");
  try {
    store.batch(batch);
    FAIL();
  } catch (const lgstore::Exception &exception) {
    EXPECT_EQ(exception.error().field(), "ops[1].key");
  }
  EXPECT_FALSE(store.get({"a"}, "k"));
}

TEST(Store, OneOperationOfABatchMayFail) {
  // Of requests inside a batch none fails by itself embedded, so the answer is a cluster's, as it would come.
  const lgstore::BatchAnswers answers(lgstore::Document(
      nullptr, R"({"results":[{"result":null},{"error":{"code":"unavailable","message":"m","retryable":true,)"
               R"("may_have_applied":false}},{"result":3}]})"));
  EXPECT_TRUE(answers[lgstore::Slot<void>{0}]);
  EXPECT_TRUE(answers.failed(1));
  EXPECT_EQ(answers[lgstore::Slot<void>{1}].error().code(), errc::unavailable);
  EXPECT_TRUE(answers[lgstore::Slot<void>{1}].error().retryable());
  EXPECT_EQ(*answers[lgstore::Slot<std::uint64_t>{2}], 3u);
  EXPECT_EQ(thrown_by([&] { answers.check(); }), errc::unavailable);
}

TEST(Store, TellsOfItself) {
  const Store store(memory);
  store.put({"a"}, "k", "{}");
  store.warmup();
  EXPECT_EQ(store.migrate().text(), "null");
  lgstore::HealthOptions with_write;
  with_write.write = true;
  EXPECT_NE(store.health(with_write).text().find("\"healthy\""), std::string_view::npos);
  EXPECT_NE(store.cluster_info().text().find("\"memory\""), std::string_view::npos);
  EXPECT_EQ(store.reindex(), 0u);
  EXPECT_NE(store.metrics(true).text().find("\"put\""), std::string_view::npos);
  EXPECT_NE(store.metrics_prometheus().text().find("lgstore_"), std::string_view::npos);
  store.breaker_reset();
  EXPECT_FALSE(lgstore::version().empty());
  EXPECT_EQ(store.call(LGSTORE_OP_COUNT, R"({"namespace_prefix":[]})").text(), "1");
}

TEST(Store, RequestsSayHowTheyAreRun) {
  const Store store(R"({"backend":"fault","fault":{"fail_first":2}})");
  lgstore::PutOptions options;
  options.run.serial = true;
  options.run.max_retries = 3;
  options.run.retry_delay = 1ms;
  options.run.retry_backoff = 1.5;
  store.put({"a"}, "k", "{}", options);
  EXPECT_TRUE(store.get({"a"}, "k"));
  options.run.profile = "there is none";
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", "{}", options); }), errc::invalid_arg);
  options = {};
  options.run.retry_backoff = -1;
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", "{}", options); }), errc::invalid_arg);
  options = {};
  options.timeout = -1s;
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", "{}", options); }), errc::invalid_arg);
}

TEST(Store, EndsOnce) {
  Store store(memory);
  store.put({"a"}, "k", "{}");
  store.close();
  store.close(0s);
  EXPECT_EQ(thrown_by([&] { store.get({"a"}, "k"); }), errc::closed);
  EXPECT_EQ(store.results().count({}).error().code(), errc::closed);
}

TEST(Store, AStoreThatWasMovedFromIsClosed) {
  Store store(memory);
  store.put({"a"}, "k", "{}");
  Store other = std::move(store);
  EXPECT_TRUE(other.get({"a"}, "k"));
  EXPECT_EQ(thrown_by([&] { store.get({"a"}, "k"); }), errc::closed);
  EXPECT_EQ(thrown_by([&] { store.futures().get({"a"}, "k").get(); }), errc::closed);
  EXPECT_EQ(thrown_by([&] { store.callbacks([](auto) {}).get({"a"}, "k"); }), errc::closed);
  EXPECT_EQ(thrown_by([&] { store.metrics(); }), errc::closed);
  EXPECT_EQ(store.native_handle(), nullptr);
  store.close();
  other = Store(memory);
  EXPECT_FALSE(other.get({"a"}, "k"));
}

TEST(Store, ClosesInTheBackground) {
  Store store(memory);
  Counter closed;
  store.close_async(1s, [&](const lgstore::Result<void> &result) {
    EXPECT_TRUE(result);
    closed.add();
  });
  ASSERT_TRUE(closed.wait_for(1));
  EXPECT_EQ(thrown_by([&] { store.get({"a"}, "k"); }), errc::closed);
}

TEST(Store, ServesManyThreads) {
  const Store store(memory);
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&store, n] {
      for (int i = 0; i < 200; ++i) {
        store.put({"t", std::to_string(n)}, std::to_string(i), "{}");
        if (!store.get({"t", std::to_string(n)}, std::to_string(i))) std::abort();
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(store.count({"t"}), 800u);
}
