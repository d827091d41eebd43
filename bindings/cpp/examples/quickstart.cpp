// Stores one memory in a file, and reads it back.
#include <lgstore.hpp>
#include <iostream>

int main(int argc, char **argv) {
  try {
    lgstore::Store store(argc > 1 ? argv[1] : "file:quickstart.db");
    store.put({"users", "ada", "preferences"}, "theme", R"({"mode":"dark","size":14})");
    if (auto item = store.get({"users", "ada", "preferences"}, "theme")) {
      std::cout << item->key() << ": " << item->value() << '\n';
    }
  } catch (const lgstore::Exception &e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
