/*
 * lgstore.h: the C interface of lgstore, the long-term memory of agents and native services.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The contract, in ten sentences:
 *
 *  1. Every request has exactly one outcome: submit returns an error and nothing else happens; or, only
 *     where the caller allowed it, submit returns LGSTORE_DONE with the result and nothing else happens;
 *     or submit returns LGSTORE_OK and exactly one completion is delivered, also on cancel, deadline,
 *     close and panic (the one exception: its queue was freed).
 *  2. Request memory may be freed or changed as soon as submit returns.
 *  3. Completions are delivered on a thread that the runtime owns (by default a dedicated callback
 *     thread) or through a completion queue; never inside submit, never under a lock of the library.
 *  4. Inside a callback every function marked [nb] is allowed, submit, cancel, close_async and free
 *     included. Functions marked [block] return LGSTORE_E_WOULD_DEADLOCK on the library's threads; they
 *     never hang there.
 *  5. Results are borrowed during the callback; lgstore_result_take makes one yours in O(1).
 *  6. Handles are thread-safe unless documented otherwise; each _free accepts NULL and is called once.
 *  7. After lgstore_close returns LGSTORE_OK no callback of that store runs or will run.
 *  8. The library installs no signal handlers, atexit hooks, panic hooks, global loggers or allocators;
 *     its threads block asynchronous signals.
 *  9. Strings are UTF-8 with explicit length; outputs also carry a NUL after the last byte, which the
 *     length does not count.
 * 10. Functions, constants and struct fields are never changed or removed within LGSTORE_ABI_VERSION 1;
 *     only added.
 *
 * Memory that the library hands out is released by the matching _free function, never by free().
 * Absent items and conditions that did not hold are answers (LGSTORE_OK), not errors. Structs with a
 * struct_size are zero-initialised by the caller, who then sets struct_size = sizeof(the struct); zero
 * in any other field means its default. ABI.md holds the rules of versions and lifetimes.
 */

#ifndef LGSTORE_H
#define LGSTORE_H

/* Generated from src/capi by tests/header.rs; change it there. */

#include <stddef.h>
#include <stdint.h>

#define LGSTORE_VERSION_MAJOR 0
#define LGSTORE_VERSION_MINOR 1
#define LGSTORE_VERSION_PATCH 0

/**
 * MAJOR * 1000000 + MINOR * 1000 + PATCH.
 */
#define LGSTORE_VERSION_NUMBER 1000

#define LGSTORE_ABI_VERSION 1
#define LGSTORE_OK 0
#define LGSTORE_E_INVALID_ARG 1
#define LGSTORE_E_UTF8 2
#define LGSTORE_E_JSON 3
#define LGSTORE_E_UNSUPPORTED 4
#define LGSTORE_E_ABI_MISMATCH 5
#define LGSTORE_E_WOULD_DEADLOCK 6
#define LGSTORE_E_CLOSED 100
#define LGSTORE_E_FORKED 101
#define LGSTORE_E_BUSY 102
#define LGSTORE_E_TIMEOUT 103
#define LGSTORE_E_CANCELLED 104
#define LGSTORE_E_NOT_FOUND 200
#define LGSTORE_E_CONFLICT 201
#define LGSTORE_E_CORRUPT 202
#define LGSTORE_E_UNAVAILABLE 300
#define LGSTORE_E_RATE_LIMITED 301
#define LGSTORE_E_UNKNOWN_OUTCOME 302
#define LGSTORE_E_FULL 303
#define LGSTORE_E_READ_ONLY 304
#define LGSTORE_E_BACKEND 305
#define LGSTORE_E_PANIC 900
#define LGSTORE_E_POISONED 901
#define LGSTORE_DONE 1000
#define LGSTORE_ALLOW_IMMEDIATE 1
#define LGSTORE_OP_PUT 1
#define LGSTORE_OP_GET 2
#define LGSTORE_OP_DELETE 3
#define LGSTORE_OP_SEARCH 4
#define LGSTORE_OP_LIST_NAMESPACES 5
#define LGSTORE_OP_BATCH 6
#define LGSTORE_OP_PUT_IF_ABSENT 7
#define LGSTORE_OP_UPDATE_IF_EXISTS 8
#define LGSTORE_OP_COMPARE_AND_SET 9
#define LGSTORE_OP_DELETE_IF_EXISTS 10
#define LGSTORE_OP_DELETE_IF_VALUE 11
#define LGSTORE_OP_DELETE_PREFIX 12
#define LGSTORE_OP_COUNT 13
#define LGSTORE_OP_SWEEP 14
#define LGSTORE_OP_OPEN 15
#define LGSTORE_OP_MIGRATE 16
#define LGSTORE_OP_WARMUP 17
#define LGSTORE_OP_HEALTH 18
#define LGSTORE_OP_CLUSTER_INFO 19
#define LGSTORE_OP_REINDEX 20
#define LGSTORE_OP_BACKUP 21
#define LGSTORE_OP_ADVANCE 22

typedef struct lgstore_cq_t lgstore_cq_t;

typedef struct lgstore_error_t lgstore_error_t;

typedef struct lgstore_result_t lgstore_result_t;

typedef struct lgstore_runtime_t lgstore_runtime_t;

typedef struct lgstore_t lgstore_t;

typedef int32_t lgstore_status_t;

/**
 * Options.
 */
typedef struct lgstore_runtime_options_t {
  size_t struct_size;
  uint32_t io_threads;
  uint32_t callback_threads;
} lgstore_runtime_options_t;

/**
 * A request.
 */
typedef struct lgstore_request_t {
  size_t struct_size;
  uint32_t op;
  uint32_t flags;
  const char *json;
  size_t json_len;
  uint64_t timeout_us;
  uint64_t tag;
} lgstore_request_t;

