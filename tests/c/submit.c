/* Submit, cancel, deadlines, limits: the one outcome of each request, where it comes and when.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

#define GET_K "{\"namespace\":[\"n\"],\"key\":\"k\"}"
#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}"

/* Error, DONE or OK: never two of them, and out-parameters to match. */
static void three_outcomes(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  collector_t collector;
  lgstore_request_t made = request(LGSTORE_OP_PUT, "{\"namespace\":[\"n\"]}");
  lgstore_op_t op = 7;
  lgstore_result_t *done = (lgstore_result_t *)&made;
  lgstore_error_t *err = (lgstore_error_t *)&made;
  collector_init(&collector, 4);

  CHECK_STATUS(lgstore_submit(store, &made, &op, &done, &err, collect, &collector), LGSTORE_E_INVALID_ARG);
  CHECK(op == 0 && done == NULL && err != NULL);
  CHECK_HAS(lgstore_error_json(err, NULL), "\"field\":\"key\"");
  lgstore_error_free(err);

  made = request(LGSTORE_OP_PUT, PUT_K);
  made.tag = 1;
  CHECK_STATUS(lgstore_submit(store, &made, &op, &done, &err, collect, &collector), LGSTORE_OK);
  CHECK(op != 0 && done == NULL && err == NULL);
  collector_wait(&collector, 1);
  CHECK_EQ(collector.last_op, op);
  CHECK_STATUS(collector.last_status, LGSTORE_OK);

  made = request(LGSTORE_OP_GET, GET_K);
  made.tag = 2;
  made.flags = LGSTORE_ALLOW_IMMEDIATE;
  CHECK_STATUS(lgstore_submit(store, &made, &op, &done, &err, collect, &collector), LGSTORE_DONE);
  CHECK(op == 0 && done != NULL && err == NULL);
  CHECK_STATUS(lgstore_result_status(done), LGSTORE_OK);
  CHECK_HAS(lgstore_result_json(done, NULL), "\"value\":{\"n\":1}");
  lgstore_result_free(done);

  /* Without a place for the answer, without the flag, or switched off: accepted. */
  CHECK_STATUS(lgstore_submit(store, &made, &op, NULL, NULL, collect, &collector), LGSTORE_OK);
  made.flags = 0;
  CHECK_STATUS(lgstore_submit(store, &made, NULL, &done, NULL, collect, &collector), LGSTORE_OK);
  CHECK(done == NULL);
  collector_wait(&collector, 3);
  end_store(store);
  CHECK_EQ(collector.counts[0], 0);
  CHECK_EQ(collector.counts[1], 1);
  CHECK_EQ(collector.counts[2], 2);

  store = new_store(NULL, "{\"backend\":\"embedded\",\"immediate\":false}");
  made.flags = LGSTORE_ALLOW_IMMEDIATE;
  CHECK_STATUS(lgstore_submit(store, &made, &op, &done, &err, collect, &collector), LGSTORE_OK);
  collector_wait(&collector, 4);
  end_store(store);
  collector_destroy(&collector);
}

/* The body, the struct and the arena belong to the caller again when submit returns. */
static void memory_is_ours_again(void) {
  lgstore_t *store =
      new_store(NULL, "{\"backend\":\"fault\",\"immediate\":false,\"fault\":{\"delay_us\":20000}}");
  collector_t collector;
  char key[16];
  int i;
  collector_init(&collector, 1);
  for (i = 0; i < 50; i++) {
    char *json = malloc(4096);
    lgstore_request_t *made = malloc(sizeof *made);
    MUST(json != NULL && made != NULL);
    snprintf(json, 4096, "{\"namespace\":[\"n\"],\"key\":\"%d\",\"value\":{\"n\":%d}}", i, i);
    *made = request(LGSTORE_OP_PUT, json);
    CHECK_STATUS(lgstore_submit(store, made, NULL, NULL, NULL, collect, &collector), LGSTORE_OK);
    memset(json, '}', 4096);
    memset(made, 0xff, sizeof *made);
    free(json);
    free(made);
  }
  collector_wait(&collector, 50);
  for (i = 0; i < 50; i++) {
    char body[64], value[32];
    snprintf(key, sizeof key, "%d", i);
    snprintf(body, sizeof body, "{\"namespace\":[\"n\"],\"key\":\"%s\"}", key);
    snprintf(value, sizeof value, "\"value\":{\"n\":%d}", i);
    CALL(store, LGSTORE_OP_GET, body, LGSTORE_OK, value);
  }
  end_store(store);
  collector_destroy(&collector);
}

static _Thread_local int inside_submit;
static atomic_int nested;

static void not_inside(const lgstore_completion_t *completion, void *user_data) {
  if (inside_submit) atomic_fetch_add(&nested, 1);
  collect(completion, user_data);
}

