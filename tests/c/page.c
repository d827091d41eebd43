/* What docs/c.md shows, piece by piece, and that it prints what stands beside it there.
 * tests/package/readme.sh looks whether the pieces are these. ctest: timeout=60 labels=ci */
#include "support/check.h"

#include <lgstore_ops.h>
#include <semaphore.h>

static void print_member(lgstore_result_t *result, const char *name) {
  size_t json_len, len;
  const char *json = lgstore_result_json(result, &json_len);
  const char *value = lgstore_json_member(json, json_len, name, &len);
  printf("%.*s\n", (int)len, value != NULL ? value : "");
  lgstore_result_free(result);
}

/* Runs on a thread of the library: no waiting, no long work. */
static void on_answer(const lgstore_completion_t *completion, void *user_data) {
  if (completion->status == LGSTORE_OK) {
    size_t len;
    const char *value = lgstore_json_member(completion->json, completion->json_len, "value", &len);
    printf("%.*s\n", (int)len, value); /* {"mode":"light"} */
  }
  sem_post((sem_t *)user_data);
}

static void on_event(int32_t level, const char *json, size_t json_len, void *user_data) {
  (void)user_data;
  fprintf(stderr, "%d: %.*s\n", (int)level, (int)json_len, json);
}

static const char *const ada[] = {"users", "ada"};
static const char *const notes[] = {"notes", "ada"};

static lgstore_t *opened(void) {
  lgstore_t *store = NULL;
  lgstore_error_t *err = NULL;
  const char *config = "memory:"; /* or "file:memory.db", "scylla://h1,h2/keyspace", a JSON document */
  lgstore_status_t status = lgstore_new(NULL, config, strlen(config), &store, &err);
  if (status != LGSTORE_OK) fprintf(stderr, "%s\n", lgstore_error_message(err, NULL));
  lgstore_error_free(err);
  return store;
}

static void items(lgstore_t *store) {
  lgstore_result_t *result = NULL;
  lgstore_put(store, ada, 2, "theme", LGSTORE_STRLEN, "{\"mode\":\"dark\"}", LGSTORE_STRLEN, NULL, NULL,
              NULL);
  lgstore_get(store, ada, 2, "theme", LGSTORE_STRLEN, NULL, &result, NULL);
  print_member(result, "value"); /* {"mode":"dark"} */

  lgstore_get(store, ada, 2, "nothing", LGSTORE_STRLEN, NULL, &result, NULL);
  printf("%s\n", lgstore_result_json(result, NULL)); /* null */
  lgstore_result_free(result);
  lgstore_delete(store, ada, 2, "nothing", LGSTORE_STRLEN, NULL, NULL, NULL); /* no error */
}

static void conditions(lgstore_t *store) {
  lgstore_result_t *made = NULL, *result = NULL;
  lgstore_put_if_absent(store, ada, 2, "visits", LGSTORE_STRLEN, "{\"n\":1}", LGSTORE_STRLEN, NULL, &made,
                        NULL);

  size_t len;
  lgstore_expected_t same = {0};
  const char *json = lgstore_result_json(made, &len);
  same.version = lgstore_json_member(json, len, "version", &same.version_len);
  lgstore_compare_and_set(store, ada, 2, "visits", LGSTORE_STRLEN, "{\"n\":2}", LGSTORE_STRLEN, &same, NULL,
                          &result, NULL);
  print_member(made, "applied");   /* true */
  print_member(result, "applied"); /* true */

  lgstore_expected_t one = {.value = "{\"n\":1}", .value_len = LGSTORE_STRLEN};
  lgstore_delete_if_value(store, ada, 2, "visits", LGSTORE_STRLEN, &one, NULL, &result, NULL);
  print_member(result, "applied"); /* false */
}

