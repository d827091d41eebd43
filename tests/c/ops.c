/* Every typed helper of lgstore_ops.h, waiting and with a callback, against a store in memory.
 * ctest: labels=ci timeout=60 */
#include <lgstore_ops.h>
#include <pthread.h>
#include <stdio.h>

static int failures = 0;
static lgstore_t *store = NULL;
static const char *const place[] = {"users", "a \"da\""};

/* Whether an answer's text begins as expected; prints it when not. Frees both. */
static void answer(const char *what, lgstore_status_t status, lgstore_result_t *result, lgstore_error_t *err,
                   const char *begins) {
  const char *json = result != NULL ? lgstore_result_json(result, NULL) : "(no result)";
  if (status != LGSTORE_OK || strncmp(json, begins, strlen(begins)) != 0) {
    fprintf(stderr, "%s: %s: %s %s, expected %s...\n", what, lgstore_status_name(status), json,
            err != NULL ? lgstore_error_message(err, NULL) : "", begins);
    failures++;
  }
  lgstore_result_free(result);
  lgstore_error_free(err);
}

/* A completion that a test waits for. */
typedef struct waiter {
  pthread_mutex_t lock;
  pthread_cond_t arrived;
  lgstore_result_t *result;
  lgstore_status_t status;
  uint64_t tag;
  int done;
} waiter_t;

static void arrived(const lgstore_completion_t *completion, void *user_data) {
  waiter_t *waiter = (waiter_t *)user_data;
  pthread_mutex_lock(&waiter->lock);
  waiter->status = completion->status;
  waiter->tag = completion->tag;
  waiter->result = lgstore_result_take(completion);
  waiter->done++;
  pthread_cond_signal(&waiter->arrived);
  pthread_mutex_unlock(&waiter->lock);
}

static waiter_t waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0, 0, 0};
static lgstore_op_t op = 0;

/* Waits for the completion of what was submitted and checks it like `answer`. */
static void completion(const char *what, lgstore_status_t status, lgstore_error_t *err, const char *begins) {
  lgstore_result_t *result = NULL;
  if (status != LGSTORE_OK) {
    answer(what, status, NULL, err, begins);
    return;
  }
  if (op == 0) failures++, fprintf(stderr, "%s: accepted without a number\n", what);
  pthread_mutex_lock(&waiter.lock);
  while (waiter.done == 0) pthread_cond_wait(&waiter.arrived, &waiter.lock);
  result = waiter.result;
  status = waiter.status;
  waiter.result = NULL;
  waiter.done = 0;
  pthread_mutex_unlock(&waiter.lock);
  answer(what, status, result, err, begins);
}

/* Ends of the two forms of a call, so that each test below is one statement. */
#define BLOCKING NULL, &result, &err
#define SUBMITTED NULL, &op, NULL, &err, arrived, &waiter
#define TEXT LGSTORE_STRLEN

