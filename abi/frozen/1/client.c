/*
 * A program of the first release: it uses every function of lgstore.h, and nothing else. tests/abi/freeze.sh
 * copies it with the header when an ABI number freezes; the copy has to build and run from then on.
 */
#include "lgstore.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int failures = 0;

static void check(int right, const char *what) {
  if (right) return;
  fprintf(stderr, "wrong: %s\n", what);
  failures++;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static int arrived = 0, closed = 0, rings = 0;
static lgstore_result_t *taken = NULL;

static void on_put(const lgstore_completion_t *completion, void *user_data) {
  pthread_mutex_lock(&lock);
  check(completion->status == LGSTORE_OK && completion->tag == 7 && completion->op != 0, "completion of put");
  check(user_data == &arrived, "user data");
  taken = lgstore_result_take(completion);
  arrived++;
  pthread_cond_signal(&moved);
  pthread_mutex_unlock(&lock);
}

static void on_close(const lgstore_completion_t *completion, void *user_data) {
  (void)user_data;
  pthread_mutex_lock(&lock);
  check(completion->status == LGSTORE_OK, "completion of close_async");
  closed++;
  pthread_cond_signal(&moved);
  pthread_mutex_unlock(&lock);
}

static void ring(void *user_data) {
  (void)user_data;
  pthread_mutex_lock(&lock);
  rings++;
  pthread_mutex_unlock(&lock);
}

static void wait_for(const int *number) {
  pthread_mutex_lock(&lock);
  while (*number == 0) pthread_cond_wait(&moved, &lock);
  pthread_mutex_unlock(&lock);
}

static lgstore_request_t request(uint32_t op, const char *json) {
  lgstore_request_t made;
  memset(&made, 0, sizeof made);
  made.struct_size = sizeof made;
  made.op = op;
  made.json = json;
  made.json_len = strlen(json);
  return made;
}

static void versions(void) {
  check(lgstore_abi_version() == LGSTORE_ABI_VERSION, "abi_version");
  check(lgstore_version()[0] != '\0', "version");
  check(lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER) == LGSTORE_OK, "abi_check");
  check(lgstore_abi_check(LGSTORE_ABI_VERSION + 1, LGSTORE_VERSION_NUMBER) == LGSTORE_E_ABI_MISMATCH,
        "abi_check of another number");
  check(lgstore_status_name(LGSTORE_E_BUSY)[0] != '\0', "status_name");
}

static void callbacks(lgstore_t *store) {
  lgstore_request_t put =
      request(LGSTORE_OP_PUT, "{\"namespace\":[\"abi\"],\"key\":\"k\",\"value\":{\"n\":1}}");
  lgstore_op_t op = 0;
  lgstore_error_t *err = NULL;
  size_t len = 0;
  put.tag = 7;
  put.timeout_us = 60000000;
  check(lgstore_submit(store, &put, &op, NULL, &err, on_put, &arrived) == LGSTORE_OK, "submit");
  check(op != 0 && err == NULL, "submit's outputs");
  wait_for(&arrived);
  check(taken != NULL && lgstore_result_status(taken) == LGSTORE_OK, "result_take");
  check(strcmp(lgstore_result_json(taken, &len), "null") == 0 && len == 4, "result_json");
  lgstore_result_free(taken);
  check(lgstore_cancel(store, op) != LGSTORE_E_INVALID_ARG, "cancel of a finished request");
}

static void errors(lgstore_t *store) {
  const lgstore_request_t bad = request(LGSTORE_OP_GET, "{\"namespace\":7,\"key\":\"k\"}");
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  size_t len = 0, json_len = 0;
  check(lgstore_call(store, &bad, &result, &err) == LGSTORE_E_INVALID_ARG, "call with a bad request");
  check(result == NULL && err != NULL, "outputs of a refused call");
  check(lgstore_error_status(err) == LGSTORE_E_INVALID_ARG, "error_status");
  check(strlen(lgstore_error_message(err, &len)) == len && len > 0, "error_message");
  check(strstr(lgstore_error_json(err, &json_len), "\"invalid_arg\"") != NULL && json_len > len,
        "error_json");
  lgstore_error_free(err);
}

static void queue(lgstore_runtime_t *runtime, lgstore_t *store) {
  static const char arena[] =
      "{\"namespace\":[\"abi\"],\"key\":\"k\"}{\"namespace\":[\"abi\"],\"key\":\"none\"}";
  lgstore_submission_t subs[2];
  lgstore_completion_t done[4];
  lgstore_op_t ops[2] = {0, 0};
  lgstore_cq_t *cq = NULL;
  size_t accepted = 0, got = 0;
  memset(subs, 0, sizeof subs);
  subs[0].op = subs[1].op = LGSTORE_OP_GET;
  subs[0].json_len = 31;
  subs[1].json_off = 31;
  subs[1].json_len = (uint32_t)sizeof arena - 1 - 31;
  subs[1].tag = 1;
  check(lgstore_cq_new(runtime, 16, &cq, NULL) == LGSTORE_OK, "cq_new");
  check(lgstore_cq_fd(cq) >= 0, "cq_fd");
  check(lgstore_cq_set_doorbell(cq, ring, NULL) == LGSTORE_OK, "cq_set_doorbell");
  check(lgstore_submit_cq(store, cq, arena, sizeof arena - 1, subs, 2, &accepted, ops, NULL) == LGSTORE_OK,
        "submit_cq");
  check(accepted == 2 && ops[0] != 0 && ops[1] > ops[0], "submit_cq's outputs");
  while (got < 2) {
    const size_t n = lgstore_cq_wait(cq, done + got, 4 - got, 60000000);
    if (n == 0) break;
    got += n;
  }
  check(got == 2, "cq_wait");
  check(done[0].status == LGSTORE_OK && done[0].json_len > 2, "completion of a get");
  lgstore_cq_release(cq, done, got);
  check(lgstore_cq_drain(cq, done, 4) == 0, "cq_drain of an empty queue");
  lgstore_cq_wake(cq);
  check(lgstore_cq_set_doorbell(cq, NULL, NULL) == LGSTORE_OK, "cq_set_doorbell to none");
  lgstore_cq_free(cq);
}

int main(void) {
  const char *config = "{\"backend\":\"embedded\"}";
  lgstore_runtime_options_t options;
  lgstore_runtime_t *runtime = NULL;
  lgstore_t *store = NULL;
  lgstore_error_t *err = NULL;
  versions();
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  check(lgstore_runtime_new(&options, &runtime, &err) == LGSTORE_OK, "runtime_new");
  check(lgstore_new(runtime, config, strlen(config), &store, &err) == LGSTORE_OK, "new");
  if (failures > 0) return 1;
  callbacks(store);
  errors(store);
  queue(runtime, store);
  check(lgstore_close(store, 60000000) == LGSTORE_OK, "close");
  lgstore_free(store);

  check(lgstore_new(runtime, config, strlen(config), &store, &err) == LGSTORE_OK, "new again");
  check(lgstore_close_async(store, 60000000, on_close, NULL) == LGSTORE_OK, "close_async");
  wait_for(&closed);
  lgstore_free(store);
  check(lgstore_runtime_join(runtime, 60000000) == LGSTORE_OK, "runtime_join");
  lgstore_runtime_free(runtime);
  printf("lgstore %s, header of ABI %u: %d failures\n", lgstore_version(), (unsigned)LGSTORE_ABI_VERSION,
         failures);
  return failures != 0;
}
