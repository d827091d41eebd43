#include "environment.hpp"

#include <cstring>
#include <utility>

namespace lgstore_node {

void Mailbox::Add(Letter letter) {
  letters_.push_back(std::move(letter));
  // Only the first of those that wait has to ring: Take takes all.
  if (letters_.size() == 1 && wake_ != nullptr) {
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  }
}

void Mailbox::Closed(uint32_t tag, int32_t status) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Add({status, tag, false, {}});
}

void Mailbox::Logged(int32_t level, const char *json, size_t length) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (logs_ >= kLogLines) {
    dropped_++;
    return;
  }
  logs_++;
  Add({level, 0, true, std::string(json, length)});
}

std::deque<Mailbox::Letter> Mailbox::Take(size_t *dropped) {
  const std::lock_guard<std::mutex> lock(mutex_);
  *dropped = dropped_;
  dropped_ = 0;
  logs_ = 0;
  return std::exchange(letters_, {});
}

void Mailbox::Detach() {
  const std::lock_guard<std::mutex> lock(mutex_);
  wake_ = nullptr;
}

// The doorbell of the queue. Refusal means that the environment ends: then nobody waits any more.
void Environment::Ring(void *self) {
  napi_call_threadsafe_function(static_cast<Environment *>(self)->wake_, nullptr, napi_tsfn_nonblocking);
}

// Runs on the environment's thread, in a turn of the event loop of its own. env is nullptr while the
// environment ends.
void Environment::Wake(napi_env env, napi_value, void *self, void *) {
  if (env != nullptr) static_cast<Environment *>(self)->Deliver();
}

bool Environment::Start(napi_env env, napi_value exports, Environment **out) {
  auto *made = new Environment(env);
  napi_status status = napi_set_instance_data(
      env, made, [](napi_env, void *self, void *) { delete static_cast<Environment *>(self); }, nullptr);
  if (status != napi_ok) {
    delete made;
    return false;
  }
  *out = made;
  return made->MakeQueue() && made->MakeBuffers(exports);
}

bool Environment::MakeQueue() {
  napi_value name;
  if (napi_create_string_utf8(env, "lgstore", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Wake,
                                      &wake_) != napi_ok ||
      napi_unref_threadsafe_function(env, wake_) != napi_ok) {
    return false;
  }
  mailbox = std::make_shared<Mailbox>(wake_);
  if (lgstore_cq_new(nullptr, LGSTORE_CQ_CAPACITY_MAX, &queue, nullptr) != LGSTORE_OK ||
      lgstore_cq_set_doorbell(queue, Ring, this) != LGSTORE_OK) {
    napi_throw_error(env, nullptr, "lgstore: no memory for a completion queue");
    return false;
  }
  // Hooks run in reverse order, so this one comes before the threadsafe function's own.
  return napi_add_env_cleanup_hook(
             env, [](void *self) { static_cast<Environment *>(self)->End(); }, this) == napi_ok;
}

bool Environment::MakeBuffers(napi_value exports) {
  constexpr size_t kBytesOfAll = sizeof(int32_t) * (1 + 2 * kBurst);
  void *memory = nullptr;
  napi_value buffer;
  if (napi_create_arraybuffer(env, kBytesOfAll, &memory, &buffer) != napi_ok ||
      napi_create_reference(env, buffer, 1, &buffer_) != napi_ok ||
      napi_set_named_property(env, exports, "shared", buffer) != napi_ok) {
    return false;
  }
  outcome = static_cast<int32_t *>(memory);
  statuses = outcome + 1;
  tags = reinterpret_cast<uint32_t *>(statuses + kBurst);
  return true;
}

Environment::~Environment() = default;

void Environment::Expect() {
  if (expected_++ == 0) napi_ref_threadsafe_function(env, wake_);
}

// So many are not waited for any more. Called before JavaScript hears of them, as it may send more at once.
void Environment::Forget(size_t settled) {
  if (settled == 0) return;
  expected_ -= settled;
  if (expected_ == 0) napi_unref_threadsafe_function(env, wake_);
}

void Environment::Deliver() {
  // Letters first, so that a close is told after all completions that the library delivered before it.
  size_t dropped = 0;
  for (Mailbox::Letter &letter : mailbox->Take(&dropped)) letters_.push_back(std::move(letter));
  dropped_ += dropped;
  if (DeliverBurst()) {
    // There may be more: it comes in a turn of its own, so that timers and sockets have theirs. After a burst
    // that is not full the doorbell is armed again.
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  } else {
    DeliverLetters();
  }
}

