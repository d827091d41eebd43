/* The contract at the edges: NULL everywhere, structs of every size, every [nb] function in callbacks and
 * none that blocks, handles of the wrong type and (debug builds) freed ones.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

#include <sys/mman.h>

#define GET_K "{\"namespace\":[\"n\"],\"key\":\"k\"}"
#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}"

static void log_nothing(int32_t level, const char *json, size_t json_len, void *user_data) {
  (void)level, (void)json, (void)json_len, (void)user_data;
}

/* Checks a refusal that names a field, and frees the error. By address: `got` is evaluated after it. */
static void refused(lgstore_status_t got, lgstore_status_t status, lgstore_error_t **err, const char *field) {
  char part[64];
  snprintf(part, sizeof part, "\"field\":\"%s\"", field);
  CHECK_STATUS(got, status);
  CHECK_STATUS(lgstore_error_status(*err), status);
  CHECK_HAS(lgstore_error_json(*err, NULL), part);
  CHECK(lgstore_error_message(*err, NULL)[0] != '\0');
  lgstore_error_free(*err);
}

/* NULL for each argument of each function. */
static void nulls(void) {
  lgstore_t *store = (lgstore_t *)&store;
  const lgstore_request_t get = request(LGSTORE_OP_GET, GET_K);
  lgstore_request_t lying = get;
  lgstore_error_t *err = NULL;
  lgstore_result_t *result = NULL;
  lgstore_cq_t *queue = NULL;
  lgstore_completion_t batch[1] = {{0}};
  lgstore_submission_t one = {LGSTORE_OP_GET, 0, 0, (uint32_t)strlen(GET_K), 0, 0};
  size_t len = 7;
  const lgstore_status_t bad = LGSTORE_E_INVALID_ARG;
  collector_t collector;
  collector_init(&collector, 1);
  MUST(lgstore_cq_new(NULL, 0, &queue, NULL) == LGSTORE_OK);

  refused(lgstore_runtime_new(NULL, NULL, &err), bad, &err, "out");
  CHECK_STATUS(lgstore_runtime_join(NULL, 0), bad);
  lgstore_runtime_free(NULL);
  refused(lgstore_new(NULL, MEMORY, strlen(MEMORY), NULL, &err), bad, &err, "out");
  refused(lgstore_new(NULL, NULL, 5, &store, &err), bad, &err, "config");
  CHECK(store == NULL);
  store = new_store(NULL, MEMORY);
  CHECK_STATUS(lgstore_cancel(NULL, 1), bad);
  CHECK_STATUS(lgstore_close(NULL, 0), bad);
  CHECK_STATUS(lgstore_close_async(NULL, 0, collect, &collector), bad);
  lgstore_free(NULL);
  CHECK_STATUS(lgstore_breaker_reset(NULL), bad);
  refused(lgstore_metrics(NULL, 0, &result, &err), bad, &err, "store");
  refused(lgstore_metrics(store, 0, NULL, &err), bad, &err, "out");
  refused(lgstore_metrics_prometheus(NULL, &result, &err), bad, &err, "store");
  refused(lgstore_metrics_prometheus(store, NULL, &err), bad, &err, "out");
  refused(lgstore_submit(NULL, &get, NULL, NULL, &err, collect, &collector), bad, &err, "store");
  refused(lgstore_submit(store, NULL, NULL, NULL, &err, collect, &collector), bad, &err, "request");
  refused(lgstore_submit(store, &get, NULL, NULL, &err, NULL, NULL), bad, &err, "callback");
  lying.json = NULL;
  refused(lgstore_submit(store, &lying, NULL, NULL, &err, collect, &collector), bad, &err, "request.json");
  lying.json_len = 0; /* NULL with length 0 is {} */
  refused(lgstore_submit(store, &lying, NULL, NULL, &err, collect, &collector), bad, &err, "namespace");
  refused(lgstore_call(NULL, &get, &result, &err), bad, &err, "store");
  refused(lgstore_call(store, NULL, &result, &err), bad, &err, "request");
  CHECK_STATUS(lgstore_submit_cq(NULL, queue, GET_K, one.json_len, &one, 1, &len, NULL, NULL), bad);
  CHECK_EQ(len, 0);
  CHECK_STATUS(lgstore_submit_cq(store, NULL, GET_K, one.json_len, &one, 1, &len, NULL, NULL), bad);
  CHECK_STATUS(lgstore_submit_cq(store, queue, NULL, one.json_len, &one, 1, &len, NULL, NULL), bad);
  CHECK_STATUS(lgstore_submit_cq(store, queue, GET_K, one.json_len, NULL, 1, &len, NULL, NULL), bad);
  CHECK_STATUS(lgstore_submit_cq(store, queue, GET_K, 0, &one, 1, NULL, NULL, NULL), bad);
  refused(lgstore_cq_new(NULL, 0, NULL, &err), bad, &err, "out");
  CHECK(lgstore_cq_fd(NULL) == -1);
  CHECK_STATUS(lgstore_cq_set_doorbell(NULL, NULL, NULL), bad);
  CHECK_EQ(lgstore_cq_drain(NULL, batch, 1), 0);
  CHECK_EQ(lgstore_cq_drain(queue, NULL, 1), 0);
  CHECK_EQ(lgstore_cq_wait(NULL, batch, 1, UINT64_MAX), 0);
  CHECK_EQ(lgstore_cq_wait(queue, NULL, 1, UINT64_MAX), 0);
  lgstore_cq_wake(NULL);
  lgstore_cq_release(queue, NULL, 1);
  lgstore_cq_release(queue, batch, 1); /* an empty completion has nothing to release */
  lgstore_cq_release(NULL, NULL, 0);
  lgstore_cq_free(NULL);
  CHECK_STATUS(lgstore_error_status(NULL), LGSTORE_OK);
  CHECK(strcmp(lgstore_error_message(NULL, &len), "") == 0 && len == 0);
  CHECK(strcmp(lgstore_error_json(NULL, NULL), "") == 0);
  lgstore_error_free(NULL);
  CHECK(lgstore_result_take(NULL) == NULL);
  CHECK(lgstore_result_take(batch) == NULL);
  CHECK(lgstore_result_json(NULL, &len) == NULL && len == 0);
  CHECK_STATUS(lgstore_result_status(NULL), bad);
  lgstore_result_free(NULL);

  GET(store, "k", "null"); /* and the store is as it was */
  lgstore_cq_free(queue);
  end_store(store);
  CHECK_EQ(collector.total, 0);
  collector_destroy(&collector);
}

