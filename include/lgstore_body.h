/*
 * lgstore_body.h: what lgstore_ops.h needs underneath: the options of each operation, and functions that
 * write request bodies. Useful by itself for queues, where many bodies lie in one arena.
 * Header-only, C99 and C++17.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 */
#ifndef LGSTORE_BODY_H
#define LGSTORE_BODY_H

#include "lgstore.h"
#include "lgstore_text.h"

/* A ttl_us that means "for ever", also where the store has a default. */
#define LGSTORE_TTL_NEVER INT64_C(-1)
/* For members that have a default in the store's configuration. */
#define LGSTORE_YES 1
#define LGSTORE_NO (-1)

/*
 * Options. Zero-initialise them (`= {0}` in C, `= {}` in C++) or pass NULL; zero always means the default.
 * timeout_us is the request's deadline in microseconds; tag is echoed in the completion. New members are
 * only ever added at the end.
 */

/* How a request is run, where the configuration's answer is not the one: a member `run` of all options.
 * What an operation does not take (docs/configuration.md) is refused. */
typedef struct lgstore_run {
  const char *profile;            /* an execution profile of the cluster; NULL = the default one */
  int serial;                     /* LGSTORE_YES: put and delete in one order with conditional writes */
  int max_retries;                /* attempts after the first; LGSTORE_NO = none */
  uint64_t retry_delay_us;        /* the first pause, in microseconds */
  uint32_t retry_backoff_percent; /* each pause by the one before it: 200 = twice as long */
} lgstore_run_t;

/* Of operations that need nothing else. */
typedef struct lgstore_options {
  uint64_t timeout_us;
  uint64_t tag;
  const lgstore_run_t *run;
} lgstore_options_t;

/* Of put and its conditional forms. */
typedef struct lgstore_put_options {
  uint64_t timeout_us;
  uint64_t tag;
  int64_t ttl_us; /* time to live in microseconds, or LGSTORE_TTL_NEVER; 0 = the store's default */
  const lgstore_run_t *run;
} lgstore_put_options_t;

/* Of get. */
typedef struct lgstore_get_options {
  uint64_t timeout_us;
  uint64_t tag;
  int refresh_ttl; /* LGSTORE_YES or LGSTORE_NO: whether the read moves the item's expiry */
  const lgstore_run_t *run;
} lgstore_get_options_t;

/* Of search. Texts may be NULL. */
typedef struct lgstore_search_options {
  uint64_t timeout_us;
  uint64_t tag;
  const char *filter; /* JSON object, NUL-terminated */
  const char *order;  /* "key", "key desc", "updated_at asc", "created_at desc", ... */
  const char *cursor; /* of the page before: a text, or the JSON string as it stands in the answer */
  size_t cursor_len;  /* 0 = the cursor ends at its NUL */
  uint64_t limit;     /* 0 = 10 */
  uint64_t offset;
  int refresh_ttl;
  const lgstore_run_t *run;
} lgstore_search_options_t;

/* A condition on namespaces: they begin with these labels, or end with them. "*" is any one label. */
typedef struct lgstore_match {
  const char *const *labels;
  size_t n_labels;
  int suffix; /* not 0: at the end */
} lgstore_match_t;

/* Of list_namespaces. */
typedef struct lgstore_list_options {
  uint64_t timeout_us;
  uint64_t tag;
  const lgstore_match_t *matches; /* all must hold */
  size_t n_matches;
  uint64_t max_depth; /* 0 = no truncation */
  const char *cursor; /* as in lgstore_search_options_t */
  size_t cursor_len;
  uint64_t limit; /* 0 = 100 */
  uint64_t offset;
  const lgstore_run_t *run;
} lgstore_list_options_t;

/* Of compare_and_set and delete_if_value: the item must have this value or this version; exactly one. */
typedef struct lgstore_expected {
  const char *value; /* JSON object */
  size_t value_len;  /* LGSTORE_STRLEN = ends at its NUL */
  const char *version;
  size_t version_len; /* 0 = ends at its NUL; quotes of the JSON string allowed, as in cursors */
} lgstore_expected_t;

/* Bodies: each function appends members without the braces around them. */

static inline void lgstore_body_labels(lgstore_text_t *body, const char *const *labels, size_t n) {
  size_t i;
  lgstore_text_raw(body, "[");
  for (i = 0; i < n; i++) {
    if (i > 0) lgstore_text_raw(body, ",");
    lgstore_text_string(body, labels[i], LGSTORE_STRLEN);
  }
  lgstore_text_raw(body, "]");
}

static inline void lgstore_body_item(lgstore_text_t *body, const char *const *labels, size_t n_labels,
                                     const char *key, size_t key_len) {
  lgstore_text_raw(body, "\"namespace\":");
  lgstore_body_labels(body, labels, n_labels);
  lgstore_text_raw(body, ",\"key\":");
  lgstore_text_string(body, key, key_len);
}

