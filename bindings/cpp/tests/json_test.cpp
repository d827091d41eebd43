// Text: what goes down is escaped, what comes up is found and read, and values stay what they are to the
// byte.
#include "support.hpp"

using namespace support;
namespace detail = lgstore::detail;

TEST(Json, FindsItsWayThroughAnything) {
  const std::string_view text = R"( { "a" : "x\\\"}" , "b":[1,{"c":"]"}],"n":-1.5e3 ,"t":true,"e":"\\"} )";
  EXPECT_EQ(detail::find_member(text, "a"), R"("x\\\"}")");
  EXPECT_EQ(detail::find_member(text, "b"), R"([1,{"c":"]"}])");
  EXPECT_EQ(detail::find_member(text, "n"), "-1.5e3");
  EXPECT_EQ(detail::find_member(text, "t"), "true");
  EXPECT_EQ(detail::find_member(text, "e"), R"("\\")");
  EXPECT_EQ(detail::find_member(text, "none"), "");
  EXPECT_EQ(detail::find_member("[]", "a"), "");
}

TEST(Json, StopsAtTheEndOfWhatIsCutOff) {
  const std::string whole = R"({"a":"b\"","c":[{"d":[1,2]},"\u00e4\ud83d\ude00"],"e":null})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<char> part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const std::string_view text(part.data(), part.size());
    detail::each_member(text, [](std::string_view, std::string_view value) {
      detail::each_element(value, [](std::string_view element) { detail::unescape(element); });
      detail::unescape(value);
    });
  }
}

TEST(Json, ReadsEveryEscape) {
  EXPECT_EQ(detail::unescape(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(detail::unescape(R"("\u0041\u00e4\u20ac\uD83D\ude00")"), "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(detail::unescape(R"("\u0000")"), std::string(1, '\0'));
  EXPECT_EQ(detail::unescape("null"), "");
}

TEST(Json, ReadsTimesToTheMicrosecond) {
  const auto us = [](std::string_view text) { return detail::to_time(text).time_since_epoch().count(); };
  EXPECT_EQ(us("\"1970-01-01T00:00:00.000001Z\""), 1);
  EXPECT_EQ(us("\"2000-02-29T12:34:56.789012Z\""), 951827696789012);
  EXPECT_EQ(us("\"2026-12-31T23:59:59.999999Z\""), 1798761599999999);
  EXPECT_EQ(us("\"10000-01-01T00:00:00.000000Z\""), 253402300800000000);
}

// Texts are copied eight bytes at a time where nothing is to be escaped, and bodies grow.
TEST(Json, WhatIsEscapedMayStandAnywhere) {
  const lgstore::Store store(memory);
  for (const char *const text : {"\x01", "\x1f", " ", "\"", "\\", "\x7f", "\xc3\xa4", "\xf0\x9f\x98\x80"}) {
    for (std::size_t before = 0; before < 18; ++before) {
      for (const std::size_t after : {std::size_t{0}, 17 - before, std::size_t{240}}) {
        const std::string key = std::string(before, 'x') + text + std::string(after, 'y');
        store.put({"a", key.substr(0, 200)}, key, "{}");
        const auto item = store.get({"a", key.substr(0, 200)}, key);
        ASSERT_TRUE(item) << key;
        ASSERT_EQ(item->key(), key);
      }
    }
  }
  EXPECT_EQ(thrown_by([&] { store.get({"a"}, "seven--\xff"); }), lgstore::errc::utf8);
}

TEST(Json, LabelsMayLookLikeWhatComesAfterThem) {
  const lgstore::Store store(memory);
  const lgstore::Namespace labels{"a]", R"(],"key":"x","value":{)", "]", R"(")"};
  store.put(labels, R"(","value":{})", R"({"k":["a"],"key":[[]]})");
  const auto item = store.get(labels, R"(","value":{})");
  ASSERT_TRUE(item);
  EXPECT_EQ(item->labels(), labels);
  EXPECT_EQ(item->key(), R"(","value":{})");
  EXPECT_EQ(item->value(), R"({"k":["a"],"key":[[]]})");
}

TEST(Json, KeysAndLabelsAreAnyText) {
  const lgstore::Store store(memory);
  std::string every;
  for (int c = 0; c < 128; ++c) every.push_back(static_cast<char>(c));
  every += "\xc3\xa4\xf0\x9f\x98\x80";
  std::string label;
  for (const char c : every) {
    if (c != '.' && c != '\0') label.push_back(c);
  }
  store.put({label, "b"}, every, "{}");
  const auto item = store.get({label, "b"}, every);
  ASSERT_TRUE(item);
  EXPECT_EQ(item->key(), every);
  EXPECT_EQ(item->labels(), (lgstore::Namespace{label, "b"}));
  EXPECT_EQ(thrown_by([&] { store.put({std::string("a\0b", 3)}, "k", "{}"); }), lgstore::errc::invalid_arg);
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "\xff", "{}"); }), lgstore::errc::utf8);
}

