/* Runs the test vectors (tests/vectors/README.md) through the C interface: every case in memory and in
 * a file, or, when the environment names one, on a cluster; each once by lgstore_call and once by a
 * completion queue. On a cluster many run side by side, those that need time each in a thread of its own.
 * ctest: labels=ci timeout=240 cql=on */
#define _POSIX_C_SOURCE 200809L
#include <lgstore.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/ask.h"
#include "support/backend.h"
#include "support/files.h"
#include "support/json.h"
#include "support/judge.h"
#include "support/pattern.h"

#define SHOWN_FAILURES 20
#define MAX_FILES 64
#define MAX_STORES 256
#define MAX_THREADS 256
#define CLUSTER_WORKERS 6
/* Seconds by which an expiry may be off on a cluster: its second, and what the request took. */
#define CLUSTER_SLACK 1.5

static const char *const able[] = {"fresh", "clock", "long_clock", "milliseconds", "sweep", "ttl_20_years"};

typedef enum way { BY_CALL, BY_QUEUE, WAYS } way_t;
static const char *const way_names[WAYS] = {"lgstore_call", "lgstore_submit_cq"};

/* Where cases run; everything of one backend. */
static struct {
  const char *name;
  const char *folder; /* NULL = in memory or on a cluster */
  int cluster;
  struct {
    char *config;
    lgstore_t *store;
  } stores[MAX_STORES];
  size_t store_count;
  size_t opened;
} backend;

static atomic_size_t cases, steps, failures, left_out;
/* For the list of stores, for the list of sleepers, and for the keyspace of cases that want it empty. */
static pthread_mutex_t stores_lock = PTHREAD_MUTEX_INITIALIZER, sleepers_lock = PTHREAD_MUTEX_INITIALIZER,
                       fresh_lock = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *what, const char *more) {
  fprintf(stderr, "%s: %s\n", what, more);
  exit(2);
}

/* ---- stores ---- */

/* `suffix` makes another keyspace on a cluster. */
static lgstore_t *open_store(const json_t *config, const char *suffix) {
  static const char embedded[] =
      "{\"backend\":\"embedded\",\"test_clock\":true,\"durability\":\"normal\","
      "\"ttl\":{\"refresh_slack\":0,\"sweep_interval\":null}}";
  text_t text = {0}, base_text = {0};
  json_t *base;
  lgstore_t *store = NULL;
  lgstore_error_t *err = NULL;
  if (backend.cluster) {
    cluster_config(&base_text, suffix);
    text_adds(&base_text, ",\"ttl\":{\"refresh_slack\":0}}");
  } else {
    text_adds(&base_text, embedded);
  }
  base = json_read(base_text.data, base_text.len);
  if (config != NULL) {
    json_merge(&text, base, config);
  } else {
    text_adds(&text, base_text.data);
  }
  if (backend.folder != NULL) {
    char path[1024];
    snprintf(path, sizeof path, ",\"path\":\"%s/%zu.db\"}", backend.folder, ++backend.opened);
    text.len--;
    text_adds(&text, path);
  }
  if (lgstore_new(NULL, text.data, text.len, &store, &err) != LGSTORE_OK)
    die(text.data, lgstore_error_message(err, NULL));
  text_free(&text);
  json_free(base);
  text_free(&base_text);
  return store;
}

static void close_store(lgstore_t *store) {
  lgstore_status_t status = lgstore_close(store, 10000000u);
  if (status != LGSTORE_OK) die("lgstore_close", lgstore_status_name(status));
  lgstore_free(store);
}

/* The store that all cases of one configuration share. */
static lgstore_t *shared_store(const json_t *config) {
  text_t key = {0};
  size_t index;
  lgstore_t *store;
  text_add(&key, config != NULL ? config->raw : "", config != NULL ? config->raw_len : 0);
  pthread_mutex_lock(&stores_lock);
  for (index = 0; index < backend.store_count; index++) {
    if (strcmp(backend.stores[index].config, key.data) == 0) break;
  }
  if (index == MAX_STORES) die("too many configurations", key.data);
  if (index == backend.store_count) {
    backend.stores[index].config = key.data;
    backend.stores[index].store = open_store(config, "");
    backend.store_count++;
  } else {
    text_free(&key);
  }
  store = backend.stores[index].store;
  pthread_mutex_unlock(&stores_lock);
  return store;
}

/* ---- steps: each gives 1, or 0 and says why ---- */

