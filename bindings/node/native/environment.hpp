// One Environment for each JavaScript environment (the main thread, each worker) that loads the addon. It
// owns all that was made there and ends it when the environment ends; there is nothing static.
#pragma once

#include <node_api.h>

#include <lgstore.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace lgstore_node {

// How many completions, closes and log events JavaScript is told of before the event loop has to turn, and
// how many completions in one call.
constexpr size_t kBurst = 256;
// Log events that may wait for JavaScript; what comes then is dropped and counted.
constexpr size_t kLogLines = 1024;

// What threads of the library leave for an environment, other than completions. It is shared with them, as a
// close in the background may end after the environment has.
class Mailbox {
 public:
  struct Letter {
    int32_t status;  // of a close; the level of a log event
    uint32_t tag;    // of a close
    bool log;
    std::string text;  // of a log event
    uint64_t after;    // Environment: delivered once so many requests are settled
  };

  explicit Mailbox(napi_threadsafe_function wake) : wake_(wake) {}
  // From any thread.
  void Closed(uint32_t tag, int32_t status);
  void Logged(int32_t level, const char *json, size_t length);
  // On the environment's thread.
  std::deque<Letter> Take(size_t *dropped);
  // Nobody is woken after this.
  void Detach();

 private:
  void Add(Letter letter);

  std::mutex mutex_;
  napi_threadsafe_function wake_;  // nullptr once detached
  std::deque<Letter> letters_;
  size_t logs_ = 0;
  size_t dropped_ = 0;
};

// A table of handles by small numbers, which is how JavaScript names them. Numbers are used again; JavaScript
// gives each back once.
template <typename Handle>
class Table {
 public:
  uint32_t Add(Handle *handle) {
    if (free_.empty()) {
      handles_.push_back(handle);
      return static_cast<uint32_t>(handles_.size() - 1);
    }
    const uint32_t at = free_.back();
    free_.pop_back();
    handles_[at] = handle;
    return at;
  }
  // nullptr where there is none.
  Handle *At(uint32_t at) const { return at < handles_.size() ? handles_[at] : nullptr; }
  Handle *Remove(uint32_t at) {
    Handle *handle = At(at);
    if (handle != nullptr) {
      handles_[at] = nullptr;
      free_.push_back(at);
    }
    return handle;
  }
  std::vector<Handle *> TakeAll() {
    std::vector<Handle *> all;
    for (Handle *handle : handles_) {
      if (handle != nullptr) all.push_back(handle);
    }
    handles_.clear();
    free_.clear();
    return all;
  }

 private:
  std::vector<Handle *> handles_;
  std::vector<uint32_t> free_;
};

class Environment {
 public:
  // Makes what addon.cpp's functions work with. False with an exception pending where that fails.
  static bool Start(napi_env env, napi_value exports, Environment **out);
  ~Environment();

  // One request or close is on its way: the process stays alive for it.
  void Expect();
  // The event loop has turned since `later` was called.
  void Resume();
  // A request was accepted. What lgstore_cancel takes is kept here, by JavaScript's number of the request, as
  // not every 64-bit number is one of JavaScript's.
  void Accepted(uint32_t number, lgstore_op_t op);
  lgstore_op_t Remembered(uint32_t number) const;

  napi_env env;
  lgstore_cq_t *queue = nullptr;
  Table<lgstore_t> stores;
  Table<lgstore_runtime_t> runtimes;
  std::shared_ptr<Mailbox> mailbox;
  // Shared with JavaScript: outcome[0] is the status of the last call; then statuses and tags of a burst.
  int32_t *outcome = nullptr;
  int32_t *statuses = nullptr;
  uint32_t *tags = nullptr;
  // JavaScript's functions: for bursts, for closes and log events, and to have Resume called.
  napi_ref settle = nullptr;
  napi_ref receive = nullptr;
  napi_ref later = nullptr;
  // Where short bodies are written; longer ones get memory of their own.
  std::array<char, 16384> body;

 private:
  explicit Environment(napi_env e) : env(e) {}
  bool MakeWake();
  bool MakeQueue();
  bool MakeBuffers(napi_value exports);
  void Deliver();
  bool DeliverBurst();
  void TakeLetters();
  void DeliverLetters(bool all);
  void DeliverLetter(const Mailbox::Letter &letter);
  bool Call(napi_ref function, size_t count, const napi_value *arguments);
  void Forget(size_t settled);
  void End();

  static void Ring(void *self);
  static void Wake(napi_env env, napi_value, void *self, void *);

  napi_threadsafe_function wake_ = nullptr;
  napi_ref buffer_ = nullptr;
  size_t expected_ = 0;
  // Requests that were accepted so far, and those that JavaScript was told the end of.
  uint64_t accepted_ = 0;
  uint64_t settled_ = 0;
  // How much more JavaScript may be told of in this turn of the event loop; and whether that was all, so that
  // Resume goes on.
  size_t room_ = kBurst;
  bool resting_ = false;
  std::vector<lgstore_op_t> operations_;
  // Letters taken and not yet delivered, and log events that were lost.
  std::deque<Mailbox::Letter> letters_;
  size_t dropped_ = 0;
  std::array<lgstore_completion_t, kBurst> burst_;
};

// A document of the library as a string of JavaScript, or a Buffer; undefined where it is too long for one.
napi_value DocumentOf(napi_env env, const char *text, size_t length, bool bytes);

// A short text; nullptr where it is too long.
napi_value TextOf(napi_env env, const char *text, size_t length);

// JavaScript's tag of a request: whether its answer is wanted as a Buffer, and its number.
constexpr uint32_t kBytes = 1;
constexpr uint32_t kNumberShift = 1;

}  // namespace lgstore_node
