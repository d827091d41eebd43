/*
 * lgstore_ops.h: one typed function per operation, in two forms:
 *
 *   lgstore_<op>(store, <inputs>, options, &result, &err)              waits            [block]
 *   lgstore_<op>_submit(store, <inputs>, options, &op, &done, &err,
 *                       callback, user_data)                           returns at once  [nb]
 *
 * over lgstore_call and lgstore_submit. Nobody writes JSON for a request: labels are NUL-terminated
 * texts with their number, keys and values are pointer and length (LGSTORE_STRLEN = ends at its NUL),
 * options are structs of which zero (or NULL for all) means the default. A value is the text of one JSON
 * object and is stored as it stands; NULL is null. Answers are JSON: lgstore_json_member and
 * lgstore_json_next (lgstore_text.h) find their parts.
 *
 * Returned is what lgstore_call or lgstore_submit returns; LGSTORE_E_BUSY also means that memory for the
 * request ran out. `result` and `err` are the caller's to free; both may be NULL where nobody reads them.
 * In the submit form, `op` (may be NULL) is the number for lgstore_cancel; a `done` that is not NULL
 * allows LGSTORE_DONE: then `*done` is the result, and no completion comes.
 *
 * Header-only, C99 and C++17.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 */
#ifndef LGSTORE_OPS_H
#define LGSTORE_OPS_H

#include "lgstore_body.h"