/* A text of an answer given back: quoted already, or plain. `len` 0 = ends at its NUL. */
static inline void lgstore_body_echo(lgstore_text_t *body, const char *name, const char *text, size_t len) {
  if (text == NULL) return;
  if (len == 0) len = strlen(text);
  lgstore_text_raw(body, name);
  if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
    lgstore_text_value(body, text, len);
  } else {
    lgstore_text_string(body, text, len);
  }
}

static inline void lgstore_body_count(lgstore_text_t *body, const char *name, uint64_t number) {
  if (number == 0) return;
  lgstore_text_raw(body, name);
  lgstore_text_number(body, number);
}

static inline void lgstore_body_refresh(lgstore_text_t *body, int refresh_ttl) {
  if (refresh_ttl != 0)
    lgstore_text_raw(body, refresh_ttl > 0 ? ",\"refresh_ttl\":true" : ",\"refresh_ttl\":false");
}

/* Microseconds as seconds with six decimals, by integers: printf would use the locale's decimal sign. */
static inline void lgstore_body_seconds(lgstore_text_t *body, int64_t time_us) {
  char fraction[7] = {'.', '0', '0', '0', '0', '0', '0'};
  const uint64_t us = time_us < 0 ? ~(uint64_t)time_us + 1 : (uint64_t)time_us;
  uint64_t rest = us % 1000000;
  int at;
  if (time_us < 0) lgstore_text_raw(body, "-");
  lgstore_text_number(body, us / 1000000);
  for (at = 6; at >= 1; at--, rest /= 10) fraction[at] = (char)('0' + (char)(rest % 10));
  lgstore_text_append(body, fraction, sizeof fraction);
}

/* Negative times other than LGSTORE_TTL_NEVER go through, for the library to refuse. */
static inline void lgstore_body_ttl(lgstore_text_t *body, int64_t ttl_us) {
  if (ttl_us == 0) return;
  lgstore_text_raw(body, ",\"ttl\":");
  if (ttl_us == LGSTORE_TTL_NEVER) {
    lgstore_text_raw(body, "null");
  } else {
    lgstore_body_seconds(body, ttl_us);
  }
}

static inline void lgstore_body_put(lgstore_text_t *body, const char *const *labels, size_t n_labels,
                                    const char *key, size_t key_len, const char *value, size_t value_len,
                                    const lgstore_put_options_t *options) {
  lgstore_body_item(body, labels, n_labels, key, key_len);
  lgstore_text_raw(body, ",\"value\":");
  lgstore_text_value(body, value, value_len);
  if (options != NULL) lgstore_body_ttl(body, options->ttl_us);
}

static inline void lgstore_body_get(lgstore_text_t *body, const char *const *labels, size_t n_labels,
                                    const char *key, size_t key_len, const lgstore_get_options_t *options) {
  lgstore_body_item(body, labels, n_labels, key, key_len);
  if (options != NULL) lgstore_body_refresh(body, options->refresh_ttl);
}

static inline void lgstore_body_scope(lgstore_text_t *body, const char *const *labels, size_t n_labels,
                                      const char *filter) {
  lgstore_text_raw(body, "\"namespace_prefix\":");
  lgstore_body_labels(body, labels, n_labels);
  if (filter == NULL) return;
  lgstore_text_raw(body, ",\"filter\":");
  lgstore_text_value(body, filter, LGSTORE_STRLEN);
}

static inline void lgstore_body_search(lgstore_text_t *body, const char *const *labels, size_t n_labels,
                                       const lgstore_search_options_t *options) {
  lgstore_body_scope(body, labels, n_labels, options == NULL ? NULL : options->filter);
  if (options == NULL) return;
  lgstore_body_count(body, ",\"limit\":", options->limit);
  lgstore_body_count(body, ",\"offset\":", options->offset);
  if (options->order != NULL) {
    lgstore_text_raw(body, ",\"order\":");
    lgstore_text_string(body, options->order, LGSTORE_STRLEN);
  }
  lgstore_body_echo(body, ",\"cursor\":", options->cursor, options->cursor_len);
  lgstore_body_refresh(body, options->refresh_ttl);
}

static inline void lgstore_body_list(lgstore_text_t *body, const lgstore_list_options_t *options) {
  size_t i;
  lgstore_text_raw(body, "\"match_conditions\":[");
  for (i = 0; options != NULL && i < options->n_matches; i++) {
    const lgstore_match_t *match = &options->matches[i];
    if (i > 0) lgstore_text_raw(body, ",");
    lgstore_text_raw(body, match->suffix != 0 ? "{\"match_type\":\"suffix\",\"path\":"
                                              : "{\"match_type\":\"prefix\",\"path\":");
    lgstore_body_labels(body, match->labels, match->n_labels);
    lgstore_text_raw(body, "}");
  }
  lgstore_text_raw(body, "]");
  if (options == NULL) return;
  lgstore_body_count(body, ",\"max_depth\":", options->max_depth);
  lgstore_body_count(body, ",\"limit\":", options->limit);
  lgstore_body_count(body, ",\"offset\":", options->offset);
  lgstore_body_echo(body, ",\"cursor\":", options->cursor, options->cursor_len);
}

