/* The end of a process asks nothing of the library: exit() with requests pending, in a callback, on a
 * library thread, or with a store forgotten, ends with the status it was given.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

#include <sys/wait.h>

#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}"

/* Stores are forgotten here on purpose; the sanitizer asks this before it looks for leaks at exit. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
  return 1;
}

static void leave(const lgstore_completion_t *completion, void *user_data) {
  (void)completion, (void)user_data;
  exit(7);
}

static void leave_from_log(int32_t level, const char *json, size_t json_len, void *user_data) {
  (void)level, (void)json, (void)json_len, (void)user_data;
  exit(7);
}

static void ignore(const lgstore_completion_t *completion, void *user_data) {
  (void)completion, (void)user_data;
}

static void exit_in_callback(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  MUST(lgstore_submit(store, &put, NULL, NULL, NULL, leave, NULL) == LGSTORE_OK);
  for (;;) pause();
}

static void exit_on_a_worker(void) {
  static lgstore_runtime_t *runtime; /* still reachable when leaks are looked for */
  lgstore_t *store = new_store(runtime = new_runtime(LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS, 2, 0), MEMORY);
  const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  MUST(lgstore_submit(store, &put, NULL, NULL, NULL, leave, NULL) == LGSTORE_OK);
  for (;;) pause();
}

static void exit_in_log(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 1, 1);
  lgstore_t *store = new_store(runtime, "{\"backend\":\"embedded\",\"limits\":{\"warn_value_bytes\":1}}");
  MUST(lgstore_runtime_set_log(runtime, 5, leave_from_log, NULL) == LGSTORE_OK);
  PUT(store, "k", "{\"n\":1}");
  for (;;) pause();
}

static void exit_with_requests(void) {
  lgstore_t *store = new_store(NULL, STUCK), *other = new_store(NULL, MEMORY);
  const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  int i;
  for (i = 0; i < 1000; i++) {
    MUST(lgstore_submit(store, &put, NULL, NULL, NULL, ignore, NULL) == LGSTORE_OK);
    MUST(lgstore_submit(other, &put, NULL, NULL, NULL, ignore, NULL) == LGSTORE_OK);
  }
  exit(7);
}

static void exit_while_closing(void) {
  lgstore_t *store = new_store(NULL, STUCK);
  const lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
  MUST(lgstore_submit(store, &put, NULL, NULL, NULL, ignore, NULL) == LGSTORE_OK);
  MUST(lgstore_close_async(store, 3600 * SECOND_US, ignore, NULL) == LGSTORE_OK);
  exit(7);
}

static void exit_beside_readers(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  PUT(store, "k", "{\"n\":1}");
  exit(7);
}

static void check_exit(void (*part)(void), const char *name) {
  int round;
  fprintf(stderr, "  %s\n", name);
  for (round = 0; round < 10; round++) {
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
      part();
      _exit(1);
    }
    MUST(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 7);
  }
}

/* Each in a child of its own, made before any thread exists. */
int main(void) {
  check_exit(exit_in_callback, "exit_in_callback");
  check_exit(exit_on_a_worker, "exit_on_a_worker");
  check_exit(exit_in_log, "exit_in_log");
  check_exit(exit_with_requests, "exit_with_requests");
  check_exit(exit_while_closing, "exit_while_closing");
  check_exit(exit_beside_readers, "exit_beside_readers");
  return check_end();
}