static int run_step(lgstore_t *store, way_t way, const json_t *step, captures_t *captures, text_t *why) {
  const json_t *seconds = json_member(step, "advance");
  text_t body = {0}, answer = {0};
  lgstore_status_t status;
  uint32_t op;
  int good;
  if (json_member(step, "check") != NULL) return judge_order(json_member(step, "check"), captures, why);
  if (json_member(step, "between") != NULL) return judge_times(step, captures, why);
  if (seconds != NULL && backend.cluster) {
    struct timespec pause = {(time_t)json_number(seconds, 0), 0}; /* whole seconds, says README.md */
    while (nanosleep(&pause, &pause) != 0) continue;
    return 1;
  }
  if (seconds != NULL) {
    text_adds(&body, "{\"seconds\":");
    text_add(&body, seconds->raw, seconds->raw_len);
    text_adds(&body, "}");
  } else {
    write_body(step, captures, &body);
  }
  op = ask_operation(seconds != NULL ? "advance" : json_text(json_member(step, "op"), "none"));
  status = way == BY_CALL ? ask_by_call(store, op, &body, &answer) : ask_by_queue(store, op, &body, &answer);
  if (seconds != NULL) {
    good = status == LGSTORE_OK;
    if (!good) text_add(why, answer.data, answer.len);
  } else {
    good = judge_answer(step, status, &answer, captures, why);
  }
  text_free(&body);
  text_free(&answer);
  return good;
}

/* ---- cases ---- */

/* Whether the case needs this; ends the program at a need that is not known. */
static int needs(const json_t *the_case, const char *wanted) {
  const json_t *list = json_member(the_case, "needs"), *need;
  int found = 0;
  for (need = list != NULL ? list->first : NULL; need != NULL; need = need->next) {
    size_t index, count = sizeof able / sizeof able[0];
    for (index = 0; index < count && !json_is(need, able[index]); index++) continue;
    if (index == count) die("unknown need", need->string.data);
    found |= json_is(need, wanted);
  }
  return found;
}

/* Where the case runs: the store of its configuration, or one for itself that is empty. */
static lgstore_t *store_for(const json_t *the_case, int fresh) {
  const json_t *config = json_member(the_case, "config");
  text_t body = {0}, answer = {0};
  lgstore_t *store;
  if (!fresh) return shared_store(config);
  store = open_store(config, "_fresh");
  if (backend.cluster) { /* the keyspace stays between runs, and its items with it */
    text_adds(&body, "{\"namespace_prefix\":[]}");
    if (ask_by_call(store, ask_operation("delete_prefix"), &body, &answer) != LGSTORE_OK)
      die("delete_prefix", answer.data);
    text_free(&body);
    text_free(&answer);
  }
  return store;
}

/* Gives 1, or 0 when a step failed; that counts unless the case gets another `chance`. */
static int run_case(const json_t *the_case, way_t way, lgstore_t *store, int chance) {
  const json_t *list = json_member(the_case, "steps"), *step;
  const char *name = json_text(json_member(the_case, "case"), "(no name)");
  int index = 0, good = 1;
  captures_t captures = {0};
  captures.slack = backend.cluster ? CLUSTER_SLACK : 0;
  if (list == NULL) die("a case without steps", name);
  for (step = list->first; step != NULL; step = step->next, index++) {
    text_t why = {0};
    good = run_step(store, way, step, &captures, &why);
    steps++;
    if (!good && (chance || failures++ < SHOWN_FAILURES))
      fprintf(stderr, "%s%s by %s: %s, step %d: %.1500s\n    %s\n", chance ? "once more: " : "", backend.name,
              way_names[way], name, index, why.data, json_text(json_member(the_case, "rule"), ""));
    text_free(&why);
    if (!good) break;
  }
  captures_free(&captures);
  return good;
}

/* One case in one way; in a thread if it sleeps. */
typedef struct job {
  text_t line;
  text_t text; /* The line with a root label of its own. */
  json_t *the_case;
  way_t way;
  lgstore_t *store;
  int chance;
  int good;
} job_t;

/* Gives the job another root label and reads its case. */
static void label_job(job_t *job) {
  static atomic_ulong next = 0;
  const char *rest = job->line.data, *mark;
  char label[32];
  json_free(job->the_case);
  text_free(&job->text);
  memset(&job->text, 0, sizeof job->text);
  /* On a cluster, runs of other processes are there too. */
  snprintf(label, sizeof label, "v%lxp%lxn%lu", (unsigned long)time(NULL), (unsigned long)getpid(), next++);
  for (; (mark = strstr(rest, "${ns}")) != NULL; rest = mark + strlen("${ns}")) {
    text_add(&job->text, rest, (size_t)(mark - rest));
    text_adds(&job->text, label);
  }
  text_adds(&job->text, rest);
  job->the_case = json_read(job->text.data, job->text.len);
  if (job->the_case == NULL) die("no JSON", job->text.data);
}

static void free_job(job_t *job) {
  json_free(job->the_case);
  text_free(&job->text);
  text_free(&job->line);
}

static void *run_job(void *data) {
  job_t *job = data;
  ask_begin();
  job->good = run_case(job->the_case, job->way, job->store, job->chance);
  ask_end();
  return NULL;
}

static struct {
  pthread_t thread;
  job_t job;
} sleepers[MAX_THREADS];
static size_t sleeper_count;

static void start_sleeper(size_t index) {
  if (pthread_create(&sleepers[index].thread, NULL, run_job, &sleepers[index].job) != 0)
    die("pthread_create", backend.name);
}

static void add_sleeper(job_t job) {
  size_t index;
  pthread_mutex_lock(&sleepers_lock);
  index = sleeper_count++;
  pthread_mutex_unlock(&sleepers_lock);
  if (index == MAX_THREADS) die("too many cases that need a clock", backend.name);
  job.chance = 1;
  sleepers[index].job = job;
  start_sleeper(index);
}

