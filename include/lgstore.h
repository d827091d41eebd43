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

/** Major version of the library, 0 before the first stable release. */
#define LGSTORE_VERSION_MAJOR 0
/** Minor version. */
#define LGSTORE_VERSION_MINOR 1
/** Patch version. */
#define LGSTORE_VERSION_PATCH 0
/** major * 1000000 + minor * 1000 + patch. */
#define LGSTORE_VERSION_NUMBER 1000
/** The ABI: functions, constants and struct fields are only ever added to one number. */
#define LGSTORE_ABI_VERSION 1

/**
 * In `flags` of the options: callbacks run on the worker that finished the request, for callbacks that
 * only hand over and return (a blocked callback would block requests).
 */
#define LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS 1

/** Create or replace an item; a null value deletes. */
#define LGSTORE_OP_PUT 1
/** Read an item. */
#define LGSTORE_OP_GET 2
/** Remove an item. */
#define LGSTORE_OP_DELETE 3
/** Items at and below a prefix. */
#define LGSTORE_OP_SEARCH 4
/** Namespaces that hold an item. */
#define LGSTORE_OP_LIST_NAMESPACES 5
/** Several operations at once. */
#define LGSTORE_OP_BATCH 6
/** Put unless the item exists. */
#define LGSTORE_OP_PUT_IF_ABSENT 7
/** Put only if the item exists. */
#define LGSTORE_OP_UPDATE_IF_EXISTS 8
/** Put only over an expected value or version. */
#define LGSTORE_OP_COMPARE_AND_SET 9
/** Delete and say whether there was something. */
#define LGSTORE_OP_DELETE_IF_EXISTS 10
/** Delete only an expected value or version. */
#define LGSTORE_OP_DELETE_IF_VALUE 11
/** Remove everything at and below a prefix. */
#define LGSTORE_OP_DELETE_PREFIX 12
/** Count items at and below a prefix. */
#define LGSTORE_OP_COUNT 13
/** Reclaim expired items now. */
#define LGSTORE_OP_SWEEP 14
/** Open the engine and report its errors. */
#define LGSTORE_OP_OPEN 15
/** Bring the schema to this library's version. */
#define LGSTORE_OP_MIGRATE 16
/** Open connections, fill caches. */
#define LGSTORE_OP_WARMUP 17
/** Named checks. */
#define LGSTORE_OP_HEALTH 18
/** What the engine says of itself. */
#define LGSTORE_OP_CLUSTER_INFO 19
/** Rebuild derived data. */
#define LGSTORE_OP_REINDEX 20
/** Copy the open store into a new file. */
#define LGSTORE_OP_BACKUP 21
/** Move a test clock forward. */
#define LGSTORE_OP_ADVANCE 22
/** The most completions a queue may be asked to hold. */
#define LGSTORE_CQ_CAPACITY_MAX 262144
/** In `flags` of a request: it may be answered at once, see lgstore_submit. */
#define LGSTORE_ALLOW_IMMEDIATE 1
/** In `flags` of the last submission of a burst: another burst follows, see lgstore_submit_cq. */
#define LGSTORE_MORE_FOLLOWS 2

/** A completion queue. Thread-safe; several readers may drain one queue. */
typedef struct lgstore_cq_t lgstore_cq_t;

/**
 * Why a function failed. Owned by the caller, immutable, usable from any thread, also after fork.
 * There is no "last error" per thread: a goroutine may resume on another thread.
 */
typedef struct lgstore_error_t lgstore_error_t;

/**
 * The outcome of a request: a status and a JSON document (the answer, or the error). Immutable,
 * usable from any thread, also after its store is closed.
 */
typedef struct lgstore_result_t lgstore_result_t;

/**
 * A runtime: worker threads, callback threads, a log. Thread-safe. Stores keep what they need of it
 * alive, so it may be freed before them.
 */
typedef struct lgstore_runtime_t lgstore_runtime_t;

