/* A child whose parent had a file open at the fork is refused files: SQLite would believe that the child
 * holds the parent's locks, and what the child acknowledges could be lost. After a close, and in memory,
 * the child has its own store. Not with AddressSanitizer: gcc 12's keeps its allocator's locks over a fork,
 * so a child of a process whose other thread is allocating hangs in its first malloc.
 * ctest: labels=ci asan=off timeout=120 */
#include "support/store.h"

#include <sys/wait.h>

#define OPENED LGSTORE_OP_OPEN
#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}"
#define GET_K "{\"namespace\":[\"n\"],\"key\":\"k\"}"

static char same[600], other[600];

/* The process's number in the name: this program may run twice at a time, with and without sanitizers. */
static void prepare(char *config, const char *name) {
  char path[512];
  snprintf(config, 600, "{\"path\":\"%s\"}", work_file(path, name));
}

static void wait_for(pid_t child) {
  int status = 0;
  MUST(child > 0 && waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void child_of_an_open_store(void) {
  const char *configs[2] = {same, other};
  int i;
  alarm(PATIENCE_SECONDS); /* a hang ends the child */
  for (i = 0; i < 2; i++) {
    lgstore_t *store = new_store(NULL, configs[i]);
    CALL(store, OPENED, NULL, LGSTORE_E_FORKED, "open file stores only after the fork");
    CALL(store, LGSTORE_OP_PUT, PUT_K, LGSTORE_E_FORKED, "\"code\":\"forked\"");
    end_store(store);
  }
  {
    lgstore_t *store = new_store(NULL, MEMORY);
    CALL(store, LGSTORE_OP_PUT, PUT_K, LGSTORE_OK, "null");
    end_store(store);
  }
  _exit(check_end());
}

static atomic_int over;

static void *keep_busy(void *store) {
  while (!atomic_load(&over)) CALL(store, LGSTORE_OP_PUT, PUT_K, LGSTORE_OK, "null");
  return NULL;
}

int main(void) {
  lgstore_t *store;
  pthread_t thread;
  pid_t child;
  int round;
  prepare(same, "forked_same");
  prepare(other, "forked_other");
  store = new_store(NULL, same);
  pthread_create(&thread, NULL, keep_busy, store);
  CALL(store, OPENED, NULL, LGSTORE_OK, "null");
  for (round = 0; round < 10; round++) {
    if ((child = fork()) == 0) child_of_an_open_store();
    wait_for(child);
  }
  atomic_store(&over, 1);
  pthread_join(thread, NULL);
  CALL(store, LGSTORE_OP_PUT, PUT_K, LGSTORE_OK, "null"); /* the parent notices nothing */
  end_store(store);
  /* Closed before the fork: the child opens it, and so does its own child once it is closed there. */
  if ((child = fork()) == 0) {
    store = new_store(NULL, same);
    CALL(store, LGSTORE_OP_GET, GET_K, LGSTORE_OK, "\"n\":1");
    if ((child = fork()) == 0) child_of_an_open_store();
    wait_for(child);
    end_store(store);
    _exit(check_end());
  }
  wait_for(child);
  prepare(same, "forked_same"); /* takes the files away */
  prepare(other, "forked_other");
  return check_end();
}