static void searches(lgstore_t *store) {
  for (int number = 10; number < 35; number++) {
    char key[16], value[32];
    snprintf(key, sizeof key, "n%d", number);
    snprintf(value, sizeof value, "{\"number\":%d}", number);
    lgstore_put(store, notes, 2, key, LGSTORE_STRLEN, value, LGSTORE_STRLEN, NULL, NULL, NULL);
  }

  lgstore_search_options_t query = {.filter = "{\"number\":{\"$gte\":12}}", .order = "key desc", .limit = 20};
  lgstore_result_t *page = NULL, *next = NULL;
  int found = 0;
  do {
    lgstore_status_t status = lgstore_search(store, notes, 1, &query, &next, NULL);
    lgstore_result_free(page); /* held the cursor */
    page = next;
    if (status != LGSTORE_OK) break; /* the answer is the error's document then */
    size_t json_len, items_len, item_len;
    const char *json = lgstore_result_json(page, &json_len), *at = NULL;
    const char *items = lgstore_json_member(json, json_len, "items", &items_len);
    while (lgstore_json_next(items, items_len, &at, NULL, NULL, &item_len) != NULL) found++;
    query.cursor = lgstore_json_member(json, json_len, "cursor", &query.cursor_len);
  } while (query.cursor != NULL);
  lgstore_result_free(page);
  printf("%d\n", found); /* 23 */

  lgstore_result_t *result = NULL;
  const char *const last[] = {"ada"};
  lgstore_match_t match = {.labels = last, .n_labels = 1, .suffix = 1};
  lgstore_list_options_t listing = {.matches = &match, .n_matches = 1};
  lgstore_list_namespaces(store, &listing, &result, NULL);
  print_member(result, "namespaces"); /* [["notes","ada"],["users","ada"]] */
}

static void expiry(lgstore_t *store) {
  lgstore_put_options_t hour = {.ttl_us = INT64_C(3600000000)}; /* LGSTORE_TTL_NEVER: for ever */
  lgstore_put(store, ada, 2, "session", LGSTORE_STRLEN, "{}", LGSTORE_STRLEN, &hour, NULL, NULL);
  lgstore_get_options_t again = {.refresh_ttl = LGSTORE_YES}; /* lives an hour from now */
  lgstore_get(store, ada, 2, "session", LGSTORE_STRLEN, &again, NULL, NULL);
}

static void batches(lgstore_t *store) {
  lgstore_batch_t batch;
  lgstore_result_t *result = NULL;
  lgstore_batch_options_t all_or_nothing = {.logged = 1};
  lgstore_batch_begin(&batch, &all_or_nothing);
  lgstore_batch_put(&batch, ada, 2, "theme", LGSTORE_STRLEN, "{\"mode\":\"light\"}", LGSTORE_STRLEN, NULL);
  lgstore_batch_count(&batch, notes, 2, NULL);
  lgstore_batch(store, &batch, &result, NULL);
  lgstore_batch_free(&batch);
  print_member(result, "results"); /* [{"result":null},{"result":25}] */
}

static void later(lgstore_t *store) {
  sem_t arrived;
  lgstore_op_t op;
  lgstore_error_t *err = NULL;
  lgstore_get_options_t soon = {.timeout_us = 60000000};
  sem_init(&arrived, 0, 0);
  lgstore_status_t status =
      lgstore_get_submit(store, ada, 2, "theme", LGSTORE_STRLEN, &soon, &op, NULL, &err, on_answer,
                         &arrived); /* lgstore_cancel(store, op) ends it early */
  if (status == LGSTORE_OK) sem_wait(&arrived);
  lgstore_error_free(err);
  sem_destroy(&arrived);
}

