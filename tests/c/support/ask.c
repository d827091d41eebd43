#include "ask.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_US 60000000u

static const char *const operations[] = {"",
                                         "put",
                                         "get",
                                         "delete",
                                         "search",
                                         "list_namespaces",
                                         "batch",
                                         "put_if_absent",
                                         "update_if_exists",
                                         "compare_and_set",
                                         "delete_if_exists",
                                         "delete_if_value",
                                         "delete_prefix",
                                         "count",
                                         "sweep",
                                         "open",
                                         "migrate",
                                         "warmup",
                                         "health",
                                         "cluster_info",
                                         "reindex",
                                         "backup",
                                         "advance"};

static atomic_size_t asked;
/* Waits for one completion at a time, in the thread that made the request. */
static _Thread_local lgstore_cq_t *queue;

static void die(const char *what, const char *more) {
  fprintf(stderr, "%s: %s\n", what, more);
  exit(2);
}

void ask_begin(void) {
  lgstore_error_t *err = NULL;
  if (lgstore_cq_new(NULL, 16, &queue, &err) != LGSTORE_OK)
    die("lgstore_cq_new", lgstore_error_message(err, NULL));
}

void ask_end(void) {
  lgstore_cq_free(queue);
  queue = NULL;
}

lgstore_status_t ask_by_call(lgstore_t *store, uint32_t op, const text_t *body, text_t *out) {
  lgstore_request_t request = {0};
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_status_t status;
  const char *json;
  size_t len = 0;
  request.struct_size = sizeof request;
  request.op = op;
  request.json = body->data;
  request.json_len = body->len;
  status = lgstore_call(store, &request, &result, &err);
  json = result != NULL ? lgstore_result_json(result, &len) : lgstore_error_json(err, &len);
  text_add(out, json, len);
  if ((status == LGSTORE_OK) != (err == NULL)) die("status and error disagree", out->data);
  lgstore_result_free(result);
  lgstore_error_free(err);
  return status;
}

lgstore_status_t ask_by_queue(lgstore_t *store, uint32_t op, const text_t *body, text_t *out) {
  lgstore_submission_t submission = {0};
  lgstore_completion_t completion = {0};
  lgstore_op_t id = 0;
  lgstore_status_t status;
  size_t accepted = 0;
  submission.op = op;
  submission.json_len = (uint32_t)body->len;
  submission.tag = ++asked;
  status = lgstore_submit_cq(store, queue, body->data, body->len, &submission, 1, &accepted, &id, NULL);
  if (status != LGSTORE_OK || accepted != 1) die("lgstore_submit_cq", lgstore_status_name(status));
  if (lgstore_cq_wait(queue, &completion, 1, WAIT_US) != 1) die("lgstore_cq_wait", operations[op]);
  if (completion.op != id || completion.tag != submission.tag) die("another's completion", operations[op]);
  status = completion.status;
  text_add(out, completion.json, completion.json_len);
  lgstore_cq_release(queue, &completion, 1);
  return status;
}

uint32_t ask_operation(const char *name) {
  uint32_t op;
  for (op = 1; op < sizeof operations / sizeof operations[0]; op++) {
    if (strcmp(operations[op], name) == 0) return op;
  }
  die("unknown operation", name);
  return 0;
}