/** A store. Thread-safe. Made by lgstore_new, ended by lgstore_close and lgstore_free. */
typedef struct lgstore_t lgstore_t;

/** 0 or one of the LGSTORE_E_ numbers; LGSTORE_DONE where a function says so. */
typedef int32_t lgstore_status_t;

/** Options of a runtime. Zero-initialise, set `struct_size`; zero means the default. */
typedef struct lgstore_runtime_options_t {
  /** sizeof(lgstore_runtime_options_t) */
  size_t struct_size;
  /** 0 or LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS */
  uint32_t flags;
  /** Threads that run requests; default as many as processors, at most 4. */
  uint32_t worker_threads;
  /** Threads that call back; default 1, which keeps callbacks in the order of completion. */
  uint32_t callback_threads;
  /** Threads for long scans and for files; default 64, started when needed. */
  uint32_t max_blocking_threads;
  /** Log events that may wait for the log callback; the oldest are dropped; default 1024. */
  uint32_t log_lines;
  /** 0 */
  uint32_t reserved;
} lgstore_runtime_options_t;

/**
 * Receives one log event: level 1 = error … 5 = trace, and a JSON object, borrowed for the call.
 * Called on a thread of the library, one call at a time.
 */
typedef void (*lgstore_log_t)(int32_t level, const char *json, size_t json_len, void *user_data);

/** Identifies an accepted request: increasing, never reused, 0 = none. */
typedef uint64_t lgstore_op_t;

/** The outcome of one accepted request. Frozen, 64 bytes. */
typedef struct lgstore_completion_t {
  /** The id that submit gave out. */
  lgstore_op_t op;
  /** The request's tag. */
  uint64_t tag;
  /** LGSTORE_OK or LGSTORE_E_… */
  lgstore_status_t status;
  /** 0 */
  uint32_t flags;
  /**
   * The answer's or the error's JSON document, NUL-terminated. Borrowed: valid in the callback,
   * or until the completion is released.
   */
  const char *json;
  /** Its length without the NUL. */
  size_t json_len;
  /** For lgstore_result_take; NULL = no result. */
  struct lgstore_result_t *owner;
  /** From submit to delivery. */
  uint64_t latency_ns;
  /** 0 */
  uint64_t reserved;
} lgstore_completion_t;

/**
 * Receives one completion, on a callback thread of the runtime (or on the worker that finished the
 * request, if the runtime was made so). The completion and what it points to are borrowed for the
 * call. Every function marked [nb] may be called from here. Must not throw or longjmp.
 */
typedef void (*lgstore_callback_t)(const struct lgstore_completion_t *completion, void *user_data);

/** One request. Zero-initialise it, set `struct_size`, then what you need; zero means the default. */
typedef struct lgstore_request_t {
  /** sizeof(lgstore_request_t) */
  size_t struct_size;
  /** LGSTORE_OP_… */
  uint32_t op;
  /** 0 or LGSTORE_ALLOW_IMMEDIATE */
  uint32_t flags;
  /** The body, a JSON object in UTF-8; NULL with length 0 = {}. Copied before submit returns. */
  const char *json;
  /** Bytes of the body. */
  size_t json_len;
  /** Microseconds until the deadline; 0 = the store's default. */
  uint64_t timeout_us;
  /** Yours; echoed in the completion, never dereferenced. */
  uint64_t tag;
} lgstore_request_t;

/** One request of a burst: no pointers, so that callers can build it anywhere. Frozen, 32 bytes. */
typedef struct lgstore_submission_t {
  /** LGSTORE_OP_… */
  uint32_t op;
  /** LGSTORE_ALLOW_IMMEDIATE, LGSTORE_MORE_FOLLOWS, both or 0 */
  uint32_t flags;
  /** Where the body begins in the arena. */
  uint32_t json_off;
  /** Bytes of the body. */
  uint32_t json_len;
  /** Microseconds until the deadline; 0 = the store's default. */
  uint64_t timeout_us;
  /** Yours; echoed in the completion. */
  uint64_t tag;
} lgstore_submission_t;

