/* Ten thousand stores opened and closed leave no threads, descriptors or memory behind.
 * ctest: labels=ci timeout=300 */
#include "support/store.h"

#include <dirent.h>
#include <malloc.h>

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc does not install its header */
#endif

/* What a store may leave behind: less than anything that it is made of. */
enum { BYTES_PER_ROUND = 8 };
/* Freed pieces that a thread keeps for itself count as allocated. */
enum { THREADS_KEEP = 128 << 10 };

static size_t entries_of(const char *path) {
  DIR *folder = opendir(path);
  size_t count = 0;
  MUST(folder != NULL);
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}

/* Bytes that are allocated and not freed. What the process keeps resident says little: how much freed memory
 * the allocator holds on to depends on which threads ran at the same moment. */
static size_t allocated(void) {
#ifdef __SANITIZE_ADDRESS__
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
#endif
}

/* Lines of a file: of the process's mappings, what was mapped and not given back. */
static size_t lines_of(const char *path) {
  size_t count = 0;
  int byte;
  FILE *file = fopen(path, "r");
  MUST(file != NULL);
  while ((byte = fgetc(file)) != EOF) count += byte == '\n';
  fclose(file);
  return count;
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

typedef struct usage {
  size_t threads, files, maps, bytes;
} usage_t;

static usage_t usage(void) {
  const usage_t now = {entries_of("/proc/self/task"), entries_of("/proc/self/fd"),
                       lines_of("/proc/self/maps"), allocated()};
  fprintf(stderr, "    %zu threads, %zu descriptors, %zu mappings, %zu bytes\n", now.threads, now.files,
          now.maps, now.bytes);
  return now;
}

static void grows_not(const char *what, const char *config, size_t rounds) {
  const uint64_t patience = 10 * SECOND_US;
  lgstore_runtime_t *runtime = new_runtime(0, 2, 1);
  lgstore_t *held = new_store(runtime, MEMORY);
  usage_t before, after;
  uint64_t until;
  size_t allowed;
  fprintf(stderr, "  %s\n", what);
  open_and_close(runtime, config, rounds / 5);
  before = usage();
  open_and_close(runtime, config, rounds);
  allowed = before.bytes + rounds * BYTES_PER_ROUND + THREADS_KEEP;
  /* Stores that nobody closed end in the background. */
  for (until = now_us() + patience; allocated() > allowed && now_us() < until;) usleep(1000);
  after = usage();
  CHECK(after.bytes <= allowed);
  CHECK(after.threads <= before.threads + 4); /* blocking threads come and go */
  CHECK(after.maps <= before.maps + 40);      /* with their stacks */
  end_store(held);
  end_runtime(runtime);
  CHECK_EQ(entries_of("/proc/self/task"), 3); /* one, and the two dots */
  CHECK(entries_of("/proc/self/fd") <= before.files);
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
  const size_t rounds = 2000;
#else
  const size_t rounds = 10000;
#endif
  grows_not("in memory", MEMORY, rounds);
  snprintf(config, sizeof config, "{\"backend\":\"embedded\",\"durability\":\"normal\",\"path\":\"%s\"}",
           work_file(path, "many"));
  grows_not("of a file", config, 500);
  work_file(path, "many");
  RUN(runtimes);
  return check_end();
}
