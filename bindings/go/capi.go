package lgstore

// All calls of the C library, one Go function for each, and nothing else. The rest of the package knows
// C by its types only.
//
// noescape and nocallback hold for what a request passes through: the library copies what it is given
// before it returns, and never calls back on a thread that is inside one of these functions (contract 2
// and 3 of lgstore.h; a doorbell rings on the library's own threads only).

/*
#cgo noescape lgstore_go_submit
#cgo nocallback lgstore_go_submit
#cgo noescape lgstore_cq_drain
#cgo nocallback lgstore_cq_drain
#cgo noescape lgstore_cq_release
#cgo nocallback lgstore_cq_release
#cgo nocallback lgstore_cancel
#include <lgstore.h>
#include <stdlib.h>

// Implemented in doorbell.go and log.go.
extern void lgstoreGoRing(void *user_data);
extern void lgstoreGoLog(int32_t level, char *json, size_t json_len, void *user_data);

// A burst of one: of the ways to submit, the one whose completions come back in bursts.
static int32_t lgstore_go_submit(lgstore_t *store, lgstore_cq_t *queue, uint32_t op, const char *body,
                                 uint32_t len, uint64_t timeout_us, uint64_t tag, lgstore_op_t *out_op,
                                 lgstore_completion_t *out_done) {
  lgstore_submission_t one = {0};
  size_t accepted = 0;
  one.op = op;
  one.flags = LGSTORE_ALLOW_IMMEDIATE;
  one.json_len = len;
  one.timeout_us = timeout_us;
  one.tag = tag;
  return lgstore_submit_cq(store, queue, body, len, &one, 1, &accepted, out_op, out_done);
}

// A handle of Go travels as the number that it is; as a pointer it would alarm the garbage collector.
static int32_t lgstore_go_set_doorbell(lgstore_cq_t *queue, uintptr_t handle) {
  return lgstore_cq_set_doorbell(queue, handle != 0 ? lgstoreGoRing : NULL, (void *)handle);
}
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
*/
import "C"

import (
	"math"
	"runtime/cgo"
	"unsafe"
)

// queueCapacity is the most that the library allows. Room is taken as it is needed, so that it is always
// the store's own limit on requests in flight that counts.
const queueCapacity = C.LGSTORE_CQ_CAPACITY_MAX

// burst is how many completions are taken from the library at once.
const burst = 64

type (
	cStore      = *C.lgstore_t
	cQueue      = *C.lgstore_cq_t
	cRuntime    = *C.lgstore_runtime_t
	cCompletion = C.lgstore_completion_t
	cOp         = C.lgstore_op_t
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

func cStatusName(code Code) string { return C.GoString(C.lgstore_status_name(C.lgstore_status_t(code))) }

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

func cCancel(store cStore, op cOp) { C.lgstore_cancel(store, op) }

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

func cQueueNew() (cQueue, error) {
	var made cQueue
	var failure *C.lgstore_error_t
	status := C.lgstore_cq_new(nil, queueCapacity, &made, &failure)
	return made, cFailure(status, failure)
}

func cQueueFree(queue cQueue) { C.lgstore_cq_free(queue) }

func cSetDoorbell(queue cQueue, handle cgo.Handle) error {
	return cFailure(C.lgstore_go_set_doorbell(queue, C.uintptr_t(handle)), nil)
}

func cDrain(queue cQueue, into *[burst]cCompletion) int {
	return int(C.lgstore_cq_drain(queue, &into[0], burst))
}

func cRelease(queue cQueue, first *cCompletion, n int) {
	C.lgstore_cq_release(queue, first, C.size_t(n))
}

// cSubmit hands over one request. When it was answered at once, the reply holds the completion, to be given
// to cRelease; when it was accepted, that one's owner is NULL and the completion comes to the queue.
func cSubmit(store cStore, queue cQueue, kind Op, body []byte, timeoutMicros, tag uint64, to *reply) Code {
	if uint64(len(body)) > math.MaxUint32 {
		return ErrInvalidArg
	}
	return Code(C.lgstore_go_submit(store, queue, C.uint32_t(kind), (*C.char)(unsafe.Pointer(unsafe.SliceData(body))),
		C.uint32_t(len(body)), C.uint64_t(timeoutMicros), C.uint64_t(tag), &to.op, &to.completion))
}
