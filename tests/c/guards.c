/* The guards at the boundary: rate limit, circuit breaker, retry; one completion whatever they do.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

#include <time.h>

#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}"
#define GET_K "{\"namespace\":[\"n\"],\"key\":\"k\"}"

/* The metrics' document holds this part. */
static int shows_at(lgstore_t *store, const char *part, const char *file, int line) {
  lgstore_result_t *metrics = NULL;
  int holds;
  CHECK_STATUS(lgstore_metrics(store, 0, &metrics, NULL), LGSTORE_OK);
  holds = check_texts(lgstore_result_json(metrics, NULL), part, file, line);
  lgstore_result_free(metrics);
  return holds;
}
#define SHOWS(store, part) shows_at(store, part, __FILE__, __LINE__)

/* Calls for the status alone. */
static lgstore_status_t status_of(lgstore_t *store, const lgstore_request_t *made) {
  lgstore_result_t *result = NULL;
  const lgstore_status_t status = lgstore_call(store, made, &result, NULL);
  lgstore_result_free(result);
  return status;
}

static uint64_t cpu_us(void) {
  struct timespec spent;
  MUST(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent) == 0);
  return (uint64_t)spent.tv_sec * SECOND_US + (uint64_t)spent.tv_nsec / 1000;
}

/* Opens after the failures it was told; answers at once, also through submit. */
static void open_breaker(void) {
  lgstore_t *store = new_store(NULL,
                               "{\"backend\":\"fault\",\"fault\":{\"fail_first\":3},"
                               "\"breaker\":{\"enabled\":true,\"failure_threshold\":3,\"timeout\":3600}}");
  lgstore_request_t get = request(LGSTORE_OP_GET, GET_K);
  lgstore_result_t *done = NULL;
  lgstore_op_t id = 99;
  collector_t collector;
  uint64_t spent;
  size_t i;
  collector_init(&collector, 1);
  SHOWS(store, "\"state\":\"CLOSED\"");
  for (i = 0; i < 3; i++) CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_E_UNAVAILABLE, "unavailable");
  SHOWS(store, "\"state\":\"OPEN\"");
  CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_E_CIRCUIT_OPEN, "\"retry_after_ms\":3");
  CALL(store, LGSTORE_OP_GET, GET_K, LGSTORE_E_CIRCUIT_OPEN, "\"retryable\":true");
  /* It is an outcome at once where that is allowed, else a completion like any other. */
  get.flags = LGSTORE_ALLOW_IMMEDIATE;
  CHECK_STATUS(lgstore_submit(store, &get, &id, &done, NULL, collect, &collector), LGSTORE_DONE);
  CHECK_EQ(id, 0);
  CHECK_STATUS(lgstore_result_status(done), LGSTORE_E_CIRCUIT_OPEN);
  lgstore_result_free(done);
  CHECK_STATUS(submit(store, LGSTORE_OP_GET, GET_K, 0, NULL, &collector), LGSTORE_OK);
  collector_wait(&collector, 1);
  CHECK_STATUS(collector.last_status, LGSTORE_E_CIRCUIT_OPEN);
  spent = cpu_us();
  for (i = 0; i < 1000; i++) CHECK_STATUS(status_of(store, &get), LGSTORE_E_CIRCUIT_OPEN);
  spent = cpu_us() - spent;
  CHECK(spent < 1000 * 100); /* microseconds, with sanitizers too */
  SHOWS(store, "\"rejected\":1004");
  end_store(store);
  collector_destroy(&collector);
}

/* After its time it lets requests through, and closes when enough have succeeded. */
static void half_open_breaker(void) {
  lgstore_t *store =
      new_store(NULL,
                "{\"backend\":\"fault\",\"fault\":{\"fail_first\":3},"
                "\"breaker\":{\"enabled\":true,\"failure_threshold\":2,\"success_threshold\":2,"
                "\"timeout\":0.05}}");
  const lgstore_request_t get = request(LGSTORE_OP_GET, GET_K);
  lgstore_status_t status;
  size_t unavailable = 0, tries;
  for (tries = 0; tries < 10000; tries++) {
    status = status_of(store, &get);
    if (status == LGSTORE_OK) break;
    if (status == LGSTORE_E_UNAVAILABLE) {
      unavailable++;
    } else {
      CHECK_STATUS(status, LGSTORE_E_CIRCUIT_OPEN);
      CHECK(unavailable >= 2);
    }
    usleep(1000);
  }
  CHECK_EQ(unavailable, 3); /* two opened it, the third was a probe */
  SHOWS(store, "\"state\":\"HALF_OPEN\",\"gauge\":1,\"opened\":2");
  GET(store, "k", "null");
  SHOWS(store, "\"state\":\"CLOSED\",\"gauge\":0,\"opened\":2");
  end_store(store);
}

