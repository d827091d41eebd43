/* Storms: several threads submit, cancel and let requests expire while the backend delays, fails and
 * panics. Every accepted request has exactly one completion, every other none; what a completion says is
 * what happened; every slot comes back.
 * ctest: labels=ci timeout=300 */
#include "support/store.h"

enum { SUBMITTERS = 4, EACH = 1600, TAGS = SUBMITTERS * EACH, SLOTS = 256, BURST = 16 };

/* How a request went in. */
enum { DONE = 1, ACCEPTED };

typedef struct storm {
  lgstore_t *store;
  lgstore_cq_t *queue; /* NULL = callbacks */
  collector_t collector;
  uint8_t how[TAGS];
  lgstore_status_t done[TAGS];
  _Atomic uint64_t ids[TAGS];
  atomic_uint accepted, busy;
  atomic_int over;
} storm_t;

typedef struct submitter {
  storm_t *storm;
  size_t first;
  uint64_t random;
} submitter_t;

/* The request of a tag: most put an item of their own, so that its outcome can be looked up later. */
static uint32_t body_of(size_t tag, char *json, size_t size) {
  if (tag % 5 == 4) {
    snprintf(json, size, "{\"namespace\":[\"storm\"],\"key\":\"%zu\"}", tag - 1);
    return LGSTORE_OP_GET;
  }
  if (tag % 25 == 3) {
    snprintf(json, size, "{\"namespace_prefix\":[\"storm\"],\"filter\":{\"n\":%zu},\"limit\":1000}", tag);
    return LGSTORE_OP_SEARCH;
  }
  snprintf(json, size, "{\"namespace\":[\"storm\"],\"key\":\"%zu\",\"value\":{\"n\":%zu}}", tag, tag);
  return LGSTORE_OP_PUT;
}

static int is_put(size_t tag) {
  return tag % 5 != 4 && tag % 25 != 3;
}

static uint64_t some_timeout(uint64_t *random) {
  const uint64_t drawn = random_next(random);
  return drawn % 4 != 0 ? 0 : 1 + (drawn >> 8) % 3000;
}

static void cancel_one(storm_t *storm, size_t first, size_t upto, uint64_t *random) {
  const lgstore_op_t id = atomic_load(&storm->ids[first + random_next(random) % upto]);
  CHECK_STATUS(lgstore_cancel(storm->store, id), LGSTORE_OK);
}

/* Writes down that a request was accepted or answered. */
static void note(storm_t *storm, size_t tag, lgstore_op_t id, lgstore_status_t done) {
  CHECK_EQ(storm->how[tag], 0);
  storm->how[tag] = id == 0 ? DONE : ACCEPTED;
  storm->done[tag] = done;
  atomic_store(&storm->ids[tag], id);
  if (id != 0) atomic_fetch_add(&storm->accepted, 1);
}

/* Submits one by one with callbacks; waits for a completion where the store is full. */
static void submit_all(storm_t *storm, size_t first, uint64_t *random) {
  size_t i = 0;
  while (i < EACH) {
    const size_t tag = first + i, seen = collector_total(&storm->collector);
    char json[160];
    lgstore_request_t made = {0};
    lgstore_op_t id = 99;
    lgstore_result_t *done = NULL;
    lgstore_error_t *err = NULL;
    lgstore_status_t status;
    made = request(body_of(tag, json, sizeof json), json);
    made.json_len = strlen(json);
    made.tag = tag;
    made.timeout_us = some_timeout(random);
    made.flags = random_next(random) % 2 == 0 ? LGSTORE_ALLOW_IMMEDIATE : 0;
    status = lgstore_submit(storm->store, &made, &id, &done, &err, collect, &storm->collector);
    memset(json, 'x', sizeof json); /* request memory is ours again */
    memset(&made, 0xff, sizeof made);
    if (status == LGSTORE_E_BUSY) {
      CHECK(id == 0 && done == NULL && lgstore_error_status(err) == LGSTORE_E_BUSY);
      atomic_fetch_add(&storm->busy, 1);
      lgstore_error_free(err);
      collector_wait(&storm->collector, seen + 1);
      continue;
    }
    CHECK(status == LGSTORE_OK || status == LGSTORE_DONE);
    CHECK((status == LGSTORE_OK) == (id != 0) && (status == LGSTORE_DONE) == (done != NULL) && err == NULL);
    note(storm, tag, id, done != NULL ? lgstore_result_status(done) : LGSTORE_OK);
    lgstore_result_free(done);
    i++;
    if (i % 3 == 0) cancel_one(storm, first, i, random);
  }
}

