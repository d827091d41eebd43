// Sessions of a web service: each lives for half an hour after it was last used, whatever process asks for
// it.
#include <lgstore.hpp>
#include <iostream>
#include <optional>
#include <string>

using namespace std::chrono_literals;

class Sessions {
 public:
  explicit Sessions(const lgstore::Store &store) : store_(store) {}

  void save(const std::string &id, const std::string &session) {
    store_.put({"sessions"}, id, session, {.ttl = 30min});
  }
  /// Reading a session keeps it alive.
  std::optional<std::string> load(const std::string &id) {
    const auto item = store_.get({"sessions"}, id, {.refresh_ttl = true});
    if (!item) return std::nullopt;
    return std::string(item->value());
  }
  void end(const std::string &id) { store_.delete_item({"sessions"}, id); }

 private:
  const lgstore::Store &store_;
};

// The rest shows that it works, with a clock that can be moved.
int main() {
  const lgstore::Store store(R"({"backend":"embedded","test_clock":true,"ttl":{"refresh_slack":0}})");
  Sessions sessions(store);
  sessions.save("4711", R"({"user":"ada","cart":["tea"]})");
  for (int minutes = 0; minutes <= 100; minutes += 25) {
    const auto session = sessions.load("4711");
    std::cout << "after " << minutes << " minutes of use: " << session.value_or("gone") << '\n';
    if (!session) return 1;
    store.advance(25min);
  }
  store.advance(6min);
  const bool gone = !sessions.load("4711");
  std::cout << "31 minutes later: " << (gone ? "gone" : "still there") << '\n';
  sessions.save("4712", R"({"user":"bob"})");
  sessions.end("4712");
  return gone && !sessions.load("4712") ? 0 : 1;
}