static void reset(void) {
  lgstore_t *store =
      new_store(NULL, "{\"backend\":\"fault\",\"fault\":{\"fail_first\":5},\"breaker\":{\"enabled\":true}}");
  lgstore_t *without = new_store(NULL, MEMORY);
  size_t i;
  for (i = 0; i < 5; i++) CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_E_UNAVAILABLE, "unavailable");
  CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_E_CIRCUIT_OPEN, "OPEN");
  CHECK_STATUS(lgstore_breaker_reset(store), LGSTORE_OK);
  CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_OK, "null");
  CHECK_STATUS(lgstore_breaker_reset(without), LGSTORE_OK);
  end_store(without);
  end_store(store);
}

static void retries(void) {
  lgstore_t *store = new_store(NULL,
                               "{\"backend\":\"fault\",\"fault\":{\"fail_first\":3},"
                               "\"retry\":{\"retry_delay\":0.01}}");
  CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_E_UNAVAILABLE, "unavailable");
  CALL(store, LGSTORE_OP_PUT, PUT_K ",\"max_retries\":2}", LGSTORE_OK, "null");
  SHOWS(store, "\"attempts\":2");
  end_store(store);
  store = new_store(NULL,
                    "{\"backend\":\"fault\",\"fault\":{\"fail_first\":3},"
                    "\"retry\":{\"max_retries\":2,\"retry_delay\":0.01}}");
  CALL(store, LGSTORE_OP_PUT_IF_ABSENT, PUT_K "}", LGSTORE_E_UNAVAILABLE, "unavailable");
  CALL(store, LGSTORE_OP_BATCH,
       "{\"ops\":[{\"op\":\"put\",\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}}]}", LGSTORE_OK,
       "{\"result\":null}");
  end_store(store);
}

static void limits(void) {
  lgstore_t *store = new_store(NULL,
                               "{\"rate_limit\":{\"operations\":{\"put\":{\"requests_per_minute\":60,"
                               "\"burst\":2},\"get\":{\"requests_per_minute\":1}}}}");
  CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_OK, "null");
  CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_OK, "null");
  CALL(store, LGSTORE_OP_PUT, PUT_K "}", LGSTORE_E_RATE_LIMITED, "\"retry_after_ms\":");
  CALL(store, LGSTORE_OP_GET, GET_K, LGSTORE_OK, "\"key\":\"k\"");
  CALL(store, LGSTORE_OP_GET, GET_K, LGSTORE_E_RATE_LIMITED, "\"operation\":\"get\"");
  CALL(store, LGSTORE_OP_DELETE, GET_K, LGSTORE_OK, "null");
  end_store(store);
}

/* Requests that wait for their turn or for their next attempt are cancelled, expire, and are closed; each
 * has one completion, and says surely not applied. */
static void waiting(const char *config, lgstore_status_t expired) {
  enum { EACH = 100 };
  lgstore_runtime_t *runtime = new_runtime(0, 2, 1);
  lgstore_t *store = new_store(runtime, config);
  lgstore_op_t ids[3 * EACH];
  collector_t collector;
  size_t i;
  collector_init(&collector, 3 * EACH);
  for (i = 0; i < 3 * EACH; i++) {
    lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K "}");
    put.tag = i;
    if (i % 3 == 1) put.timeout_us = 20000;
    CHECK_STATUS(lgstore_submit(store, &put, &ids[i], NULL, NULL, collect, &collector), LGSTORE_OK);
  }
  for (i = 0; i < 3 * EACH; i += 3) CHECK_STATUS(lgstore_cancel(store, ids[i]), LGSTORE_OK);
  collector_wait(&collector, 2 * EACH);
  CHECK_EQ(collector_total(&collector), 2 * EACH);
  CHECK_STATUS(lgstore_close(store, 0), LGSTORE_OK);
  CHECK_EQ(collector_total(&collector), 3 * EACH);
  for (i = 0; i < 3 * EACH; i++) {
    const lgstore_status_t wanted[] = {LGSTORE_E_CANCELLED, expired, LGSTORE_E_CLOSED};
    CHECK_EQ(collector.counts[i], 1);
    CHECK_STATUS(collector.statuses[i], wanted[i % 3]);
  }
  lgstore_free(store);
  end_runtime(runtime);
  collector_destroy(&collector);
}

int main(void) {
  open_breaker();
  half_open_breaker();
  reset();
  retries();
  limits();
  /* An hour for a token that somebody else has taken. */
  waiting(
      "{\"backend\":\"fault\",\"fault\":{\"delay_us\":3600000000},\"rate_limit\":{\"on_limit\":\"wait\","
      "\"operations\":{\"put\":{\"requests_per_minute\":1,\"burst\":1}}}}",
      LGSTORE_E_TIMEOUT);
  /* An hour until the next attempt; with a deadline before that there is none. */
  waiting(
      "{\"backend\":\"fault\",\"fault\":{\"fail_every\":1},\"retry\":{\"max_retries\":100,"
      "\"retry_delay\":3600,\"max_delay\":3600,\"jitter\":false}}",
      LGSTORE_E_UNAVAILABLE);
  return check_end();
}
