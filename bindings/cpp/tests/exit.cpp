// The end of a process: exit() with requests pending, in a callback, with stores in static storage, with a
// coroutine that waits; and fork(). Each case is a process of its own (exit <case>), which ends in time with
// the status it was given. LeakSanitizer looks at those that clean up.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <lgstore.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "coroutine.hpp"

using namespace std::chrono_literals;
using lgstore::errc;
using lgstore::Result;
using lgstore::Store;

// What is pending when a process ends is never freed; the sanitizer asks this before it looks for leaks.
extern "C" int __lsan_is_turned_off() {
  return 1;
}

namespace {

constexpr int status = 7;
constexpr auto stuck = R"({"backend":"fault","fault":{"delay_us":3600000000}})";

std::optional<Store> forgotten;  // ends with the static objects
std::optional<lgstore::CompletionQueue> queue;

/// The process ends meanwhile, or the case has failed.
[[noreturn]] void wait_for_the_end() {
  std::this_thread::sleep_for(60s);
  std::_Exit(1);
}

void exit_with_requests() {
  forgotten.emplace(stuck);
  for (int n = 0; n < 100; ++n) forgotten->callbacks([](const Result<void> &) {}).put({"a"}, "k", "{}");
  for (int n = 0; n < 100; ++n) forgotten->futures().put({"a"}, "k", "{}");
  std::exit(status);
}

void exit_in_callback() {
  forgotten.emplace("memory:");
  forgotten->callbacks([](const Result<void> &) { std::exit(status); }).put({"a"}, "k", "{}");
  wait_for_the_end();
}

void exit_in_dispatch() {
  queue.emplace();
  forgotten.emplace("memory:");
  forgotten->callbacks(*queue, [](const Result<void> &) { std::exit(status); }).put({"a"}, "k", "{}");
  queue->wait(60s);
}

void exit_while_others_submit() {
  static std::atomic<int> ended{0};
  forgotten.emplace("memory:");
  for (int t = 0; t < 3; ++t) {
    std::thread([] {
      // A copy of what a facade holds outlives the store's static storage.
      const auto operations = forgotten->callbacks([](const Result<void> &) { ++ended; });
      try {
        for (;;) operations.put({"a"}, "k", "{}");
      } catch (const lgstore::Exception &) {
        wait_for_the_end();  // closed
      }
    }).detach();
  }
  // All are at work then.
  while (ended < 1'000) std::this_thread::yield();
  std::exit(status);
}

void exit_with_a_queue() {
  forgotten.emplace(stuck);
  queue.emplace();
  forgotten->callbacks(*queue, [](const Result<void> &) {}).put({"a"}, "k", "{}");
  std::exit(status);
}

void fork_with_a_store() {
  Store store("memory:");
  store.put({"a"}, "k", "{}");
  const pid_t child = fork();
  if (child == 0) {
    alarm(40);  // a fork has none of its parent's
    const auto result = store.results().get({"a"}, "k");
    const bool refused = !result && result.error().code() == errc::forked;
    { const Store parents = std::move(store); }
    const Store own("memory:");
    own.put({"a"}, "k", "{}");
    std::_Exit(refused && own.get({"a"}, "k") ? status : 1);
  }
  int ended = 0;
  waitpid(child, &ended, 0);
  if (!store.get({"a"}, "k")) std::exit(1);
  std::exit(WIFEXITED(ended) ? WEXITSTATUS(ended) : 1);
}

#if defined(LGSTORE_CPP_COROUTINES)
support::Detached wait_for_ever(const Store &store) {
  static_cast<void>(co_await store.awaitables().put({"a"}, "k", "{}").as_result());
}

void exit_with_a_coroutine() {
  forgotten.emplace(stuck);
  wait_for_ever(*forgotten);
  std::exit(status);
}
#endif

struct Case {
  const char *name;
  void (*run)();
};
constexpr Case cases[] = {
    {"requests", exit_with_requests},         {"callback", exit_in_callback}, {"dispatch", exit_in_dispatch},
    {"submitters", exit_while_others_submit}, {"queue", exit_with_a_queue},   {"fork", fork_with_a_store},
#if defined(LGSTORE_CPP_COROUTINES)
    {"coroutine", exit_with_a_coroutine},
#endif
};

/// Starts a case in a process of its own.
pid_t begin(const char *program, const Case &the_case) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(50);  // hangs end as a signal
    execl(program, program, the_case.name, static_cast<char *>(nullptr));
    std::_Exit(127);
  }
  return child;
}

}  // namespace

int main(int argc, char **argv) {
  int failures = 0;
  std::vector<pid_t> children;
  for (const Case &the_case : cases) {
    if (argc < 2) children.push_back(begin(argv[0], the_case));
    if (argc > 1 && std::strcmp(argv[1], the_case.name) == 0) the_case.run();
  }
  for (std::size_t n = 0; n < children.size(); ++n) {
    int ended = 0;
    waitpid(children[n], &ended, 0);
    const bool good = WIFEXITED(ended) && WEXITSTATUS(ended) == status;
    std::printf("%s: %s (%x)\n", cases[n].name, good ? "ended well" : "FAILED", static_cast<unsigned>(ended));
    if (!good) ++failures;
  }
  return argc > 1 || failures > 0 ? 1 : 0;
}
