/* Results: borrowed in the callback, taken in no time, alive as long as anyone wants.
 * ctest: labels=ci timeout=60 cql=on */
#include "support/store.h"

typedef struct kept {
  monitor_t monitor;
  lgstore_result_t *first, *second;
  const char *json;
  int done;
} kept_t;

static void take_twice(const lgstore_completion_t *completion, void *user_data) {
  kept_t *kept = user_data;
  monitor_enter(&kept->monitor);
  kept->first = lgstore_result_take(completion);
  kept->second = lgstore_result_take(completion);
  kept->json = completion->json;
  CHECK_STATUS(lgstore_result_status(kept->first), completion->status);
  kept->done = 1;
  monitor_leave(&kept->monitor);
}

/* Taken in the callback, twice; still readable when store and runtime are gone, each freed once. */
static void outlives_its_store(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 1, 1);
  lgstore_t *store = new_store(runtime, "{\"backend\":\"embedded\",\"immediate\":false}");
  const lgstore_request_t get = request(LGSTORE_OP_GET, "{\"namespace\":[\"n\"],\"key\":\"k\"}");
  kept_t kept = {0};
  size_t len = 0;
  monitor_init(&kept.monitor);
  PUT(store, "k", "{\"text\":\"a\\u0000b\"}");
  CHECK_STATUS(lgstore_submit(store, &get, NULL, NULL, NULL, take_twice, &kept), LGSTORE_OK);
  monitor_enter(&kept.monitor);
  while (!kept.done) monitor_wait(&kept.monitor, "the callback");
  pthread_mutex_unlock(&kept.monitor.lock);
  end_store(store);
  end_runtime(runtime);
  CHECK(lgstore_result_json(kept.first, &len) == kept.json); /* nothing is copied */
  lgstore_result_free(kept.first);
  CHECK_HAS(lgstore_result_json(kept.second, NULL), "\"value\":{\"text\":\"a\\u0000b\"}");
  CHECK_EQ(strlen(kept.json), len);
  CHECK(kept.json[len] == '\0');
  lgstore_result_free(kept.second);
  monitor_destroy(&kept.monitor);
}

/* From a queue: valid until released, and beyond where taken. */
static void from_a_queue(void) {
  lgstore_t *store = new_store(NULL, "{\"backend\":\"embedded\",\"immediate\":false}");
  const char *const body = "{\"namespace\":[\"n\"],\"key\":\"k\"}";
  lgstore_submission_t gets[3] = {{0}};
  lgstore_completion_t batch[3];
  lgstore_result_t *kept;
  lgstore_cq_t *queue = NULL;
  size_t got = 0, i;
  MUST(lgstore_cq_new(NULL, 8, &queue, NULL) == LGSTORE_OK);
  for (i = 0; i < 3; i++) {
    gets[i].op = LGSTORE_OP_GET;
    gets[i].json_len = (uint32_t)strlen(body);
  }
  CHECK_STATUS(lgstore_submit_cq(store, queue, body, strlen(body), gets, 3, NULL, NULL, NULL), LGSTORE_OK);
  while (got < 3) got += lgstore_cq_wait(queue, batch + got, 3 - got, PATIENCE_SECONDS * SECOND_US);
  kept = lgstore_result_take(&batch[1]);
  lgstore_cq_free(queue); /* what was drained stays valid */
  CHECK(strcmp(batch[0].json, "null") == 0 && batch[0].json_len == 4);
  lgstore_cq_release(NULL, batch, 3);
  end_store(store);
  CHECK(strcmp(lgstore_result_json(kept, NULL), "null") == 0);
  lgstore_result_free(kept);
}

/* Failures carry the error document as their result. */
static void failures(void) {
  lgstore_t *store = new_store(NULL, "{\"backend\":\"fault\",\"fault\":{\"fail_every\":1}}");
  collector_t collector;
  collector_init(&collector, 1);
  CHECK_STATUS(submit(store, LGSTORE_OP_SWEEP, NULL, 0, NULL, &collector), LGSTORE_OK);
  collector_wait(&collector, 1);
  CHECK_STATUS(lgstore_result_status(collector.last), LGSTORE_E_UNAVAILABLE);
  CHECK_HAS(lgstore_result_json(collector.last, NULL), "{\"code\":\"unavailable\",\"message\":");
  CHECK_HAS(lgstore_result_json(collector.last, NULL), "\"retryable\":true,\"may_have_applied\":false");
  end_store(store);
  collector_destroy(&collector);
}

int main(void) {
  RUN(outlives_its_store);
  RUN(from_a_queue);
  RUN(failures);
  return check_end();
}