// Settles what the queue holds, in one call of JavaScript. Says whether there may be more. When JavaScript
// can't run any more (a worker is being terminated) its functions fail, and the completions are released all
// the same.
bool Environment::DeliverBurst() {
  const size_t count = lgstore_cq_drain(queue, burst_.data(), kBurst);
  if (count == 0) return false;
  std::array<napi_value, kBurst> documents;
  for (size_t i = 0; i < count; i++) {
    const lgstore_completion_t &came = burst_[i];
    const auto tag = static_cast<uint32_t>(came.tag);
    statuses[i] = came.status;
    tags[i] = tag;
    documents[i] =
        DocumentOf(env, came.json, came.json_len, (tag & kBytes) != 0 && came.status == LGSTORE_OK);
  }
  lgstore_cq_release(queue, burst_.data(), count);
  Forget(count);
  napi_value function;
  napi_value global;
  if (napi_get_reference_value(env, settle, &function) == napi_ok &&
      napi_get_global(env, &global) == napi_ok) {
    napi_call_function(env, global, function, count, documents.data(), nullptr);
  }
  return count == kBurst;
}

void Environment::DeliverLetters() {
  const std::deque<Mailbox::Letter> letters = std::exchange(letters_, {});
  for (const Mailbox::Letter &letter : letters) {
    if (!letter.log) Forget(1);
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) continue;
    DeliverLetter(letter);
    napi_close_handle_scope(env, scope);
  }
}

void Environment::DeliverLetter(const Mailbox::Letter &letter) {
  const uint32_t number = letter.log ? static_cast<uint32_t>(std::exchange(dropped_, 0)) : letter.tag;
  std::array<napi_value, 3> arguments;
  napi_value function;
  napi_value global;
  if (napi_create_int32(env, letter.status, arguments.data()) != napi_ok ||
      napi_create_uint32(env, number, &arguments[1]) != napi_ok ||
      napi_get_reference_value(env, receive, &function) != napi_ok ||
      napi_get_global(env, &global) != napi_ok) {
    return;
  }
  const size_t count = letter.log ? 3 : 2;
  if (letter.log) arguments[2] = TextOf(env, letter.text.data(), letter.text.size());
  napi_call_function(env, global, function, count, arguments.data(), nullptr);
}

// The environment ends: the process does, or its worker has ended or was terminated. Operations may be
// pending.
void Environment::End() {
  // First no thread of the library may ring any more: both wait for one that is about to.
  lgstore_cq_set_doorbell(queue, nullptr, nullptr);
  mailbox->Detach();
  const std::vector<lgstore_runtime_t *> ended = runtimes.TakeAll();
  for (lgstore_runtime_t *runtime : ended) lgstore_runtime_set_log(runtime, 0, nullptr, nullptr);
  // Stores close in the background and drop what they have not begun; completions to come are dropped with
  // the queue.
  for (lgstore_t *store : stores.TakeAll()) lgstore_free(store);
  lgstore_cq_free(queue);
  queue = nullptr;
  for (lgstore_runtime_t *runtime : ended) lgstore_runtime_free(runtime);
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
}

// V8 copies Latin-1 at once, while it decodes UTF-8 byte by byte; documents are ASCII most of the time.
static bool IsAscii(const char *text, size_t length) {
  uint64_t bits = 0;
  size_t at = 0;
  for (; at + sizeof bits <= length; at += sizeof bits) {
    uint64_t word;
    std::memcpy(&word, text + at, sizeof word);
    bits |= word;
  }
  for (; at < length; at++) bits |= static_cast<uint64_t>(static_cast<unsigned char>(text[at]));
  return (bits & UINT64_C(0x8080808080808080)) == 0;
}

napi_value TextOf(napi_env env, const char *text, size_t length) {
  napi_value made = nullptr;
  if (IsAscii(text, length)) {
    napi_create_string_latin1(env, text, length, &made);
  } else {
    napi_create_string_utf8(env, text, length, &made);
  }
  return made;
}

napi_value DocumentOf(napi_env env, const char *text, size_t length, bool bytes) {
  napi_value made = nullptr;
  if (bytes) {
    napi_create_buffer_copy(env, length, text, nullptr, &made);
  } else {
    made = TextOf(env, text, length);
  }
  if (made == nullptr) napi_get_undefined(env, &made);
  return made;
}

}  // namespace lgstore_node
