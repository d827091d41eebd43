/* Stores: made from a configuration, closed in every way, freed at any time.
 * ctest: labels=ci timeout=120 cql=on */
#include "support/store.h"

#define GET_K "{\"namespace\":[\"n\"],\"key\":\"k\"}"
#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}"

/* Configurations that are refused: status, field and what the message helps with. */
static void refused_configurations(void) {
  static const struct {
    const char *config;
    lgstore_status_t status;
    const char *field, *message;
  } cases[] = {
      {"{", LGSTORE_E_JSON, NULL, ""},
      {"[]", LGSTORE_E_INVALID_ARG, NULL, "neither a JSON object nor a URL"},
      {"{\"backend\":\"embeded\"}", LGSTORE_E_INVALID_ARG, "backend", "did you mean \\\"embedded\\\"?"},
      {"{\"pth\":\"x\"}", LGSTORE_E_INVALID_ARG, "pth", "did you mean \\\"path\\\"?"},
      {"{\"limits\":{\"value_byte\":1}}", LGSTORE_E_INVALID_ARG, "limits.value_byte", "value_bytes"},
      {"{\"timeout\":-1}", LGSTORE_E_INVALID_ARG, "timeout", "not -1"},
      {"{\"readers\":0}", LGSTORE_E_INVALID_ARG, "readers", "from 1 to 64"},
      {"gopher:x", LGSTORE_E_INVALID_ARG, NULL, ""},
      {"{\"path\":\"\xff\"}", LGSTORE_E_UTF8, "config", "UTF-8"},
  };
  size_t i;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    lgstore_t *store = (lgstore_t *)&store;
    lgstore_error_t *err = NULL;
    char field[64];
    const char *json;
    CHECK_STATUS(lgstore_new(NULL, cases[i].config, strlen(cases[i].config), &store, &err), cases[i].status);
    CHECK(store == NULL && err != NULL);
    json = lgstore_error_json(err, NULL);
    CHECK_HAS(json, cases[i].message);
    snprintf(field, sizeof field, "\"field\":\"%s\"", cases[i].field == NULL ? "" : cases[i].field);
    if (cases[i].field != NULL) CHECK_HAS(json, field);
    lgstore_error_free(err);
    CHECK_STATUS(lgstore_new(NULL, cases[i].config, strlen(cases[i].config), &store, NULL), cases[i].status);
  }
}

/* Takes away what the tests set for each other: as configuration it would be unknown. */
static void clear_environment(void) {
  char name[128];
  size_t i = 0;
  while (environ[i] != NULL) {
    const size_t len = strcspn(environ[i], "=");
    if (strncmp(environ[i], "LGSTORE_", 8) != 0 || len >= sizeof name) {
      i++;
      continue;
    }
    memcpy(name, environ[i], len);
    name[len] = '\0';
    unsetenv(name);
  }
}

/* A document, a URL and the environment make stores. */
static void configurations(void) {
  lgstore_t *store = new_store(NULL, "memory:");
  PUT(store, "k", "{}");
  end_store(store);
  clear_environment();
  CHECK_STATUS(lgstore_new(NULL, NULL, 0, &store, NULL), LGSTORE_OK);
  lgstore_free(store);
  setenv("LGSTORE_BACKEND", "nowhere", 1);
  CHECK_STATUS(lgstore_new(NULL, NULL, 0, &store, NULL), LGSTORE_E_INVALID_ARG);
  CHECK(store == NULL);
  unsetenv("LGSTORE_BACKEND");
}