/**
 * Wakes the reader of a completion queue; must not block. One call at a time, on a thread of the library
 * or inside lgstore_cq_wake and lgstore_cq_set_doorbell.
 */
typedef void (*lgstore_doorbell_t)(void *user_data);

/** Success; for lgstore_submit: accepted, one completion will come. */
#define LGSTORE_OK 0
/** lgstore_submit answered at once; no completion comes. */
#define LGSTORE_DONE 1000
/** An argument is missing, of the wrong type or out of its limits. */
#define LGSTORE_E_INVALID_ARG 1
/** A text is not UTF-8. */
#define LGSTORE_E_UTF8 2
/** A text is not the JSON that is asked for. */
#define LGSTORE_E_JSON 3
/** The operation, field value or struct size is not known to this library. */
#define LGSTORE_E_UNSUPPORTED 4
/** Header and library do not fit. */
#define LGSTORE_E_ABI_MISMATCH 5
/** A blocking function on a thread of the library. */
#define LGSTORE_E_WOULD_DEADLOCK 6
/** The store or runtime is closed or closing. */
#define LGSTORE_E_CLOSED 100
/** The handle was made before fork(). */
#define LGSTORE_E_FORKED 101
/** Too many requests or bytes in flight; nothing was taken. */
#define LGSTORE_E_BUSY 102
/** The deadline passed; surely not applied. */
#define LGSTORE_E_TIMEOUT 103
/** Cancelled; surely not applied. */
#define LGSTORE_E_CANCELLED 104
/** Something named in the request does not exist. An absent item is not an error. */
#define LGSTORE_E_NOT_FOUND 200
/** The stored data contradicts the request: a foreign or newer file. */
#define LGSTORE_E_CONFLICT 201
/** Stored bytes are damaged. */
#define LGSTORE_E_CORRUPT 202
/** The engine can't serve now; not applied. */
#define LGSTORE_E_UNAVAILABLE 300
/** Refused by the rate limiter. */
#define LGSTORE_E_RATE_LIMITED 301
/** The write may or may not have been applied. */
#define LGSTORE_E_UNKNOWN_OUTCOME 302
/** No space left; not applied. */
#define LGSTORE_E_FULL 303
/** File or medium is read-only; not applied. */
#define LGSTORE_E_READ_ONLY 304
/** An engine error without a better name. */
#define LGSTORE_E_BACKEND 305
/** Wrong or missing credentials, or no right to do this; not applied. */
#define LGSTORE_E_UNAUTHORIZED 306
/** The cluster is overloaded and refused the request; not applied. */
#define LGSTORE_E_OVERLOADED 307
/** The circuit breaker is open; nothing was sent. */
#define LGSTORE_E_CIRCUIT_OPEN 308
/** A panic was caught. */
#define LGSTORE_E_PANIC 900
/** An earlier panic left shared state in doubt; only close is possible. */
#define LGSTORE_E_POISONED 901

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- Versions: callable before anything else, on any thread, also after fork ---- */

/** [nb] The ABI number of the library that is loaded. */
uint32_t lgstore_abi_version(void);

/** [nb] The version of the library that is loaded, "major.minor.patch"; static. */
const char *lgstore_version(void);

/**
 * [nb] Whether a program built with a header of this ABI and version may use this library: the same
 * ABI number, and a library at least as new as the header. Bindings call
 * `lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER)` once when they load.
 * LGSTORE_OK or LGSTORE_E_ABI_MISMATCH.
 */
lgstore_status_t lgstore_abi_check(uint32_t header_abi, uint32_t header_version_number);

/** [nb] The name of a status number, for example "invalid_arg"; "unknown" for others; static. */
const char *lgstore_status_name(lgstore_status_t status);

/* ---- lgstore_runtime_t: the threads that stores run on ---- */

/**
 * [nb] Starts a runtime. `options` may be NULL. On success `*out` is an owned runtime.
 * Errors: LGSTORE_E_INVALID_ARG (an option out of range), LGSTORE_E_UNAVAILABLE (no threads to be had).
 *
 * Safety: `options` is NULL or readable for its struct_size; `out` is writable; `err` is NULL or writable.
 */
