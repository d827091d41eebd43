/* Ten thousand stores opened and closed leave no threads, descriptors or memory behind.
 * ctest: labels=ci timeout=300 */
#include "support/store.h"

#include <dirent.h>
#include <malloc.h>

static size_t entries_of(const char *path) {
  DIR *folder = opendir(path);
  size_t count = 0;
  MUST(folder != NULL);
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}

static size_t resident_kb(void) {
  char line[256];
  size_t kb = 0;
  FILE *status = fopen("/proc/self/status", "r");
  MUST(status != NULL);
  while (fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, "VmRSS:", 6) == 0) kb = strtoul(line + 6, NULL, 10);
  fclose(status);
  return kb;
}

/* Opens, uses and closes `rounds` stores in every way there is. */
static void open_and_close(lgstore_runtime_t *runtime, const char *config, size_t rounds) {
  collector_t collector;
  size_t i, closing = 0;
  collector_init(&collector, 1);
  for (i = 0; i < rounds; i++) {
    lgstore_t *store = new_store(runtime, config);
    if (i % 2 == 0) PUT(store, "k", "{\"n\":1}");
    if (i % 2 == 0) GET(store, "k", "\"n\":1");
    if (i % 4 == 3) {
      CHECK_STATUS(lgstore_close_async(store, SECOND_US, collect, &collector), LGSTORE_OK);
      collector_wait(&collector, ++closing);
    } else if (i % 4 != 1) {
      CHECK_STATUS(lgstore_close(store, SECOND_US), LGSTORE_OK);
    }
    lgstore_free(store);
  }
  collector_destroy(&collector);
}

static void grows_not(const char *what, const char *config, size_t rounds, size_t allowed_kb) {
  lgstore_runtime_t *runtime = new_runtime(0, 2, 1);
  lgstore_t *held = new_store(runtime, MEMORY);
  size_t threads, files, kb;
  fprintf(stderr, "  %s\n", what);
  open_and_close(runtime, config, rounds / 5);
  threads = entries_of("/proc/self/task");
  files = entries_of("/proc/self/fd");
  kb = resident_kb();
  open_and_close(runtime, config, rounds);
  fprintf(stderr, "    %zu -> %zu threads, %zu -> %zu descriptors, %zu -> %zu KB\n", threads,
          entries_of("/proc/self/task"), files, entries_of("/proc/self/fd"), kb, resident_kb());
  CHECK(entries_of("/proc/self/task") <= threads + 4); /* blocking threads come and go */
  CHECK(resident_kb() <= kb + allowed_kb);
  end_store(held);
  end_runtime(runtime);
  CHECK_EQ(entries_of("/proc/self/task"), 3); /* one, and the two dots */
  CHECK(entries_of("/proc/self/fd") <= files);
}

/* Runtimes too come and go. */
static void runtimes(void) {
  size_t i;
  const size_t files = entries_of("/proc/self/fd");
  for (i = 0; i < 300; i++) {
    lgstore_runtime_t *runtime = i % 2 == 0 ? new_runtime(0, 1, 1) : NULL;
    lgstore_t *store = new_store(runtime, MEMORY);
    PUT(store, "k", "{}");
    end_store(store);
    if (runtime != NULL) end_runtime(runtime);
  }
  while (entries_of("/proc/self/task") > 3) sched_yield(); /* the shared one ends in the background */
  CHECK_EQ(entries_of("/proc/self/fd"), files);
}

int main(void) {
  char path[512], config[600];
#ifdef __SANITIZE_ADDRESS__
  const size_t slack = 200000; /* freed memory is kept back to find its use */
  const size_t rounds = 2000;
#else
  const size_t slack = 4096;
  const size_t rounds = 10000;
#endif
  /* An arena per thread that ever ran at the same time would be counted as growth on a busy machine. */
  mallopt(M_ARENA_MAX, 2);
  grows_not("in memory", MEMORY, rounds, slack);
  snprintf(config, sizeof config, "{\"backend\":\"embedded\",\"durability\":\"normal\",\"path\":\"%s\"}",
           work_file(path, "many"));
  grows_not("of a file", config, 500, slack);
  work_file(path, "many");
  RUN(runtimes);
  return check_end();
}