/* What a case keeps alive has seconds to spare, but a busy machine may take longer: what failed runs once
 * more, when everything else has ended. An answer that is wrong is wrong again. */
static void join_sleepers(void) {
  size_t index;
  for (index = 0; index < sleeper_count; index++) pthread_join(sleepers[index].thread, NULL);
  for (index = 0; index < sleeper_count; index++) {
    job_t *job = &sleepers[index].job;
    if (job->good) continue;
    job->chance = 0;
    label_job(job);
    start_sleeper(index);
  }
  for (index = 0; index < sleeper_count; index++) {
    if (!sleepers[index].job.chance) pthread_join(sleepers[index].thread, NULL);
    free_job(&sleepers[index].job);
  }
  sleeper_count = 0;
}

static int beyond_a_cluster(const json_t *the_case) {
  return needs(the_case, "long_clock") || needs(the_case, "milliseconds") || needs(the_case, "sweep") ||
         needs(the_case, "ttl_20_years");
}

/* Runs the case in a line in each way, each time below a root label of its own. */
static void run_line(const char *line, size_t len) {
  int way;
  for (way = 0; way < WAYS; way++) {
    job_t job = {0};
    int fresh;
    text_add(&job.line, line, len);
    label_job(&job);
    job.way = (way_t)way;
    fresh = needs(job.the_case, "fresh");
    if (backend.cluster && beyond_a_cluster(job.the_case)) {
      left_out++;
      free_job(&job);
      continue;
    }
    if (fresh) pthread_mutex_lock(&fresh_lock);
    job.store = store_for(job.the_case, fresh);
    if (backend.cluster && !fresh && needs(job.the_case, "clock")) {
      add_sleeper(job);
      continue;
    }
    run_case(job.the_case, job.way, job.store, 0);
    if (fresh) {
      close_store(job.store);
      pthread_mutex_unlock(&fresh_lock);
    }
    free_job(&job);
  }
  cases++;
}

/* The lines of all files, and one thread's share of them. */
typedef struct share {
  char **files;
  size_t file_count;
  size_t first, stride;
} share_t;

static void *run_share(void *data) {
  const share_t *share = data;
  size_t file, number = 0;
  ask_begin();
  for (file = 0; file < share->file_count; file++) {
    const char *path = share->files[file], *line, *end;
    text_t text = {0};
    if (!file_read(path, &text)) die(path, "can't be read");
    for (line = text.data; (end = strchr(line, '\n')) != NULL; line = end + 1) {
      if (number++ % share->stride == share->first) run_line(line, (size_t)(end - line));
    }
    if (*line != '\0') die(path, "the last line has no end");
    text_free(&text);
  }
  ask_end();
  return NULL;
}

static void run_shares(char **files, size_t count, size_t workers) {
  share_t shares[CLUSTER_WORKERS];
  pthread_t threads[CLUSTER_WORKERS];
  size_t index;
  for (index = 0; index < workers; index++) {
    shares[index] = (share_t){files, count, index, workers};
    if (pthread_create(&threads[index], NULL, run_share, &shares[index]) != 0) die("pthread_create", "");
  }
  for (index = 0; index < workers; index++) pthread_join(threads[index], NULL);
}

static void run_backend(const char *name, const char *folder, char **files, size_t count) {
  size_t index;
  memset(&backend, 0, sizeof backend);
  backend.name = name;
  backend.folder = folder;
  backend.cluster = strcmp(name, "cql") == 0;
  cases = steps = left_out = 0;
  run_shares(files, count, backend.cluster ? CLUSTER_WORKERS : 1);
  join_sleepers();
  for (index = 0; index < backend.store_count; index++) {
    close_store(backend.stores[index].store);
    free(backend.stores[index].config);
  }
  printf("%s: %zu cases, each in %d ways (%zu left out by what they need), %zu steps, %zu failures so far\n",
         name, (size_t)cases, WAYS, (size_t)left_out / WAYS, (size_t)steps, (size_t)failures);
}

int main(int argc, char **argv) {
  const char *vectors = argc > 1 ? argv[1] : getenv("LGSTORE_VECTORS"), *work = getenv("LGSTORE_WORK_DIR");
  char folder[512], *files[MAX_FILES];
  size_t count, index;
  if (vectors == NULL) vectors = "tests/vectors";
  count = files_ending(vectors, ".jsonl", files, MAX_FILES);
  if (count == 0) die(vectors, "no vectors");
  if (on_cluster()) {
    run_backend("cql", NULL, files, count);
    for (index = 0; index < count; index++) free(files[index]);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  snprintf(folder, sizeof folder, "%s/vectors-%ld", work != NULL ? work : ".", (long)getpid());
  if (mkdir(folder, 0700) != 0) die(folder, "can't be made");
  run_backend("memory", NULL, files, count);
  run_backend("file", folder, files, count);
  remove_folder(folder);
  for (index = 0; index < count; index++) free(files[index]);
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
