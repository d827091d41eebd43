// A lock that several processes share. The lock is an item that does not expire: it says who holds it, until
// when, and how often it was taken. That number is the fencing token: it grows with every owner, so whatever
// the lock guards can refuse an owner that was late and has been replaced without knowing.
#include <lgstore.hpp>
#include <lgstore/nlohmann.hpp>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using lgstore::Expected;
using nlohmann::json;
using Clock = std::chrono::system_clock;

class Lock {
 public:
  Lock(const lgstore::Store &store, std::string name, std::string owner)
      : store_(store), name_(std::move(name)), owner_(std::move(owner)) {}

  /// The fencing token, or nothing while somebody else holds the lock. Clocks of owners should agree to well
  /// below `lease`; where they do not, the token still protects what is locked.
  std::optional<std::int64_t> acquire(std::chrono::milliseconds lease) {
    const std::int64_t now = since_1970(Clock::now()), until = since_1970(Clock::now() + lease);
    const auto held = store_.get({"locks"}, name_);
    if (!held) {
      return keep(store_.put_if_absent({"locks"}, name_, state(until, 1)), 1);
    }
    const json last = held->as<json>();
    if (last["until_ms"] > now && last["owner"] != owner_) return std::nullopt;
    const std::int64_t token = last["token"].get<std::int64_t>() + 1;
    return keep(
        store_.compare_and_set({"locks"}, name_, state(until, token), Expected::version(held->version())),
        token);
  }

  /// False if the lock was lost before: nothing is released then.
  bool release(std::int64_t token) {
    if (version_.empty()) return false;
    return store_.compare_and_set({"locks"}, name_, state(0, token), Expected::version(version_)).applied;
  }

 private:
  static std::int64_t since_1970(Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  }
  json state(std::int64_t until_ms, std::int64_t token) const {
    return {{"owner", owner_}, {"until_ms", until_ms}, {"token", token}};
  }
  std::optional<std::int64_t> keep(const lgstore::Outcome &outcome, std::int64_t token) {
    if (!outcome.applied) return std::nullopt;
    version_ = outcome.version;
    return token;
  }

  const lgstore::Store &store_;
  std::string name_, owner_, version_;
};

/// What the lock guards: takes nothing from an owner whose token is older than one it has seen.
struct Ledger {
  std::int64_t newest = 0, entries = 0;
  bool write(std::int64_t token) {
    if (token < newest) return false;
    newest = token;
    ++entries;
    return true;
  }
};

int main(int argc, char **argv) {
  const lgstore::Store store(argc > 1 ? argv[1] : "memory:");
  store.delete_item({"locks"}, "ledger");
  Ledger ledger;
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&store, &ledger, n] {
      Lock lock(store, "ledger", "worker-" + std::to_string(n));
      for (int turns = 0; turns < 25;) {
        const auto token = lock.acquire(60s);
        if (!token) {
          std::this_thread::yield();
          continue;
        }
        ledger.write(*token);
        lock.release(*token);
        ++turns;
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  std::cout << ledger.entries << " entries by four workers, the last token is " << ledger.newest << '\n';

  // An owner that sleeps through its lease is replaced, and the ledger refuses what it brings late.
  Lock slow(store, "ledger", "slow"), quick(store, "ledger", "quick");
  const auto old_token = slow.acquire(0ms), new_token = quick.acquire(60s);
  if (!old_token || !new_token || slow.acquire(60s)) return 1;
  const bool taken = ledger.write(*new_token), refused = !ledger.write(*old_token);
  std::cout << "a late owner is " << (refused ? "refused" : "not noticed") << '\n';
  return ledger.entries == 101 && taken && refused && !slow.release(*old_token) ? 0 : 1;
}
