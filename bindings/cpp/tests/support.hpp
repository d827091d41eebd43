// What tests of the binding share.
#ifndef LGSTORE_CPP_TESTS_SUPPORT_HPP
#define LGSTORE_CPP_TESTS_SUPPORT_HPP

#include <gtest/gtest.h>
#include <lgstore.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>

namespace support {

using namespace std::chrono_literals;

constexpr auto memory = "memory:";
/// Requests stay undecided until they are cancelled, expire, or the store is closed.
constexpr auto stuck = R"({"backend":"fault","fault":{"delay_us":3600000000}})";
/// Nothing that a test waits for takes this long unless it never comes.
constexpr auto patience = 60s;

/// Counts what other threads do, and waits for it.
class Counter {
 public:
  void add() {
    const std::lock_guard<std::mutex> guard(lock_);
    ++count_;
    changed_.notify_all();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock<std::mutex> guard(lock_);
    return changed_.wait_for(guard, patience, [&] { return count_ >= count; });
  }
  std::size_t count() {
    const std::lock_guard<std::mutex> guard(lock_);
    return count_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

/// The code of what `function` throws; errc::ok if it throws nothing.
template <class F>
lgstore::errc thrown_by(F &&function) {
  try {
    function();
    return lgstore::errc::ok;
  } catch (const lgstore::Exception &exception) {
    return exception.error().code();
  }
}

/// A file for this process, in the folder that tests may write to.
inline std::string work_file(const std::string &name) {
  const char *const folder = std::getenv("LGSTORE_WORK_DIR");
  return std::string(folder != nullptr ? folder : ".") + "/cpp-" + name + "-" + std::to_string(getpid()) +
         ".db";
}

}  // namespace support

#endif
