/* Stores one memory in a file, reads it back, and finds it by a filter. */
#include <lgstore_ops.h>
#include <stdio.h>

static int show(const char *what, lgstore_status_t status, lgstore_result_t *result, lgstore_error_t *err) {
  const char *text =
      status == LGSTORE_OK ? lgstore_result_json(result, NULL) : lgstore_error_message(err, NULL);
  printf("%s: %s\n", what, text);
  lgstore_result_free(result);
  lgstore_error_free(err);
  return status == LGSTORE_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  const char *config = argc > 1 ? argv[1] : "{\"backend\":\"embedded\",\"path\":\"quickstart.db\"}";
  const char *const user[] = {"users", "ada", "preferences"};
  lgstore_search_options_t query = {0};
  lgstore_t *store = NULL;
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  int failed = 0;

  lgstore_status_t status = lgstore_new(NULL, config, strlen(config), &store, &err);
  if (status != LGSTORE_OK) return show("open", status, NULL, err);

  status = lgstore_put(store, user, 3, "theme", LGSTORE_STRLEN, "{\"mode\":\"dark\",\"size\":14}",
                       LGSTORE_STRLEN, NULL, &result, &err);
  failed |= show("put", status, result, err);
  status = lgstore_get(store, user, 3, "theme", LGSTORE_STRLEN, NULL, &result, &err);
  failed |= show("get", status, result, err);
  query.filter = "{\"size\":{\"$gte\":12}}";
  status = lgstore_search(store, user, 1, &query, &result, &err); /* everything below ("users") */
  failed |= show("search", status, result, err);

  status = lgstore_close(store, 5000000); /* waits up to 5 s for what is in flight */
  lgstore_free(store);
  return failed || status != LGSTORE_OK;
}
