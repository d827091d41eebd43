// The client of the package tests: stores and reads one item with the library it was linked to.
#include <iostream>
#include <lgstore.hpp>

int main() {
  lgstore::Store store("memory:");
  store.put({"package", "client"}, "k", R"({"n":1})");
  const auto item = store.futures().get({"package", "client"}, "k").get();
  store.close();
  std::cout << "lgstore " << lgstore::version() << ": " << item->value() << '\n';
  return item->value() == R"({"n":1})" ? 0 : 1;
}
