// The C++ side of the round trip between languages: writes cases to a store, or reads them back and compares
// byte for byte.
//
//     roundtrip write CONFIG CASES WRITER
//     roundtrip read CONFIG CASES WRITER
//
// CASES is a file of lines {"key": ..., "value": ...}, both strings; `value` is the text of the value. They
// lie in the namespace ["roundtrip", WRITER]. Ends with 1 if something else is there than the file says, else
// with 2.
#include <fstream>
#include <iostream>
#include <lgstore.hpp>
#include <lgstore/nlohmann.hpp>
#include <string>

namespace {

int fail(int status, const std::string &what) {
  std::cerr << what.substr(0, 300) << '\n';
  return status;
}

int run(const std::string &command, const char *config, const char *file, const std::string &writer) {
  const bool writes = command == "write";
  if (!writes && command != "read") return fail(2, "unknown command: " + command);
  std::ifstream cases(file);
  if (!cases) return fail(2, std::string(file) + " can't be read");
  lgstore::Store store(config);
  std::uint64_t count = 0;
  for (std::string line; std::getline(cases, line); ++count) {
    const nlohmann::json one = nlohmann::json::parse(line);
    const std::string key = one.at("key"), value = one.at("value");
    if (writes) {
      store.put({"roundtrip", writer}, key, value);
      continue;
    }
    const auto item = store.get({"roundtrip", writer}, key);
    if (!item) return fail(1, key + ": nothing there");
    if (item->key() != key || item->value() != value)
      return fail(1, key + ": another value: " + std::string(item->value()));
  }
  if (!writes && store.count({"roundtrip", writer}) != count)
    return fail(1, "there are not " + std::to_string(count) + " items");
  store.close();
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 5) return fail(2, "usage: roundtrip write|read CONFIG CASES WRITER");
  try {
    return run(argv[1], argv[2], argv[3], argv[4]);
  } catch (const std::exception &exception) {
    return fail(2, exception.what());
  }
}