/* A struct of `size` bytes that ends where the memory ends: reading beyond is a crash. */
static void *at_the_edge(const void *from, size_t used, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *made;
  MUST(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
  made = pages + page - size;
  memcpy(made, from, used < size ? used : size);
  memcpy(made, &size, sizeof size);
  return made;
}

/* Older and newer callers: short structs are filled with zeros, long ones may have an empty tail. */
static void struct_sizes(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  const lgstore_request_t get = request(LGSTORE_OP_GET, GET_K);
  lgstore_request_t wrong = get;
  lgstore_runtime_options_t options = {0};
  lgstore_runtime_t *runtime = NULL;
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  const size_t wrong_sizes[] = {0, 1, sizeof(size_t) - 1, 65537, SIZE_MAX};
  size_t i;
  lgstore_request_t *edge = at_the_edge(&get, sizeof get, offsetof(lgstore_request_t, timeout_us));
  CHECK_STATUS(lgstore_call(store, edge, &result, &err), LGSTORE_OK);
  lgstore_result_free(result);
  edge = at_the_edge(&get, sizeof get, sizeof(size_t)); /* op is 0: there is none */
  refused(lgstore_call(store, edge, &result, &err), LGSTORE_E_UNSUPPORTED, &err, "op");
  edge = at_the_edge(&get, sizeof get, sizeof get + 64);
  CHECK_STATUS(lgstore_call(store, edge, &result, &err), LGSTORE_OK);
  lgstore_result_free(result);
  ((char *)edge)[sizeof get + 63] = 1;
  refused(lgstore_call(store, edge, &result, &err), LGSTORE_E_UNSUPPORTED, &err, "request");
  for (i = 0; i < sizeof wrong_sizes / sizeof *wrong_sizes; i++) {
    wrong.struct_size = wrong_sizes[i];
    refused(lgstore_call(store, &wrong, &result, &err), LGSTORE_E_INVALID_ARG, &err, "request.struct_size");
  }
  wrong = get;
  wrong.flags = 2;
  refused(lgstore_call(store, &wrong, &result, &err), LGSTORE_E_UNSUPPORTED, &err, "request.flags");

  refused(lgstore_runtime_new(&options, &runtime, &err), LGSTORE_E_INVALID_ARG, &err, "options.struct_size");
  options.struct_size = sizeof options;
  options.flags = 2;
  refused(lgstore_runtime_new(&options, &runtime, &err), LGSTORE_E_UNSUPPORTED, &err, "options.flags");
  options.flags = 0;
  options.worker_threads = 100000;
  refused(lgstore_runtime_new(&options, &runtime, &err), LGSTORE_E_INVALID_ARG, &err,
          "options.worker_threads");
  CHECK(runtime == NULL);
  refused(lgstore_cq_new(NULL, LGSTORE_CQ_CAPACITY_MAX + 1, (lgstore_cq_t **)&result, &err),
          LGSTORE_E_INVALID_ARG, &err, "capacity");
  end_store(store);
}

typedef struct reentry {
  door_t door;
  lgstore_runtime_t *runtime, *spare_runtime;
  lgstore_t *store, *other;
  lgstore_cq_t *queue, *spare;
  collector_t collector;
} reentry_t;

/* Calls what may be called, and what must be refused instead of hanging. */
static void reenter(const lgstore_completion_t *completion, void *user_data) {
  reentry_t *r = user_data;
  const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  lgstore_submission_t one = {LGSTORE_OP_GET, 0, 0, (uint32_t)strlen(GET_K), 0, 0};
  lgstore_completion_t batch[4];
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_t *fresh = NULL;
  lgstore_runtime_t *fresh_runtime = NULL;
  lgstore_op_t op = 0;
  const uint64_t started = now_us();
  const lgstore_status_t refusal = LGSTORE_E_WOULD_DEADLOCK;
  CHECK_STATUS(lgstore_close(r->store, UINT64_MAX), refusal);
  CHECK_STATUS(lgstore_close(r->other, UINT64_MAX), refusal);
  CHECK_STATUS(lgstore_call(r->store, &put, &result, &err), refusal);
  CHECK_HAS(lgstore_error_json(err, NULL), "would_deadlock");
  lgstore_error_free(err);
  CHECK_STATUS(lgstore_runtime_join(r->runtime, UINT64_MAX), refusal);
  CHECK_STATUS(lgstore_runtime_set_log(r->runtime, 1, log_nothing, NULL), refusal);
  CHECK_STATUS(lgstore_cq_set_doorbell(r->queue, NULL, NULL), refusal);
  CHECK_EQ(lgstore_cq_wait(r->queue, batch, 4, UINT64_MAX), 0);

  CHECK_STATUS(lgstore_submit(r->store, &put, &op, NULL, NULL, collect, &r->collector), LGSTORE_OK);
  CHECK_STATUS(lgstore_cancel(r->store, op), LGSTORE_OK);
  CHECK_STATUS(lgstore_cancel(r->store, completion->op), LGSTORE_OK);
  CHECK_STATUS(lgstore_submit_cq(r->store, r->queue, GET_K, one.json_len, &one, 1, NULL, NULL, NULL),
               LGSTORE_OK);
  lgstore_cq_release(r->queue, batch, lgstore_cq_drain(r->queue, batch, 4));
  lgstore_cq_wake(r->queue);
  CHECK(lgstore_cq_fd(r->queue) >= 0);
  CHECK_STATUS(lgstore_metrics(r->store, 1, &result, NULL), LGSTORE_OK);
  lgstore_result_free(result);
  CHECK_STATUS(lgstore_metrics_prometheus(r->store, &result, NULL), LGSTORE_OK);
  lgstore_result_free(result);
  result = lgstore_result_take(completion);
  CHECK(lgstore_result_json(result, NULL) == completion->json);
  lgstore_result_free(result);
  CHECK_STATUS(lgstore_new(r->runtime, MEMORY, strlen(MEMORY), &fresh, NULL), LGSTORE_OK);
  lgstore_free(fresh);
  CHECK_STATUS(lgstore_runtime_new(NULL, &fresh_runtime, NULL), LGSTORE_OK);
  lgstore_runtime_free(fresh_runtime);
  lgstore_runtime_free(r->spare_runtime);
  lgstore_cq_free(r->spare);
  CHECK_STATUS(lgstore_close_async(r->other, 0, collect, &r->collector), LGSTORE_OK);
  lgstore_free(r->other);
  CHECK(now_us() - started < 60 * SECOND_US);
  door_open(&r->door);
}

static void in_callbacks(void) {
  const uint32_t flags[] = {0, LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS};
  size_t i;
  for (i = 0; i < 2; i++) {
    reentry_t r = {0};
    const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
    door_init(&r.door);
    collector_init(&r.collector, 1);
    r.runtime = new_runtime(flags[i], 1, 0);
    r.spare_runtime = new_runtime(0, 1, 1);
    r.store = new_store(r.runtime, MEMORY);
    r.other = new_store(r.runtime, MEMORY);
    MUST(lgstore_cq_new(NULL, 0, &r.queue, NULL) == LGSTORE_OK);
    MUST(lgstore_cq_new(NULL, 0, &r.spare, NULL) == LGSTORE_OK);
    CHECK_STATUS(lgstore_submit(r.store, &put, NULL, NULL, NULL, reenter, &r), LGSTORE_OK);
    door_pass(&r.door, "the callback");
    collector_wait(&r.collector, 2);
    end_store(r.store);
    end_runtime(r.runtime);
    lgstore_cq_free(r.queue);
    collector_destroy(&r.collector);
    door_destroy(&r.door);
  }
}

/* The callback that frees its own store; what is in flight still comes. */
static void free_here(const lgstore_completion_t *completion, void *user_data) {
  reentry_t *r = user_data;
  (void)completion;
  lgstore_free(r->store);
  door_open(&r->door);
}

static void free_in_callback(void) {
  reentry_t r = {0};
  size_t i;
  door_init(&r.door);
  collector_init(&r.collector, 1);
  r.runtime = new_runtime(0, 2, 1);
  r.store = new_store(r.runtime, STUCK);
  for (i = 0; i < 20; i++)
    CHECK_STATUS(submit(r.store, LGSTORE_OP_PUT, PUT_K, 0, NULL, &r.collector), LGSTORE_OK);
  {
    lgstore_request_t soon = request(LGSTORE_OP_PUT, PUT_K);
    soon.timeout_us = 1;
    CHECK_STATUS(lgstore_submit(r.store, &soon, NULL, NULL, NULL, free_here, &r), LGSTORE_OK);
  }
  door_pass(&r.door, "the callback that frees");
  end_runtime(r.runtime);
  CHECK_EQ(r.collector.total, 20);
  CHECK_STATUS(r.collector.last_status, LGSTORE_E_CLOSED);
  collector_destroy(&r.collector);
  door_destroy(&r.door);
}

/* A handle where another type is asked for is refused. */
static void wrong_types(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 1, 1);
  lgstore_t *store = new_store(runtime, MEMORY);
  lgstore_cq_t *queue = NULL;
  const lgstore_request_t get = request(LGSTORE_OP_GET, GET_K);
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  MUST(lgstore_cq_new(NULL, 0, &queue, NULL) == LGSTORE_OK);
  refused(lgstore_call((lgstore_t *)queue, &get, &result, &err), LGSTORE_E_INVALID_ARG, &err, "store");
  refused(lgstore_call((lgstore_t *)runtime, &get, &result, &err), LGSTORE_E_INVALID_ARG, &err, "store");
  CHECK_EQ(lgstore_cq_wait((lgstore_cq_t *)store, (lgstore_completion_t *)&get, 0, UINT64_MAX), 0);
  CHECK_STATUS(lgstore_runtime_join((lgstore_runtime_t *)store, 0), LGSTORE_E_INVALID_ARG);
  lgstore_free((lgstore_t *)queue);
  lgstore_cq_free((lgstore_cq_t *)runtime);
  lgstore_runtime_free((lgstore_runtime_t *)store);
  GET(store, "k", "null"); /* all three live */
  lgstore_cq_free(queue);
  end_store(store);
  end_runtime(runtime);
}