static void errors(lgstore_t *store) {
  lgstore_error_t *err = NULL;
  const char *const wrong[] = {"no.dots"};
  lgstore_status_t status =
      lgstore_put(store, wrong, 1, "k", LGSTORE_STRLEN, "{}", LGSTORE_STRLEN, NULL, NULL, &err);
  size_t len, field_len;
  const char *json = lgstore_error_json(err, &len);
  const char *field = lgstore_json_member(json, len, "field", &field_len);
  printf("%s %.*s\n", lgstore_status_name(status), (int)field_len, field); /* invalid_arg "namespace[0]" */
  lgstore_error_free(err);

  lgstore_run_t thrice = {.max_retries = 3, .retry_delay_us = 100000};
  lgstore_put_options_t options = {.run = &thrice};
  status = lgstore_put(store, ada, 2, "k", LGSTORE_STRLEN, "{}", LGSTORE_STRLEN, &options, NULL, NULL);
  if (status == LGSTORE_E_UNKNOWN_OUTCOME) { /* read before writing again */
    lgstore_run_t serial = {.profile = "lwt_operations"};
    lgstore_get_options_t look = {.run = &serial};
    lgstore_get(store, ada, 2, "k", LGSTORE_STRLEN, &look, NULL, NULL);
  }
}

static void clusters(lgstore_t *store) {
  const char *config =
      "{\"backend\":\"cql\",\"contact_points\":[\"10.0.0.1\",\"10.0.0.2\"],\"keyspace\":\"memory\","
      "\"connect\":{\"lazy\":true}}"; /* opens although the cluster is away */
  lgstore_t *cluster = NULL;
  lgstore_new(NULL, config, strlen(config), &cluster, NULL); /* checks it, and sends nothing */
  lgstore_free(cluster);

  lgstore_run_t in_order = {.serial = LGSTORE_YES}; /* in one order with conditional writes */
  lgstore_put_options_t options = {.run = &in_order};
  lgstore_put(store, ada, 2, "balance", LGSTORE_STRLEN, "{\"n\":1}", LGSTORE_STRLEN, &options, NULL, NULL);
}

static void observation(lgstore_t *store) {
  lgstore_result_t *result = NULL;
  lgstore_runtime_set_log(NULL, 2, on_event, NULL); /* warnings and errors of the shared runtime */
  lgstore_health(store, NULL, &result, NULL);
  print_member(result, "status"); /* "healthy" */
  lgstore_metrics(store, 0, &result, NULL);
  print_member(result, "total_errors"); /* 0 */
}

static void ending(lgstore_t *store) {
  lgstore_status_t status = lgstore_close(store, 5000000); /* waits up to 5 s for what is under way */
  printf("%s\n", lgstore_status_name(status));             /* ok */
  lgstore_free(store);
}

/* What stands beside what is printed in docs/c.md: the comment behind a call whose name begins with print. */
static void compare(FILE *printed) {
  char path[4096], line[512], said[512], *from, *to;
  const char *const source = getenv("LGSTORE_SOURCE_DIR");
  int pieces = 0;
  MUST(source != NULL);
  snprintf(path, sizeof path, "%s/docs/c.md", source);
  FILE *const page = fopen(path, "r");
  MUST(page != NULL);
  while (fgets(said, sizeof said, page) != NULL) {
    const char *const call = said + strspn(said, " ");
    if (strncmp(call, "print", 5) != 0 || (from = strstr(said, "/* ")) == NULL) continue;
    if ((to = strstr(from, " */")) != NULL) *to = '\0';
    if (!CHECK(fgets(line, sizeof line, printed) != NULL)) break;
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, from + 3) != 0) CHECK_HAS(line, from + 3);
    pieces++;
  }
  CHECK(pieces > 10);
  CHECK(fgets(line, sizeof line, printed) == NULL);
  fclose(page);
}

int main(void) {
  FILE *const printed = tmpfile();
  MUST(printed != NULL && dup2(fileno(printed), STDOUT_FILENO) == STDOUT_FILENO);
  lgstore_t *const store = opened();
  MUST(store != NULL);
  items(store);
  conditions(store);
  searches(store);
  expiry(store);
  batches(store);
  later(store);
  errors(store);
  clusters(store);
  observation(store);
  ending(store);
  fflush(stdout);
  rewind(printed);
  compare(printed);
  fclose(printed);
  return check_end();
}
