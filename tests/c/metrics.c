/* Metrics: counts, errors and latencies per operation as JSON, and their reset.
 * ctest: labels=ci timeout=60 */
#include "support/store.h"

#include <lgstore_text.h>

/* The number at `operations.<operation>.<name>` (or `<name>` where no operation is given); -1 = none. */
static double number_of(const char *json, const char *operation, const char *name) {
  size_t len = strlen(json);
  if (operation != NULL) {
    json = lgstore_json_member(json, len, "operations", &len);
    if (json != NULL) json = lgstore_json_member(json, len, operation, &len);
    if (json == NULL) return -1;
  }
  json = lgstore_json_member(json, len, name, &len);
  return json == NULL ? -1 : strtod(json, NULL);
}

static double latency_of(const char *json, const char *operation, const char *name) {
  size_t len = strlen(json);
  json = lgstore_json_member(json, len, "operations", &len);
  if (json != NULL) json = lgstore_json_member(json, len, operation, &len);
  if (json != NULL) json = lgstore_json_member(json, len, "latency_us", &len);
  if (json != NULL) json = lgstore_json_member(json, len, name, &len);
  return json == NULL ? -1 : strtod(json, NULL);
}

static lgstore_result_t *snapshot(lgstore_t *store, uint32_t reset) {
  lgstore_result_t *result = NULL;
  CHECK_STATUS(lgstore_metrics(store, reset, &result, NULL), LGSTORE_OK);
  MUST(result != NULL);
  return result;
}

int main(void) {
  lgstore_t *store = new_store(NULL, "{\"backend\":\"fault\",\"fault\":{\"fail_every\":10}}");
  const lgstore_request_t get = request(LGSTORE_OP_GET, "{\"namespace\":[\"n\"],\"key\":\"k\"}");
  lgstore_result_t *result;
  const char *json;
  int i;
  PUT(store, "k", "{}");
  for (i = 0; i < 98; i++) {
    lgstore_result_t *answer = NULL;
    lgstore_call(store, &get, &answer, NULL);
    lgstore_result_free(answer);
  }
  CALL(store, LGSTORE_OP_GET, "{\"namespace\":[\"n\"]}", LGSTORE_E_INVALID_ARG, "key");
  {
    /* The same in a burst, answered at once. */
    const lgstore_submission_t one = {LGSTORE_OP_GET, LGSTORE_ALLOW_IMMEDIATE, 0, 2, 0, 0};
    lgstore_completion_t done = {0};
    lgstore_cq_t *queue = NULL;
    lgstore_op_t op = 1;
    size_t taken = 0;
    MUST(lgstore_cq_new(NULL, 0, &queue, NULL) == LGSTORE_OK);
    CHECK_STATUS(lgstore_submit_cq(store, queue, "{}", 2, &one, 1, &taken, &op, &done), LGSTORE_OK);
    CHECK_EQ(taken, 1);
    CHECK_EQ(op, 0);
    CHECK_STATUS(done.status, LGSTORE_E_INVALID_ARG);
    lgstore_cq_release(queue, &done, 1);
    lgstore_cq_free(queue);
  }
  result = snapshot(store, 0);
  json = lgstore_result_json(result, NULL);
  fprintf(stderr, "%s\n", json);
  CHECK(number_of(json, "get", "count") == 98);
  CHECK(number_of(json, "put", "count") == 1);
  CHECK(latency_of(json, "get", "p50") > 0);
  CHECK(latency_of(json, "get", "p95") >= latency_of(json, "get", "p50"));
  CHECK(latency_of(json, "get", "p99") >= latency_of(json, "get", "p95"));
  CHECK(latency_of(json, "get", "max") >= latency_of(json, "get", "p99"));
  CHECK(number_of(json, NULL, "in_flight") == 0);
  CHECK_HAS(json, "\"unavailable\":9");
  CHECK_HAS(json, "\"invalid_arg\":2");
  lgstore_result_free(result);
  lgstore_result_free(snapshot(store, 7)); /* anything but 0 resets, afterwards */
  result = snapshot(store, 0);
  json = lgstore_result_json(result, NULL);
  CHECK(number_of(json, "get", "count") <= 0);
  CHECK(strstr(json, "unavailable") == NULL);
  lgstore_result_free(result);
  end_store(store);
  return check_end();
}
