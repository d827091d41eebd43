// Compiled by headers.sh, never run: calls everything once, so that every template is looked at in every
// standard.
#include <lgstore.hpp>
#include <lgstore/nlohmann.hpp>
#include <vector>

namespace {

template <class Delivery>
void call_everything(const lgstore::Operations<Delivery> &store) {
  const lgstore::Namespace place{"a"};
  const auto expected = lgstore::Expected::version("v");
  static_cast<void>(store.put({"a", "b"}, "k", "{}"));
  static_cast<void>(store.put(place, "k", nlohmann::json{{"n", 1}}));
  static_cast<void>(store.get(place, "k"));
  static_cast<void>(store.delete_item(place, "k"));
  static_cast<void>(store.search({}));
  static_cast<void>(store.list_namespaces());
  static_cast<void>(store.batch(lgstore::Batch()));
  static_cast<void>(store.put_if_absent(place, "k", "{}"));
  static_cast<void>(store.update_if_exists(place, "k", "{}"));
  static_cast<void>(store.compare_and_set(place, "k", "{}", expected));
  static_cast<void>(store.delete_if_exists(place, "k"));
  static_cast<void>(store.delete_if_value(place, "k", expected));
  static_cast<void>(store.delete_prefix(place));
  static_cast<void>(store.count(place));
  static_cast<void>(store.sweep());
  static_cast<void>(store.open());
  static_cast<void>(store.migrate());
  static_cast<void>(store.warmup());
  static_cast<void>(store.health());
  static_cast<void>(store.cluster_info());
  static_cast<void>(store.reindex());
  static_cast<void>(store.backup("path"));
  static_cast<void>(store.advance(std::chrono::seconds(1)));
  static_cast<void>(store.call(LGSTORE_OP_GET, "{}"));
}

}  // namespace

int main() {
  using lgstore::Result;
  lgstore::Runtime runtime;
  lgstore::CompletionQueue queue;
  lgstore::Store store("memory:", runtime);
  const auto callback = [](const auto &result) { static_cast<void>(result.has_value()); };
  call_everything(store);
  call_everything(store.results());
  call_everything(store.futures());
  call_everything(store.callbacks(callback));
  store.callbacks(queue, callback).get({"a"}, "k");
#if defined(LGSTORE_CPP_COROUTINES)
  call_everything(store.awaitables());
  static_cast<void>(store.awaitables(queue).get({"a"}, "k"));
  const auto executor = [](std::coroutine_handle<> coroutine) { coroutine.resume(); };
  static_cast<void>(store.awaitables(executor).get({"a"}, "k"));
#endif
  for (const auto &item : store.items({"a"})) static_cast<void>(item.as<nlohmann::json>());
  for (const auto &labels : store.namespaces()) static_cast<void>(labels.size());
  Result<int> number = 1;
  const Result<int> again = std::move(number).transform([](int n) { return n; });
  static_cast<void>(again.value_or(2));
#if defined(__cpp_lib_expected)
  const std::expected<int, lgstore::Error> expected = again;
  static_cast<void>(expected);
#endif
  store.close_async(std::chrono::seconds(1), [](const Result<void> &) {});
  queue.dispatch();
}