lgstore_status_t lgstore_runtime_new(const struct lgstore_runtime_options_t *options,
                                     struct lgstore_runtime_t **out,
                                     struct lgstore_error_t **err);

/**
 * [block] Sets the function that receives the runtime's log events of `level` (1 error, 2 warn, 3 info,
 * 4 debug, 5 trace) and below; NULL = silent, as at the start. Events go through a bounded ring; what
 * is lost is counted and reported. Waits for a running call of the old function, which is never called
 * again once this has returned. LGSTORE_E_WOULD_DEADLOCK on a thread of the library.
 * `runtime` NULL = the shared default runtime, which lives as long as a store uses it: set its log after
 * lgstore_new. LGSTORE_E_CLOSED while no store does.
 *
 * Safety: `runtime` is NULL or live; `log` may be called with `user_data` on a thread of the library until it
 * is replaced or the runtime has ended.
 */
lgstore_status_t lgstore_runtime_set_log(struct lgstore_runtime_t *runtime,
                                         int32_t level,
                                         lgstore_log_t log,
                                         void *user_data);

/**
 * [block] Lets go of the runtime and waits up to `timeout_us` (UINT64_MAX = without end) until it has
 * ended: every store on it freed, every callback returned, every thread joined. LGSTORE_E_TIMEOUT: not
 * yet; join again to wait on. The handle still has to be freed, and makes no more stores.
 *
 * Safety: `runtime` is live.
 */
lgstore_status_t lgstore_runtime_join(struct lgstore_runtime_t *runtime,
                                      uint64_t timeout_us);

/**
 * [nb] Frees a runtime handle. NULL is accepted. The runtime ends by itself, in the background, when
 * the last store on it is freed. Legal in callbacks.
 *
 * Safety: `runtime` is NULL or live; nobody uses it during or after this call.
 */
void lgstore_runtime_free(struct lgstore_runtime_t *runtime);

/* ---- lgstore_t: a store ---- */

/**
 * [nb] Makes a store from a configuration: a JSON document, a URL (`memory:`, `file:…`), or NULL with
 * length 0 = from the environment (LGSTORE_…). Validates and does no I/O: the file is opened by the
 * first operation, which carries the errors of opening (or by LGSTORE_OP_OPEN).
 * `runtime` NULL = the shared default runtime. On success `*out` is an owned store; on failure it is
 * NULL, the status says why and `*err` (if `err` is not NULL) says more.
 *
 * Safety: `runtime` is NULL or live; `config` points at `config_len` bytes; `out` and `err` are writable or NULL.
 */
lgstore_status_t lgstore_new(struct lgstore_runtime_t *runtime,
                             const char *config,
                             size_t config_len,
                             struct lgstore_t **out,
                             struct lgstore_error_t **err);

/**
 * [nb] Asks an accepted request to end early; its one completion still comes: LGSTORE_E_CANCELLED, or
 * its own outcome when that was decided first or a write had begun. An id that is unknown or finished
 * is no error.
 *
 * Safety: `store` is live.
 */
lgstore_status_t lgstore_cancel(struct lgstore_t *store,
                                lgstore_op_t op);

/**
 * [block] Closes a store: accepts nothing more, waits up to `drain_timeout_us` for what was accepted,
 * completes the rest with LGSTORE_E_CLOSED, waits until every callback has returned (or every
 * completion lies in its queue), writes back and closes files. After LGSTORE_OK no callback of this
 * store runs or will run. LGSTORE_E_TIMEOUT: a callback is still running; close again to wait on.
 * Closing a closed store is LGSTORE_OK. The handle still has to be freed.
 *
 * Safety: `store` is live.
 */
lgstore_status_t lgstore_close(struct lgstore_t *store,
                               uint64_t drain_timeout_us);