/* Writes down what a call said of the requests that it took. */
static void note_burst(storm_t *storm, size_t first, size_t accepted, const lgstore_op_t *ids,
                       const lgstore_completion_t *done) {
  size_t i;
  for (i = 0; i < accepted; i++) {
    CHECK((ids[i] == 0) == (done[i].owner != NULL));
    if (ids[i] == 0) CHECK_EQ(done[i].tag, first + i);
    note(storm, first + i, ids[i], done[i].status);
    lgstore_cq_release(storm->queue, &done[i], 1);
  }
}

/* Submits in bursts to the queue; sends the rest of a burst again where store or queue are full. */
static void burst_all(storm_t *storm, size_t first, uint64_t *random) {
  size_t i, j, sent;
  for (i = 0; i < EACH; i += BURST) {
    char arena[BURST * 160];
    lgstore_submission_t burst[BURST] = {{0}};
    size_t at = 0;
    for (j = 0; j < BURST; j++) {
      burst[j].op = body_of(first + i + j, arena + at, 160);
      burst[j].json_off = (uint32_t)at;
      burst[j].json_len = (uint32_t)strlen(arena + at);
      burst[j].tag = first + i + j;
      burst[j].timeout_us = some_timeout(random);
      burst[j].flags = random_next(random) % 2 == 0 ? LGSTORE_ALLOW_IMMEDIATE : 0;
      at += burst[j].json_len;
    }
    for (sent = 0; sent < BURST;) {
      const size_t seen = collector_total(&storm->collector), n = BURST - sent;
      lgstore_op_t ids[BURST];
      lgstore_completion_t done[BURST];
      size_t taken = 99;
      const lgstore_status_t status =
          lgstore_submit_cq(storm->store, storm->queue, arena, at, burst + sent, n, &taken, ids, done);
      CHECK_STATUS(status, taken == n ? LGSTORE_OK : LGSTORE_E_BUSY);
      note_burst(storm, first + i + sent, taken, ids, done);
      sent += taken;
      if (status != LGSTORE_OK) {
        atomic_fetch_add(&storm->busy, 1);
        collector_wait(&storm->collector, seen + 1);
      }
    }
    memset(arena, 'x', sizeof arena);
    cancel_one(storm, first, i + 1, random);
  }
}

static void *submitter_main(void *argument) {
  submitter_t *submitter = argument;
  if (submitter->storm->queue != NULL) {
    burst_all(submitter->storm, submitter->first, &submitter->random);
  } else {
    submit_all(submitter->storm, submitter->first, &submitter->random);
  }
  return NULL;
}

/* Drains the queue into the collector until the storm is over and nothing is missing. */
static void *reader_main(void *argument) {
  storm_t *storm = argument;
  for (;;) {
    lgstore_completion_t batch[32];
    const size_t count = lgstore_cq_wait(storm->queue, batch, 32, 10000);
    size_t i;
    for (i = 0; i < count; i++) collect(&batch[i], &storm->collector);
    lgstore_cq_release(storm->queue, batch, count);
    if (atomic_load(&storm->over) && collector_total(&storm->collector) >= atomic_load(&storm->accepted))
      return NULL;
  }
}