/* Close lets run what is through in time, ends the rest as closed, and is idempotent. */
static void closing(void) {
  lgstore_t *store = new_store(NULL, "{\"backend\":\"fault\",\"fault\":{\"delay_us\":50000}}");
  collector_t collector;
  lgstore_error_t *err = NULL;
  lgstore_request_t get = request(LGSTORE_OP_GET, GET_K);
  size_t i;
  collector_init(&collector, 2);
  for (i = 0; i < 20; i++)
    CHECK_STATUS(submit(store, LGSTORE_OP_PUT, PUT_K, 0, NULL, &collector), LGSTORE_OK);
  CHECK_STATUS(lgstore_close(store, 60 * SECOND_US), LGSTORE_OK);
  CHECK_EQ(collector_total(&collector), 20); /* at once: nobody waits here */
  CHECK_STATUS(collector.last_status, LGSTORE_OK);
  CHECK_STATUS(lgstore_close(store, 0), LGSTORE_OK);
  CHECK_STATUS(submit(store, LGSTORE_OP_PUT, PUT_K, 0, NULL, &collector), LGSTORE_E_CLOSED);
  get.flags = LGSTORE_ALLOW_IMMEDIATE;
  CHECK_STATUS(lgstore_call(store, &get, (lgstore_result_t **)&i, &err), LGSTORE_E_CLOSED);
  CHECK_HAS(lgstore_error_json(err, NULL), "\"code\":\"closed\"");
  lgstore_error_free(err);
  CHECK_STATUS(lgstore_cancel(store, 1), LGSTORE_OK);
  lgstore_free(store);

  store = new_store(NULL, STUCK);
  for (i = 0; i < 20; i++)
    CHECK_STATUS(submit(store, LGSTORE_OP_PUT, PUT_K, 1, NULL, &collector), LGSTORE_OK);
  CHECK_STATUS(lgstore_close(store, 10000), LGSTORE_OK);
  CHECK_EQ(collector_total(&collector), 40);
  CHECK_STATUS(collector.last_status, LGSTORE_E_CLOSED);
  lgstore_free(store);
  collector_destroy(&collector);
}

static void hold(const lgstore_completion_t *completion, void *user_data) {
  (void)completion;
  door_pass(user_data, "the test to let the callback go");
}

/* A callback that does not return: close says so and can be called again. */
static void stuck_callback(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 1, 1);
  lgstore_t *store = new_store(runtime, MEMORY);
  const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  door_t door;
  door_init(&door);
  CHECK_STATUS(lgstore_submit(store, &put, NULL, NULL, NULL, hold, &door), LGSTORE_OK);
  CHECK_STATUS(lgstore_close(store, 1000), LGSTORE_E_TIMEOUT);
  CHECK_STATUS(lgstore_submit(store, &put, NULL, NULL, NULL, hold, &door), LGSTORE_E_CLOSED);
  CHECK_STATUS(lgstore_runtime_join(runtime, 1000), LGSTORE_E_TIMEOUT);
  door_open(&door);
  CHECK_STATUS(lgstore_close(store, 1000), LGSTORE_OK);
  lgstore_free(store);
  end_runtime(runtime);
  door_destroy(&door);
}

typedef struct holding {
  door_t door;
  _Atomic int returned;
} holding_t;

static void hold_close(const lgstore_completion_t *completion, void *user_data) {
  holding_t *holding = user_data;
  hold(completion, &holding->door);
  holding->returned = 1;
}

/* After a close no callback runs, not even the one of a close in the background. */
static void close_waits_for_close_async(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  holding_t holding = {0};
  door_init(&holding.door);
  CHECK_STATUS(lgstore_close_async(store, 1000, hold_close, &holding), LGSTORE_OK);
  CHECK_STATUS(lgstore_close(store, 1000), LGSTORE_E_TIMEOUT);
  door_open(&holding.door);
  CHECK_STATUS(lgstore_close(store, 10 * SECOND_US), LGSTORE_OK);
  CHECK(holding.returned);
  lgstore_free(store);
  door_destroy(&holding.door);
}

/* Closing in the background: one completion with the outcome, also for a second close. */
static void close_async(void) {
  lgstore_t *store = new_store(NULL, STUCK);
  collector_t collector;
  size_t i;
  collector_init(&collector, 2);
  for (i = 0; i < 10; i++)
    CHECK_STATUS(submit(store, LGSTORE_OP_PUT, PUT_K, 1, NULL, &collector), LGSTORE_OK);
  CHECK_STATUS(lgstore_close_async(store, 1000, collect, &collector), LGSTORE_OK);
  collector_wait(&collector, 11);
  CHECK_EQ(collector.counts[0], 1);
  CHECK_EQ(collector.last_op, 0);
  CHECK_STATUS(collector.statuses[0], LGSTORE_OK);
  CHECK_STATUS(collector.statuses[1], LGSTORE_E_CLOSED);
  CHECK_STATUS(lgstore_close_async(store, 0, collect, &collector), LGSTORE_OK);
  collector_wait(&collector, 12);
  CHECK_STATUS(lgstore_close_async(store, 0, NULL, NULL), LGSTORE_OK);
  lgstore_free(store);
  collector_destroy(&collector);
}

