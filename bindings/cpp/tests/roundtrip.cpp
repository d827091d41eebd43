// The C++ side of tests/roundtrip/README.md: does the operations of its input's lines, and writes their
// answers.
#include <iostream>
#include <lgstore.hpp>
#include <lgstore/nlohmann.hpp>
#include <string>

namespace {

using nlohmann::json;

json write(const std::optional<lgstore::Item> &item) {
  if (!item) return nullptr;
  json made = {{"namespace", item->labels()},
               {"key", item->key()},
               {"value", item->value()},
               {"version", item->version()},
               {"created_at", item->created_at().time_since_epoch().count()},
               {"updated_at", item->updated_at().time_since_epoch().count()}};
  if (const auto expiry = item->expires_at()) made["expires_at"] = expiry->time_since_epoch().count();
  return made;
}

json write(const lgstore::Outcome &outcome) {
  if (!outcome.applied) return {{"applied", false}, {"current", write(outcome.current)}};
  if (outcome.version.empty()) return {{"applied", true}};
  return {{"applied", true}, {"version", outcome.version}};
}

json with_cursor(json page, const std::string &cursor) {
  if (!cursor.empty()) page["cursor"] = cursor;
  return page;
}

json search(const lgstore::Store &store, const json &line) {
  const std::string filter = line.value("filter", ""), order = line.value("order", ""),
                    cursor = line.value("cursor", "");
  lgstore::SearchOptions options;
  options.filter = filter;
  options.order = order;
  options.cursor = cursor;
  options.limit = line.at("limit");
  const lgstore::SearchPage page = store.search(line.at("namespace").get<lgstore::Namespace>(), options);
  json items = json::array();
  for (const lgstore::Item &item : page.items) items.push_back(write(item));
  return with_cursor({{"items", items}}, page.cursor);
}

json list_namespaces(const lgstore::Store &store, const json &line) {
  const std::string cursor = line.value("cursor", "");
  lgstore::ListOptions options;
  options.prefix(line.at("namespace").get<lgstore::Namespace>());
  options.cursor = cursor;
  options.limit = line.at("limit");
  const lgstore::NamespacePage page = store.list_namespaces(options);
  return with_cursor({{"namespaces", page.namespaces}}, page.cursor);
}

lgstore::Expected expected(const json &line) {
  if (line.contains("expected_version"))
    return lgstore::Expected::version(line.at("expected_version").get<std::string>());
  return lgstore::Expected::value(line.at("expected_value").get<std::string>());
}

json answer(const lgstore::Store &store, const json &line) {
  const std::string op = line.at("op");
  if (op == "search") return search(store, line);
  if (op == "list_namespaces") return list_namespaces(store, line);
  const auto place = line.at("namespace").get<lgstore::Namespace>();
  const std::string key = line.at("key"), value = line.value("value", "");
  lgstore::PutOptions options;
  if (line.contains("ttl")) options.ttl = std::chrono::seconds(line.at("ttl").get<int>());
  if (op == "put") return store.put(place, key, value, options), nullptr;
  if (op == "get") return write(store.get(place, key));
  if (op == "put_if_absent") return write(store.put_if_absent(place, key, value, options));
  if (op == "update_if_exists") return write(store.update_if_exists(place, key, value, options));
  if (op == "compare_and_set")
    return write(store.compare_and_set(place, key, value, expected(line), options));
  if (op == "delete_if_exists") return write(store.delete_if_exists(place, key));
  if (op == "delete_if_value") return write(store.delete_if_value(place, key, expected(line)));
  throw std::invalid_argument("unknown operation " + op);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::cerr << "usage: roundtrip CONFIG\n";
    return 2;
  }
  try {
    lgstore::Store store(argv[1]);
    for (std::string line; std::getline(std::cin, line);)
      std::cout << answer(store, json::parse(line)) << std::endl;
    store.close();
  } catch (const std::exception &exception) {
    std::cerr << exception.what() << '\n';
    return 2;
  }
}