/**
 * [nb] lgstore_close in the background: nothing more is accepted once this has returned; `callback` (may
 * be NULL) receives one completion with op and tag 0 and close's status. Legal in callbacks.
 *
 * Safety: `store` is live; `callback` may be called with `user_data` once, on a thread of the library.
 */
lgstore_status_t lgstore_close_async(struct lgstore_t *store,
                                     uint64_t drain_timeout_us,
                                     lgstore_callback_t callback,
                                     void *user_data);

/**
 * [nb] Frees a store handle. NULL is accepted. Without a close before it, it closes in the background
 * like lgstore_close_async with no time to drain: completions still come, each once. Legal in callbacks.
 *
 * Safety: `store` is NULL or live; nobody uses it during or after this call.
 */
void lgstore_free(struct lgstore_t *store);

/**
 * [nb] A snapshot of counts, errors and latencies (microseconds) per operation, batches, caches and the
 * like as a JSON document in `*out`, an owned result. `reset` non-zero starts the counts anew afterwards.
 *
 * Safety: `store` is live; `out` is writable; `err` is NULL or writable.
 */
lgstore_status_t lgstore_metrics(struct lgstore_t *store,
                                 uint32_t reset,
                                 struct lgstore_result_t **out,
                                 struct lgstore_error_t **err);

/**
 * [nb] The same counts as text for Prometheus (exposition format 0.0.4) in `*out`, an owned result: read
 * it with lgstore_result_json, and serve it as `text/plain; version=0.0.4`. Seconds and bytes,
 * histograms with buckets. It does not reset anything.
 *
 * Safety: `store` is live; `out` is writable; `err` is NULL or writable.
 */
lgstore_status_t lgstore_metrics_prometheus(struct lgstore_t *store,
                                            struct lgstore_result_t **out,
                                            struct lgstore_error_t **err);

/**
 * [nb] Closes the store's circuit breaker, whatever its state: requests go to the cluster again, and its
 * failures in a row start at 0. LGSTORE_OK also where the store has no breaker. Its state is in
 * lgstore_metrics and in the answer of LGSTORE_OP_HEALTH.
 *
 * Safety: `store` is live.
 */
lgstore_status_t lgstore_breaker_reset(struct lgstore_t *store);

/* ---- Submitting requests: with a callback, in bursts to a queue, or waiting for the answer ---- */

/**
 * [nb] Submits one request. Exactly one of three things happens:
 * - an error status: nothing else happens, `*err` (if `err` is not NULL) says why;
 * - LGSTORE_DONE, only with LGSTORE_ALLOW_IMMEDIATE in the flags and `out_done` not NULL: `*out_done`
 *   is the outcome, an owned result whose own status may be an error; no completion comes;
 * - LGSTORE_OK: `*out_op` (if not NULL) is the request's id, and exactly one completion is delivered to
 *   `callback`, never inside this call, on a thread of the runtime.
 *
 * Safety: `store` is live; `request` is readable for its struct_size; the out-parameters are NULL or writable;
 * `callback` may be called with `user_data` once, on a thread of the library.
 */
lgstore_status_t lgstore_submit(struct lgstore_t *store,
                                const struct lgstore_request_t *request,
                                lgstore_op_t *out_op,
                                struct lgstore_result_t **out_done,
                                struct lgstore_error_t **err,
                                lgstore_callback_t callback,
                                void *user_data);

/**
 * [nb] Submits `n` requests whose bodies lie in one arena; their completions go to `queue`.
 *
 * Submissions are taken in order up to the first that is refused (queue or store full, closed, an
 * operation or flag that is not known, a body outside the arena): `*out_accepted` says how many were
 * taken, the return value is the first refusal's status. A body that does not validate is taken and
 * completed with its error document. `out_ops` (NULL or n long) receives the ids.
 * With `out_done` (NULL or n long; needs `out_ops`) submissions that carry LGSTORE_ALLOW_IMMEDIATE may
 * be answered at once: then out_ops[i] is 0 and out_done[i] is the completion, to be released with
 * lgstore_cq_release; otherwise out_done[i].owner is NULL.
 * With LGSTORE_MORE_FOLLOWS in the last submission the call wakes nobody: what it has accepted may lie until
 * the store's next lgstore_submit_cq without it (n may be 0), or close; neither lgstore_call nor
 * lgstore_cq_wait is enough. For requests that come one by one but at the same moment, as in a turn of an
 * event loop. A deadline and lgstore_cancel reach those that lie, too.
 *
 * Safety: `store` and `queue` are live; `arena` points at `arena_len` bytes, `submissions` at n structs; the
 * out-parameters are NULL or writable for their lengths.
 */