/* Creates or replaces an item; a NULL value deletes it. Answer: null. */
static inline lgstore_status_t lgstore_put(lgstore_t *store, const char *const *labels, size_t n_labels,
                                           const char *key, size_t key_len, const char *value,
                                           size_t value_len, const lgstore_put_options_t *options,
                                           lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  return lgstore_ops_call(store, LGSTORE_OP_PUT, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_put_submit(lgstore_t *store, const char *const *labels,
                                                  size_t n_labels, const char *key, size_t key_len,
                                                  const char *value, size_t value_len,
                                                  const lgstore_put_options_t *options, lgstore_op_t *op,
                                                  lgstore_result_t **done, lgstore_error_t **err,
                                                  lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  return lgstore_ops_submit(store, LGSTORE_OP_PUT, &body, LGSTORE_OPS_SENDING(options), op, done, err,
                            callback, user_data);
}

/* Reads an item. Answer: the item ({"namespace","key","value","created_at","updated_at","version",
 * "expires_at"?}), or null when there is none. */
static inline lgstore_status_t lgstore_get(lgstore_t *store, const char *const *labels, size_t n_labels,
                                           const char *key, size_t key_len,
                                           const lgstore_get_options_t *options, lgstore_result_t **result,
                                           lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_get(&body, labels, n_labels, key, key_len, options);
  return lgstore_ops_call(store, LGSTORE_OP_GET, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_get_submit(lgstore_t *store, const char *const *labels,
                                                  size_t n_labels, const char *key, size_t key_len,
                                                  const lgstore_get_options_t *options, lgstore_op_t *op,
                                                  lgstore_result_t **done, lgstore_error_t **err,
                                                  lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_get(&body, labels, n_labels, key, key_len, options);
  return lgstore_ops_submit(store, LGSTORE_OP_GET, &body, LGSTORE_OPS_SENDING(options), op, done, err,
                            callback, user_data);
}

/* Removes an item, also when there is none. Answer: null. */
static inline lgstore_status_t lgstore_delete(lgstore_t *store, const char *const *labels, size_t n_labels,
                                              const char *key, size_t key_len,
                                              const lgstore_options_t *options, lgstore_result_t **result,
                                              lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_item(&body, labels, n_labels, key, key_len);
  return lgstore_ops_call(store, LGSTORE_OP_DELETE, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_delete_submit(lgstore_t *store, const char *const *labels,
                                                     size_t n_labels, const char *key, size_t key_len,
                                                     const lgstore_options_t *options, lgstore_op_t *op,
                                                     lgstore_result_t **done, lgstore_error_t **err,
                                                     lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_item(&body, labels, n_labels, key, key_len);
  return lgstore_ops_submit(store, LGSTORE_OP_DELETE, &body, LGSTORE_OPS_SENDING(options), op, done, err,
                            callback, user_data);
}

/* Finds items at and below a prefix (no labels: everywhere). Answer: {"items":[...],"cursor"?}; the
 * cursor asks for the next page and is absent on the last. */
static inline lgstore_status_t lgstore_search(lgstore_t *store, const char *const *labels, size_t n_labels,
                                              const lgstore_search_options_t *options,
                                              lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_search(&body, labels, n_labels, options);
  return lgstore_ops_call(store, LGSTORE_OP_SEARCH, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_search_submit(lgstore_t *store, const char *const *labels,
                                                     size_t n_labels, const lgstore_search_options_t *options,
                                                     lgstore_op_t *op, lgstore_result_t **done,
                                                     lgstore_error_t **err, lgstore_callback_t callback,
                                                     void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_search(&body, labels, n_labels, options);
  return lgstore_ops_submit(store, LGSTORE_OP_SEARCH, &body, LGSTORE_OPS_SENDING(options), op, done, err,
                            callback, user_data);
}

/* Lists namespaces that hold an item. Answer: {"namespaces":[[...],...],"cursor"?}. */
static inline lgstore_status_t lgstore_list_namespaces(lgstore_t *store,
                                                       const lgstore_list_options_t *options,
                                                       lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_list(&body, options);
  return lgstore_ops_call(store, LGSTORE_OP_LIST_NAMESPACES, &body, LGSTORE_OPS_SENDING(options), result,
                          err);
}

static inline lgstore_status_t lgstore_list_namespaces_submit(lgstore_t *store,
                                                              const lgstore_list_options_t *options,
                                                              lgstore_op_t *op, lgstore_result_t **done,
                                                              lgstore_error_t **err,
                                                              lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_list(&body, options);
  return lgstore_ops_submit(store, LGSTORE_OP_LIST_NAMESPACES, &body, LGSTORE_OPS_SENDING(options), op, done,
                            err, callback, user_data);
}

/* Creates an item only where there is none. Answer of this and the four below:
 * {"applied":true,"version":...}, or {"applied":false,"current":item or null}. */
static inline lgstore_status_t lgstore_put_if_absent(lgstore_t *store, const char *const *labels,
                                                     size_t n_labels, const char *key, size_t key_len,
                                                     const char *value, size_t value_len,
                                                     const lgstore_put_options_t *options,
                                                     lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  return lgstore_ops_call(store, LGSTORE_OP_PUT_IF_ABSENT, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_put_if_absent_submit(
    lgstore_t *store, const char *const *labels, size_t n_labels, const char *key, size_t key_len,
    const char *value, size_t value_len, const lgstore_put_options_t *options, lgstore_op_t *op,
    lgstore_result_t **done, lgstore_error_t **err, lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  return lgstore_ops_submit(store, LGSTORE_OP_PUT_IF_ABSENT, &body, LGSTORE_OPS_SENDING(options), op, done,
                            err, callback, user_data);
}

/* Replaces an item only where there is one. */
static inline lgstore_status_t lgstore_update_if_exists(lgstore_t *store, const char *const *labels,
                                                        size_t n_labels, const char *key, size_t key_len,
                                                        const char *value, size_t value_len,
                                                        const lgstore_put_options_t *options,
                                                        lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  return lgstore_ops_call(store, LGSTORE_OP_UPDATE_IF_EXISTS, &body, LGSTORE_OPS_SENDING(options), result,
                          err);
}

static inline lgstore_status_t lgstore_update_if_exists_submit(
    lgstore_t *store, const char *const *labels, size_t n_labels, const char *key, size_t key_len,
    const char *value, size_t value_len, const lgstore_put_options_t *options, lgstore_op_t *op,
    lgstore_result_t **done, lgstore_error_t **err, lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  return lgstore_ops_submit(store, LGSTORE_OP_UPDATE_IF_EXISTS, &body, LGSTORE_OPS_SENDING(options), op, done,
                            err, callback, user_data);
}

/* Replaces an item only when it has the expected value or version. */
static inline lgstore_status_t lgstore_compare_and_set(lgstore_t *store, const char *const *labels,
                                                       size_t n_labels, const char *key, size_t key_len,
                                                       const char *value, size_t value_len,
                                                       const lgstore_expected_t *expected,
                                                       const lgstore_put_options_t *options,
                                                       lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  lgstore_body_expected(&body, expected);
  return lgstore_ops_call(store, LGSTORE_OP_COMPARE_AND_SET, &body, LGSTORE_OPS_SENDING(options), result,
                          err);
}

static inline lgstore_status_t lgstore_compare_and_set_submit(
    lgstore_t *store, const char *const *labels, size_t n_labels, const char *key, size_t key_len,
    const char *value, size_t value_len, const lgstore_expected_t *expected,
    const lgstore_put_options_t *options, lgstore_op_t *op, lgstore_result_t **done, lgstore_error_t **err,
    lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_put(&body, labels, n_labels, key, key_len, value, value_len, options);
  lgstore_body_expected(&body, expected);
  return lgstore_ops_submit(store, LGSTORE_OP_COMPARE_AND_SET, &body, LGSTORE_OPS_SENDING(options), op, done,
                            err, callback, user_data);
}

/* Removes an item and says whether there was one. */
static inline lgstore_status_t lgstore_delete_if_exists(lgstore_t *store, const char *const *labels,
                                                        size_t n_labels, const char *key, size_t key_len,
                                                        const lgstore_options_t *options,
                                                        lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_item(&body, labels, n_labels, key, key_len);
  return lgstore_ops_call(store, LGSTORE_OP_DELETE_IF_EXISTS, &body, LGSTORE_OPS_SENDING(options), result,
                          err);
}

static inline lgstore_status_t lgstore_delete_if_exists_submit(
    lgstore_t *store, const char *const *labels, size_t n_labels, const char *key, size_t key_len,
    const lgstore_options_t *options, lgstore_op_t *op, lgstore_result_t **done, lgstore_error_t **err,
    lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_item(&body, labels, n_labels, key, key_len);
  return lgstore_ops_submit(store, LGSTORE_OP_DELETE_IF_EXISTS, &body, LGSTORE_OPS_SENDING(options), op, done,
                            err, callback, user_data);
}

/* Removes an item only when it has the expected value or version. */
static inline lgstore_status_t lgstore_delete_if_value(lgstore_t *store, const char *const *labels,
                                                       size_t n_labels, const char *key, size_t key_len,
                                                       const lgstore_expected_t *expected,
                                                       const lgstore_options_t *options,
                                                       lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_item(&body, labels, n_labels, key, key_len);
  lgstore_body_expected(&body, expected);
  return lgstore_ops_call(store, LGSTORE_OP_DELETE_IF_VALUE, &body, LGSTORE_OPS_SENDING(options), result,
                          err);
}

static inline lgstore_status_t lgstore_delete_if_value_submit(
    lgstore_t *store, const char *const *labels, size_t n_labels, const char *key, size_t key_len,
    const lgstore_expected_t *expected, const lgstore_options_t *options, lgstore_op_t *op,
    lgstore_result_t **done, lgstore_error_t **err, lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_item(&body, labels, n_labels, key, key_len);
  lgstore_body_expected(&body, expected);
  return lgstore_ops_submit(store, LGSTORE_OP_DELETE_IF_VALUE, &body, LGSTORE_OPS_SENDING(options), op, done,
                            err, callback, user_data);
}

/* Removes the items at and below a prefix that match the filter (JSON, NULL = all). Not atomic.
 * Answer: their number. */
static inline lgstore_status_t lgstore_delete_prefix(lgstore_t *store, const char *const *labels,
                                                     size_t n_labels, const char *filter,
                                                     const lgstore_options_t *options,
                                                     lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_scope(&body, labels, n_labels, filter);
  return lgstore_ops_call(store, LGSTORE_OP_DELETE_PREFIX, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_delete_prefix_submit(lgstore_t *store, const char *const *labels,
                                                            size_t n_labels, const char *filter,
                                                            const lgstore_options_t *options,
                                                            lgstore_op_t *op, lgstore_result_t **done,
                                                            lgstore_error_t **err,
                                                            lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_scope(&body, labels, n_labels, filter);
  return lgstore_ops_submit(store, LGSTORE_OP_DELETE_PREFIX, &body, LGSTORE_OPS_SENDING(options), op, done,
                            err, callback, user_data);
}

/* Counts the items at and below a prefix that match the filter (JSON, NULL = all). Answer: a number. */
static inline lgstore_status_t lgstore_count(lgstore_t *store, const char *const *labels, size_t n_labels,
                                             const char *filter, const lgstore_options_t *options,
                                             lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_scope(&body, labels, n_labels, filter);
  return lgstore_ops_call(store, LGSTORE_OP_COUNT, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_count_submit(lgstore_t *store, const char *const *labels,
                                                    size_t n_labels, const char *filter,
                                                    const lgstore_options_t *options, lgstore_op_t *op,
                                                    lgstore_result_t **done, lgstore_error_t **err,
                                                    lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_body_scope(&body, labels, n_labels, filter);
  return lgstore_ops_submit(store, LGSTORE_OP_COUNT, &body, LGSTORE_OPS_SENDING(options), op, done, err,
                            callback, user_data);
}

/* Copies the open store into a new file. */
static inline lgstore_status_t lgstore_backup(lgstore_t *store, const char *path,
                                              const lgstore_options_t *options, lgstore_result_t **result,
                                              lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_text_raw(&body, "\"path\":");
  lgstore_text_string(&body, path, LGSTORE_STRLEN);
  return lgstore_ops_call(store, LGSTORE_OP_BACKUP, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_backup_submit(lgstore_t *store, const char *path,
                                                     const lgstore_options_t *options, lgstore_op_t *op,
                                                     lgstore_result_t **done, lgstore_error_t **err,
                                                     lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_text_raw(&body, "\"path\":");
  lgstore_text_string(&body, path, LGSTORE_STRLEN);
  return lgstore_ops_submit(store, LGSTORE_OP_BACKUP, &body, LGSTORE_OPS_SENDING(options), op, done, err,
                            callback, user_data);
}

/* Moves the store's clock forward by microseconds, for tests of expiry; the configuration must say
 * `test_clock: true`. */
static inline lgstore_status_t lgstore_advance(lgstore_t *store, int64_t by_us,
                                               const lgstore_options_t *options, lgstore_result_t **result,
                                               lgstore_error_t **err) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_text_raw(&body, "\"seconds\":");
  lgstore_body_seconds(&body, by_us);
  return lgstore_ops_call(store, LGSTORE_OP_ADVANCE, &body, LGSTORE_OPS_SENDING(options), result, err);
}

static inline lgstore_status_t lgstore_advance_submit(lgstore_t *store, int64_t by_us,
                                                      const lgstore_options_t *options, lgstore_op_t *op,
                                                      lgstore_result_t **done, lgstore_error_t **err,
                                                      lgstore_callback_t callback, void *user_data) {
  lgstore_text_t body;
  lgstore_ops_begin(&body);
  lgstore_text_raw(&body, "\"seconds\":");
  lgstore_body_seconds(&body, by_us);
  return lgstore_ops_submit(store, LGSTORE_OP_ADVANCE, &body, LGSTORE_OPS_SENDING(options), op, done, err,
                            callback, user_data);
}

/* Operations without inputs: lgstore_<name>(store, options, &result, &err) and lgstore_<name>_submit. */
#define LGSTORE_OPS_PLAIN(name, number) \
  static inline lgstore_status_t lgstore_##name(lgstore_t *store, const lgstore_options_t *options, \
                                                lgstore_result_t **result, lgstore_error_t **err) { \
    lgstore_text_t body; \
    lgstore_ops_begin(&body); \
    return lgstore_ops_call(store, number, &body, LGSTORE_OPS_SENDING(options), result, err); \
  } \
  static inline lgstore_status_t lgstore_##name##_submit( \
      lgstore_t *store, const lgstore_options_t *options, lgstore_op_t *op, lgstore_result_t **done, \
      lgstore_error_t **err, lgstore_callback_t callback, void *user_data) { \
    lgstore_text_t body; \
    lgstore_ops_begin(&body); \
    return lgstore_ops_submit(store, number, &body, LGSTORE_OPS_SENDING(options), op, done, err, callback, \
                              user_data); \
  }

LGSTORE_OPS_PLAIN(sweep, LGSTORE_OP_SWEEP)               /* reclaims expired items; answer: their number */
LGSTORE_OPS_PLAIN(open, LGSTORE_OP_OPEN)                 /* opens now instead of at the first operation */
LGSTORE_OPS_PLAIN(migrate, LGSTORE_OP_MIGRATE)           /* brings the schema to this library's version */
LGSTORE_OPS_PLAIN(warmup, LGSTORE_OP_WARMUP)             /* opens connections, fills caches */
LGSTORE_OPS_PLAIN(health, LGSTORE_OP_HEALTH)             /* named checks */
LGSTORE_OPS_PLAIN(cluster_info, LGSTORE_OP_CLUSTER_INFO) /* what the engine says of itself */
LGSTORE_OPS_PLAIN(reindex, LGSTORE_OP_REINDEX)           /* rebuilds derived data */

#undef LGSTORE_OPS_PLAIN

#include "lgstore_batch.h"

#endif /* LGSTORE_OPS_H */
