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
#cgo noescape lgstore_go_release
#cgo nocallback lgstore_go_release
#cgo noescape lgstore_go_next
#cgo nocallback lgstore_go_next
#cgo nocallback lgstore_cancel
#include <lgstore.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Implemented in log.go and started.go.
extern void lgstoreGoLog(int32_t level, char *json, size_t json_len, void *user_data);
extern void lgstoreGoStarted(void);

// What comes back when a request is submitted. It holds no pointers as far as Go can see, or Go would look
// at it in every call; both are memory of C.
typedef struct lgstore_go_reply {
  lgstore_op_t op;
  lgstore_status_t status; // of a request that was answered at once
  uintptr_t owner;         // its result, unless text holds the document
  uintptr_t json;
  size_t json_len;
  char text[2048]; // short documents: one call into C less
} lgstore_go_reply_t;

// A burst of one: of the ways to submit, the one whose completions come back many at a time. LGSTORE_DONE:
// answered at once.
static lgstore_status_t lgstore_go_submit(lgstore_t *store, lgstore_cq_t *queue, uint32_t op, const char *body,
                                          uint32_t len, uint64_t timeout_us, uint64_t tag, lgstore_go_reply_t *reply) {
  lgstore_submission_t one = {0};
  lgstore_completion_t answer;
  size_t accepted = 0;
  lgstore_status_t status;
  one.op = op;
  one.flags = LGSTORE_ALLOW_IMMEDIATE;
  one.json_len = len;
  one.timeout_us = timeout_us;
  one.tag = tag;
  status = lgstore_submit_cq(store, queue, body, len, &one, 1, &accepted, &reply->op, &answer);
  if (status != LGSTORE_OK || answer.owner == NULL) return status;
  reply->status = answer.status;
  reply->owner = 0;
  reply->json_len = answer.json_len;
  if (answer.json_len <= sizeof reply->text) {
    memcpy(reply->text, answer.json, answer.json_len);
    lgstore_cq_release(queue, &answer, 1);
  } else {
    reply->owner = (uintptr_t)answer.owner;
    reply->json = (uintptr_t)answer.json;
  }
  return LGSTORE_DONE;
}

static const char *lgstore_go_json(const lgstore_go_reply_t *reply) {
  return (const char *)reply->json;
}
static void lgstore_go_release(const lgstore_go_reply_t *reply) {
  lgstore_result_free((lgstore_result_t *)reply->owner);
}

// Completions that were taken together. Memory of C, or Go would look at all their pointers in every call.
typedef struct lgstore_go_burst {
  size_t n;
  lgstore_completion_t came[64];
} lgstore_go_burst_t;

// Gives back the completions before and takes the next, for which it waits without end if it may.
static size_t lgstore_go_next(lgstore_cq_t *queue, lgstore_go_burst_t *burst, int may_wait) {
  const size_t most = sizeof burst->came / sizeof *burst->came;
  lgstore_cq_release(queue, burst->came, burst->n);
  burst->n = may_wait ? lgstore_cq_wait(queue, burst->came, most, UINT64_MAX)
                      : lgstore_cq_drain(queue, burst->came, most);
  return burst->n;
}

// A handle of Go travels as the number that it is; as a pointer it would alarm the garbage collector.
static int32_t lgstore_go_set_log(lgstore_runtime_t *runtime, int32_t level, uintptr_t handle) {
  return lgstore_runtime_set_log(runtime, level, handle != 0 ? (lgstore_log_t)lgstoreGoLog : NULL,
                                 (void *)handle);
}

static lgstore_status_t lgstore_go_runtime_new(uint32_t workers, uint32_t blocking, uint32_t log_lines,
                                               lgstore_runtime_t **out, lgstore_error_t **err) {
  lgstore_runtime_options_t options = {0};
  options.struct_size = sizeof options;
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
	"bytes"
	"math"
	"runtime/cgo"
	"unsafe"
)

type (
	cStore   = *C.lgstore_t
	cRuntime = *C.lgstore_runtime_t
	cQueue   = *C.lgstore_cq_t
	cBurst   = *C.lgstore_go_burst_t
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
	return bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(text)), length))
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

// cQueueNew makes a queue with room for whatever the store's own limits allow to be in flight.
func cQueueNew() (cQueue, error) {
	var made cQueue
	var failure *C.lgstore_error_t
	status := C.lgstore_cq_new(nil, C.LGSTORE_CQ_CAPACITY_MAX, &made, &failure)
	return made, cFailure(status, failure)
}

func cQueueFree(queue cQueue) { C.lgstore_cq_free(queue) }

// cQueueWake makes one cNext that waits give 0, when the queue is empty.
func cQueueWake(queue cQueue) { C.lgstore_cq_wake(queue) }

// cBurstNew makes room for completions, for cNext.
func cBurstNew() cBurst {
	made := (cBurst)(C.malloc(C.sizeof_lgstore_go_burst_t)) // Never nil, says cgo.
	made.n = 0
	return made
}

func cBurstFree(burst cBurst) { C.free(unsafe.Pointer(burst)) }

// cNext takes completions out of the queue and gives back those before, also when it gives 0.
func cNext(queue cQueue, burst cBurst, mayWait bool) int {
	var wait C.int
	if mayWait {
		wait = 1
	}
	return int(C.lgstore_go_next(queue, burst, wait))
}

// cSubmit hands over one request. After done the reply holds its result, to be taken by takeReply; after 0
// its completion will come to the queue, with this tag; else it was refused.
func cSubmit(store cStore, queue cQueue, op Op, body []byte, timeoutMicros, tag uint64, to *reply) Code {
	if uint64(len(body)) > math.MaxUint32 {
		return ErrInvalidArg
	}
	return Code(C.lgstore_go_submit(store, queue, C.uint32_t(op), (*C.char)(unsafe.Pointer(unsafe.SliceData(body))),
		C.uint32_t(len(body)), C.uint64_t(timeoutMicros), C.uint64_t(tag), to))
}

// takeReply copies the result's document and frees it, and gives its status.
func takeReply(from *reply) ([]byte, Code) {
	if from.owner == 0 {
		return cBytes(&from.text[0], from.json_len), Code(from.status)
	}
	document := cBytes(C.lgstore_go_json(from), from.json_len)
	C.lgstore_go_release(from)
	return document, Code(from.status)
}

func cStartProbe() { C.lgstore_go_start_probe() }
