// The store: its making and end, and each operation once, waited for.
#include "support.hpp"

#include <set>
#include <thread>
#include <type_traits>

using namespace support;
using lgstore::errc;

TEST(Store, KeepsAnItem) {
  lgstore::Store store(memory);
  store.put({"users", "ada"}, "theme", R"({"mode":"dark"})");
  const auto item = store.get({"users", "ada"}, "theme");
  ASSERT_TRUE(item);
  EXPECT_EQ(item->value(), R"({"mode":"dark"})");
  EXPECT_FALSE(store.get({"users", "ada"}, "other"));
  store.close();
}
