// Errors: codes, std::error_code, what a failure tells, and Result.
#include "support.hpp"

#if __has_include(<expected>)
#include <expected>
#endif

using namespace support;
using lgstore::errc;
using lgstore::Error;
using lgstore::Result;

TEST(Error, HasACodeForEveryStatusOfTheLibrary) {
  std::size_t known = 0;
  for (int status = 1; status < 1000; ++status) {
    const std::string name = lgstore_status_name(status);
    if (name == "unknown" || name == "done") continue;
    ++known;
    const Error error = Error::from_json("{\"code\":\"" + name + "\",\"message\":\"m\"}");
    EXPECT_EQ(static_cast<int>(error.code()), status) << name;
    EXPECT_EQ(error.error_code().message(), name);
  }
  EXPECT_EQ(known, 25u);
}

TEST(Error, MeetsTheConditionsOfTheStandardLibrary) {
  const std::error_code code = errc::timeout;
  EXPECT_EQ(code, std::errc::timed_out);
  EXPECT_NE(code, std::errc::operation_canceled);
  EXPECT_EQ(make_error_code(errc::cancelled), std::errc::operation_canceled);
  EXPECT_EQ(make_error_code(errc::invalid_arg), std::errc::invalid_argument);
  EXPECT_EQ(make_error_code(errc::busy), std::errc::resource_unavailable_try_again);
  EXPECT_STREQ(code.category().name(), "lgstore");
  EXPECT_FALSE(std::error_code(errc::ok));
}

TEST(Error, ShowsFieldAndMessage) {
  const lgstore::Store store(memory);
  try {
    store.put({"a"}, "k", "[1]");
    FAIL() << "an array is no value";
  } catch (const lgstore::Exception &exception) {
    const Error &error = exception.error();
    EXPECT_EQ(exception.code(), errc::invalid_arg);
    EXPECT_EQ(error.field(), "value");
    EXPECT_NE(error.message().find("object"), std::string::npos) << error.message();
    EXPECT_NE(std::string(exception.what()).find(error.to_string()), std::string::npos);
    EXPECT_FALSE(error.retryable());
    EXPECT_FALSE(error.may_have_applied());
    EXPECT_FALSE(error.retry_after());
  }
}

TEST(Error, SaysWhenToComeAgain) {
  const lgstore::Store store(
      R"({"backend":"embedded","rate_limit":{"operations":{"count":{"requests_per_minute":1,"burst":1}}}})");
  EXPECT_EQ(store.count({}), 0u);
  const Result<std::uint64_t> refused = store.results().count({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::rate_limited);
  EXPECT_TRUE(refused.error().retryable());
  ASSERT_TRUE(refused.error().retry_after());
  EXPECT_GT(*refused.error().retry_after(), 1s);
}

TEST(Error, TellsADeadlineFromDoubt) {
  const lgstore::Store store(stuck);
  lgstore::GetOptions options;
  options.timeout = 20ms;
  const auto late = store.results().get({"a"}, "k", options);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), errc::timeout);
  EXPECT_TRUE(late.error().timed_out());
  EXPECT_NE(late.error().details().find("20000"), std::string::npos) << late.error().details();
  // Writes in doubt, as the library describes them.
  const auto doubt = [](const char *details) {
    return Error::from_json(errc::unknown_outcome,
                            std::string(R"({"code":"unknown_outcome","message":"m",)") +
                                R"("may_have_applied":true,"details":)" + details + "}");
  };
  EXPECT_TRUE(doubt(R"({"operation":"put","timeout_us":5})").timed_out());
  EXPECT_TRUE(doubt(R"({"operation":"put","cause":"request_timeout"})").timed_out());
  EXPECT_TRUE(doubt(R"({"cause":{"code":"timeout","message":"x"}})").timed_out());
  EXPECT_FALSE(doubt(R"({"operation":"put","cause":"broken_connection"})").timed_out());
  EXPECT_TRUE(doubt(R"({"cause":{"code":"cancelled","message":"x"}})").cancelled());
  EXPECT_FALSE(doubt(R"({"cause":{"code":"timeout","message":"x"}})").cancelled());
  EXPECT_TRUE(doubt("{}").may_have_applied());
}

TEST(Result, HoldsAValueOrAnError) {
  Result<int> good = 7;
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 7);
  EXPECT_EQ(good.value(), 7);
  EXPECT_EQ(good.value_or(1), 7);
  Result<int> bad = Error(errc::busy, "later", "field");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().to_string(), "busy: field: later");
  EXPECT_EQ(bad.value_or(1), 1);
  EXPECT_EQ(thrown_by([&] { static_cast<void>(bad.value()); }), errc::busy);
  EXPECT_EQ(*std::move(good).transform([](int n) { return n * 2; }), 14);
  EXPECT_EQ(std::move(bad).and_then([](int n) { return Result<int>(n); }).error().code(), errc::busy);
  EXPECT_EQ(thrown_by([] { Result<void>(Error(errc::full, "")).value(); }), errc::full);
  EXPECT_TRUE(Result<void>());
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 3);
}

#if defined(__cpp_lib_expected)
TEST(Result, ConvertsToExpected) {
  std::expected<int, Error> expected = Result<int>(3);
  EXPECT_EQ(expected.value(), 3);
  expected = Result<int>(Error(errc::busy, "later"));
  EXPECT_EQ(expected.error().code(), errc::busy);
  const std::expected<void, Error> nothing = Result<void>(Error(errc::full, ""));
  EXPECT_EQ(nothing.error().code(), errc::full);
}
#endif