lgstore_status_t lgstore_submit_cq(struct lgstore_t *store,
                                   struct lgstore_cq_t *queue,
                                   const char *arena,
                                   size_t arena_len,
                                   const struct lgstore_submission_t *submissions,
                                   size_t n,
                                   size_t *out_accepted,
                                   lgstore_op_t *out_ops,
                                   struct lgstore_completion_t *out_done);

/**
 * [block] Submits one request and waits for its outcome: `*out` is an owned result, and the return
 * value its status (0, or the error's). When the request was refused, `*out` is NULL and `*err` says
 * why; when it failed, `*err` is set as well. Reads of an embedded store, and writes
 * that are alone in one, run on the calling thread.
 * LGSTORE_E_WOULD_DEADLOCK on a thread of the library.
 *
 * Safety: As for lgstore_submit.
 */
lgstore_status_t lgstore_call(struct lgstore_t *store,
                              const struct lgstore_request_t *request,
                              struct lgstore_result_t **out,
                              struct lgstore_error_t **err);

/* ---- lgstore_result_t: the outcome of a request ---- */

/**
 * [nb] Makes the result of a completion yours: callable in the callback, or between
 * lgstore_cq_drain and lgstore_cq_release. Takes O(1), copies nothing; free it with
 * lgstore_result_free. The completion's `json` stays valid as long as the result lives.
 * NULL when the completion is NULL or has no result.
 *
 * Safety: `completion` is NULL or one that the library filled and that is not released yet.
 */
struct lgstore_result_t *lgstore_result_take(const struct lgstore_completion_t *completion);

/**
 * [nb] The JSON document: UTF-8, NUL-terminated, valid until the result is freed.
 * `len` (may be NULL) receives the length without the NUL. NULL for NULL.
 *
 * Safety: `result` is NULL or live; `len` is NULL or writable.
 */
const char *lgstore_result_json(const struct lgstore_result_t *result, size_t *len);

/**
 * [nb] The status: LGSTORE_OK or LGSTORE_E_…; LGSTORE_E_INVALID_ARG for NULL.
 *
 * Safety: `result` is NULL or live.
 */
lgstore_status_t lgstore_result_status(const struct lgstore_result_t *result);

/**
 * [nb] Frees a result. NULL is accepted.
 *
 * Safety: `result` is NULL or live, and not used afterwards.
 */
void lgstore_result_free(struct lgstore_result_t *result);

/* ---- lgstore_error_t: why a call failed, in an object of its own ---- */

/**
 * [nb] The error's status number; LGSTORE_OK for NULL.
 *
 * Safety: `error` is NULL or live.
 */
lgstore_status_t lgstore_error_status(const struct lgstore_error_t *error);

/**
 * [nb] What happened, for people: UTF-8, NUL-terminated, valid until the error is freed.
 * `len` (may be NULL) receives the length without the NUL. "" for NULL.
 *
 * Safety: `error` is NULL or live; `len` is NULL or writable.
 */
const char *lgstore_error_message(const struct lgstore_error_t *error, size_t *len);

/**
 * [nb] The error document: {"code","message","field"?,"retryable","may_have_applied",
 * "retry_after_ms"?,"details"?}. UTF-8, NUL-terminated, valid until the error is freed.
 * `len` (may be NULL) receives the length without the NUL. "" for NULL.
 *
 * Safety: `error` is NULL or live; `len` is NULL or writable.
 */