/* Completions never come inside submit or cancel, whatever decides them. */
static void never_inside_submit(void) {
  const uint32_t flags[] = {0, LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS};
  const char *const configs[] = {MEMORY, STUCK};
  size_t i;
  for (i = 0; i < 4; i++) {
    lgstore_runtime_t *runtime = new_runtime(flags[i % 2], 1, 0);
    lgstore_t *store = new_store(runtime, configs[i / 2]);
    collector_t collector;
    size_t n;
    collector_init(&collector, 1);
    for (n = 0; n < 200; n++) {
      lgstore_request_t made = request(LGSTORE_OP_PUT, PUT_K);
      lgstore_op_t op = 0;
      made.timeout_us = n % 3 == 0 ? 1 : 0; /* expired before it starts */
      inside_submit = 1;
      CHECK_STATUS(lgstore_submit(store, &made, &op, NULL, NULL, not_inside, &collector), LGSTORE_OK);
      CHECK_STATUS(lgstore_cancel(store, op), LGSTORE_OK);
      inside_submit = 0;
    }
    collector_wait(&collector, 200);
    CHECK(!pthread_equal(collector.last_thread, pthread_self()));
    end_store(store);
    end_runtime(runtime);
    collector_destroy(&collector);
  }
  CHECK_EQ(atomic_load(&nested), 0);
}

/* Cancel ends a waiting request at once, exactly once, and unknown ids are no error. */
static void cancelling(void) {
  lgstore_t *store = new_store(NULL, STUCK);
  collector_t collector;
  lgstore_op_t op = 0, before = 0;
  const uint64_t started = now_us();
  size_t i;
  collector_init(&collector, 1);
  for (i = 1; i <= 100; i++) {
    CHECK_STATUS(submit(store, LGSTORE_OP_PUT, PUT_K, 0, &op, &collector), LGSTORE_OK);
    CHECK(op > before); /* ids grow */
    before = op;
    CHECK_STATUS(lgstore_cancel(store, op), LGSTORE_OK);
    CHECK_STATUS(lgstore_cancel(store, op), LGSTORE_OK);
    collector_wait(&collector, i);
    CHECK_EQ(collector.last_op, op);
    CHECK_STATUS(collector.last_status, LGSTORE_E_CANCELLED);
    CHECK_HAS(lgstore_result_json(collector.last, NULL), "\"may_have_applied\":false");
    CHECK_STATUS(lgstore_cancel(store, op), LGSTORE_OK);
  }
  CHECK(now_us() - started < 30 * SECOND_US); /* the delay is an hour */
  CHECK_STATUS(lgstore_cancel(store, 0), LGSTORE_OK);
  CHECK_STATUS(lgstore_cancel(store, UINT64_MAX), LGSTORE_OK);
  end_store(store);
  CHECK_EQ(collector.total, 100);
  collector_destroy(&collector);
}

/* A deadline ends a request not before it and soon after it. */
static void deadlines(void) {
  lgstore_t *store = new_store(NULL, STUCK);
  collector_t collector;
  lgstore_request_t made = request(LGSTORE_OP_PUT, PUT_K);
  const uint64_t timeouts[] = {1, 999, 5000, 50000, 200000};
  size_t i;
  collector_init(&collector, 1);
  for (i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
    const uint64_t started = now_us();
    uint64_t took;
    made.timeout_us = timeouts[i];
    CHECK_STATUS(lgstore_submit(store, &made, NULL, NULL, NULL, collect, &collector), LGSTORE_OK);
    collector_wait(&collector, i + 1);
    took = now_us() - started;
    CHECK(took + 1 >= timeouts[i]);
    CHECK(took < timeouts[i] + 20 * SECOND_US);
    CHECK_STATUS(collector.last_status, LGSTORE_E_TIMEOUT);
    CHECK_HAS(lgstore_result_json(collector.last, NULL),
              "\"details\":{\"operation\":\"put\",\"timeout_us\":");
  }
  /* The greatest deadline is none that matters. */
  made.timeout_us = UINT64_MAX;
  CHECK_STATUS(lgstore_submit(store, &made, NULL, NULL, NULL, collect, &collector), LGSTORE_OK);
  CHECK_STATUS(lgstore_close(store, 1000), LGSTORE_OK);
  CHECK_EQ(collector_total(&collector), i + 1);
  CHECK_STATUS(collector.last_status, LGSTORE_E_CLOSED);
  lgstore_free(store);
  /* The store's own deadline, and a request's instead of it. */
  store = new_store(NULL, "{\"backend\":\"fault\",\"timeout\":0.02,\"fault\":{\"delay_us\":300000}}");
  CALL(store, LGSTORE_OP_PUT, PUT_K, LGSTORE_E_TIMEOUT, "\"retryable\":true");
  made.timeout_us = 60 * SECOND_US;
  CHECK_STATUS(lgstore_submit(store, &made, NULL, NULL, NULL, collect, &collector), LGSTORE_OK);
  collector_wait(&collector, i + 2);
  CHECK_STATUS(collector.last_status, LGSTORE_OK);
  end_store(store);
  collector_destroy(&collector);
}

