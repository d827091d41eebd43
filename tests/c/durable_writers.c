/* 64 threads, each waiting for every one of its durable puts: they share commits. tests/tools/fsync.sh
 * counts the syncs of this program.
 * ctest: labels=ci timeout=120 */
#include <lgstore_ops.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WRITERS = 64, PUTS = 50 };

static lgstore_t *store = NULL;

static void *writer(void *number) {
  const char *const place[] = {"writers"};
  char key[32];
  for (int put = 0; put < PUTS; put++) {
    lgstore_error_t *err = NULL;
    snprintf(key, sizeof key, "%d-%d", *(int *)number, put);
    if (lgstore_put(store, place, 1, key, SIZE_MAX, "{\"durable\":true}", SIZE_MAX, NULL, NULL, &err) !=
        LGSTORE_OK) {
      fprintf(stderr, "put: %s\n", lgstore_error_message(err, NULL));
      lgstore_error_free(err);
      return number;
    }
  }
  return NULL;
}

int main(int argc, char **argv) {
  char path[512], config[640];
  pthread_t threads[WRITERS];
  int numbers[WRITERS], failures = 0;
  lgstore_error_t *err = NULL;
  const char *folder = getenv("LGSTORE_WORK_DIR");
  if (argc > 1)
    snprintf(path, sizeof path, "%s", argv[1]);
  else
    snprintf(path, sizeof path, "%s/durable_writers.db", folder == NULL ? "." : folder);
  unlink(path);
  snprintf(config, sizeof config, "{\"backend\":\"embedded\",\"path\":\"%s\",\"durability\":\"full\"}", path);
  if (lgstore_new(NULL, config, strlen(config), &store, &err) != LGSTORE_OK) {
    fprintf(stderr, "open: %s\n", lgstore_error_message(err, NULL));
    return 1;
  }
  for (int n = 0; n < WRITERS; n++) {
    numbers[n] = n;
    pthread_create(&threads[n], NULL, writer, &numbers[n]);
  }
  for (int n = 0; n < WRITERS; n++) {
    void *failed = NULL;
    pthread_join(threads[n], &failed);
    failures += failed != NULL;
  }
  failures += lgstore_close(store, 1000000) != LGSTORE_OK;
  lgstore_free(store);
  printf("%d puts\n", WRITERS * PUTS);
  return failures != 0;
}
