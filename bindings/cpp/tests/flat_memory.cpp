// Half a million operations in every form, or as many as LGSTORE_OPERATIONS says, take no memory: less than a
// byte more per operation. The allocator has to keep nothing back for its threads (GLIBC_TUNABLES, see
// tests.cmake): its heaps and caches fill slowly and look like a leak.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <lgstore.hpp>
#include <limits>
#include <string>
#include <vector>

#include "coroutine.hpp"

#if !defined(LGSTORE_CPP_COROUTINES)
#error "this test is about coroutines, too"
#endif

namespace {

using lgstore::Result;
using lgstore::Store;

support::Detached put(const Store &store, const lgstore::CompletionQueue &queue, const std::string &key,
                      int &open) {
  ++open;
  static_cast<void>(co_await store.awaitables(queue).put({"flat"}, key, R"({"by":"coroutine"})").as_result());
  --open;
}

/// One round: 16 operations in all forms, errors and cancels among them.
void round(const Store &store, lgstore::CompletionQueue &queue, long n) {
  const std::string key = std::to_string(n % 500);
  int open = 0;
  store.put({"flat"}, key, R"({"by":"call"})");
  if (store.get({"flat"}, key)->value().empty()) std::abort();
  if (store.results().put({}, key, "{}")) std::abort();
  if (store.search({"flat"}, {.limit = 3}).items.empty()) std::abort();
  store.futures().get({"flat"}, key).get();
  auto future = store.futures().put({"flat"}, key, "{}");
  future.cancel();
  future.wait();
  for (int i = 0; i < 3; ++i) put(store, queue, key, open);
  for (int i = 0; i < 3; ++i) {
    ++open;
    store.callbacks(queue, [&open](const Result<lgstore::Outcome> &) { --open; })
        .compare_and_set({"flat"}, key, "{}",
                         lgstore::Expected::version("01900000-0000-7000-8000-000000000000"));
  }
  lgstore::Batch batch;
  const auto slot = batch.get({"flat"}, key);
  batch.put({"flat"}, key, "{}");
  if (!store.batch(batch)[slot]) std::abort();
  store.put_if_absent({"flat"}, key, "{}");
  while (open > 0) queue.wait(std::chrono::seconds(60));
}
constexpr int per_round = 16;

long resident() {
  long pages = 0;
  std::ifstream("/proc/self/statm").ignore(64, ' ') >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

}  // namespace

int main() {
  const char *const given = std::getenv("LGSTORE_OPERATIONS");
  const long rounds = (given != nullptr ? std::atol(given) : 500000) / per_round;
  // Few threads: each new one needs memory of its own, whenever it starts.
  lgstore::RuntimeOptions options;
  options.worker_threads = 2;
  options.max_blocking_threads = 2;
  const lgstore::Runtime runtime(options);
  Store store("memory:", runtime);
  lgstore::CompletionQueue queue;
  // From the third tenth to the last: the least of each counts, since what is in use for a moment is no
  // growth.
  long early = std::numeric_limits<long>::max();
  long late = early;
  for (long n = 0; n < rounds; ++n) {
    round(store, queue, n);
    const long tenth = n * 10 / rounds;
    if (tenth == 2) early = std::min(early, resident());
    if (tenth == 9) late = std::min(late, resident());
  }
  const double slope = static_cast<double>(late - early) / (static_cast<double>(rounds * per_round) * 0.7);
  std::printf("%ld operations: %ld bytes resident early, %ld late: %.3f bytes per operation\n",
              rounds * per_round, early, late, slope);
  store.close();
  return slope < 1.0 ? 0 : 1;
}
