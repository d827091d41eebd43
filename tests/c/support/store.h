/* Stores, requests and completions in few words. */
#ifndef LGSTORE_TESTS_STORE_H
#define LGSTORE_TESTS_STORE_H

#include "backend.h"
#include "check.h"

#define MEMORY "{\"backend\":\"embedded\"}"
/* Requests stay undecided until they are cancelled, expire, or the store is closed. */
#define STUCK "{\"backend\":\"fault\",\"fault\":{\"delay_us\":3600000000}}"

static inline lgstore_runtime_t *new_runtime(uint32_t flags, uint32_t workers, uint32_t callbacks) {
  lgstore_runtime_options_t options = {0};
  lgstore_runtime_t *runtime = NULL;
  options.struct_size = sizeof options;
  options.flags = flags;
  options.worker_threads = workers;
  options.callback_threads = callbacks;
  MUST(lgstore_runtime_new(&options, &runtime, NULL) == LGSTORE_OK && runtime != NULL);
  return runtime;
}

/* An empty store: in memory, or on the cluster that the environment names, whose keyspace is emptied. */
static inline lgstore_t *new_store(lgstore_runtime_t *runtime, const char *config) {
  static const char everything[] = "{\"namespace_prefix\":[]}";
  char *here = config_on_backend(config);
  lgstore_t *store = NULL;
  lgstore_error_t *err = NULL;
  if (lgstore_new(runtime, here, strlen(here), &store, &err) != LGSTORE_OK) {
    fprintf(stderr, "%s: %s\n", here, lgstore_error_json(err, NULL));
    abort();
  }
  if (strcmp(here, config) != 0) {
    lgstore_request_t wipe = {0};
    lgstore_result_t *result = NULL;
    wipe.struct_size = sizeof wipe;
    wipe.op = LGSTORE_OP_DELETE_PREFIX;
    wipe.json = everything;
    wipe.json_len = sizeof everything - 1;
    if (lgstore_call(store, &wipe, &result, &err) != LGSTORE_OK) {
      fprintf(stderr, "%s: %s\n", here, lgstore_error_json(err, NULL));
      abort();
    }
    lgstore_result_free(result);
  }
  free(here);
  return store;
}

static inline void end_store(lgstore_t *store) {
  CHECK_STATUS(lgstore_close(store, 30 * SECOND_US), LGSTORE_OK);
  lgstore_free(store);
}

static inline void end_runtime(lgstore_runtime_t *runtime) {
  CHECK_STATUS(lgstore_runtime_join(runtime, 60 * SECOND_US), LGSTORE_OK);
  lgstore_runtime_free(runtime);
}

/* A request; the body must outlive the call that it is for. */
static inline lgstore_request_t request(uint32_t op, const char *json) {
  lgstore_request_t made = {0};
  made.struct_size = sizeof made;
  made.op = op;
  made.json = json;
  made.json_len = json == NULL ? 0 : strlen(json);
  return made;
}

/* Calls and checks the status and a part of the answer's (or error's) document. */
static inline int call_gives(lgstore_t *store, uint32_t op, const char *json, lgstore_status_t status,
                             const char *part, const char *file, int line) {
  const lgstore_request_t made = request(op, json);
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  const lgstore_status_t got = lgstore_call(store, &made, &result, &err);
  const char *text = result != NULL ? lgstore_result_json(result, NULL) : lgstore_error_json(err, NULL);
  int holds = check_statuses(got, status, json == NULL ? "" : json, file, line);
  holds &= check_texts(text, part, file, line);
  lgstore_result_free(result);
  lgstore_error_free(err);
  return holds;
}
#define CALL(store, op, json, status, part) call_gives(store, op, json, status, part, __FILE__, __LINE__)

#define PUT(store, key, value) \
  CALL(store, LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"" key "\",\"value\":" value "}", LGSTORE_OK, \
       "null")
#define GET(store, key, part) \
  CALL(store, LGSTORE_OP_GET, "{\"namespace\":[\"n\"],\"key\":\"" key "\"}", LGSTORE_OK, part)

/* Collects completions: how many per tag, and what the last one said. */
typedef struct collector {
  monitor_t monitor;
  uint32_t *counts;           /* per tag */
  lgstore_status_t *statuses; /* per tag: the last */
  size_t tags;
  size_t total;
  size_t strange; /* completions that break a rule that all keep */
  lgstore_result_t *last;
  lgstore_status_t last_status;
  lgstore_op_t last_op;
  pthread_t last_thread;
} collector_t;

static inline void collector_init(collector_t *collector, size_t tags) {
  memset(collector, 0, sizeof *collector);
  monitor_init(&collector->monitor);
  collector->tags = tags;
  collector->counts = calloc(tags, sizeof *collector->counts);
  collector->statuses = calloc(tags, sizeof *collector->statuses);
  MUST(collector->counts != NULL && collector->statuses != NULL);
}

static inline void collector_destroy(collector_t *collector) {
  CHECK_EQ(collector->strange, 0);
  lgstore_result_free(collector->last);
  free(collector->counts);
  free(collector->statuses);
  monitor_destroy(&collector->monitor);
}

/* Counts one completion in. */
static inline void collect(const lgstore_completion_t *completion, void *user_data) {
  collector_t *collector = user_data;
  const int sound = completion->owner != NULL && completion->json != NULL &&
                    completion->json[completion->json_len] == '\0' && completion->flags == 0 &&
                    completion->reserved == 0 && completion->tag < collector->tags;
  monitor_enter(&collector->monitor);
  if (sound) {
    collector->counts[completion->tag]++;
    collector->statuses[completion->tag] = completion->status;
  } else {
    collector->strange++;
  }
  lgstore_result_free(collector->last);
  collector->last = lgstore_result_take(completion);
  collector->last_status = completion->status;
  collector->last_op = completion->op;
  collector->last_thread = pthread_self();
  collector->total++;
  monitor_leave(&collector->monitor);
}

/* Waits until `total` completions have come. */
static inline void collector_wait(collector_t *collector, size_t total) {
  monitor_enter(&collector->monitor);
  while (collector->total < total) monitor_wait(&collector->monitor, "completions");
  pthread_mutex_unlock(&collector->monitor.lock);
}

static inline size_t collector_total(collector_t *collector) {
  size_t total;
  monitor_enter(&collector->monitor);
  total = collector->total;
  pthread_mutex_unlock(&collector->monitor.lock);
  return total;
}

/* Submits with a tag to a collector; gives the id in `*op` (may be NULL). */
static inline lgstore_status_t submit(lgstore_t *store, uint32_t op, const char *json, uint64_t tag,
                                      lgstore_op_t *id, collector_t *collector) {
  lgstore_request_t made = request(op, json);
  made.tag = tag;
  return lgstore_submit(store, &made, id, NULL, NULL, collect, collector);
}

/* A fresh file's path under the tests' work folder. `buffer` holds 512 bytes. */
static inline const char *work_file(char *buffer, const char *name) {
  const char *folder = getenv("LGSTORE_WORK_DIR");
  const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  char path[600];
  size_t i;
  snprintf(buffer, 512, "%s/%s-%ld.db", folder != NULL ? folder : ".", name, (long)getpid());
  for (i = 0; i < sizeof endings / sizeof *endings; i++) {
    snprintf(path, sizeof path, "%s%s", buffer, endings[i]);
    unlink(path);
  }
  return buffer;
}

#endif /* LGSTORE_TESTS_STORE_H */