typedef uint64_t lgstore_op_t;

/**
 * A completion.
 */
typedef struct lgstore_completion_t {
  lgstore_op_t op;
  uint64_t tag;
  lgstore_status_t status;
  uint32_t flags;
  const char *json;
  size_t json_len;
  struct lgstore_result_t *owner;
  uint64_t latency_ns;
  uint64_t reserved;
} lgstore_completion_t;

typedef void (*lgstore_callback_t)(const struct lgstore_completion_t *completion, void *user_data);

/**
 * Batch form.
 */
typedef struct lgstore_submission_t {
  uint32_t op;
  uint32_t flags;
  uint32_t json_off;
  uint32_t json_len;
  uint64_t timeout_us;
  uint64_t tag;
} lgstore_submission_t;

typedef void (*lgstore_doorbell_t)(void *user_data);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- STUB, never landed ---- */

/**
 * ABI number. \[nb\]
 */
uint32_t lgstore_abi_version(void);

const char *lgstore_version(void);

lgstore_status_t lgstore_abi_check(uint32_t header_abi, uint32_t header_version_number);

const char *lgstore_status_name(lgstore_status_t _status);

lgstore_status_t lgstore_runtime_new(const struct lgstore_runtime_options_t *_options,
                                     struct lgstore_runtime_t **_out,
                                     struct lgstore_error_t **_err);

lgstore_status_t lgstore_runtime_join(struct lgstore_runtime_t *_runtime, uint64_t _timeout_us);

void lgstore_runtime_free(struct lgstore_runtime_t *_runtime);

lgstore_status_t lgstore_new(struct lgstore_runtime_t *_runtime,
                             const char *_config_json,
                             size_t _len,
                             struct lgstore_t **_out,
                             struct lgstore_error_t **_err);

lgstore_status_t lgstore_submit(struct lgstore_t *_store,
                                const struct lgstore_request_t *_request,
                                lgstore_op_t *_out_op,
                                struct lgstore_result_t **_out_done,
                                struct lgstore_error_t **_err,
                                lgstore_callback_t _callback,
                                void *_user_data);

lgstore_status_t lgstore_submit_cq(struct lgstore_t *_store,
                                   struct lgstore_cq_t *_cq,
                                   const char *_arena,
                                   size_t _arena_len,
                                   const struct lgstore_submission_t *_submissions,
                                   size_t _n,
                                   size_t *_out_accepted,
                                   lgstore_op_t *_out_ops,
                                   struct lgstore_completion_t *_out_done);

lgstore_status_t lgstore_call(struct lgstore_t *_store,
                              const struct lgstore_request_t *_request,
                              struct lgstore_result_t **_out,
                              struct lgstore_error_t **_err);

lgstore_status_t lgstore_cancel(struct lgstore_t *_store, lgstore_op_t _op);

lgstore_status_t lgstore_close(struct lgstore_t *_store, uint64_t _drain_timeout_us);

lgstore_status_t lgstore_close_async(struct lgstore_t *_store,
                                     uint64_t _drain_timeout_us,
                                     lgstore_callback_t _callback,
                                     void *_user_data);

void lgstore_free(struct lgstore_t *_store);

struct lgstore_result_t *lgstore_result_take(const struct lgstore_completion_t *_completion);

const char *lgstore_result_json(const struct lgstore_result_t *_result, size_t *_len);

lgstore_status_t lgstore_result_status(const struct lgstore_result_t *_result);

void lgstore_result_free(struct lgstore_result_t *_result);

lgstore_status_t lgstore_error_status(const struct lgstore_error_t *_error);

const char *lgstore_error_message(const struct lgstore_error_t *_error, size_t *_len);

const char *lgstore_error_json(const struct lgstore_error_t *_error, size_t *_len);

void lgstore_error_free(struct lgstore_error_t *_error);

lgstore_status_t lgstore_cq_new(struct lgstore_runtime_t *_runtime,
                                uint32_t _capacity,
                                struct lgstore_cq_t **_out,
                                struct lgstore_error_t **_err);

int lgstore_cq_fd(struct lgstore_cq_t *_cq);

lgstore_status_t lgstore_cq_set_doorbell(struct lgstore_cq_t *_cq,
                                         lgstore_doorbell_t _ring,
                                         void *_user_data);

size_t lgstore_cq_drain(struct lgstore_cq_t *_cq, struct lgstore_completion_t *_out, size_t _max);

size_t lgstore_cq_wait(struct lgstore_cq_t *_cq,
                       struct lgstore_completion_t *_out,
                       size_t _max,
                       uint64_t _timeout_us);

void lgstore_cq_wake(struct lgstore_cq_t *_cq);

void lgstore_cq_release(struct lgstore_cq_t *_cq,
                        const struct lgstore_completion_t *_batch,
                        size_t _n);

void lgstore_cq_free(struct lgstore_cq_t *_cq);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#ifdef __cplusplus
#define LGSTORE_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " is frozen")
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define LGSTORE_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " is frozen")
#else
#define LGSTORE_ASSERT_SIZE(type, bytes) \
  typedef char type##_size_is_frozen[sizeof(type) == (bytes) ? 1 : -1]
#endif
/* Frozen for ever within this ABI number (sizes of 64-bit targets). */
#if UINTPTR_MAX == UINT64_MAX
LGSTORE_ASSERT_SIZE(lgstore_completion_t, 64);
LGSTORE_ASSERT_SIZE(lgstore_submission_t, 32);
#endif
#undef LGSTORE_ASSERT_SIZE

#endif /* LGSTORE_H */
