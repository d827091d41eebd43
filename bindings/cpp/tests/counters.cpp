// The C++ side of tests/counters/README.md: adds to counters beside programs of other languages, or checks
// them.
#include <iostream>
#include <lgstore.hpp>
#include <lgstore/nlohmann.hpp>
#include <string>

namespace {

using lgstore::Expected;
using lgstore::Item;
using lgstore::Store;
using Counts = std::map<std::string, int>;

lgstore::GetOptions settled() {
  lgstore::GetOptions options;
  options.run.profile = "lwt_operations";
  return options;
}

/// Adds 1 to the count of this name, and returns only when it is there.
void add(const Store &store, lgstore::NamespaceRef place, const std::string &key, const std::string &name) {
  std::optional<Item> item = store.get(place, key, settled());
  for (int wanted = 0;;) {
    Counts counts = item ? item->as<Counts>() : Counts();
    int &count = counts[name];
    if (wanted == 0) wanted = count + 1;
    if (count >= wanted) return;
    count = wanted;
    try {
      const lgstore::Outcome outcome =
          item ? store.compare_and_set(place, key, counts, Expected::version(item->version()))
               : store.put_if_absent(place, key, counts);
      if (outcome) return;
      item = outcome.current;
    } catch (const lgstore::Exception &exception) {
      const lgstore::Error &error = exception.error();
      if (error.code() != lgstore::errc::unknown_outcome && !error.retryable()) throw;
      item = store.get(place, key, settled());
    }
  }
}

int run(const std::string &command, const char *config, const char *label, int keys, int times,
        const std::vector<std::string> &names) {
  Store store(config);
  const lgstore::Namespace place = {"counters", label};
  Counts wanted;
  for (const std::string &name : names) wanted[name] = times;
  for (int time = 0; time < (command == "add" ? times : 1); ++time) {
    for (int n = 0; n < keys; ++n) {
      const std::string key = "c" + std::to_string(n);
      if (command == "add") {
        add(store, place, key, names[0]);
        continue;
      }
      const auto item = store.get(place, key, settled());
      if (!item || item->as<Counts>() != wanted) {
        std::cerr << key << ": " << (item ? item->value() : "nothing") << '\n';
        return 1;
      }
    }
  }
  store.close();
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (argc < 7 || !(command == "check" || (command == "add" && argc == 7))) {
    std::cerr << "usage: counters add CONFIG RUN KEYS TIMES NAME | check CONFIG RUN KEYS TIMES NAME...\n";
    return 2;
  }
  try {
    return run(command, argv[2], argv[3], std::stoi(argv[4]), std::stoi(argv[5]), {argv + 6, argv + argc});
  } catch (const std::exception &exception) {
    std::cerr << exception.what() << '\n';
    return 2;
  }
}