/* What is submitted after close_async has returned is refused, though its thread may not have begun yet. */
static void close_async_refuses_at_once(void) {
  collector_t collector;
  size_t round;
  collector_init(&collector, 2);
  for (round = 0; round < 100; round++) {
    lgstore_t *store = new_store(NULL, MEMORY);
    CHECK_STATUS(lgstore_close_async(store, SECOND_US, NULL, NULL), LGSTORE_OK);
    CHECK_STATUS(submit(store, LGSTORE_OP_PUT, PUT_K, 1, NULL, &collector), LGSTORE_E_CLOSED);
    CHECK_STATUS(lgstore_close(store, SECOND_US), LGSTORE_OK);
    lgstore_free(store);
  }
  collector_destroy(&collector);
}

/* Freed without close: every completion still comes, once, and the runtime ends. */
static void freed_open(void) {
  size_t round;
  for (round = 0; round < 30; round++) {
    lgstore_runtime_t *runtime = new_runtime(round % 2 == 0 ? 0 : LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS, 1, 0);
    lgstore_t *store = new_store(runtime, round % 3 == 0 ? STUCK : MEMORY);
    collector_t collector;
    size_t i, taken = 0;
    collector_init(&collector, 64);
    for (i = 0; i < 64; i++) taken += submit(store, LGSTORE_OP_PUT, PUT_K, i, NULL, &collector) == LGSTORE_OK;
    lgstore_free(store);
    lgstore_runtime_free(round % 2 == 0 ? NULL : runtime);
    if (round % 2 == 0) end_runtime(runtime);
    collector_wait(&collector, taken);
    CHECK_EQ(taken, 64);
    for (i = 0; i < 64; i++) CHECK_EQ(collector.counts[i], 1);
    collector_destroy(&collector);
  }
}

typedef struct stormer {
  lgstore_t *store;
  collector_t *collector;
  atomic_int *closed;
  size_t accepted;
} stormer_t;

static atomic_int after_close;

static void collect_unless_closed(const lgstore_completion_t *completion, void *user_data) {
  stormer_t *stormer = user_data;
  if (atomic_load(stormer->closed)) atomic_fetch_add(&after_close, 1);
  collect(completion, stormer->collector);
}

static void *storm(void *argument) {
  stormer_t *stormer = argument;
  lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  for (;;) {
    const lgstore_status_t status =
        lgstore_submit(stormer->store, &put, NULL, NULL, NULL, collect_unless_closed, stormer);
    if (status == LGSTORE_OK) stormer->accepted++;
    if (status == LGSTORE_E_CLOSED) return NULL;
    if (status == LGSTORE_E_BUSY) sched_yield();
    CHECK(status == LGSTORE_OK || status == LGSTORE_E_BUSY);
  }
}

/* Close in the middle of submitting threads: after it has returned nothing runs any more. */
static void close_while_storming(void) {
  size_t round, i;
  for (round = 0; round < 20; round++) {
    lgstore_t *store =
        new_store(NULL, round % 2 == 0 ? "{\"backend\":\"embedded\",\"limits\":{\"inflight_operations\":64}}"
                                       : "{\"backend\":\"fault\",\"limits\":{\"inflight_operations\":64},"
                                         "\"fault\":{\"delay_us\":3000}}");
    collector_t collector;
    atomic_int closed = 0;
    stormer_t stormers[3];
    pthread_t threads[3];
    size_t accepted = 0;
    collector_init(&collector, 1);
    for (i = 0; i < 3; i++) {
      stormers[i] = (stormer_t){store, &collector, &closed, 0};
      pthread_create(&threads[i], NULL, storm, &stormers[i]);
    }
    collector_wait(&collector, 50 + round * 20);
    CHECK_STATUS(lgstore_close(store, round * 100), LGSTORE_OK);
    atomic_store(&closed, 1);
    for (i = 0; i < 3; i++) {
      pthread_join(threads[i], NULL);
      accepted += stormers[i].accepted;
    }
    CHECK_EQ(collector_total(&collector), accepted);
    lgstore_free(store);
    collector_destroy(&collector);
  }
  CHECK_EQ(atomic_load(&after_close), 0);
}

int main(void) {
  RUN(refused_configurations);
  RUN(configurations);
  RUN(closing);
  RUN(stuck_callback);
  RUN(close_async);
  RUN(close_async_refuses_at_once);
  RUN(close_waits_for_close_async);
  RUN(freed_open);
  RUN(close_while_storming);
  return check_end();
}
