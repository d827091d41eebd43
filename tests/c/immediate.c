/* Single writes in memory that are done inside submit: they are seen at once, and beside accepted ones
 * nothing is lost, done twice or left behind. ctest: labels=ci timeout=120 */
#include "support/files.h"
#include "support/store.h"

enum { THREADS = 4, KEYS = 2000 };

static lgstore_status_t at_once(lgstore_t *store, uint32_t op, const char *json, lgstore_result_t **done) {
  lgstore_request_t made = request(op, json);
  lgstore_status_t status;
  collector_t collector;
  collector_init(&collector, 1);
  made.flags = LGSTORE_ALLOW_IMMEDIATE;
  status = lgstore_submit(store, &made, NULL, done, NULL, collect, &collector);
  if (status == LGSTORE_OK) collector_wait(&collector, 1);
  collector_destroy(&collector);
  return status;
}

static void each_single_write(void) {
  static const struct {
    uint32_t op;
    const char *json, *answer;
  } writes[] = {
      {LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}", "null"},
      {LGSTORE_OP_PUT_IF_ABSENT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":2}}",
       "\"applied\":false"},
      {LGSTORE_OP_UPDATE_IF_EXISTS, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":3}}",
       "\"applied\":true"},
      {LGSTORE_OP_COMPARE_AND_SET,
       "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":3},\"expected_value\":{\"n\":1}}",
       "\"applied\":false"},
      {LGSTORE_OP_DELETE_IF_VALUE, "{\"namespace\":[\"n\"],\"key\":\"k\",\"expected_value\":{\"n\":1}}",
       "\"applied\":false"},
      {LGSTORE_OP_DELETE, "{\"namespace\":[\"n\"],\"key\":\"k\"}", "null"},
      {LGSTORE_OP_DELETE_IF_EXISTS, "{\"namespace\":[\"n\"],\"key\":\"k\"}", "\"applied\":false"},
  };
  lgstore_t *store = new_store(NULL, MEMORY);
  size_t i;
  GET(store, "k", "null"); /* the store is open now */
  for (i = 0; i < sizeof writes / sizeof *writes; i++) {
    lgstore_result_t *done = NULL;
    CHECK_STATUS(at_once(store, writes[i].op, writes[i].json, &done), LGSTORE_DONE);
    CHECK_STATUS(lgstore_result_status(done), LGSTORE_OK);
    CHECK_HAS(lgstore_result_json(done, NULL), writes[i].answer);
    lgstore_result_free(done);
    if (i == 2 || i == 4) GET(store, "k", "\"value\":{\"n\":3}");
  }
  GET(store, "k", "null");
  end_store(store);
}

/* What needs more than memory and a moment is accepted. */
static void not_the_others(void) {
  static const char batch[] = "{\"ops\":[{\"op\":\"put\",\"namespace\":[\"n\"],\"key\":\"b\",\"value\":{}}]}";
  const char *folder = getenv("LGSTORE_WORK_DIR");
  char path[512], config[640];
  lgstore_result_t *done = NULL;
  lgstore_t *store = new_store(NULL, MEMORY);
  GET(store, "k", "null");
  CHECK_STATUS(at_once(store, LGSTORE_OP_BATCH, batch, &done), LGSTORE_OK);
  CHECK_STATUS(at_once(store, LGSTORE_OP_DELETE_PREFIX, "{\"namespace_prefix\":[]}", &done), LGSTORE_OK);
  end_store(store);

  snprintf(path, sizeof path, "%s/immediate-%ld.db", folder == NULL ? "." : folder, (long)getpid());
  snprintf(config, sizeof config, "{\"backend\":\"embedded\",\"path\":\"%s\"}", path);
  store = new_store(NULL, config);
  GET(store, "k", "null");
  CHECK_STATUS(at_once(store, LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}}", &done),
               LGSTORE_OK);
  end_store(store);
  unlink(path);
}

typedef struct writer {
  lgstore_t *store;
  _Atomic int *closed;
  int wrote_after;
} writer_t;

/* Writes until it is told that the store is closed. */
static void *write_until_closed(void *user_data) {
  writer_t *writer = user_data;
  collector_t collector;
  lgstore_status_t status = LGSTORE_OK;
  size_t accepted = 0;
  collector_init(&collector, 1);
  while (status != LGSTORE_E_CLOSED) {
    lgstore_request_t put = request(LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}}");
    lgstore_result_t *done = NULL;
    const int after = *writer->closed;
    put.flags = LGSTORE_ALLOW_IMMEDIATE;
    status = lgstore_submit(writer->store, &put, NULL, &done, NULL, collect, &collector);
    accepted += status == LGSTORE_OK;
    if (status == LGSTORE_DONE) {
      status = lgstore_result_status(done);
      lgstore_result_free(done);
    }
    writer->wrote_after += after && status != LGSTORE_E_CLOSED;
  }
  collector_wait(&collector, accepted);
  collector_destroy(&collector);
  return NULL;
}