/* One completion for each accepted request and none for any other; what it said is what happened. */
static void check_outcomes(storm_t *storm, int faults) {
  size_t tag, ok = 0;
  for (tag = 0; tag < TAGS; tag++) {
    const lgstore_status_t status =
        storm->how[tag] == DONE ? storm->done[tag] : storm->collector.statuses[tag];
    char json[64];
    CHECK_EQ(storm->collector.counts[tag], storm->how[tag] == ACCEPTED ? 1 : 0);
    ok += status == LGSTORE_OK;
    if (status == LGSTORE_E_UNAVAILABLE || status == LGSTORE_E_PANIC) {
      CHECK(faults);
    } else if (status != LGSTORE_E_TIMEOUT && status != LGSTORE_E_CANCELLED) {
      CHECK_STATUS(status, is_put(tag) && status == LGSTORE_E_UNKNOWN_OUTCOME ? status : LGSTORE_OK);
    }
    if (faults || !is_put(tag) || status == LGSTORE_E_UNKNOWN_OUTCOME) continue;
    snprintf(json, sizeof json, "{\"namespace\":[\"storm\"],\"key\":\"%zu\"}", tag);
    CALL(storm->store, LGSTORE_OP_GET, json, LGSTORE_OK, status == LGSTORE_OK ? "\"key\"" : "null");
  }
  fprintf(stderr, "    %u accepted, %zu succeeded, %u times busy\n", atomic_load(&storm->accepted), ok,
          atomic_load(&storm->busy));
}

static void run_storm(const char *config, uint32_t runtime_flags, uint32_t callback_threads, int use_queue,
                      int faults) {
  storm_t *storm = calloc(1, sizeof *storm);
  lgstore_runtime_t *runtime = new_runtime(runtime_flags, 2, callback_threads);
  pthread_t threads[SUBMITTERS], reader;
  submitter_t submitters[SUBMITTERS];
  size_t i;
  MUST(storm != NULL);
  fprintf(stderr, "  %s, flags %u, %u callback threads, %s\n", config, runtime_flags, callback_threads,
          use_queue ? "queue" : "callbacks");
  storm->store = new_store(runtime, config);
  collector_init(&storm->collector, TAGS);
  if (use_queue) {
    MUST(lgstore_cq_new(runtime, 2 * SLOTS, &storm->queue, NULL) == LGSTORE_OK);
    pthread_create(&reader, NULL, reader_main, storm);
  }
  for (i = 0; i < SUBMITTERS; i++) {
    submitters[i] = (submitter_t){storm, i * EACH, 88172645463325252u + i};
    pthread_create(&threads[i], NULL, submitter_main, &submitters[i]);
  }
  for (i = 0; i < SUBMITTERS; i++) pthread_join(threads[i], NULL);
  atomic_store(&storm->over, 1);
  if (use_queue) pthread_join(reader, NULL);
  collector_wait(&storm->collector, atomic_load(&storm->accepted));
  check_outcomes(storm, faults);
  CHECK(atomic_load(&storm->accepted) > 0);
  end_store(storm->store);
  end_runtime(runtime);
  lgstore_cq_free(storm->queue);
  /* Nothing has come since, and nothing can come any more. */
  CHECK_EQ(storm->collector.total, atomic_load(&storm->accepted));
  collector_destroy(&storm->collector);
  free(storm);
}

/* Every n-th request fails or panics, and says so; the others work. */
static void counted_faults(void) {
  lgstore_t *store =
      new_store(NULL, "{\"backend\":\"fault\",\"fault\":{\"fail_every\":3,\"panic_every\":4}}");
  int i;
  for (i = 1; i <= 24; i++) {
    const lgstore_status_t status = i % 4 == 0   ? LGSTORE_E_PANIC
                                    : i % 3 == 0 ? LGSTORE_E_UNAVAILABLE
                                                 : LGSTORE_OK;
    CALL(store, LGSTORE_OP_GET, "{\"namespace\":[\"n\"],\"key\":\"k\"}", status,
         status == LGSTORE_E_PANIC         ? "\"code\":\"panic\""
         : status == LGSTORE_E_UNAVAILABLE ? "\"code\":\"unavailable\""
                                           : "null");
  }
  end_store(store);
}