static void blocking(void) {
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_expected_t one = {0};
  lgstore_search_options_t search = {0};
  lgstore_list_options_t list = {0};
  const lgstore_match_t match = {place, 1, 0};
  lgstore_status_t s;
  one.value = "{\"n\":1}";
  one.value_len = TEXT;
  s = lgstore_open(store, BLOCKING);
  answer("open", s, result, err, "");
  s = lgstore_put(store, place, 2, "k\n1", TEXT, "{\"n\":1}", TEXT, BLOCKING);
  answer("put", s, result, err, "null");
  s = lgstore_get(store, place, 2, "k\n1", TEXT, BLOCKING);
  answer("get", s, result, err,
         "{\"namespace\":[\"users\",\"a \\\"da\\\"\"],\"key\":\"k\\n1\",\"value\":{\"n\":1},");
  s = lgstore_put_if_absent(store, place, 2, "k\n1", TEXT, "{\"n\":2}", TEXT, BLOCKING);
  answer("put_if_absent", s, result, err, "{\"applied\":false");
  s = lgstore_update_if_exists(store, place, 2, "k2", TEXT, "{\"n\":2}", TEXT, BLOCKING);
  answer("update_if_exists", s, result, err, "{\"applied\":false");
  s = lgstore_compare_and_set(store, place, 2, "k\n1", TEXT, "{\"n\":3}", TEXT, &one, BLOCKING);
  answer("compare_and_set", s, result, err, "{\"applied\":true");
  s = lgstore_delete_if_value(store, place, 2, "k\n1", TEXT, &one, BLOCKING);
  answer("delete_if_value", s, result, err, "{\"applied\":false");
  search.filter = "{\"n\":{\"$gt\":2}}";
  search.order = "updated_at desc";
  search.limit = 5;
  s = lgstore_search(store, place, 1, &search, &result, &err);
  answer("search", s, result, err, "{\"items\":[{\"namespace\":[\"users\",");
  list.matches = &match;
  list.n_matches = 1;
  list.max_depth = 1;
  s = lgstore_list_namespaces(store, &list, &result, &err);
  answer("list_namespaces", s, result, err, "{\"namespaces\":[[\"users\"]]");
  s = lgstore_count(store, place, 1, "{\"n\":3}", BLOCKING);
  answer("count", s, result, err, "1");
  s = lgstore_delete_if_exists(store, place, 2, "k\n1", TEXT, BLOCKING);
  answer("delete_if_exists", s, result, err, "{\"applied\":true");
  s = lgstore_delete(store, place, 2, "k\n1", TEXT, BLOCKING);
  answer("delete", s, result, err, "null");
  s = lgstore_get(store, place, 2, "k\n1", TEXT, BLOCKING);
  answer("get of nothing", s, result, err, "null");
  s = lgstore_delete_prefix(store, NULL, 0, NULL, BLOCKING);
  answer("delete_prefix", s, result, err, "0");
  s = lgstore_sweep(store, BLOCKING);
  answer("sweep", s, result, err, "0");
  s = lgstore_warmup(store, BLOCKING);
  answer("warmup", s, result, err, "");
  s = lgstore_health(store, BLOCKING);
  answer("health", s, result, err, "{");
  s = lgstore_migrate(store, BLOCKING);
  answer("migrate", s, result, err, "");
  s = lgstore_reindex(store, BLOCKING);
  answer("reindex", s, result, err, "");
}

static void submitted(void) {
  lgstore_error_t *err = NULL;
  lgstore_expected_t one = {0};
  lgstore_status_t s;
  one.value = "{\"n\":1}";
  one.value_len = TEXT;
  s = lgstore_put_submit(store, place, 2, "k", TEXT, "{\"n\":1}", TEXT, SUBMITTED);
  completion("put_submit", s, err, "null");
  s = lgstore_get_submit(store, place, 2, "k", TEXT, SUBMITTED);
  completion("get_submit", s, err, "{\"namespace\":");
  s = lgstore_put_if_absent_submit(store, place, 2, "k", TEXT, "{\"n\":2}", TEXT, SUBMITTED);
  completion("put_if_absent_submit", s, err, "{\"applied\":false");
  s = lgstore_compare_and_set_submit(store, place, 2, "k", TEXT, "{\"n\":1}", TEXT, &one, SUBMITTED);
  completion("compare_and_set_submit", s, err, "{\"applied\":true");
  s = lgstore_update_if_exists_submit(store, place, 2, "k", TEXT, "{\"n\":1}", TEXT, SUBMITTED);
  completion("update_if_exists_submit", s, err, "{\"applied\":true");
  s = lgstore_search_submit(store, NULL, 0, SUBMITTED);
  completion("search_submit", s, err, "{\"items\":[{");
  s = lgstore_list_namespaces_submit(store, SUBMITTED);
  completion("list_namespaces_submit", s, err, "{\"namespaces\":[[");
  s = lgstore_count_submit(store, NULL, 0, NULL, SUBMITTED);
  completion("count_submit", s, err, "1");
  s = lgstore_delete_if_value_submit(store, place, 2, "k", TEXT, &one, SUBMITTED);
  completion("delete_if_value_submit", s, err, "{\"applied\":true");
  s = lgstore_delete_if_exists_submit(store, place, 2, "k", TEXT, SUBMITTED);
  completion("delete_if_exists_submit", s, err, "{\"applied\":false");
  s = lgstore_delete_submit(store, place, 2, "k", TEXT, SUBMITTED);
  completion("delete_submit", s, err, "null");
  s = lgstore_delete_prefix_submit(store, place, 1, "{}", SUBMITTED);
  completion("delete_prefix_submit", s, err, "0");
  s = lgstore_sweep_submit(store, SUBMITTED);
  completion("sweep_submit", s, err, "0");
  s = lgstore_health_submit(store, SUBMITTED);
  completion("health_submit", s, err, "{");
}

