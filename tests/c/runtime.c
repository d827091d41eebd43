/* Runtimes: shared, own, several stores on one, callbacks on callback threads or workers, the end; and
 * what the library does to the process: thread names, signal masks, handlers.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#define PUT_K "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}"

/* Reads a small file of the process; gives its length. */
static size_t read_small(const char *path, char *text, size_t size) {
  FILE *file = fopen(path, "r");
  size_t len = 0;
  if (file != NULL) {
    len = fread(text, 1, size - 1, file);
    fclose(file);
  }
  text[len] = '\0';
  return len;
}

/* How many threads there are whose name begins so; each must block the asynchronous signals. */
static size_t threads_named(const char *prefix) {
  DIR *tasks = opendir("/proc/self/task");
  struct dirent *entry;
  size_t count = 0;
  MUST(tasks != NULL);
  while ((entry = readdir(tasks)) != NULL) {
    char path[300], text[4096];
    const char *blocked;
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
    if (read_small(path, text, sizeof text) == 0 || strncmp(text, prefix, strlen(prefix)) != 0) continue;
    count++;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    if (read_small(path, text, sizeof text) == 0) continue; /* it has just ended */
    blocked = strstr(text, "SigBlk:");
    MUST(blocked != NULL);
    {
      const unsigned long long mask = strtoull(blocked + 7, NULL, 16);
      const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2, SIGALRM, SIGPROF};
      const int unwanted[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
      size_t i;
      for (i = 0; i < sizeof wanted / sizeof *wanted; i++) CHECK(mask >> (wanted[i] - 1) & 1);
      for (i = 0; i < sizeof unwanted / sizeof *unwanted; i++) CHECK(!(mask >> (unwanted[i] - 1) & 1));
    }
  }
  closedir(tasks);
  return count;
}

/* Threads are named, counted as asked for, and gone after join. */
static void threads(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 3, 2);
  lgstore_t *store = new_store(runtime, MEMORY);
  PUT(store, "k", "{}");
  CHECK_EQ(threads_named("lgstore-io"), 3);
  CHECK_EQ(threads_named("lgstore-cb"), 2);
  CHECK(threads_named("lgstore") >= 5);
  end_store(store);
  end_runtime(runtime);
  CHECK_EQ(threads_named("lgstore"), 0);
}

static void note_name(const lgstore_completion_t *completion, void *user_data) {
  collector_t *collector = user_data;
  char name[32];
  pthread_getname_np(pthread_self(), name, sizeof name);
  CHECK_HAS(name, "lgstore-");
  CHECK((strncmp(name, "lgstore-cb", 10) == 0) == (completion->tag == 0));
  collect(completion, collector);
}

/* Callbacks run on callback threads, or on the worker that finished the request where asked for. */
static void callback_threads(void) {
  uint64_t on_workers;
  for (on_workers = 0; on_workers < 2; on_workers++) {
    lgstore_runtime_t *runtime = new_runtime((uint32_t)on_workers, 2, 0);
    lgstore_t *store = new_store(runtime, MEMORY);
    lgstore_request_t put = request(LGSTORE_OP_PUT, PUT_K);
    collector_t collector;
    size_t i;
    collector_init(&collector, 2);
    put.tag = on_workers;
    for (i = 0; i < 100; i++)
      CHECK_STATUS(lgstore_submit(store, &put, NULL, NULL, NULL, note_name, &collector), LGSTORE_OK);
    collector_wait(&collector, 100);
    end_store(store);
    end_runtime(runtime);
    collector_destroy(&collector);
  }
}

/* Two stores on one runtime know nothing of each other; the runtime may be freed before them. */
static void two_stores(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 2, 1);
  lgstore_t *one = new_store(runtime, MEMORY), *two = new_store(runtime, MEMORY);
  PUT(one, "k", "{\"n\":1}");
  GET(two, "k", "null");
  end_store(one);
  PUT(two, "k", "{\"n\":2}");
  lgstore_runtime_free(runtime);
  GET(two, "k", "\"n\":2");
  end_store(two);
}

/* Join waits for the stores; afterwards the runtime makes none. */
static void joining(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 1, 1);
  lgstore_t *store = new_store(runtime, MEMORY), *none = NULL;
  lgstore_error_t *err = NULL;
  CHECK_STATUS(lgstore_runtime_join(runtime, 1000), LGSTORE_E_TIMEOUT);
  CHECK_STATUS(lgstore_new(runtime, MEMORY, strlen(MEMORY), &none, &err), LGSTORE_E_CLOSED);
  CHECK(none == NULL);
  lgstore_error_free(err);
  PUT(store, "k", "{}");
  end_store(store);
  CHECK_STATUS(lgstore_runtime_join(runtime, UINT64_MAX), LGSTORE_OK);
  CHECK_STATUS(lgstore_runtime_join(runtime, 0), LGSTORE_OK);
  lgstore_runtime_free(runtime);
}

/* Loading and running the library changes no handler, no mask and no exit hook of ours. */
static void nothing_installed(void) {
  struct sigaction before[65], after;
  sigset_t mask_before, mask_after;
  lgstore_runtime_t *runtime;
  lgstore_t *store;
  int signal;
  for (signal = 1; signal < 65; signal++) sigaction(signal, NULL, &before[signal]);
  pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
  runtime = new_runtime(0, 1, 1);
  store = new_store(runtime, MEMORY);
  PUT(store, "k", "{}");
  for (signal = 1; signal < 65; signal++) {
    if (sigaction(signal, NULL, &after) != 0) continue;
    CHECK(after.sa_handler == before[signal].sa_handler && after.sa_flags == before[signal].sa_flags);
  }
  pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
  for (signal = 1; signal < 65; signal++)
    CHECK(sigismember(&mask_before, signal) == sigismember(&mask_after, signal));
  end_store(store);
  end_runtime(runtime);
}

static volatile sig_atomic_t handled_by_library;

static void note_signal(int signal) {
  char name[32] = "";
  (void)signal;
  pthread_getname_np(pthread_self(), name, sizeof name);
  if (strncmp(name, "lgstore", 7) == 0) handled_by_library = 1;
}

/* Signals to the process reach our threads, never the library's; SIGTERM still ends the process. */
static void signals(void) {
  const pid_t child = fork();
  int status = 0, i;
  MUST(child >= 0);
  if (child == 0) {
    lgstore_runtime_t *runtime = new_runtime(0, 4, 4);
    lgstore_t *store = new_store(runtime, MEMORY);
    struct sigaction action = {0};
    action.sa_handler = note_signal;
    sigaction(SIGUSR1, &action, NULL);
    for (i = 0; i < 200; i++) {
      PUT(store, "k", "{}");
      kill(getpid(), SIGUSR1);
    }
    if (handled_by_library || check_end() != 0) _exit(1);
    kill(getpid(), SIGTERM);
    for (;;) pause();
  }
  MUST(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void) {
  RUN(signals); /* first: it forks, and no thread of ours exists yet */
  RUN(nothing_installed);
  RUN(threads);
  RUN(callback_threads);
  RUN(two_stores);
  RUN(joining);
  return check_end();
}