/* Writes that are done at once end with a close of another thread: none is done after it. */
static void until_closed(void) {
  int round;
  for (round = 0; round < 20; round++) {
    lgstore_t *store = new_store(NULL, MEMORY);
    _Atomic int closed = 0;
    pthread_t threads[THREADS];
    writer_t writers[THREADS];
    int i;
    GET(store, "k", "null");
    for (i = 0; i < THREADS; i++) {
      const writer_t begun = {store, &closed, 0};
      writers[i] = begun;
      MUST(pthread_create(&threads[i], NULL, write_until_closed, &writers[i]) == 0);
    }
    CHECK_STATUS(lgstore_close(store, SECOND_US), LGSTORE_OK);
    closed = 1;
    for (i = 0; i < THREADS; i++) {
      MUST(pthread_join(threads[i], NULL) == 0);
      CHECK_EQ(writers[i].wrote_after, 0);
    }
    lgstore_free(store);
  }
}

typedef struct racer {
  lgstore_t *store;
  int number, applied;
  monitor_t monitor;
  int answered;
} racer_t;

static int applied(const char *json) {
  return strstr(json, "\"applied\":true") != NULL;
}

static void answered(const lgstore_completion_t *completion, void *user_data) {
  racer_t *racer = user_data;
  monitor_enter(&racer->monitor);
  racer->applied += applied(completion->json);
  racer->answered++;
  monitor_leave(&racer->monitor);
}

/* Every key is wanted by every thread; every other request is accepted, for a worker of the library. */
static void *race(void *user_data) {
  racer_t *racer = user_data;
  int key, accepted = 0;
  for (key = 0; key < KEYS; key++) {
    char json[128];
    lgstore_request_t made;
    lgstore_result_t *done = NULL;
    lgstore_status_t status;
    snprintf(json, sizeof json, "{\"namespace\":[\"n\"],\"key\":\"%d\",\"value\":{\"by\":%d}}", key,
             racer->number);
    made = request(LGSTORE_OP_PUT_IF_ABSENT, json);
    made.flags = (key + racer->number) % 2 == 0 ? LGSTORE_ALLOW_IMMEDIATE : 0;
    status = lgstore_submit(racer->store, &made, NULL, &done, NULL, answered, racer);
    if (status == LGSTORE_DONE) {
      monitor_enter(&racer->monitor);
      racer->applied += applied(lgstore_result_json(done, NULL));
      monitor_leave(&racer->monitor);
      lgstore_result_free(done);
    } else {
      MUST(status == LGSTORE_OK);
      accepted++;
    }
  }
  monitor_enter(&racer->monitor);
  while (racer->answered < accepted) monitor_wait(&racer->monitor, "the accepted requests");
  monitor_leave(&racer->monitor);
  return NULL;
}

static void beside_others(void) {
  lgstore_t *store =
      new_store(NULL, "{\"backend\":\"embedded\",\"limits\":{\"inflight_operations\":100000}}");
  pthread_t threads[THREADS];
  racer_t racers[THREADS];
  int i, won = 0;
  char count[32];
  GET(store, "k", "null");
  for (i = 0; i < THREADS; i++) {
    racer_t begun = {0};
    begun.store = store;
    begun.number = i;
    racers[i] = begun;
    monitor_init(&racers[i].monitor);
    MUST(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
  }
  for (i = 0; i < THREADS; i++) {
    MUST(pthread_join(threads[i], NULL) == 0);
    won += racers[i].applied;
    monitor_destroy(&racers[i].monitor);
  }
  CHECK_EQ(won, KEYS);
  snprintf(count, sizeof count, "%d", KEYS);
  CALL(store, LGSTORE_OP_COUNT, "{\"namespace_prefix\":[\"n\"]}", LGSTORE_OK, count);
  end_store(store);
}

static void hold(const lgstore_completion_t *completion, void *user_data) {
  door_pass(user_data, "the test to let the callback go");
  (void)completion;
}

/* A write does not overtake what was submitted before it: it is accepted while anything is on its way. */
static void in_turn(void) {
  static const char put[] = "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":2}}";
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_request_t made = request(LGSTORE_OP_COUNT, "{\"namespace_prefix\":[]}");
  lgstore_result_t *done = NULL;
  collector_t collector;
  door_t door;
  GET(store, "k", "null");
  collector_init(&collector, 1);
  door_init(&door);
  CHECK_STATUS(lgstore_submit(store, &made, NULL, NULL, NULL, hold, &door), LGSTORE_OK);
  made = request(LGSTORE_OP_PUT, put);
  made.flags = LGSTORE_ALLOW_IMMEDIATE;
  CHECK_STATUS(lgstore_submit(store, &made, NULL, &done, NULL, collect, &collector), LGSTORE_OK);
  CHECK(done == NULL);
  made.op = LGSTORE_OP_GET; /* reads may */
  made.json = "{\"namespace\":[\"n\"],\"key\":\"k\"}";
  made.json_len = strlen(made.json);
  CHECK_STATUS(lgstore_submit(store, &made, NULL, &done, NULL, collect, &collector), LGSTORE_DONE);
  lgstore_result_free(done);
  door_open(&door);
  collector_wait(&collector, 1);
  end_store(store);
  collector_destroy(&collector);
  door_destroy(&door);
}

int main(void) {
  RUN(each_single_write);
  RUN(not_the_others);
  RUN(beside_others);
  RUN(until_closed);
  RUN(in_turn);
  return check_end();
}
