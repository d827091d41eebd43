// What the C++ binding costs beyond the C interface: the same requests by both in one run, in turns. Figures
// are microseconds of CPU of the whole process (all threads), the least of the rounds. With --check the
// program fails when a get embedded costs more than 0.2 us beyond either get in C: by lgstore_ops.h, with the
// value found, or by a bare request that is ready made but for its key and whose answer nobody reads.

#include <lgstore_ops.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <lgstore.hpp>
#include <string>
#include <string_view>

namespace {

constexpr int rounds = 9;
constexpr int requests = 40000;
constexpr int keys = 1000;
constexpr double ceiling_us = 0.2;
constexpr auto value =
    R"({"name":"Ada Lovelace","likes":["tea","analytical engines"],"theme":{"mode":"dark","size":14},"visits":42})";

double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void must(bool holds) {
  if (holds) return;
  std::fprintf(stderr, "a request failed\n");
  std::abort();
}

/// Keys made beforehand.
struct Keys {
  std::array<std::string, keys> texts;
  Keys() {
    for (int n = 0; n < keys; ++n) texts[static_cast<std::size_t>(n)] = "preferences-" + std::to_string(n);
  }
  const std::string &operator[](int n) const { return texts[static_cast<std::size_t>(n % keys)]; }
};

const char *const labels[] = {"users", "ada", "memories"};

void c_get(lgstore_t *store, const std::string &key) {
  lgstore_result_t *result = nullptr;
  must(lgstore_get(store, labels, 3, key.data(), key.size(), nullptr, &result, nullptr) == LGSTORE_OK);
  std::size_t len = 0, value_len = 0;
  const char *const json = lgstore_result_json(result, &len);
  must(lgstore_json_member(json, len, "value", &value_len) != nullptr && value_len == std::strlen(value));
  lgstore_result_free(result);
}

/// Not a byte of the answer is looked at, and nothing in the request is escaped.
void c_bare_get(lgstore_t *store, const std::string &key) {
  static constexpr char head[] = R"({"namespace":["users","ada","memories"],"key":")";
  char body[128];
  std::memcpy(body, head, sizeof head - 1);
  std::memcpy(body + sizeof head - 1, key.data(), key.size());
  std::memcpy(body + sizeof head - 1 + key.size(), "\"}", 2);
  lgstore_request_t request{};
  request.struct_size = sizeof request;
  request.op = LGSTORE_OP_GET;
  request.json = body;
  request.json_len = sizeof head + 1 + key.size();
  lgstore_result_t *result = nullptr;
  must(lgstore_call(store, &request, &result, nullptr) == LGSTORE_OK);
  lgstore_result_free(result);
}

void cpp_get(const lgstore::Store &store, const std::string &key) {
  const auto item = store.get({"users", "ada", "memories"}, key);
  must(item && item->value().size() == std::strlen(value));
}

void cpp_try_get(const lgstore::Operations<lgstore::detail::Returning> &store, const std::string &key) {
  const auto item = store.get({"users", "ada", "memories"}, key);
  must(item && (*item)->value().size() == std::strlen(value));
}

void c_put(lgstore_t *store, const std::string &key) {
  must(lgstore_put(store, labels, 3, key.data(), key.size(), value, LGSTORE_STRLEN, nullptr, nullptr,
                   nullptr) == LGSTORE_OK);
}

void cpp_put(const lgstore::Store &store, const std::string &key) {
  store.put({"users", "ada", "memories"}, key, value);
}

std::atomic<int> open{0};

void c_callback(const lgstore_completion_t *completion, void *) {
  must(completion->status == LGSTORE_OK);
  open.fetch_sub(1, std::memory_order_release);
}

void hold_back() {
  while (open.load(std::memory_order_acquire) > 64) std::this_thread::yield();
}

void c_put_submit(lgstore_t *store, const std::string &key) {
  hold_back();
  open.fetch_add(1, std::memory_order_relaxed);
  must(lgstore_put_submit(store, labels, 3, key.data(), key.size(), value, LGSTORE_STRLEN, nullptr, nullptr,
                          nullptr, nullptr, c_callback, nullptr) == LGSTORE_OK);
}

template <class Callbacks>
void cpp_put_callback(const Callbacks &callbacks, const std::string &key) {
  hold_back();
  open.fetch_add(1, std::memory_order_relaxed);
  callbacks.put({"users", "ada", "memories"}, key, value);
}

/// The least of all rounds, per request.
struct Figure {
  const char *name;
  double least = 1e9;
  template <class F>
  void run(const Keys &texts, F &&one) {
    const double begin = cpu_us();
    for (int n = 0; n < requests; ++n) one(texts[n]);
    while (open.load(std::memory_order_acquire) > 0) std::this_thread::yield();
    least = std::min(least, (cpu_us() - begin) / requests);
  }
};

}  // namespace

int main(int argc, char **argv) {
  const bool check = argc > 1 && std::string_view(argv[1]) == "--check";
  std::printf("lgstore %s\n", lgstore_version());
  lgstore::Store store("memory:");
  lgstore_t *const raw = store.native_handle();
  const auto results = store.results();
  const auto callbacks = store.callbacks([](const lgstore::Result<void> &done) {
    must(done.has_value());
    open.fetch_sub(1, std::memory_order_release);
  });
  const Keys texts;
  for (int n = 0; n < keys; ++n) cpp_put(store, texts[n]);

  Figure bare{"get, C, bare request, answer unread"}, ops{"get, C, lgstore_ops.h, value found"},
      get{"get, C++, Store::get, value found"}, try_get{"get, C++, results().get, value found"},
      put_c{"put, C, lgstore_ops.h"}, put_cpp{"put, C++"}, async_c{"put, C, callback, 64 in flight"},
      async_cpp{"put, C++, callback, 64 in flight"};
  for (int round = 0; round < rounds; ++round) {
    bare.run(texts, [&](const std::string &key) { c_bare_get(raw, key); });
    ops.run(texts, [&](const std::string &key) { c_get(raw, key); });
    get.run(texts, [&](const std::string &key) { cpp_get(store, key); });
    try_get.run(texts, [&](const std::string &key) { cpp_try_get(results, key); });
    put_c.run(texts, [&](const std::string &key) { c_put(raw, key); });
    put_cpp.run(texts, [&](const std::string &key) { cpp_put(store, key); });
    async_c.run(texts, [&](const std::string &key) { c_put_submit(raw, key); });
    async_cpp.run(texts, [&](const std::string &key) { cpp_put_callback(callbacks, key); });
  }
  for (const Figure *figure : {&bare, &ops, &get, &try_get, &put_c, &put_cpp, &async_c, &async_cpp})
    std::printf("%-40s %7.3f us\n", figure->name, figure->least);
  const double beyond = get.least - ops.least, beyond_bare = get.least - bare.least;
  std::printf(
      "Store::get beyond lgstore_ops.h: %.3f us; beyond a bare request whose answer nobody reads: %.3f us\n",
      beyond, beyond_bare);
  store.close();
  if (!check) return 0;
  const bool held = std::max(beyond, beyond_bare) <= ceiling_us;
  std::printf("ceiling: %.1f us beyond the C interface: %s\n", ceiling_us, held ? "held" : "EXCEEDED");
  return held ? 0 : 1;
}