/* Answers of get are padded to a size, as JSON that still parses. */
static void padded_answers(void) {
  lgstore_t *store = new_store(NULL, "{\"backend\":\"fault\",\"fault\":{\"size_bytes\":100000}}");
  const lgstore_request_t get = request(LGSTORE_OP_GET, "{\"namespace\":[\"n\"],\"key\":\"k\"}");
  lgstore_result_t *result = NULL;
  size_t len = 0;
  PUT(store, "k", "{\"n\":1}");
  CHECK_STATUS(lgstore_call(store, &get, &result, NULL), LGSTORE_OK);
  CHECK_HAS(lgstore_result_json(result, &len), "\"padding\":\"xxxx");
  CHECK_EQ(len, 100000);
  lgstore_result_free(result);
  end_store(store);
}

#define LIMITS "\"limits\":{\"inflight_operations\":256}"

/* A store has as many slots after any outcome as before: it is full after exactly as many requests. */
static void slots_come_back(void) {
  lgstore_t *store = new_store(NULL,
                               "{\"backend\":\"fault\",\"limits\":{\"inflight_operations\":64},"
                               "\"fault\":{\"delay_us\":3600000000}}");
  lgstore_cq_t *queue = NULL;
  size_t round, i, got;
  MUST(lgstore_cq_new(NULL, 100, &queue, NULL) == LGSTORE_OK);
  for (round = 0; round < 100; round++) {
    lgstore_submission_t burst[65] = {{0}};
    lgstore_op_t ids[65];
    lgstore_completion_t batch[65];
    size_t taken = 0;
    for (i = 0; i < 65; i++) {
      burst[i].op = LGSTORE_OP_SWEEP;
      burst[i].timeout_us = round % 2 == 0 ? 0 : 1 + i * 10;
    }
    CHECK_STATUS(lgstore_submit_cq(store, queue, NULL, 0, burst, 65, &taken, ids, NULL), LGSTORE_E_BUSY);
    if (!CHECK_EQ(taken, 64)) break;
    for (i = 0; i < 64 && round % 2 == 0; i++) CHECK_STATUS(lgstore_cancel(store, ids[i]), LGSTORE_OK);
    for (i = 0; i < 64; i += got) {
      got = lgstore_cq_wait(queue, batch, 65, PATIENCE_SECONDS * SECOND_US);
      MUST(got > 0);
      CHECK_STATUS(batch[0].status, round % 2 == 0 ? LGSTORE_E_CANCELLED : LGSTORE_E_TIMEOUT);
      lgstore_cq_release(queue, batch, got);
    }
  }
  lgstore_cq_free(queue);
  end_store(store);
}

int main(void) {
  const char *const plain = "{\"backend\":\"embedded\"," LIMITS "}";
  const char *const waiting = "{\"backend\":\"embedded\",\"immediate\":false," LIMITS "}";
  const char *const faulty =
      "{\"backend\":\"fault\"," LIMITS ",\"fault\":{\"fail_every\":7,\"panic_every\":11,\"size_bytes\":500}}";
  const char *const slow =
      "{\"backend\":\"fault\"," LIMITS ",\"fault\":{\"delay_us\":2000,\"fail_every\":7,\"panic_every\":11}}";
  const uint32_t on_workers = LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS;
  RUN(counted_faults);
  RUN(padded_answers);
  RUN(slots_come_back);
  run_storm(plain, 0, 1, 0, 0);
  run_storm(waiting, 0, 4, 0, 0);
  run_storm(waiting, on_workers, 0, 0, 0);
  run_storm(waiting, 0, 1, 1, 0);
  run_storm(faulty, 0, 1, 0, 1);
  run_storm(faulty, 0, 1, 1, 1);
  run_storm(slow, 0, 2, 0, 1);
  run_storm(slow, on_workers, 0, 0, 1);
  run_storm(slow, 0, 1, 1, 1);
  return check_end();
}
