package lgstore

// All calls of the C library, one Go function for each, and nothing else. The rest of the package knows
// C by its types only.
//
// noescape and nocallback hold for what a request passes through: the library copies what it is given
// before it returns, and never calls back on a thread that is inside one of these functions (contract 2
// and 3 of lgstore.h).

/*
#cgo noescape lgstore_go_submit
#cgo nocallback lgstore_go_submit
#cgo noescape lgstore_go_free
#cgo nocallback lgstore_go_free
#cgo nocallback lgstore_cancel
#include <lgstore.h>
#include <pthread.h>
#include <string.h>

// Implemented in complete.go and log.go.
extern void lgstoreGoComplete(lgstore_completion_t *completion, void *user_data);
extern void lgstoreGoLog(int32_t level, char *json, size_t json_len, void *user_data);
extern void lgstoreGoStarted(void);

// What comes back when a request is submitted. It holds no pointers as far as Go can see, or Go would look
// at it in every call; all of them are memory of C.
typedef struct lgstore_go_reply {
  lgstore_op_t op;
  lgstore_status_t status; // of a request that was answered at once
  uintptr_t result;        // its result, unless text holds it
  uintptr_t error;         // of a request that was refused
  uintptr_t json;          // of result
  size_t json_len;
  char text[1024]; // short answers: one call into C less
} lgstore_go_reply_t;

static void lgstore_go_answer(lgstore_go_reply_t *reply, lgstore_result_t *result) {
  const char *json = lgstore_result_json(result, &reply->json_len);
  reply->status = lgstore_result_status(result);
  reply->result = 0;
  if (reply->json_len <= sizeof reply->text) {
    memcpy(reply->text, json, reply->json_len);
    lgstore_result_free(result);
  } else {
    reply->json = (uintptr_t)json;
    reply->result = (uintptr_t)result;
  }
}

static lgstore_status_t lgstore_go_submit(lgstore_t *store, uint32_t op, const char *body, size_t len, uint64_t timeout_us,
                                          uintptr_t call, lgstore_go_reply_t *reply) {
  lgstore_request_t request = {0};
  lgstore_result_t *result = NULL;
  lgstore_error_t *error = NULL;
  lgstore_status_t status;
  request.struct_size = sizeof request;
  request.op = op;
  request.flags = LGSTORE_ALLOW_IMMEDIATE;
  request.json = body;
  request.json_len = len;
  request.timeout_us = timeout_us;
  // A handle of Go travels as the number that it is; as a pointer it would alarm the garbage collector.
  status = lgstore_submit(store, &request, &reply->op, &result, &error, (lgstore_callback_t)lgstoreGoComplete,
                          (void *)call);
  if (status == LGSTORE_DONE) lgstore_go_answer(reply, result);
  reply->error = (uintptr_t)error;
  return status;
}

// The same, waiting on this thread.
static void lgstore_go_free(lgstore_go_reply_t *reply) {
  lgstore_result_free((lgstore_result_t *)reply->result);
}
static const char *lgstore_go_json(const lgstore_go_reply_t *reply) {
  return (const char *)reply->json;
}
static lgstore_error_t *lgstore_go_error(const lgstore_go_reply_t *reply) {
  return (lgstore_error_t *)reply->error;
}

static lgstore_status_t lgstore_go_call(lgstore_t *store, uint32_t op, const char *body, size_t len, uint64_t timeout_us,
                                        lgstore_go_reply_t *reply) {
  lgstore_request_t request = {0};
  lgstore_result_t *result = NULL;
  lgstore_error_t *error = NULL;
  lgstore_status_t status;
  request.struct_size = sizeof request;
  request.op = op;
  request.json = body;
  request.json_len = len;
  request.timeout_us = timeout_us;
  status = lgstore_call(store, &request, &result, &error);
  reply->error = (uintptr_t)error;
  if (result == NULL) return status;
  lgstore_error_free(error);
  lgstore_go_answer(reply, result);
  return LGSTORE_DONE;
}

static int32_t lgstore_go_set_log(lgstore_runtime_t *runtime, int32_t level, uintptr_t handle) {
  return lgstore_runtime_set_log(runtime, level, handle != 0 ? (lgstore_log_t)lgstoreGoLog : NULL,
                                 (void *)handle);
}

// The callback does nothing but hand over, so it runs where the request ended.
static lgstore_status_t lgstore_go_runtime_new(uint32_t workers, uint32_t blocking, uint32_t log_lines,
                                               lgstore_runtime_t **out, lgstore_error_t **err) {
  lgstore_runtime_options_t options = {0};
  options.struct_size = sizeof options;
  options.flags = LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS;
  options.worker_threads = workers;
  options.max_blocking_threads = blocking;
  options.log_lines = log_lines;
  return lgstore_runtime_new(&options, out, err);
}

static void *lgstore_go_probe(void *unused) {
  lgstoreGoStarted();
  return unused;
}
static void lgstore_go_start_probe(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, lgstore_go_probe, NULL) == 0) pthread_detach(thread);
}
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

type (
	cStore   = *C.lgstore_t
	cRuntime = *C.lgstore_runtime_t
	reply    = C.lgstore_go_reply_t
)

func cText(text string) (*C.char, C.size_t) {
	if text == "" {
		return nil, 0
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.size_t(len(text))
}

// cFailure makes a Go error of a status and the library's error object, which it frees.
func cFailure(status C.lgstore_status_t, err *C.lgstore_error_t) error {
	if status == C.LGSTORE_OK {
		return nil
	}
	if err == nil {
		return refusal(Code(status))
	}
	var length C.size_t
	json := C.lgstore_error_json(err, &length)
	failure := errorOf(C.GoBytes(unsafe.Pointer(json), C.int(length)))
	C.lgstore_error_free(err)
	return failure
}

// cResult copies a result's document and frees the result.
func cResult(result *C.lgstore_result_t) []byte {
	var length C.size_t
	json := C.lgstore_result_json(result, &length)
	document := cBytes(json, length)
	C.lgstore_result_free(result)
	return document
}

// cBytes copies; unlike C.GoBytes it takes any length.
func cBytes(text *C.char, length C.size_t) []byte {
	document := make([]byte, length)
	copy(document, unsafe.Slice((*byte)(unsafe.Pointer(text)), length))
	return document
}

func cCheck() error {
	return cFailure(C.lgstore_abi_check(C.LGSTORE_ABI_VERSION, C.LGSTORE_VERSION_NUMBER), nil)
}

func cVersion() string { return C.GoString(C.lgstore_version()) }

func cStatusName(code Code) string {
	return C.GoString(C.lgstore_status_name(C.lgstore_status_t(code)))
}

func cRuntimeNew(workers, blocking, logLines uint32) (cRuntime, error) {
	var made cRuntime
	var failure *C.lgstore_error_t
	status := C.lgstore_go_runtime_new(C.uint32_t(workers), C.uint32_t(blocking), C.uint32_t(logLines), &made, &failure)
	return made, cFailure(status, failure)
}

func cSetLog(runtime cRuntime, level int32, handle cgo.Handle) error {
	return cFailure(C.lgstore_go_set_log(runtime, C.int32_t(level), C.uintptr_t(handle)), nil)
}

func cRuntimeJoin(runtime cRuntime, timeoutMicros uint64) error {
	return cFailure(C.lgstore_runtime_join(runtime, C.uint64_t(timeoutMicros)), nil)
}

func cRuntimeFree(runtime cRuntime) { C.lgstore_runtime_free(runtime) }

func cStoreNew(runtime cRuntime, config string) (cStore, error) {
	var made cStore
	var failure *C.lgstore_error_t
	text, length := cText(config)
	status := C.lgstore_new(runtime, text, length, &made, &failure)
	return made, cFailure(status, failure)
}

// cClose reports a timeout as ErrTimeout, like all statuses.
func cClose(store cStore, drainMicros uint64) error {
	return cFailure(C.lgstore_close(store, C.uint64_t(drainMicros)), nil)
}

func cFree(store cStore) { C.lgstore_free(store) }

func cCancel(store cStore, op C.lgstore_op_t) { C.lgstore_cancel(store, op) }

func cMetrics(store cStore, reset bool) ([]byte, error) {
	var result *C.lgstore_result_t
	var failure *C.lgstore_error_t
	var flag C.uint32_t
	if reset {
		flag = 1
	}
	if err := cFailure(C.lgstore_metrics(store, flag, &result, &failure), failure); err != nil {
		return nil, err
	}
	return cResult(result), nil
}

func cMetricsPrometheus(store cStore) ([]byte, error) {
	var result *C.lgstore_result_t
	var failure *C.lgstore_error_t
	if err := cFailure(C.lgstore_metrics_prometheus(store, &result, &failure), failure); err != nil {
		return nil, err
	}
	return cResult(result), nil
}

func cBreakerReset(store cStore) error { return cFailure(C.lgstore_breaker_reset(store), nil) }

// done says that a request was answered at once.
const done Code = C.LGSTORE_DONE

// cSubmit hands over one request, whose completion goes to the call of this handle. After done the reply
// holds the result, after an error why; both are taken by takeReply.
func cSubmit(store cStore, op Op, body []byte, timeoutMicros uint64, call cgo.Handle, to *reply) Code {
	return Code(C.lgstore_go_submit(store, C.uint32_t(op), (*C.char)(unsafe.Pointer(unsafe.SliceData(body))),
		C.size_t(len(body)), C.uint64_t(timeoutMicros), C.uintptr_t(call), to))
}

// cCall is cSubmit that waits on this thread; what it gives is never 0.
func cCall(store cStore, op Op, body []byte, timeoutMicros uint64, to *reply) Code {
	return Code(C.lgstore_go_call(store, C.uint32_t(op), (*C.char)(unsafe.Pointer(unsafe.SliceData(body))),
		C.size_t(len(body)), C.uint64_t(timeoutMicros), to))
}

// takeReply copies the result's document and frees it, and gives its status.
func takeReply(from *reply) ([]byte, Code) {
	if from.result == 0 {
		document := make([]byte, from.json_len)
		copy(document, unsafe.Slice((*byte)(unsafe.Pointer(&from.text[0])), from.json_len))
		return document, Code(from.status)
	}
	document := cBytes(C.lgstore_go_json(from), from.json_len)
	C.lgstore_go_free(from)
	return document, Code(from.status)
}

// takeRefusal gives the error of a request that was refused.
func takeRefusal(code Code, from *reply) error {
	return cFailure(C.lgstore_status_t(code), C.lgstore_go_error(from))
}

func cStartProbe() { C.lgstore_go_start_probe() }
