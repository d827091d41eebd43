/* After fork() the parent's handles answer LGSTORE_E_FORKED in the child and are left alone there; the
 * child opens its own store; the parent goes on.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

#include <sys/wait.h>

#define GET_K "{\"namespace\":[\"n\"],\"key\":\"k\"}"
#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}"

typedef struct parent {
  lgstore_runtime_t *runtime;
  lgstore_t *store;
  lgstore_cq_t *queue;
  lgstore_result_t *result;
  lgstore_error_t *err;
  collector_t collector;
} parent_t;

/* Runs in the child, in which only this thread exists. */
static void in_the_child(parent_t *parent) {
  const lgstore_status_t forked = LGSTORE_E_FORKED;
  const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  lgstore_submission_t one = {LGSTORE_OP_GET, 0, 0, (uint32_t)strlen(GET_K), 0, 0};
  lgstore_completion_t batch[2];
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_t *store = NULL;
  lgstore_runtime_t *runtime = NULL;
  size_t taken = 9;
  atomic_store(&check_failures, 0);
  CHECK_STATUS(lgstore_call(parent->store, &put, &result, &err), forked);
  CHECK_HAS(lgstore_error_json(err, NULL), "\"code\":\"forked\"");
  CHECK_HAS(lgstore_error_message(err, NULL), "fork");
  lgstore_error_free(err);
  CHECK_STATUS(lgstore_submit(parent->store, &put, NULL, NULL, NULL, collect, &parent->collector), forked);
  CHECK_STATUS(
      lgstore_submit_cq(parent->store, parent->queue, GET_K, one.json_len, &one, 1, &taken, NULL, NULL),
      forked);
  CHECK_EQ(taken, 0);
  CHECK_STATUS(lgstore_cancel(parent->store, 1), forked);
  CHECK_STATUS(lgstore_close(parent->store, UINT64_MAX), forked);
  CHECK_STATUS(lgstore_close_async(parent->store, 0, collect, &parent->collector), forked);
  CHECK_STATUS(lgstore_breaker_reset(parent->store), forked);
  CHECK_STATUS(lgstore_metrics(parent->store, 0, &result, NULL), forked);
  CHECK_STATUS(lgstore_metrics_prometheus(parent->store, &result, NULL), forked);
  CHECK_STATUS(lgstore_new(parent->runtime, MEMORY, strlen(MEMORY), &store, NULL), forked);
  CHECK_STATUS(lgstore_runtime_join(parent->runtime, UINT64_MAX), forked);
  CHECK_STATUS(lgstore_runtime_set_log(parent->runtime, 1, NULL, NULL), forked);
  CHECK_STATUS(lgstore_cq_set_doorbell(parent->queue, NULL, NULL), forked);
  CHECK_EQ(lgstore_cq_wait(parent->queue, batch, 2, UINT64_MAX), 0);
  CHECK_EQ(lgstore_cq_drain(parent->queue, batch, 2), 0);
  CHECK(lgstore_cq_fd(parent->queue) == -1);
  lgstore_cq_wake(parent->queue);
  lgstore_cq_free(parent->queue);
  lgstore_free(parent->store);
  lgstore_runtime_free(parent->runtime);
  /* Versions, results and errors need no thread. */
  CHECK_STATUS(lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER), LGSTORE_OK);
  CHECK(strcmp(lgstore_status_name(forked), "forked") == 0);
  CHECK_HAS(lgstore_result_json(parent->result, NULL), "\"key\":\"k\"");
  CHECK_HAS(lgstore_error_message(parent->err, NULL), "key");
  /* A store of its own, on a shared and on an own runtime. */
  store = new_store(NULL, MEMORY);
  GET(store, "k", "null");
  PUT(store, "k", "{\"n\":2}");
  GET(store, "k", "\"n\":2");
  end_store(store);
  runtime = new_runtime(0, 1, 1);
  store = new_store(runtime, MEMORY);
  PUT(store, "k", "{\"n\":3}");
  end_store(store);
  end_runtime(runtime);
  _exit(check_end());
}

static atomic_int over;

/* Keeps the library's locks and threads busy while the process forks. */
static void *keep_busy(void *argument) {
  lgstore_t *store = argument;
  while (!atomic_load(&over)) PUT(store, "busy", "{}");
  return NULL;
}

static void check_child(pid_t child) {
  int status = 0;
  MUST(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
  parent_t parent = {0};
  pthread_t threads[2];
  const lgstore_request_t get = request(LGSTORE_OP_GET, GET_K), bad = request(LGSTORE_OP_GET, "{\"kex\":1}");
  size_t round;
  pid_t child;
  int i;
  /* A queue is a handle too, also when it is the first thing that a process makes. */
  MUST(lgstore_cq_new(NULL, 0, &parent.queue, NULL) == LGSTORE_OK);
  if ((child = fork()) == 0) {
    lgstore_completion_t batch[1];
    CHECK(lgstore_cq_fd(parent.queue) == -1);
    CHECK_EQ(lgstore_cq_wait(parent.queue, batch, 1, UINT64_MAX), 0);
    _exit(check_end());
  }
  check_child(child);

  collector_init(&parent.collector, 1);
  parent.runtime = new_runtime(0, 2, 1);
  parent.store = new_store(parent.runtime, MEMORY);
  PUT(parent.store, "k", "{\"n\":1}");
  CHECK_STATUS(lgstore_call(parent.store, &get, &parent.result, NULL), LGSTORE_OK);
  CHECK_STATUS(lgstore_submit(parent.store, &bad, NULL, NULL, &parent.err, collect, &parent.collector),
               LGSTORE_E_INVALID_ARG);
  /* The address sanitizer's allocator does not survive a fork while others allocate. */
#ifdef __SANITIZE_ADDRESS__
  atomic_store(&over, 1);
#endif
  for (i = 0; i < 2; i++) pthread_create(&threads[i], NULL, keep_busy, parent.store);
#ifdef __SANITIZE_ADDRESS__
  for (i = 0; i < 2; i++) pthread_join(threads[i], NULL);
#endif
  for (round = 0; round < 20; round++) {
    if ((child = fork()) == 0) in_the_child(&parent);
    check_child(child);
    GET(parent.store, "k", "\"n\":1"); /* the parent notices nothing */
  }
  atomic_store(&over, 1);
#ifndef __SANITIZE_ADDRESS__
  for (i = 0; i < 2; i++) pthread_join(threads[i], NULL);
#endif
  CHECK_STATUS(submit(parent.store, LGSTORE_OP_PUT, PUT_K, 0, NULL, &parent.collector), LGSTORE_OK);
  collector_wait(&parent.collector, 1);
  end_store(parent.store);
  end_runtime(parent.runtime);
  lgstore_cq_free(parent.queue);
  lgstore_result_free(parent.result);
  lgstore_error_free(parent.err);
  collector_destroy(&parent.collector);
  return check_end();
}
