package main

// The C library by itself, as a careful C program uses it: what the Go binding is measured against.

/*
#include <lgstore_ops.h>
#include <stdio.h>
#include <stdlib.h>

enum { bench_items = 10000 };

// A service gets its keys from elsewhere: they lie in memory, for C as for Go.
static char bench_keys[bench_items][16];

static const char *const bench_labels[] = {"users", "u0001", "memories"};

static lgstore_t *bench_open(const char *config) {
  lgstore_t *store = NULL;
  return lgstore_new(NULL, config, strlen(config), &store, NULL) == LGSTORE_OK ? store : NULL;
}

static int bench_put(lgstore_t *store, uint32_t key, const char *value, size_t len) {
  snprintf(bench_keys[key], sizeof bench_keys[key], "memory-%05u", key % bench_items);
  return lgstore_put(store, bench_labels, 3, bench_keys[key], LGSTORE_STRLEN, value, len, NULL, NULL, NULL);
}

static size_t bench_body(char *body, uint32_t n) {
  const char *key = bench_keys[n * 7919u % bench_items];
  return (size_t)sprintf(body, "{\"namespace\":[\"users\",\"u0001\",\"memories\"],\"key\":\"%s\"}", key);
}

// Gets that are answered at once.
static int bench_immediate(lgstore_t *store, uint32_t n) {
  uint32_t i;
  for (i = 0; i < n; i++) {
    char body[128];
    lgstore_request_t request = {0};
    lgstore_result_t *done = NULL;
    request.struct_size = sizeof request;
    request.op = LGSTORE_OP_GET;
    request.flags = LGSTORE_ALLOW_IMMEDIATE;
    request.json = body;
    request.json_len = bench_body(body, i);
    if (lgstore_submit(store, &request, NULL, &done, NULL, (lgstore_callback_t)abort, NULL) != LGSTORE_DONE) return 1;
    if (lgstore_result_status(done) != LGSTORE_OK) return 2;
    lgstore_result_free(done);
  }
  return 0;
}

// Gets that are accepted, `depth` of them in flight, through a queue.
static int bench_accepted(lgstore_t *store, uint32_t n, uint32_t depth) {
  lgstore_cq_t *queue = NULL;
  lgstore_completion_t came[64];
  uint32_t sent = 0, ended = 0;
  if (lgstore_cq_new(NULL, 0, &queue, NULL) != LGSTORE_OK) return 1;
  while (ended < n) {
    for (; sent < n && sent - ended < depth; sent++) {
      char body[128];
      lgstore_submission_t one = {0};
      size_t accepted = 0;
      one.op = LGSTORE_OP_GET;
      one.json_len = (uint32_t)bench_body(body, sent);
      if (lgstore_submit_cq(store, queue, body, one.json_len, &one, 1, &accepted, NULL, NULL) != LGSTORE_OK) return 2;
    }
    size_t got = lgstore_cq_wait(queue, came, 64, UINT64_MAX), i;
    for (i = 0; i < got; i++)
      if (came[i].status != LGSTORE_OK) return 3;
    lgstore_cq_release(queue, came, got);
    ended += (uint32_t)got;
  }
  lgstore_cq_free(queue);
  return 0;
}
*/
import "C"

import (
	"fmt"
	"unsafe"
)

const items = C.bench_items

type cStore struct{ handle *C.lgstore_t }

func openC(config string, large bool) (cStore, error) {
	text := C.CString(config)
	defer C.free(unsafe.Pointer(text))
	handle := C.bench_open(text)
	if handle == nil {
		return cStore{}, fmt.Errorf("lgstore_new: %s", config)
	}
	for n := range items {
		value := valueOf(n, large)
		if status := C.bench_put(handle, C.uint32_t(n), (*C.char)(unsafe.Pointer(unsafe.SliceData(value))), C.size_t(len(value))); status != 0 {
			return cStore{}, fmt.Errorf("lgstore_put: status %d", status)
		}
	}
	return cStore{handle}, nil
}

func (s cStore) close() {
	C.lgstore_close(s.handle, 10_000_000)
	C.lgstore_free(s.handle)
}

func (s cStore) immediate(n int) error {
	return cError(C.bench_immediate(s.handle, C.uint32_t(n)))
}

func (s cStore) accepted(n, depth int) error {
	return cError(C.bench_accepted(s.handle, C.uint32_t(n), C.uint32_t(depth)))
}

func cError(code C.int) error {
	if code != 0 {
		return fmt.Errorf("the C loop failed: %d", code)
	}
	return nil
}
