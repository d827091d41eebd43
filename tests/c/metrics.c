/* Metrics: counts, errors and latencies per operation, batches, as JSON and for Prometheus, and their reset.
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

/* The number at `batch_stats.<name>`. */
static double batches(const char *json, const char *name) {
  size_t len = strlen(json);
  json = lgstore_json_member(json, len, "batch_stats", &len);
  return number_of(json == NULL ? "{}" : json, NULL, name);
}

/* Sends a batch and drops its answer. */
static void batch(lgstore_t *store, const char *body, lgstore_status_t wanted) {
  const lgstore_request_t one = request(LGSTORE_OP_BATCH, body);
  lgstore_result_t *answer = NULL;
  CHECK_STATUS(lgstore_call(store, &one, &answer, NULL), wanted);
  lgstore_result_free(answer);
}

#define ONE_PUT "{\"op\":\"put\",\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}}"
#define ONE_GET "{\"op\":\"get\",\"namespace\":[\"n\"],\"key\":\"k\"}"

/* Each batch counts once, whichever way it is answered and however it ends. */
static void batches_count_once(const char *configuration) {
  lgstore_t *store = new_store(NULL, configuration);
  lgstore_result_t *result;
  const char *json;
  batch(store, "{\"ops\":[" ONE_PUT "," ONE_PUT "]}", LGSTORE_OK);             /* by a writer */
  batch(store, "{\"ops\":[" ONE_GET "," ONE_GET "," ONE_GET "]}", LGSTORE_OK); /* at once */
  batch(store, "{\"ops\":[" ONE_PUT "," ONE_GET "],\"mode\":\"sequential\"}", LGSTORE_OK);
  batch(store, "{\"ops\":[" ONE_PUT "],\"atomicity\":\"logged\"}",
        LGSTORE_E_UNAVAILABLE);                          /* the fourth fails */
  batch(store, "{\"ops\":[{}]}", LGSTORE_E_INVALID_ARG); /* never a batch */
  result = snapshot(store, 1);
  json = lgstore_result_json(result, NULL);
  CHECK(batches(json, "total_batches") == 4);
  CHECK(batches(json, "total_batch_operations") == 8);
  CHECK(batches(json, "avg_batch_size") == 2);
  CHECK(batches(json, "logged_batches") == 1);
  CHECK(batches(json, "unlogged_batches") == 1);
  CHECK(batches(json, "atomic_batches") == 2);
  CHECK(batches(json, "concurrent_batches") == 2);
  CHECK(batches(json, "batch_size_p50") == 2);
  CHECK(batches(json, "batch_size_p95") == 3);
  CHECK(batches(json, "batch_size_p99") == 3);
  CHECK(number_of(json, "batch", "count") == 4);
  CHECK(number_of(json, "batch", "errors") == 1);
  lgstore_result_free(result);
  result = snapshot(store, 0);
  CHECK(batches(lgstore_result_json(result, NULL), "total_batches") == 0);
  lgstore_result_free(result);
  end_store(store);
}

/* The line of the page that begins so; its value, or -1. */
static double sample(const char *page, const char *begin) {
  const char *line = page;
  while ((line = strstr(line, begin)) != NULL) {
    if ((line == page || line[-1] == '\n') && line[strlen(begin)] == ' ')
      return strtod(line + strlen(begin), NULL);
    line++;
  }
  return -1;
}

static void prometheus(void) {
  static const char configuration[] =
      "{\"backend\":\"fault\",\"fault\":{\"fail_every\":2},\"metrics\":{\"store\":\"a\\\"b\"}}";
  lgstore_t *store = new_store(NULL, configuration);
  lgstore_t *founding = new_store(NULL, "{\"metrics\":{\"legacy_names\":true}}");
  lgstore_result_t *result = NULL;
  const char *page;
  size_t len = 0;
  PUT(store, "k", "{}");
  CALL(store, LGSTORE_OP_DELETE, "{\"namespace\":[\"n\"],\"key\":\"k\"}", LGSTORE_E_UNAVAILABLE,
       "fault backend");
  CHECK_STATUS(lgstore_metrics_prometheus(store, &result, NULL), LGSTORE_OK);
  MUST(result != NULL);
  page = lgstore_result_json(result, &len);
  CHECK_EQ(strlen(page), len);
  CHECK_STATUS(lgstore_result_status(result), LGSTORE_OK);
  CHECK_HAS(page, "# TYPE lgstore_operation_duration_seconds histogram\n");
  CHECK(sample(page, "lgstore_operations_total{store=\"a\\\"b\",operation=\"put\"}") == 1);
  CHECK(
      sample(page,
             "lgstore_operation_errors_total{store=\"a\\\"b\",operation=\"delete\",code=\"unavailable\"}") ==
      1);
  CHECK(sample(page, "lgstore_operation_duration_seconds_count{store=\"a\\\"b\",operation=\"put\"}") == 1);
  CHECK(strstr(page, "scylladb") == NULL);
  lgstore_result_free(result);
  PUT(founding, "k", "{}");
  CHECK_STATUS(lgstore_metrics_prometheus(founding, &result, NULL), LGSTORE_OK);
  page = lgstore_result_json(result, NULL);
  CHECK(sample(page, "scylladb_operations_total{operation=\"put\"}") == 1);
  CHECK(sample(page, "lgstore_operations_total{operation=\"put\"}") == 1);
  CHECK(sample(page, "scylladb_store_queries_total") == 1);
  lgstore_result_free(result);
  end_store(store);
  end_store(founding);
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
  batches_count_once("{\"backend\":\"fault\",\"fault\":{\"fail_every\":4}}");
  batches_count_once("{\"backend\":\"fault\",\"immediate\":false,\"fault\":{\"fail_every\":4}}");
  prometheus();
  return check_end();
}
