// nlohmann::json as values.
#include <lgstore/nlohmann.hpp>

#include <map>

#include "support.hpp"

using namespace support;

namespace app {
struct Theme {
  std::string mode;
  int size = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Theme, mode, size)
}  // namespace app

TEST(Nlohmann, JsonIsAValue) {
  const lgstore::Store store(memory);
  const nlohmann::json value = {{"mode", "dark"}, {"sizes", {1, 2, 3}}};
  store.put({"users"}, "theme", value);
  const auto item = store.get({"users"}, "theme");
  EXPECT_EQ(item->as<nlohmann::json>(), value);
  EXPECT_EQ(item->value(), R"({"mode":"dark","sizes":[1,2,3]})");
}

TEST(Nlohmann, SoIsWhatConverts) {
  const lgstore::Store store(memory);
  store.put({"users"}, "theme", app::Theme{"dark", 14});
  EXPECT_EQ(store.get({"users"}, "theme")->as<app::Theme>().size, 14);
  store.put({"users"}, "counts", std::map<std::string, int>{{"a", 1}});
  EXPECT_EQ(store.get({"users"}, "counts")->value(), R"({"a":1})");
}

TEST(Nlohmann, TextStaysText) {
  const lgstore::Store store(memory);
  const std::string text = R"({ "spelled" : 1.0 })";
  store.put({"users"}, "a", text);
  store.put({"users"}, "b", R"({ "spelled" : 1.0 })");
  EXPECT_EQ(store.get({"users"}, "a")->value(), text);
  EXPECT_EQ(store.get({"users"}, "b")->value(), text);
}

TEST(Nlohmann, ReadsAnswers) {
  const lgstore::Store store(memory);
  EXPECT_EQ(store.health().as<nlohmann::json>()["status"], "healthy");
}
