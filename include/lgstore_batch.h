/*
 * lgstore_batch.h: batches for C. Part of lgstore_ops.h, which includes it.
 *
 *   lgstore_batch_t batch;
 *   lgstore_batch_begin(&batch, NULL);
 *   lgstore_batch_put(&batch, labels, 2, "k", LGSTORE_STRLEN, "{}", LGSTORE_STRLEN, NULL);
 *   lgstore_batch_get(&batch, labels, 2, "k", LGSTORE_STRLEN, NULL);
 *   status = lgstore_batch(store, &batch, &result, &err);       or lgstore_batch_submit
 *   lgstore_batch_free(&batch);
 *
 * Answer: {"results":[...]}, one for each operation in order: {"result":...} or {"error":{...}}.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 */
#ifndef LGSTORE_BATCH_H
#define LGSTORE_BATCH_H

#include "lgstore_body.h"

/* Of a batch. */
typedef struct lgstore_batch_options {
  uint64_t timeout_us;
  uint64_t tag;
  int sequential; /* not 0: each operation sees the ones before; else reads see the state before the batch */
  int logged;     /* not 0: all or nothing */
  const lgstore_run_t *run;
} lgstore_batch_options_t;

/* A batch under construction; may be sent more than once, also after more was added. */
typedef struct lgstore_batch_builder {
  lgstore_text_t text;
  uint64_t timeout_us;
  uint64_t tag;
  size_t count; /* operations so far */
} lgstore_batch_t;

/* Begins an empty batch. It must not be copied or moved. */
static inline void lgstore_batch_begin(lgstore_batch_t *batch, const lgstore_batch_options_t *options) {
  size_t at;
  lgstore_text_init(&batch->text);
  batch->count = 0;
  batch->timeout_us = options != NULL ? options->timeout_us : 0;
  batch->tag = options != NULL ? options->tag : 0;
  lgstore_text_raw(&batch->text, "{");
  at = batch->text.len;
  lgstore_body_run(&batch->text, options != NULL ? options->run : NULL);
  if (batch->text.len > at) lgstore_text_raw(&batch->text, ",");
  if (options != NULL && options->sequential) lgstore_text_raw(&batch->text, "\"mode\":\"sequential\",");
  if (options != NULL && options->logged) lgstore_text_raw(&batch->text, "\"atomicity\":\"logged\",");
  lgstore_text_raw(&batch->text, "\"ops\":[");
}

/* Releases the batch's memory. */
static inline void lgstore_batch_free(lgstore_batch_t *batch) {
  lgstore_text_free(&batch->text);
}

static inline lgstore_text_t *lgstore_batch_next(lgstore_batch_t *batch, const char *op) {
  if (batch->count++ > 0) lgstore_text_raw(&batch->text, ",");
  lgstore_text_raw(&batch->text, "{\"op\":\"");
  lgstore_text_raw(&batch->text, op);
  lgstore_text_raw(&batch->text, "\",");
  return &batch->text;
}

/* Adds a put. Of options, timeout_us, tag and run have no meaning inside a batch, here and below. */
static inline void lgstore_batch_put(lgstore_batch_t *batch, const char *const *labels, size_t n_labels,
                                     const char *key, size_t key_len, const char *value, size_t value_len,
                                     const lgstore_put_options_t *options) {
  lgstore_text_t *body = lgstore_batch_next(batch, "put");
  lgstore_body_put(body, labels, n_labels, key, key_len, value, value_len, options);
  lgstore_text_raw(body, "}");
}

/* Adds a get. */
static inline void lgstore_batch_get(lgstore_batch_t *batch, const char *const *labels, size_t n_labels,
                                     const char *key, size_t key_len, const lgstore_get_options_t *options) {
  lgstore_text_t *body = lgstore_batch_next(batch, "get");
  lgstore_body_get(body, labels, n_labels, key, key_len, options);
  lgstore_text_raw(body, "}");
}

/* Adds a delete. */
static inline void lgstore_batch_delete(lgstore_batch_t *batch, const char *const *labels, size_t n_labels,
                                        const char *key, size_t key_len) {
  lgstore_text_t *body = lgstore_batch_next(batch, "delete");
  lgstore_body_item(body, labels, n_labels, key, key_len);
  lgstore_text_raw(body, "}");
}

/* Adds a search. */
static inline void lgstore_batch_search(lgstore_batch_t *batch, const char *const *labels, size_t n_labels,
                                        const lgstore_search_options_t *options) {
  lgstore_text_t *body = lgstore_batch_next(batch, "search");
  lgstore_body_search(body, labels, n_labels, options);
  lgstore_text_raw(body, "}");
}

/* Adds a list_namespaces. */
static inline void lgstore_batch_list(lgstore_batch_t *batch, const lgstore_list_options_t *options) {
  lgstore_text_t *body = lgstore_batch_next(batch, "list_namespaces");
  lgstore_body_list(body, options);
  lgstore_text_raw(body, "}");
}

/* Adds a count; filter is JSON or NULL. */
static inline void lgstore_batch_count(lgstore_batch_t *batch, const char *const *labels, size_t n_labels,
                                       const char *filter) {
  lgstore_text_t *body = lgstore_batch_next(batch, "count");
  lgstore_body_scope(body, labels, n_labels, filter);
  lgstore_text_raw(body, "}");
}

static inline lgstore_request_t lgstore_batch_request(const lgstore_batch_t *batch) {
  lgstore_request_t request;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.op = LGSTORE_OP_BATCH;
  request.json = batch->text.data;
  request.json_len = batch->text.len;
  request.timeout_us = batch->timeout_us;
  request.tag = batch->tag;
  return request;
}

/* Sends the batch and waits. [block] */
static inline lgstore_status_t lgstore_batch(lgstore_t *store, lgstore_batch_t *batch,
                                             lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_status_t status = LGSTORE_E_BUSY;
  const size_t len = batch->text.len;
  if (result != NULL) *result = NULL;
  if (err != NULL) *err = NULL;
  lgstore_text_raw(&batch->text, "]}");
  if (!batch->text.failed) {
    const lgstore_request_t request = lgstore_batch_request(batch);
    lgstore_result_t *unread = NULL;
    status = lgstore_call(store, &request, result != NULL ? result : &unread, err);
    lgstore_result_free(unread);
  }
  batch->text.len = len;
  return status;
}

/* Submits the batch; it may be freed at once. [nb] */
static inline lgstore_status_t lgstore_batch_submit(lgstore_t *store, lgstore_batch_t *batch,
                                                    lgstore_op_t *op, lgstore_result_t **done,
                                                    lgstore_error_t **err, lgstore_callback_t callback,
                                                    void *user_data) {
  lgstore_status_t status = LGSTORE_E_BUSY;
  const size_t len = batch->text.len;
  if (op != NULL) *op = 0;
  if (done != NULL) *done = NULL;
  if (err != NULL) *err = NULL;
  lgstore_text_raw(&batch->text, "]}");
  if (!batch->text.failed) {
    lgstore_request_t request = lgstore_batch_request(batch);
    request.flags = done != NULL ? LGSTORE_ALLOW_IMMEDIATE : 0;
    status = lgstore_submit(store, &request, op, done, err, callback, user_data);
  }
  batch->text.len = len;
  return status;
}

#endif /* LGSTORE_BATCH_H */
