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
  Add({status, tag, false, {}, 0});
}

void Mailbox::Logged(int32_t level, const char *json, size_t length) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (logs_ >= kLogLines) {
    dropped_++;
    return;
  }
  logs_++;
  Add({level, 0, true, std::string(json, length), 0});
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

// Runs on the environment's thread, from the event loop. env is nullptr while the environment ends.
void Environment::Wake(napi_env env, napi_value, void *self, void *) {
  if (env != nullptr) static_cast<Environment *>(self)->Deliver();
}

bool Environment::Start(napi_env env, napi_value exports, Environment **out) {
  auto *made = new Environment(env);
  if (napi_set_instance_data(
          env, made, [](napi_env, void *self, void *) { delete static_cast<Environment *>(self); },
          nullptr) != napi_ok) {
    delete made;
    return false;
  }
  *out = made;
  if (!made->MakeWake()) return false;
  // What fails from here on is undone with all the rest when the environment ends.
  return made->MakeQueue() && made->MakeBuffers(exports);
}

// The threadsafe function, and the hook that ends all. Hooks run in reverse order, so this one comes before
// the threadsafe function's own; and it is there before anything that it has to end.
bool Environment::MakeWake() {
  napi_value name;
  if (napi_create_string_utf8(env, "lgstore", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Wake,
                                      &wake_) != napi_ok) {
    return false;
  }
  if (napi_unref_threadsafe_function(env, wake_) == napi_ok &&
      napi_add_env_cleanup_hook(
          env, [](void *self) { static_cast<Environment *>(self)->End(); }, this) == napi_ok) {
    return true;
  }
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  return false;
}

bool Environment::MakeQueue() {
  mailbox = std::make_shared<Mailbox>(wake_);
  if (lgstore_cq_new(nullptr, LGSTORE_CQ_CAPACITY_MAX, &queue, nullptr) == LGSTORE_OK &&
      lgstore_cq_set_doorbell(queue, Ring, this) == LGSTORE_OK) {
    return true;
  }
  napi_throw_error(env, nullptr, "lgstore: no memory for a completion queue");
  return false;
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

void Environment::Accepted(uint32_t number, lgstore_op_t op) {
  Expect();
  accepted_++;
  if (number >= operations_.size()) operations_.resize(number + 1);
  operations_[number] = op;
}

lgstore_op_t Environment::Remembered(uint32_t number) const {
  return number < operations_.size() ? operations_[number] : 0;
}

// One turn of the event loop calls a threadsafe function up to 1,000 times while it is called meanwhile, as
// the doorbell does under load. So this counts: once JavaScript was told of kBurst things, the rest waits for
// a setImmediate, and timers, sockets and the immediates of others come before it. What rings until then
// needs no answer, as Resume looks for itself.
void Environment::Deliver() {
  if (resting_) return;
  TakeLetters();
  DeliverLetters(DeliverBurst());
  if (room_ > 0) return;
  resting_ = Call(later, 0, nullptr);
  if (resting_) return;
  // What others have put in its place threw: the doorbell has to do, in this turn.
  room_ = kBurst;
  napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

void Environment::Resume() {
  resting_ = false;
  room_ = kBurst;
  Deliver();
}

// A close is told after all completions that the library delivered before it. They are in the queue when the
// letter is taken, and come in their order. So a letter waits until the queue was seen empty after that; or,
// as that may never be while other stores are busy, until as many are settled as were accepted when it was
// taken.
void Environment::TakeLetters() {
  size_t dropped = 0;
  for (Mailbox::Letter &letter : mailbox->Take(&dropped)) {
    letter.after = accepted_;
    letters_.push_back(std::move(letter));
  }
  dropped_ += dropped;
}

// Settles what the queue holds and there is room for, in one call of JavaScript. Says whether the queue was
// empty then, which arms the doorbell again. When JavaScript can't run any more (a worker is being
// terminated) its functions fail, and the completions are released all the same.
bool Environment::DeliverBurst() {
  const size_t count = lgstore_cq_drain(queue, burst_.data(), room_);
  const bool empty = count < room_;
  if (count == 0) return empty;
  room_ -= count;
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
  settled_ += count;
  Call(settle, count, documents.data());
  return empty;
}

void Environment::DeliverLetters(bool all) {
  // Some are told even where completions took all the room, as those may do so each time.
  for (size_t most = kBurst; most > 0 && !letters_.empty(); most--) {
    if (!all && letters_.front().after > settled_) return;
    if (room_ > 0) room_--;
    const Mailbox::Letter letter = std::move(letters_.front());
    letters_.pop_front();
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
  if (napi_create_int32(env, letter.status, arguments.data()) != napi_ok ||
      napi_create_uint32(env, number, &arguments[1]) != napi_ok) {
    return;
  }
  if (letter.log) arguments[2] = TextOf(env, letter.text.data(), letter.text.size());
  Call(receive, letter.log ? 3 : 2, arguments.data());
}

// Calls a function of src/. They throw nothing by themselves, but others may have put theirs in the place of
// what they use. That is an uncaught exception then: kept, it would make all calls after it fail. Says
// whether it returned.
bool Environment::Call(napi_ref function, size_t count, const napi_value *arguments) {
  napi_value called;
  napi_value global;
  if (napi_get_reference_value(env, function, &called) != napi_ok ||
      napi_get_global(env, &global) != napi_ok) {
    return false;
  }
  const napi_status status = napi_call_function(env, global, called, count, arguments, nullptr);
  napi_value thrown;
  if (status == napi_pending_exception && napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
    napi_fatal_exception(env, thrown);
  }
  return status == napi_ok;
}

// The environment ends: the process does, or its worker has ended or was terminated. Operations may be
// pending.
void Environment::End() {
  // First no thread of the library may ring any more: both wait for one that is about to. Where Start failed
  // there may be neither.
  if (queue != nullptr) lgstore_cq_set_doorbell(queue, nullptr, nullptr);
  if (mailbox != nullptr) mailbox->Detach();
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