/* Debug builds of the library keep freed handles and know them again. */
static void freed_handles(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 1, 1);
  lgstore_t *store = new_store(runtime, MEMORY);
  lgstore_cq_t *queue = NULL;
  const lgstore_request_t get = request(LGSTORE_OP_GET, GET_K);
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  MUST(lgstore_cq_new(NULL, 0, &queue, NULL) == LGSTORE_OK);
  end_store(store);
  refused(lgstore_call(store, &get, &result, &err), LGSTORE_E_INVALID_ARG, &err, "store");
  CHECK_STATUS(lgstore_close(store, 0), LGSTORE_E_INVALID_ARG);
  lgstore_free(store);
  lgstore_cq_free(queue);
  lgstore_cq_free(queue);
  CHECK(lgstore_cq_fd(queue) == -1);
  end_runtime(runtime);
  CHECK_STATUS(lgstore_runtime_join(runtime, 0), LGSTORE_E_INVALID_ARG);
  lgstore_runtime_free(runtime);
}

int main(void) {
  const char *debug = getenv("LGSTORE_TEST_DEBUG_LIBRARY");
  RUN(nulls);
  RUN(struct_sizes);
  RUN(in_callbacks);
  RUN(free_in_callback);
  RUN(wrong_types);
  if (debug != NULL && strcmp(debug, "1") == 0) RUN(freed_handles);
  return check_end();
}
