// One thread, one epoll loop: connections, and a store whose coroutines go on in the same loop. A client
// sends a key and a newline, and gets the value back; what it sends after `key=` is stored. No thread waits
// for the store, and no lock is needed, since everything of the program happens in the loop.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <lgstore.hpp>
#include <array>
#include <iostream>
#include <string>
#include <string_view>

/// A coroutine that belongs to nobody and ends by itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

void reply(int connection, std::string text) {
  text.push_back('\n');
  if (send(connection, text.data(), text.size(), MSG_NOSIGNAL) < 0) std::perror("send");
}

/// Serves one request. `store` and `queue` are there as long as the loop is.
Detached serve(const lgstore::Store &store, const lgstore::CompletionQueue &queue, int connection,
               std::string request) {
  const auto equals = request.find('=');
  if (equals == std::string::npos) {
    const auto item = co_await store.awaitables(queue).get({"values"}, request).as_result();
    if (!item) {
      reply(connection, "error: " + item.error().to_string());
    } else {
      reply(connection, *item ? std::string((*item)->value()) : "nothing");
    }
  } else {
    const auto done = co_await store.awaitables(queue)
                          .put({"values"}, request.substr(0, equals), request.substr(equals + 1))
                          .as_result();
    reply(connection, done ? "stored" : "error: " + done.error().to_string());
  }
}

class Loop {
 public:
  explicit Loop(const lgstore::Store &store) : store_(store), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(queue_.fd());
  }
  ~Loop() { close(epoll_); }
  void watch(int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) std::perror("epoll_ctl");
  }
  /// Goes round once; false if nothing happens for ten seconds.
  bool turn() {
    std::array<epoll_event, 16> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10000);
    for (int n = 0; n < count; ++n) {
      const int descriptor = events[static_cast<std::size_t>(n)].data.fd;
      if (descriptor == queue_.fd()) {
        queue_.dispatch();
      } else {
        read_from(descriptor);
      }
    }
    return count > 0;
  }

 private:
  void read_from(int connection) {
    std::array<char, 512> bytes;
    const auto length = recv(connection, bytes.data(), bytes.size(), 0);
    if (length <= 0) return;
    // A real server keeps what has no newline yet.
    std::string_view text(bytes.data(), static_cast<std::size_t>(length));
    for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
      serve(store_, queue_, connection, std::string(text.substr(0, end)));
  }

  const lgstore::Store &store_;
  lgstore::CompletionQueue queue_;
  int epoll_;
};

int main(int argc, char **argv) {
  const lgstore::Store store(argc > 1 ? argv[1] : "memory:");
  store.delete_prefix({"values"});
  Loop loop(store);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0) return 1;
  loop.watch(ends[0]);
  // The client, in the same program: it asks, and turns the loop until the answer is there.
  const auto ask = [&](const std::string &request) {
    std::array<char, 512> bytes;
    if (send(ends[1], (request + "\n").data(), request.size() + 1, 0) < 0)
      return std::string("no connection");
    while (true) {
      const auto length = recv(ends[1], bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (length > 0) return std::string(bytes.data(), static_cast<std::size_t>(length) - 1);
      if (!loop.turn()) return std::string("no answer");
    }
  };
  const std::string answers[] = {ask("theme"), ask(R"(theme={"mode":"dark"})"), ask("theme"),
                                 ask("theme=dark")};
  for (const std::string &answer : answers) std::cout << answer << '\n';
  close(ends[0]);
  close(ends[1]);
  const bool good = answers[0] == "nothing" && answers[1] == "stored" && answers[2] == R"({"mode":"dark"})" &&
                    answers[3].find("value") != std::string::npos;
  return good ? 0 : 1;
}