/* With a place for it, a get may be answered at once: then there is a result and no completion. */
static void immediate(void) {
  lgstore_result_t *done = NULL, *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_get_options_t options = {0};
  lgstore_status_t s = lgstore_put(store, place, 2, "now", TEXT, "{}", 2, BLOCKING);
  answer("put", s, result, err, "null");
  options.tag = 77;
  s = lgstore_get_submit(store, place, 2, "now", TEXT, &options, &op, &done, &err, arrived, &waiter);
  if (s == LGSTORE_DONE) {
    if (op != 0) failures++, fprintf(stderr, "immediate: answered and numbered\n");
    answer("immediate", LGSTORE_OK, done, err, "{\"namespace\":");
  } else {
    if (done != NULL) failures++, fprintf(stderr, "immediate: accepted and answered\n");
    completion("not immediate", s, err, "{\"namespace\":");
    if (waiter.tag != 77) failures++, fprintf(stderr, "the tag did not come back\n");
  }
}

/* Refused with this field at fault. */
static void at_fault(const char *what, lgstore_status_t status, lgstore_error_t *err, const char *field) {
  const char *json = err != NULL ? lgstore_error_json(err, NULL) : "(no error)";
  if (status != LGSTORE_E_INVALID_ARG || strstr(json, field) == NULL) {
    fprintf(stderr, "%s: %s: %s\n", what, lgstore_status_name(status), json);
    failures++;
  }
  lgstore_error_free(err);
}

/* How a request is run: each member reaches the library, which takes it or names it. */
static void manners(void) {
  lgstore_run_t run = {0};
  lgstore_put_options_t put = {0};
  lgstore_options_t plain = {0};
  lgstore_batch_options_t batched = {0};
  lgstore_batch_t batch;
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_status_t s;
  put.run = plain.run = batched.run = &run;
  run.profile = "strong_reads";
  run.serial = LGSTORE_YES;
  run.max_retries = LGSTORE_NO;
  run.retry_delay_us = 1500000;
  run.retry_backoff_percent = 150;
  s = lgstore_put(store, place, 2, "r", TEXT, "{}", 2, &put, &result, &err);
  answer("put with a manner", s, result, err, "null");
  s = lgstore_sweep(store, &plain, NULL, &err); /* takes none */
  at_fault("sweep with a manner", s, err, "\"field\":\"profile\"");
  run.profile = "nobody's";
  s = lgstore_put(store, place, 2, "r", TEXT, "{}", 2, &put, NULL, &err);
  at_fault("put with a profile that is not there", s, err, "\"field\":\"profile\"");
  run.profile = NULL;
  run.max_retries = 101;
  s = lgstore_put(store, place, 2, "r", TEXT, "{}", 2, &put, NULL, &err);
  at_fault("too many retries", s, err, "\"field\":\"max_retries\"");
  run.max_retries = 1;
  run.retry_delay_us = UINT64_C(1000000000000);
  s = lgstore_put(store, place, 2, "r", TEXT, "{}", 2, &put, NULL, &err);
  at_fault("too long a pause", s, err, "\"field\":\"retry_delay\"");
  run.retry_delay_us = 0;
  run.retry_backoff_percent = 50;
  s = lgstore_put(store, place, 2, "r", TEXT, "{}", 2, &put, NULL, &err);
  at_fault("pauses that get shorter", s, err, "\"field\":\"retry_backoff\"");
  run.retry_backoff_percent = 0;
  run.serial = 0;
  lgstore_batch_begin(&batch, &batched);
  lgstore_batch_put(&batch, place, 2, "r", TEXT, "{}", 2, NULL);
  s = lgstore_batch(store, &batch, &result, &err);
  answer("batch with a manner", s, result, err, "{\"results\":[{\"result\":null}]}");
  lgstore_batch_free(&batch);
  run.serial = LGSTORE_YES;
  lgstore_batch_begin(&batch, &batched);
  s = lgstore_batch(store, &batch, NULL, &err);
  at_fault("a serial batch", s, err, "\"field\":\"serial\"");
  lgstore_batch_free(&batch);
}