const char *lgstore_error_json(const struct lgstore_error_t *error, size_t *len);

/**
 * [nb] Frees an error. NULL is accepted.
 *
 * Safety: `error` is NULL or live, and not used afterwards.
 */
void lgstore_error_free(struct lgstore_error_t *error);

/* ---- lgstore_cq_t: a completion queue ---- */

/**
 * [nb] Makes a completion queue for at most `capacity` (1 to LGSTORE_CQ_CAPACITY_MAX, 0 = 4096)
 * requests in flight. A place is taken at submit, so the queue never overflows: submit is refused with
 * LGSTORE_E_BUSY instead. It may serve several stores. `runtime` is not used and may be NULL.
 *
 * Safety: `out` is writable; `err` is NULL or writable.
 */
lgstore_status_t lgstore_cq_new(struct lgstore_runtime_t *runtime,
                                uint32_t capacity,
                                struct lgstore_cq_t **out,
                                struct lgstore_error_t **err);

/**
 * [nb] A descriptor that is readable while the queue is not empty, for poll, epoll, kqueue; made at
 * the first call, owned by the queue, non-blocking, close-on-exec. Never read it: draining does.
 * -1 where it can't be had.
 *
 * Safety: `queue` is live.
 */
int32_t lgstore_cq_fd(struct lgstore_cq_t *queue);

/**
 * [block] Sets the function that is called when the queue goes from empty to not empty, and at once if
 * something waits already; NULL = none. Waits for a running call of the old one: after it has returned,
 * that one is never called again. LGSTORE_E_WOULD_DEADLOCK on a thread of the library. The doorbell may
 * call every function marked [nb]; lgstore_cq_wake from inside it does not ring again.
 *
 * Safety: `queue` is live; `ring` may be called with `user_data` on threads of the library until it is replaced.
 */
lgstore_status_t lgstore_cq_set_doorbell(struct lgstore_cq_t *queue,
                                         lgstore_doorbell_t ring,
                                         void *user_data);

/**
 * [nb] Moves up to `max` completions into `out` and says how many. When it returns fewer than `max` the
 * queue was empty and the doorbell and descriptor are armed again; else drain once more. Each completion
 * is yours until lgstore_cq_release.
 *
 * Safety: `queue` is live; `out` holds `max` completions.
 */
size_t lgstore_cq_drain(struct lgstore_cq_t *queue,
                        struct lgstore_completion_t *out,
                        size_t max);

/**
 * [block] Like lgstore_cq_drain, but waits up to `timeout_us` (UINT64_MAX = without end) for the first
 * completion or for lgstore_cq_wake. 0 at once on a thread of the library.
 *
 * Safety: `queue` is live; `out` holds `max` completions.
 */
size_t lgstore_cq_wait(struct lgstore_cq_t *queue,
                       struct lgstore_completion_t *out,
                       size_t max,
                       uint64_t timeout_us);

/**
 * [nb] Makes one lgstore_cq_wait return although nothing has come, sets the descriptor and rings the
 * doorbell: how another thread asks the reader to look up.
 *
 * Safety: `queue` is live.
 */
void lgstore_cq_wake(struct lgstore_cq_t *queue);

/**
 * [nb] Gives drained completions back: their `json` and `owner` are not valid afterwards, except where
 * lgstore_result_take made a result yours.
 *
 * Safety: `batch` holds `n` completions that the library filled and that are not released yet.
 */
void lgstore_cq_release(struct lgstore_cq_t *queue,
                        const struct lgstore_completion_t *batch,
                        size_t n);

/**
 * [nb] Frees a queue. NULL is accepted. Completions in it and those still to come are dropped and their
 * slots given back: the one case in which a request has no completion. Set the doorbell to NULL first
 * if its user data must outlive it.
 *
 * Safety: `queue` is NULL or live; nobody uses it during or after this call.
 */
void lgstore_cq_free(struct lgstore_cq_t *queue);

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