static inline void lgstore_body_expected(lgstore_text_t *body, const lgstore_expected_t *expected) {
  if (expected == NULL) return;
  if (expected->value != NULL) {
    lgstore_text_raw(body, ",\"expected_value\":");
    lgstore_text_value(body, expected->value, expected->value_len);
  }
  lgstore_body_echo(body, ",\"expected_version\":", expected->version, expected->version_len);
}

/* Begins a member of `run`, which may be the first of its object. */
static inline void lgstore_body_member(lgstore_text_t *body, const char *name) {
  if (body->len > 0 && body->data[body->len - 1] != '{') lgstore_text_raw(body, ",");
  lgstore_text_raw(body, name);
}

static inline void lgstore_body_run(lgstore_text_t *body, const lgstore_run_t *run) {
  if (run == NULL) return;
  if (run->profile != NULL) {
    lgstore_body_member(body, "\"profile\":");
    lgstore_text_string(body, run->profile, LGSTORE_STRLEN);
  }
  if (run->serial != 0) lgstore_body_member(body, run->serial > 0 ? "\"serial\":true" : "\"serial\":false");
  if (run->max_retries != 0) {
    lgstore_body_member(body, "\"max_retries\":");
    lgstore_text_number(body, run->max_retries > 0 ? (uint64_t)run->max_retries : 0);
  }
  if (run->retry_delay_us != 0) {
    lgstore_body_member(body, "\"retry_delay\":");
    lgstore_body_seconds(body, (int64_t)run->retry_delay_us);
  }
  if (run->retry_backoff_percent != 0) {
    lgstore_body_member(body, "\"retry_backoff\":");
    lgstore_body_seconds(body, (int64_t)run->retry_backoff_percent * 10000);
  }
}

/* Closes the body, sends it and waits. */
static inline lgstore_status_t lgstore_ops_call(lgstore_t *store, uint32_t op, lgstore_text_t *body,
                                                uint64_t timeout_us, uint64_t tag, const lgstore_run_t *run,
                                                lgstore_result_t **result, lgstore_error_t **err) {
  lgstore_request_t request;
  lgstore_result_t *unread = NULL;
  lgstore_status_t status = LGSTORE_E_BUSY;
  lgstore_body_run(body, run);
  lgstore_text_raw(body, "}");
  if (result != NULL) *result = NULL;
  if (err != NULL) *err = NULL;
  if (!body->failed) {
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.op = op;
    request.json = body->data;
    request.json_len = body->len;
    request.timeout_us = timeout_us;
    request.tag = tag;
    status = lgstore_call(store, &request, result != NULL ? result : &unread, err);
    lgstore_result_free(unread);
  }
  lgstore_text_free(body);
  return status;
}

/* Closes the body and submits it. */
static inline lgstore_status_t lgstore_ops_submit(lgstore_t *store, uint32_t op, lgstore_text_t *body,
                                                  uint64_t timeout_us, uint64_t tag, const lgstore_run_t *run,
                                                  lgstore_op_t *out_op, lgstore_result_t **done,
                                                  lgstore_error_t **err, lgstore_callback_t callback,
                                                  void *user_data) {
  lgstore_request_t request;
  lgstore_status_t status = LGSTORE_E_BUSY;
  lgstore_body_run(body, run);
  lgstore_text_raw(body, "}");
  if (out_op != NULL) *out_op = 0;
  if (done != NULL) *done = NULL;
  if (err != NULL) *err = NULL;
  if (!body->failed) {
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.op = op;
    request.flags = done != NULL ? LGSTORE_ALLOW_IMMEDIATE : 0;
    request.json = body->data;
    request.json_len = body->len;
    request.timeout_us = timeout_us;
    request.tag = tag;
    status = lgstore_submit(store, &request, out_op, done, err, callback, user_data);
  }
  lgstore_text_free(body);
  return status;
}

/* Begins a body. */
static inline void lgstore_ops_begin(lgstore_text_t *body) {
  lgstore_text_init(body);
  lgstore_text_raw(body, "{");
}

/* Deadline, tag and manner of any options. */
#define LGSTORE_OPS_SENDING(options) \
  (options) != NULL ? (options)->timeout_us : 0, (options) != NULL ? (options)->tag : 0, \
      (options) != NULL ? (options)->run : NULL

#endif /* LGSTORE_BODY_H */
