// What docs/cpp.md shows, piece by piece; readme.sh compares.
#include <lgstore/nlohmann.hpp>

#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>

#include "coroutine.hpp"
#include "support.hpp"

using namespace support;

namespace {

Task visit(const lgstore::Store &store, std::stop_token stop) {
  const auto awaitables = store.awaitables(stop);  // a stop request cancels
  co_await awaitables.put({"users", "bob"}, "visit", R"({"n":1})", {.timeout = std::chrono::seconds(2)});
  const auto item = co_await awaitables.get({"users", "bob"}, "visit");
  std::cout << item->value() << '\n';  // {"n":1}
}

void page() {
  lgstore::Store store("memory:");  // or "file:memory.db", "scylla://h1,h2/keyspace", a JSON document, ""

  const lgstore::Namespace ada{"users", "ada"};
  store.put(ada, "theme", R"({"mode":"dark","size":14})");
  if (const auto item = store.get(ada, "theme")) {
    std::cout << item->value() << '\n';  // {"mode":"dark","size":14}
  }
  std::cout << store.get(ada, "nothing").has_value() << '\n';  // 0
  store.delete_item(ada, "nothing");                           // no error

  store.put(ada, "profile", nlohmann::json{{"name", "Ada"}, {"born", 1815}});
  std::cout << store.get(ada, "profile")->as<nlohmann::json>()["born"] << '\n';  // 1815

  using lgstore::Expected;
  auto outcome = store.put_if_absent(ada, "visits", R"({"n":1})");
  outcome = store.compare_and_set(ada, "visits", R"({"n":2})", Expected::version(outcome.version));
  std::cout << outcome.applied << '\n';  // 1
  outcome = store.delete_if_value(ada, "visits", Expected::value(R"({"n":1})"));
  std::cout << outcome.applied << ' ' << outcome.current->value() << '\n';  // 0 {"n":2}

  for (int number = 10; number < 35; ++number) {
    store.put({"notes", "ada"}, "n" + std::to_string(number), nlohmann::json{{"number", number}});
  }

  std::string keys;
  const auto filter = R"({"number":{"$gte":32}})";
  for (const auto &item : store.items({"notes"}, {.filter = filter, .order = "key desc"})) keys += item.key();
  std::cout << keys << '\n';  // n34n33n32

  const auto first = store.search({"notes"}, {.limit = 20});
  const auto rest = store.search({"notes"}, {.limit = 20, .cursor = first.cursor});
  std::cout << rest.items.size() << ' ' << rest.cursor.empty() << '\n';  // 5 1

  const auto listed = store.list_namespaces(lgstore::ListOptions().suffix({"ada"}));
  std::cout << listed.namespaces.size() << ' ' << store.count({"notes"}) << '\n';  // 2 25

  using namespace std::chrono_literals;
  store.put(ada, "session", R"({"page":"home"})", {.ttl = 30min});
  const auto session = store.get(ada, "session", {.refresh_ttl = true});  // lives half an hour from now
  store.put(ada, "session", "{}", {.ttl = lgstore::never});              // also where the store has a default
  std::cout << (session->expires_at() > session->updated_at()) << '\n';  // 1

  lgstore::Batch batch;
  batch.put(ada, "theme", R"({"mode":"light"})");
  const auto old = batch.get(ada, "theme");
  const auto notes = batch.count({"notes"});
  const auto answers = store.batch(batch);
  answers.check();  // throws what failed first

  std::cout << (*answers[old])->value() << ' ' << *answers[notes] << '\n';  // {"mode":"dark","size":14} 25

  lgstore::Batch both;
  both.put(ada, "a", "{}");
  both.put(ada, "b", "{}");
  store.batch(both, {.logged = true});  // all or nothing

  auto future = store.futures().get(ada, "theme");  // future.cancel() asks it to end early
  std::cout << future.get()->value() << '\n';       // {"mode":"light"}

  std::promise<bool> there;
  store.callbacks([&](auto result) { there.set_value(result && *result); }).get(ada, "theme");
  std::cout << there.get_future().get() << '\n';  // 1

  std::stop_source stop;
  visit(store, stop.get_token()).get();

  try {
    store.put({"no.dots"}, "k", "{}");
  } catch (const lgstore::Exception &exception) {
    if (exception.code() != lgstore::errc::invalid_arg) throw;
    std::cout << exception.error().field() << '\n';  // namespace[0]
  }

  const auto result = store.results().put(ada, "theme", R"({"mode":"dark"})", {.run = {.max_retries = 3}});
  if (!result && result.error().code() == lgstore::errc::unknown_outcome) {
    store.get(ada, "theme", {.run = {.profile = "lwt_operations"}});  // read before writing again
  }

  const auto config = R"({"backend": "cql", "contact_points": ["10.0.0.1", "10.0.0.2"], "keyspace": "memory",
                          "connect": {"lazy": true}})";
  lgstore::Store cluster(config);
  cluster.close();  // was checked, nothing was sent; it would open although the cluster is away

  store.put(ada, "balance", R"({"n":1})", {.run = {.serial = true}});  // in one order with conditional writes
  store.get(ada, "balance", {.run = {.profile = "strong_reads"}});

  const auto log = [](lgstore::Level, std::string_view json) { std::cerr << json << '\n'; };
  lgstore::set_log(lgstore::Level::warn, log);
  std::cout << store.health().as<nlohmann::json>()["status"] << '\n';                         // "healthy"
  std::cout << store.metrics().as<nlohmann::json>()["batch_stats"]["total_batches"] << '\n';  // 2

  store.close(5s);  // waits up to 5 seconds for what is under way
  std::cout << (store.results().get(ada, "theme").error().code() == lgstore::errc::closed) << '\n';  // 1
}

/// What std::cout is given while `function` runs.
template <class F>
std::string printed_by(F &&function) {
  std::ostringstream text;
  std::streambuf *const before = std::cout.rdbuf(text.rdbuf());
  function();
  std::cout.rdbuf(before);
  return text.str();
}

}  // namespace

TEST(Page, PrintsWhatItSays) {
  const char *const source = std::getenv("LGSTORE_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/cpp.md");
  const std::regex shown(R"('\\n'; +// (.*)$)");
  std::string said;
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_search(line, match, shown)) said += match.str(1) + "\n";
  }
  EXPECT_EQ(printed_by(page), said);
}
