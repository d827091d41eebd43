/*
 * The demo: some thousand real JSON documents go into a store on disk, are read, filtered, paged,
 * expired and changed under a condition; the store is closed, opened again, and everything is found.
 *
 *   memories [<folder of the data> [<file of the store>]]
 *
 * Loading is in callback style: every put is submitted without waiting, completions count up on the
 * library's callback thread. The rest uses the blocking forms, which read like a script. Each answer is
 * compared with what the data says; any difference makes the exit code 1.
 */
#include <lgstore_ops.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "documents.h"

static int differences = 0;

/* One line of the report; `right` says whether it is as it should be. */
static void report(int right, const char *what, const char *detail) {
  printf("  %s %-44s %s\n", right ? "ok   " : "WRONG", what, detail);
  if (!right) differences++;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Prints why a call failed, counts it, and frees both; NULL result then. */
static lgstore_result_t *checked(const char *what, lgstore_status_t status, lgstore_result_t *result,
                                 lgstore_error_t *err) {
  if (status == LGSTORE_OK) return result;
  fprintf(stderr, "%s: %s: %s\n", what, lgstore_status_name(status), lgstore_error_message(err, NULL));
  differences++;
  lgstore_error_free(err);
  lgstore_result_free(result);
  return NULL;
}

static lgstore_t *open_store(const char *path) {
  lgstore_text_t config;
  lgstore_t *store = NULL;
  lgstore_error_t *err = NULL;
  lgstore_status_t status;
  lgstore_text_init(&config);
  lgstore_text_raw(&config, "{\"backend\":\"embedded\",\"path\":");
  lgstore_text_string(&config, path, LGSTORE_STRLEN);
  lgstore_text_raw(&config, "}");
  status = lgstore_new(NULL, config.data, config.len, &store, &err);
  lgstore_text_free(&config);
  checked("open", status, NULL, err);
  return store;
}

/* -- loading, with callbacks ------------------------------------------------------------------- */

typedef struct progress {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  size_t finished, failed;
} progress_t;

/* Runs on the library's callback thread, once for every accepted put. */
static void put_finished(const lgstore_completion_t *completion, void *user_data) {
  progress_t *progress = (progress_t *)user_data;
  pthread_mutex_lock(&progress->lock);
  progress->finished++;
  if (completion->status != LGSTORE_OK) {
    progress->failed++;
    fprintf(stderr, "document %lu: %.*s\n", (unsigned long)completion->tag, (int)completion->json_len,
            completion->json);
  }
  pthread_cond_signal(&progress->moved);
  pthread_mutex_unlock(&progress->lock);
}

static void wait_until(progress_t *progress, size_t finished) {
  pthread_mutex_lock(&progress->lock);
  while (progress->finished < finished) pthread_cond_wait(&progress->moved, &progress->lock);
  pthread_mutex_unlock(&progress->lock);
}

/* Waits until one more put has finished. */
static void wait_for_one(progress_t *progress) {
  size_t before;
  pthread_mutex_lock(&progress->lock);
  before = progress->finished;
  pthread_mutex_unlock(&progress->lock);
  wait_until(progress, before + 1);
}

static void load(lgstore_t *store, const documents_t *documents) {
  progress_t progress = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
  const int terminal = isatty(STDOUT_FILENO);
  const double begun = now();
  size_t i, accepted = 0;
  char detail[96];
  for (i = 0; i < documents->count; i++) {
    const document_t *document = &documents->list[i];
    lgstore_request_t request = {0};
    lgstore_status_t status;
    request.struct_size = sizeof request;
    request.op = LGSTORE_OP_PUT;
    request.json = document->line; /* each line of the data is the body of a put */
    request.json_len = document->line_len;
    request.tag = i + 1;
    status = lgstore_submit(store, &request, NULL, NULL, NULL, put_finished, &progress);
    if (status == LGSTORE_E_BUSY) { /* as much is in flight as the store takes: let one finish */
      wait_for_one(&progress);
      i--;
      continue;
    }
    if (status != LGSTORE_OK) {
      report(0, "load", lgstore_status_name(status));
      break;
    }
    accepted++;
    if (terminal && accepted % 250 == 0) {
      printf("\r  loading %lu of %lu", (unsigned long)accepted, (unsigned long)documents->count);
      fflush(stdout);
    }
  }
  wait_until(&progress, accepted);
  if (terminal) printf("\r%40s\r", "");
  snprintf(detail, sizeof detail, "%lu in %.2f s, each durable", (unsigned long)progress.finished,
           now() - begun);
  report(accepted == documents->count && progress.failed == 0, "documents loaded by callbacks", detail);
}

/* -- reading ----------------------------------------------------------------------------------- */

/* Whether the store holds every document with its exact text. */
static void find_all(lgstore_t *store, const documents_t *documents, const char *what) {
  lgstore_status_t status;
  const double begun = now();
  size_t i, found = 0;
  char detail[96];
  for (i = 0; i < documents->count; i++) {
    const document_t *document = &documents->list[i];
    lgstore_error_t *err = NULL;
    lgstore_result_t *result = NULL;
    lgstore_request_t request = {0};
    lgstore_text_t body;
    size_t len = 0, json_len = 0;
    const char *json, *value;
    lgstore_text_init(&body);
    lgstore_text_raw(&body, "{\"namespace\":");
    lgstore_text_append(&body, document->labels, document->labels_len);
    lgstore_text_raw(&body, ",\"key\":");
    lgstore_text_append(&body, document->key, document->key_len);
    lgstore_text_raw(&body, "}");
    request.struct_size = sizeof request;
    request.op = LGSTORE_OP_GET;
    request.json = body.data;
    request.json_len = body.len;
    status = lgstore_call(store, &request, &result, &err);
    result = checked("get", status, result, err);
    lgstore_text_free(&body);
    if (result == NULL) break;
    json = lgstore_result_json(result, &json_len);
    value = lgstore_json_member(json, json_len, "value", &len);
    found += value != NULL && len == document->value_len && memcmp(value, document->value, len) == 0;
    lgstore_result_free(result);
  }
  snprintf(detail, sizeof detail, "%lu of %lu in %.2f s", (unsigned long)found,
           (unsigned long)documents->count, now() - begun);
  report(found == documents->count, what, detail);
}

/* Number of items in a search's answer, and its cursor. */
static size_t items_of(lgstore_result_t *result, const char **cursor, size_t *cursor_len) {
  size_t json_len = 0, items_len = 0, len = 0, n = 0;
  const char *json = lgstore_result_json(result, &json_len), *at = NULL;
  const char *items = lgstore_json_member(json, json_len, "items", &items_len);
  while (items != NULL && lgstore_json_next(items, items_len, &at, NULL, NULL, &len) != NULL) n++;
  *cursor = lgstore_json_member(json, json_len, "cursor", cursor_len);
  return n;
}

/* Walks a search page by page; returns the number of items on all pages, and of pages. */
static size_t walk(lgstore_t *store, const char *const *labels, size_t n_labels, const char *filter,
                   const char *order, uint64_t limit, size_t *pages) {
  lgstore_status_t status;
  lgstore_search_options_t options = {0};
  lgstore_result_t *page = NULL;
  size_t items = 0;
  options.filter = filter;
  options.order = order;
  options.limit = limit;
  *pages = 0;
  do {
    lgstore_result_t *next = NULL;
    lgstore_error_t *err = NULL;
    status = lgstore_search(store, labels, n_labels, &options, &next, &err);
    next = checked("search", status, next, err);
    lgstore_result_free(page); /* the cursor lay in it until now */
    page = next;
    if (page == NULL) break;
    items += items_of(page, &options.cursor, &options.cursor_len);
    ++*pages;
  } while (options.cursor != NULL);
  lgstore_result_free(page);
  return items;
}

static void search(lgstore_t *store, const documents_t *documents) {
  static const char *const emoji[] = {"emoji"}, *const audio[] = {"mime", "audio"};
  size_t pages = 0, items, expected;
  char detail[96];

  expected = count_documents(documents, "[\"emoji\"", NULL);
  items = walk(store, emoji, 1, NULL, "key", 250, &pages);
  snprintf(detail, sizeof detail, "%lu items on %lu pages", (unsigned long)items, (unsigned long)pages);
  report(items == expected && pages >= expected / 250, "paged with a cursor, by key", detail);

  items = walk(store, emoji, 1, NULL, "updated_at desc", 500, &pages);
  snprintf(detail, sizeof detail, "%lu items on %lu pages", (unsigned long)items, (unsigned long)pages);
  report(items == expected, "paged with a cursor, newest first", detail);

  expected = count_documents(documents, "[\"mime\",\"audio\"]", "\"source\":\"iana\"");
  items = walk(store, audio, 2, "{\"source\":\"iana\"}", NULL, 1000, &pages);
  snprintf(detail, sizeof detail, "%lu registered audio types", (unsigned long)items);
  report(items == expected && items > 0, "filtered by equality", detail);

  expected = count_documents(documents, "[\"emoji\"", "\"version\":15");
  items = walk(store, emoji, 1, "{\"version\":{\"$gte\":15,\"$lt\":16}}", NULL, 1000, &pages);
  snprintf(detail, sizeof detail, "%lu emoji of Unicode 15.x", (unsigned long)items);
  report(items == expected && items > 0, "filtered by a range", detail);
}

/* An answer that is a number. */
static long number_of(lgstore_result_t *result) {
  const long number = result != NULL ? strtol(lgstore_result_json(result, NULL), NULL, 10) : -1;
  lgstore_result_free(result);
  return number;
}

static void count_and_list(lgstore_t *store, const documents_t *documents) {
  lgstore_status_t status;
  lgstore_list_options_t options = {0};
  lgstore_error_t *err = NULL;
  lgstore_result_t *result = NULL;
  const char *json, *list, *at = NULL;
  size_t json_len = 0, list_len = 0, len = 0, n = 0;
  long number;
  char detail[96];

  status = lgstore_count(store, NULL, 0, NULL, NULL, &result, &err);
  result = checked("count", status, result, err);
  number = number_of(result);
  snprintf(detail, sizeof detail, "%ld", number);
  report(number == (long)documents->count, "items counted everywhere", detail);

  options.max_depth = 2;
  options.limit = 1000;
  result = NULL;
  status = lgstore_list_namespaces(store, &options, &result, &err);
  result = checked("list", status, result, err);
  if (result == NULL) return;
  json = lgstore_result_json(result, &json_len);
  list = lgstore_json_member(json, json_len, "namespaces", &list_len);
  while (list != NULL && lgstore_json_next(list, list_len, &at, NULL, NULL, &len) != NULL) n++;
  snprintf(detail, sizeof detail, "%lu, two labels deep", (unsigned long)n);
  report(n == count_places(documents, 2), "namespaces listed", detail);
  lgstore_result_free(result);
}

/* -- conditions and expiry --------------------------------------------------------------------- */

static const char *const session[] = {"users", "ada", "session"};

/* Whether a conditional write says that it was applied. */
static int applied(const char *what, lgstore_status_t status, lgstore_result_t *result,
                   lgstore_error_t *err) {
  size_t json_len = 0, len = 0;
  const char *json, *member;
  int yes;
  result = checked(what, status, result, err);
  if (result == NULL) return -1;
  json = lgstore_result_json(result, &json_len);
  member = lgstore_json_member(json, json_len, "applied", &len);
  yes = member != NULL && len == 4 && memcmp(member, "true", 4) == 0;
  lgstore_result_free(result);
  return yes;
}

static void compare_and_set(lgstore_t *store) {
  lgstore_expected_t expected = {0};
  lgstore_result_t *r = NULL;
  lgstore_error_t *e = NULL;
  const char *one = "{\"visits\":1}", *two = "{\"visits\":2}";
  lgstore_status_t s;
  expected.value = one;
  expected.value_len = LGSTORE_STRLEN;

  s = lgstore_put_if_absent(store, session, 3, "visits", LGSTORE_STRLEN, one, LGSTORE_STRLEN, NULL, &r, &e);
  report(applied("put_if_absent", s, r, e) == 1, "put_if_absent on a new key", "applied");
  r = NULL;
  s = lgstore_put_if_absent(store, session, 3, "visits", LGSTORE_STRLEN, two, LGSTORE_STRLEN, NULL, &r, &e);
  report(applied("put_if_absent", s, r, e) == 0, "put_if_absent on the same key", "not applied");
  r = NULL;
  s = lgstore_compare_and_set(store, session, 3, "visits", LGSTORE_STRLEN, two, LGSTORE_STRLEN, &expected,
                              NULL, &r, &e);
  report(applied("compare_and_set", s, r, e) == 1, "compare_and_set with the value there", "applied");
  r = NULL;
  s = lgstore_compare_and_set(store, session, 3, "visits", LGSTORE_STRLEN, two, LGSTORE_STRLEN, &expected,
                              NULL, &r, &e);
  report(applied("compare_and_set", s, r, e) == 0, "compare_and_set with a value of before", "not applied");
}

/* Whether an item is there: 1, 0, or -1 on an error. */
static int present(lgstore_t *store, const char *key) {
  lgstore_status_t status;
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  int yes;
  status = lgstore_get(store, session, 3, key, LGSTORE_STRLEN, NULL, &result, &err);
  result = checked("get", status, result, err);
  if (result == NULL) return -1;
  yes = strcmp(lgstore_result_json(result, NULL), "null") != 0;
  lgstore_result_free(result);
  return yes;
}

static void expire(lgstore_t *store) {
  lgstore_status_t status;
  lgstore_put_options_t options = {0};
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  const struct timespec pause = {0, 20000000};
  const double begun = now();
  char detail[96];
  options.ttl_us = 600000;
  status = lgstore_put(store, session, 3, "code", LGSTORE_STRLEN, "{\"digits\":\"493 127\"}", LGSTORE_STRLEN,
                       &options, &result, &err);
  result = checked("put", status, result, err);
  lgstore_result_free(result);
  /* A slow machine may need longer than the time to live for put and get; only then absence is right. */
  report(present(store, "code") == 1 || now() - begun > 0.5, "an item with 0.6 s to live", "is there");
  while (present(store, "code") == 1 && now() - begun < 10) nanosleep(&pause, NULL);
  snprintf(detail, sizeof detail, "is gone after %.1f s", now() - begun);
  report(present(store, "code") == 0 && now() - begun > 0.5, "the same item later", detail);
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "examples/data";
  const char *path = argc > 2 ? argv[2] : "memories.db";
  documents_t documents = {0};
  lgstore_t *store;
  lgstore_status_t status;

  if (lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER) != LGSTORE_OK) {
    fprintf(stderr, "this program needs lgstore %d.%d or newer\n", LGSTORE_VERSION_MAJOR,
            LGSTORE_VERSION_MINOR);
    return 1;
  }
  if (!read_documents(&documents, folder, "emoji.jsonl") || !read_documents(&documents, folder, "mime.jsonl"))
    return 1;
  remove_store(path);
  printf("lgstore %s, %lu documents from %s, store in %s\n", lgstore_version(),
         (unsigned long)documents.count, folder, path);

  store = open_store(path);
  if (store == NULL) return 1;
  load(store, &documents);
  find_all(store, &documents, "read back, value by value");
  search(store, &documents);
  count_and_list(store, &documents);
  compare_and_set(store);
  expire(store);
  status = lgstore_close(store, 5000000);
  report(status == LGSTORE_OK, "closed", lgstore_status_name(status));
  lgstore_free(store);

  store = open_store(path);
  if (store == NULL) return 1;
  find_all(store, &documents, "opened again: everything found");
  report(present(store, "visits") == 1, "the counter of visits", "is there");
  report(present(store, "code") == 0, "the expired item", "is not");
  status = lgstore_close(store, 5000000);
  report(status == LGSTORE_OK, "closed", lgstore_status_name(status));
  lgstore_free(store);
  free_documents(&documents);
  printf("%s\n", differences == 0 ? "everything as it should be" : "there are differences");
  return differences == 0 ? 0 : 1;
}