static void expiry(void) {
  lgstore_put_options_t options = {0};
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_status_t s;
  options.ttl_us = 1500000;
  s = lgstore_put(store, place, 2, "t", TEXT, "{}", 2, &options, &result, &err);
  answer("put with ttl", s, result, err, "null");
  s = lgstore_advance(store, 1000000, BLOCKING);
  answer("advance", s, result, err, "");
  s = lgstore_get(store, place, 2, "t", TEXT, BLOCKING);
  answer("before its end", s, result, err, "{\"namespace\"");
  s = lgstore_advance(store, 600000, BLOCKING);
  answer("advance", s, result, err, "");
  s = lgstore_get(store, place, 2, "t", TEXT, BLOCKING);
  answer("after its end", s, result, err, "null");
}

static void batches(void) {
  lgstore_batch_t batch;
  lgstore_batch_options_t options = {0};
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_status_t s;
  options.sequential = 1;
  lgstore_batch_begin(&batch, &options);
  s = lgstore_batch(store, &batch, &result, &err);
  answer("empty batch", s, result, err, "{\"results\":[]}");
  lgstore_batch_put(&batch, place, 2, "b", TEXT, "{\"n\":9}", TEXT, NULL);
  lgstore_batch_get(&batch, place, 2, "b", TEXT, NULL);
  s = lgstore_batch(store, &batch, &result, &err);
  answer("batch", s, result, err, "{\"results\":[{\"result\":null},{\"result\":{\"namespace\":");
  lgstore_batch_search(&batch, place, 1, NULL);
  lgstore_batch_list(&batch, NULL);
  lgstore_batch_count(&batch, place, 1, NULL);
  lgstore_batch_delete(&batch, place, 2, "b", TEXT);
  s = lgstore_batch_submit(store, &batch, &op, NULL, &err, arrived, &waiter);
  lgstore_batch_free(&batch);
  completion("longer batch", s, err, "{\"results\":[{\"result\":null},{\"result\":{\"namespace\":");
}

/* What a caller gives wrong comes back as an error that names the field; nothing can be smuggled in. */
static void refused(void) {
  static const char *const dotted[] = {"a.b"};
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  const char *json;
  lgstore_status_t s = lgstore_put(store, dotted, 1, "k", TEXT, "{}", 2, BLOCKING);
  json = err != NULL ? lgstore_error_json(err, NULL) : "(no error)";
  if (s != LGSTORE_E_INVALID_ARG || result != NULL || strstr(json, "\"field\":\"namespace[0]\"") == NULL)
    failures++, fprintf(stderr, "dotted label: %s %s\n", lgstore_status_name(s), json);
  lgstore_error_free(err);
  s = lgstore_put(store, place, 2, "k", TEXT, "{},\"ttl\":1", TEXT, BLOCKING);
  json = err != NULL ? lgstore_error_json(err, NULL) : "(no error)";
  if (s != LGSTORE_E_INVALID_ARG || strstr(json, "\"field\":\"value\"") == NULL)
    failures++, fprintf(stderr, "smuggled member: %s %s\n", lgstore_status_name(s), json);
  lgstore_error_free(err);
}

int main(void) {
  const char *config = "{\"backend\":\"embedded\",\"test_clock\":true}";
  lgstore_error_t *err = NULL;
  lgstore_status_t status = lgstore_new(NULL, config, strlen(config), &store, &err);
  if (status != LGSTORE_OK) {
    fprintf(stderr, "open: %s\n", lgstore_error_message(err, NULL));
    return 1;
  }
  blocking();
  submitted();
  immediate();
  manners();
  expiry();
  batches();
  refused();
  status = lgstore_close(store, 5000000);
  if (status != LGSTORE_OK) failures++, fprintf(stderr, "close: %s\n", lgstore_status_name(status));
  lgstore_free(store);
  printf("%d failures\n", failures);
  return failures != 0;
}
