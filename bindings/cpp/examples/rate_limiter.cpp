// A rate limit that several processes keep together: so many calls per user and minute, counted in one item
// per user by compare_and_set. The item goes away by itself when a user is quiet.
#include <lgstore.hpp>
#include <lgstore/nlohmann.hpp>
#include <atomic>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using lgstore::Expected;
using nlohmann::json;

class RateLimiter {
 public:
  RateLimiter(const lgstore::Store &store, int per_minute) : store_(store), per_minute_(per_minute) {}

  /// Whether the user may go on. `minute` is the number of the minute, now() / 60 s.
  bool allow(const std::string &user, std::int64_t minute) {
    for (;;) {
      const auto item = store_.get({"limits"}, user);
      json window = item ? item->as<json>() : json();
      if (!item || window["minute"] < minute) window = {{"minute", minute}, {"calls", 0}};
      if (window["calls"] >= per_minute_) return false;
      window["calls"] = window["calls"].get<int>() + 1;
      const auto outcome = item ? store_.compare_and_set({"limits"}, user, window,
                                                         Expected::version(item->version()), {.ttl = 2min})
                                : store_.put_if_absent({"limits"}, user, window, {.ttl = 2min});
      if (outcome.applied) return true;
      // Somebody else has counted meanwhile: look again.
    }
  }

 private:
  const lgstore::Store &store_;
  int per_minute_;
};

int main(int argc, char **argv) {
  const lgstore::Store store(argc > 1 ? argv[1] : "memory:");
  store.delete_prefix({"limits"});
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&] {
      RateLimiter limiter(store, 60);
      for (int call = 0; call < 50; ++call) allowed += limiter.allow("ada", 1) ? 1 : 0;
    });
  }
  for (std::thread &thread : threads) thread.join();
  RateLimiter limiter(store, 60);
  const bool next_minute = limiter.allow("ada", 2), another = limiter.allow("bob", 1);
  std::cout << allowed << " of 200 calls were allowed; the next minute begins anew: " << std::boolalpha
            << next_minute << '\n';
  return allowed == 60 && next_minute && another ? 0 : 1;
}