TEST(Json, ValuesKeepTheirBytes) {
  const lgstore::Store store(memory);
  const std::string big(200000, '7');
  const std::string values[] = {
      R"({"z":1,"a":2,"z":3})",
      R"({ "spaces" : [ 1 , 2 ] })",
      R"({"n":123456789012345678901234567890,"f":1e22,"m":-0.0,"x":1.10})",
      R"({"u":"\u00e4ä\ud83d\ude00😀\/"})",
      R"({"quote":"\"}{][\\"})",
      "{\"long\":" + big + "}",
      "{}",
  };
  for (const std::string &value : values) {
    store.put({"v"}, "k", value);
    const auto item = store.get({"v"}, "k");
    ASSERT_TRUE(item);
    EXPECT_EQ(item->value(), value);
  }
}

TEST(Json, ReadsItemsHoweverTheyAreWritten) {
  const std::string t = "2026-11-22T02:53:38.519859Z", late = "12026-11-22T02:53:38.519859Z";
  const std::string v = "01a2012c-6d57-7034-bc6e-699712d2b12e";
  const auto tail = [](const std::string &time, const std::string &version, const std::string &more) {
    return ",\"created_at\":\"" + time + "\",\"updated_at\":\"" + time + "\",\"version\":" + version + more +
           "}";
  };
  const std::string version = "\"" + v + "\"", expiry = ",\"expires_at\":\"" + t + "\"";
  const std::string whole = tail(t, version, "");
  // Values that look like what follows a value, as texts and as members.
  const std::string values[] = {"{}",
                                "{\"a\":{\"b\":[1,2]}}",
                                "{\"a\":1" + whole,
                                "{\"a\":1" + tail(t, version, expiry),
                                R"({"a":",\"created_at\":\"","value":{"value":1}})",
                                "{\"a\":{\"b\":1" + tail(t, version, expiry) + "}"};
  const std::string tails[] = {whole,
                               tail(t, version, expiry),
                               tail(t, "null", ""),
                               tail(t, "null", expiry),
                               tail(late, version, ""),
                               tail(t, version, ",\"score\":0.5"),
                               tail(t, version, expiry + ",\"score\":0.25")};
  for (const std::string &value : values) {
    for (const std::string &end : tails) {
      const std::string text =
          R"({"namespace":["a]","\"key\":"],"key":"k,\"value\":{}","value":)" + value + end;
      const lgstore::Item item(lgstore::Document(nullptr, text));
      EXPECT_EQ(item.labels(), (lgstore::Namespace{"a]", "\"key\":"})) << text;
      EXPECT_EQ(item.key(), "k,\"value\":{}") << text;
      EXPECT_EQ(item.value(), value) << text;
      EXPECT_EQ(item.version(), end.find(v) == std::string::npos ? "" : v) << text;
      EXPECT_EQ(item.created_at(),
                detail::to_time("\"" + (end.find(late) == std::string::npos ? t : late) + "\""));
      EXPECT_EQ(item.updated_at(), item.created_at());
      EXPECT_EQ(item.expires_at().has_value(), end.find("expires_at") != std::string::npos) << text;
      EXPECT_EQ(item.score().has_value(), end.find("score") != std::string::npos) << text;
    }
  }
}

TEST(Json, AValueCanNotBringMembersOfItsOwn) {
  const lgstore::Store store(memory);
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", R"({},"key":"other")"); }), lgstore::errc::invalid_arg);
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", ""); }), lgstore::errc::invalid_arg);
  EXPECT_EQ(thrown_by([&] { store.put({"a"}, "k", std::string_view()); }), lgstore::errc::invalid_arg);
  EXPECT_EQ(store.count({}), 0u);
}

namespace {
struct Theme {
  std::string mode;
};
}  // namespace

template <>
struct lgstore::json_traits<Theme> {
  static std::string dump(const Theme &theme) { return "{\"mode\":\"" + theme.mode + "\"}"; }
  static Theme parse(std::string_view json) { return {detail::unescape(detail::find_member(json, "mode"))}; }
};

TEST(Json, TypesOfTheProgramAreValues) {
  const lgstore::Store store(memory);
  store.put({"users"}, "theme", Theme{"dark"});
  EXPECT_EQ(store.get({"users"}, "theme")->as<Theme>().mode, "dark");
  const auto outcome =
      store.compare_and_set({"users"}, "theme", Theme{"light"}, lgstore::Expected::value(Theme{"dark"}));
  EXPECT_TRUE(outcome.applied);
}