/* A full store refuses, takes nothing, and works again; so do its bytes. */
static void limits(void) {
  lgstore_t *store =
      new_store(NULL,
                "{\"backend\":\"fault\",\"limits\":{\"inflight_bytes\":10000,\"value_bytes\":9000},"
                "\"fault\":{\"delay_us\":3600000000}}");
  collector_t collector;
  char *json = malloc(20001);
  lgstore_request_t made = {0};
  lgstore_op_t ids[4] = {0};
  lgstore_error_t *err = NULL;
  size_t i;
  MUST(json != NULL);
  collector_init(&collector, 1);
  snprintf(json, 20001, "%-4000s", PUT_K);
  made = request(LGSTORE_OP_PUT, json);
  for (i = 0; i < 2; i++)
    CHECK_STATUS(lgstore_submit(store, &made, &ids[i], NULL, NULL, collect, &collector), LGSTORE_OK);
  CHECK_STATUS(lgstore_submit(store, &made, &ids[2], NULL, &err, collect, &collector), LGSTORE_E_BUSY);
  CHECK_HAS(lgstore_error_json(err, NULL), "\"retryable\":true");
  CHECK_EQ(ids[2], 0);
  lgstore_error_free(err);
  lgstore_cancel(store, ids[0]);
  lgstore_cancel(store, ids[1]);
  collector_wait(&collector, 2);
  /* A body above the limit goes alone. The last callback may still hold its bytes for a moment. */
  snprintf(json, 20001, "%-20000s", PUT_K);
  made = request(LGSTORE_OP_PUT, json);
  while (lgstore_submit(store, &made, &ids[2], NULL, NULL, collect, &collector) == LGSTORE_E_BUSY)
    sched_yield();
  CHECK(ids[2] != 0);
  CHECK_STATUS(submit(store, LGSTORE_OP_PUT, PUT_K, 0, NULL, &collector), LGSTORE_E_BUSY);
  lgstore_cancel(store, ids[2]);
  collector_wait(&collector, 3);
  end_store(store);
  CHECK_EQ(collector.total, 3);
  collector_destroy(&collector);
  free(json);
}

static void hold(const lgstore_completion_t *completion, void *user_data) {
  door_pass(user_data, "the test to let the callback go");
  (void)completion;
}

/* A consumer that does not return keeps its slots: producers are refused, memory stays bounded. */
static void slow_consumers(void) {
  lgstore_t *store = new_store(NULL, "{\"backend\":\"embedded\",\"limits\":{\"inflight_operations\":8}}");
  const lgstore_request_t made = request(LGSTORE_OP_PUT, PUT_K);
  door_t door;
  size_t taken = 0;
  door_init(&door);
  while (lgstore_submit(store, &made, NULL, NULL, NULL, hold, &door) == LGSTORE_OK && taken < 100) taken++;
  CHECK_EQ(taken, 8);
  door_open(&door);
  while (lgstore_submit(store, &made, NULL, NULL, NULL, hold, &door) == LGSTORE_E_BUSY) sched_yield();
  end_store(store);
  door_destroy(&door);
}

/* lgstore_call: result and error as documented, also when the request fails or is refused. */
static void calling(void) {
  lgstore_t *store = new_store(NULL, "{\"backend\":\"fault\",\"fault\":{\"fail_every\":2}}");
  const lgstore_request_t get = request(LGSTORE_OP_GET, GET_K), bad = request(LGSTORE_OP_GET, "{");
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  CHECK_STATUS(lgstore_call(store, &get, &result, &err), LGSTORE_OK);
  CHECK(result != NULL && err == NULL);
  lgstore_result_free(result);
  CHECK_STATUS(lgstore_call(store, &get, &result, &err), LGSTORE_E_UNAVAILABLE);
  CHECK_STATUS(lgstore_error_status(err), LGSTORE_E_UNAVAILABLE);
  CHECK_STATUS(lgstore_result_status(result), LGSTORE_E_UNAVAILABLE);
  if (err != NULL && result != NULL)
    CHECK(strcmp(lgstore_error_json(err, NULL), lgstore_result_json(result, NULL)) == 0);
  lgstore_result_free(result);
  lgstore_error_free(err);
  CHECK_STATUS(lgstore_call(store, &bad, &result, &err), LGSTORE_E_JSON);
  CHECK(result == NULL && err != NULL);
  lgstore_error_free(err);
  CHECK_STATUS(lgstore_call(store, &get, NULL, &err), LGSTORE_E_INVALID_ARG);
  CHECK_HAS(lgstore_error_json(err, NULL), "\"field\":\"out\"");
  lgstore_error_free(err);
  end_store(store);
}

int main(void) {
  RUN(three_outcomes);
  RUN(memory_is_ours_again);
  RUN(never_inside_submit);
  RUN(cancelling);
  RUN(deadlines);
  RUN(limits);
  RUN(slow_consumers);
  RUN(calling);
  return check_end();
}
