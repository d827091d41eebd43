// The functions that JavaScript sees (src/native.ts has their types). Each gets its Environment as its data.
// They throw for mistakes of src/ only; what the library refuses is returned: outcome[0] has the status.
#include <memory>
#include <vector>

#include "environment.hpp"

namespace lgstore_node {
namespace {

constexpr size_t kArguments = 6;

// The arguments of one call.
struct Call {
  napi_env env;
  Environment *in;
  std::array<napi_value, kArguments> argument;

  Call(napi_env e, napi_callback_info info) : env(e) {
    size_t count = kArguments;
    void *data = nullptr;
    napi_get_cb_info(env, info, &count, argument.data(), nullptr, &data);
    in = static_cast<Environment *>(data);
  }
  uint32_t Number(size_t at) const {
    uint32_t number = UINT32_MAX;
    napi_get_value_uint32(env, argument[at], &number);
    return number;
  }
  // Times in microseconds: whole numbers below 2^53.
  uint64_t Large(size_t at) const {
    double number = 0;
    napi_get_value_double(env, argument[at], &number);
    return static_cast<uint64_t>(number);
  }
  lgstore_t *Store() const { return in->stores.At(Number(0)); }
  napi_value Status(lgstore_status_t status) const {
    *in->outcome = status;
    return nullptr;
  }
  // The status and, where the library says more, its error document.
  napi_value Failed(lgstore_status_t status, lgstore_error_t *error) const {
    *in->outcome = status;
    if (error == nullptr) return nullptr;
    size_t length = 0;
    const char *json = lgstore_error_json(error, &length);
    napi_value text = TextOf(env, json, length);
    lgstore_error_free(error);
    return text;
  }
  napi_value Index(uint32_t index) const {
    *in->outcome = LGSTORE_OK;
    napi_value number = nullptr;
    napi_create_uint32(env, index, &number);
    return number;
  }
};

// A string or the bytes of a Uint8Array, for the length of a call. Strings are well-formed: src/ sees to
// that.
class Body {
 public:
  // False: neither, or there is no memory.
  bool Read(const Call &call, size_t at) {
    napi_value value = call.argument[at];
    std::array<char, 16384> &room = call.in->body;
    if (napi_get_value_string_utf8(call.env, value, room.data(), room.size(), &length) == napi_ok) {
      text = room.data();
      // The longest character has 4 bytes: with as much room left, nothing was cut off.
      return length + 4 < room.size() || ReadLong(call.env, value);
    }
    napi_typedarray_type type;
    void *data = nullptr;
    if (napi_get_typedarray_info(call.env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      return false;
    }
    text = static_cast<const char *>(data);
    return true;
  }
  const char *text = nullptr;
  size_t length = 0;

 private:
  bool ReadLong(napi_env env, napi_value value) {
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
    long_.reset(new (std::nothrow) char[length + 1]);
    text = long_.get();
    return text != nullptr &&
           napi_get_value_string_utf8(env, value, long_.get(), length + 1, &length) == napi_ok;
  }
  std::unique_ptr<char[]> long_;
};

// submit(store, op, body, timeoutUs, tag, more): an answer at once (a document, outcome[0] its status), null
// (accepted), or undefined (refused: outcome[0] says why). With more = 1 it may lie until wake is called.
napi_value Submit(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_t *store = call.Store();
  if (store == nullptr) return call.Status(LGSTORE_E_CLOSED);
  Body body;
  if (!body.Read(call, 2)) return call.Status(LGSTORE_E_INVALID_ARG);
  if (body.length > UINT32_MAX) return call.Status(LGSTORE_E_INVALID_ARG);
  const uint32_t tag = call.Number(4);
  const uint32_t flags = LGSTORE_ALLOW_IMMEDIATE | (call.Number(5) == 1 ? LGSTORE_MORE_FOLLOWS : 0);
  const lgstore_submission_t submission = {call.Number(1), flags, 0, static_cast<uint32_t>(body.length),
                                           call.Large(3),  tag};
  size_t accepted = 0;
  lgstore_op_t op = 0;
  lgstore_completion_t done;
  const lgstore_status_t status =
      lgstore_submit_cq(store, call.in->queue, body.text, body.length, &submission, 1, &accepted, &op, &done);
  if (accepted == 0) return call.Status(status);
  if (done.owner != nullptr) {
    *call.in->outcome = done.status;
    napi_value document =
        DocumentOf(env, done.json, done.json_len, (tag & kBytes) != 0 && done.status == LGSTORE_OK);
    lgstore_cq_release(call.in->queue, &done, 1);
    return document;
  }
  call.in->Accepted(tag >> kNumberShift, op);
  napi_value null = nullptr;
  napi_get_null(env, &null);
  return null;
}

// wake(store): what lies is taken up.
napi_value Wake(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_t *store = call.Store();
  size_t accepted = 0;
  if (store != nullptr) {
    lgstore_submit_cq(store, call.in->queue, nullptr, 0, nullptr, 0, &accepted, nullptr, nullptr);
  }
  return nullptr;
}

// cancel(store, tag): of a request that was accepted and whose completion JavaScript has not had.
napi_value Cancel(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_t *store = call.Store();
  if (store != nullptr) lgstore_cancel(store, call.in->Remembered(call.Number(1) >> kNumberShift));
  return nullptr;
}

// storeNew(runtime, config): the store's number, or undefined or an error document.
napi_value StoreNew(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_runtime_t *runtime = call.in->runtimes.At(call.Number(0));
  Body config;
  if (runtime == nullptr) return call.Status(LGSTORE_E_CLOSED);
  if (!config.Read(call, 1)) return call.Status(LGSTORE_E_INVALID_ARG);
  lgstore_t *made = nullptr;
  lgstore_error_t *error = nullptr;
  const lgstore_status_t status = lgstore_new(runtime, config.text, config.length, &made, &error);
  return status == LGSTORE_OK ? call.Index(call.in->stores.Add(made)) : call.Failed(status, error);
}

struct Closing {
  std::shared_ptr<Mailbox> mailbox;
  uint32_t tag;
};

void Closed(const lgstore_completion_t *completion, void *user_data) {
  const std::unique_ptr<Closing> closing(static_cast<Closing *>(user_data));
  closing->mailbox->Closed(closing->tag, completion->status);
}

// storeClose(store, drainUs, tag): outcome[0] says whether receive will be told.
napi_value StoreClose(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_t *store = call.Store();
  if (store == nullptr) return call.Status(LGSTORE_E_CLOSED);
  auto *closing = new Closing{call.in->mailbox, call.Number(2)};
  const lgstore_status_t status = lgstore_close_async(store, call.Large(1), Closed, closing);
  if (status == LGSTORE_OK) {
    call.in->Expect();
  } else {
    delete closing;
  }
  return call.Status(status);
}

// storeFree(store): of one that is closed, or forgotten.
napi_value StoreFree(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_free(call.in->stores.Remove(call.Number(0)));
  return nullptr;
}

// A snapshot's text, or undefined or an error document.
napi_value Snapshot(const Call &call, lgstore_status_t status, lgstore_result_t *result,
                    lgstore_error_t *error) {
  if (status != LGSTORE_OK) return call.Failed(status, error);
  size_t length = 0;
  const char *text = lgstore_result_json(result, &length);
  napi_value made = TextOf(call.env, text, length);
  lgstore_result_free(result);
  *call.in->outcome = LGSTORE_OK;
  return made;
}

// metrics(store, reset)
napi_value Metrics(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_t *store = call.Store();
  if (store == nullptr) return call.Status(LGSTORE_E_CLOSED);
  lgstore_result_t *result = nullptr;
  lgstore_error_t *error = nullptr;
  const lgstore_status_t status = lgstore_metrics(store, call.Number(1), &result, &error);
  return Snapshot(call, status, result, error);
}

// prometheus(store)
napi_value Prometheus(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_t *store = call.Store();
  if (store == nullptr) return call.Status(LGSTORE_E_CLOSED);
  lgstore_result_t *result = nullptr;
  lgstore_error_t *error = nullptr;
  const lgstore_status_t status = lgstore_metrics_prometheus(store, &result, &error);
  return Snapshot(call, status, result, error);
}

// breakerReset(store)
napi_value BreakerReset(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_t *store = call.Store();
  return call.Status(store == nullptr ? LGSTORE_E_CLOSED : lgstore_breaker_reset(store));
}

// runtimeNew(workers, maxBlockingThreads, logLines): the runtime's number, or undefined or an error document.
napi_value RuntimeNew(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_runtime_options_t options = {};
  options.struct_size = sizeof options;
  options.worker_threads = call.Number(0);
  options.max_blocking_threads = call.Number(1);
  options.log_lines = call.Number(2);
  lgstore_runtime_t *made = nullptr;
  lgstore_error_t *error = nullptr;
  const lgstore_status_t status = lgstore_runtime_new(&options, &made, &error);
  return status == LGSTORE_OK ? call.Index(call.in->runtimes.Add(made)) : call.Failed(status, error);
}

void Logged(int32_t level, const char *json, size_t length, void *user_data) {
  static_cast<Mailbox *>(user_data)->Logged(level, json, length);
}

// runtimeLog(runtime, level): 0 = nothing. The mailbox lives as long as the environment, which ends the log
// first.
napi_value RuntimeLog(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_runtime_t *runtime = call.in->runtimes.At(call.Number(0));
  if (runtime == nullptr) return call.Status(LGSTORE_E_CLOSED);
  const auto level = static_cast<int32_t>(call.Number(1));
  return call.Status(
      lgstore_runtime_set_log(runtime, level, level == 0 ? nullptr : Logged, call.in->mailbox.get()));
}

// runtimeFree(runtime)
napi_value RuntimeFree(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  lgstore_runtime_t *runtime = call.in->runtimes.Remove(call.Number(0));
  if (runtime != nullptr) lgstore_runtime_set_log(runtime, 0, nullptr, nullptr);
  lgstore_runtime_free(runtime);
  return nullptr;
}

// start(settle, receive, later): settle(...documents) for a burst, receive(status, tag, text) for closes and
// log events, later() to have resume() called in the next turn of the event loop.
napi_value Start(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_create_reference(env, call.argument[0], 1, &call.in->settle);
  napi_create_reference(env, call.argument[1], 1, &call.in->receive);
  napi_create_reference(env, call.argument[2], 1, &call.in->later);
  return nullptr;
}

// resume()
napi_value Resume(napi_env env, napi_callback_info info) {
  Call(env, info).in->Resume();
  return nullptr;
}

napi_value Version(napi_env env, napi_callback_info) {
  napi_value text = nullptr;
  napi_create_string_utf8(env, lgstore_version(), NAPI_AUTO_LENGTH, &text);
  return text;
}

// statusName(status)
napi_value StatusName(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  napi_value text = nullptr;
  napi_create_string_utf8(env, lgstore_status_name(static_cast<int32_t>(call.Number(0))), NAPI_AUTO_LENGTH,
                          &text);
  return text;
}

struct Function {
  const char *name;
  napi_callback function;
};

constexpr Function kFunctions[] = {
    {"submit", Submit},
    {"wake", Wake},
    {"cancel", Cancel},
    {"storeNew", StoreNew},
    {"storeClose", StoreClose},
    {"storeFree", StoreFree},
    {"metrics", Metrics},
    {"prometheus", Prometheus},
    {"breakerReset", BreakerReset},
    {"runtimeNew", RuntimeNew},
    {"runtimeLog", RuntimeLog},
    {"runtimeFree", RuntimeFree},
    {"start", Start},
    {"resume", Resume},
    {"version", Version},
    {"statusName", StatusName},
};

}  // namespace
}  // namespace lgstore_node

NAPI_MODULE_INIT() {
  using namespace lgstore_node;
  if (lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER) != LGSTORE_OK) {
    napi_throw_error(env, nullptr, "lgstore: the library that is loaded does not fit this addon");
    return nullptr;
  }
  Environment *made = nullptr;
  if (!Environment::Start(env, exports, &made)) return nullptr;
  for (const Function &one : kFunctions) {
    napi_value function;
    if (napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.function, made, &function) != napi_ok ||
        napi_set_named_property(env, exports, one.name, function) != napi_ok) {
      return nullptr;
    }
  }
  return exports;
}
