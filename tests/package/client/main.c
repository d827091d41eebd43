/* The client of the package tests: stores and reads one item with the library it was linked to. */
#include <lgstore_ops.h>
#include <stdio.h>

int main(void) {
  const char *const place[] = {"package", "client"};
  const char *config = "{\"backend\":\"embedded\"}";
  lgstore_t *store = NULL;
  lgstore_result_t *result = NULL;
  lgstore_status_t status = lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER);
  const char *json, *value;
  size_t json_len = 0, len = 0;
  int found = 0;
  if (status == LGSTORE_OK) status = lgstore_new(NULL, config, strlen(config), &store, NULL);
  if (status == LGSTORE_OK)
    status = lgstore_put(store, place, 2, "k", LGSTORE_STRLEN, "{\"n\":1}", LGSTORE_STRLEN, NULL, NULL, NULL);
  if (status == LGSTORE_OK) status = lgstore_get(store, place, 2, "k", LGSTORE_STRLEN, NULL, &result, NULL);
  if (status == LGSTORE_OK) {
    json = lgstore_result_json(result, &json_len);
    value = lgstore_json_member(json, json_len, "value", &len);
    found = value != NULL && len == 7 && memcmp(value, "{\"n\":1}", 7) == 0;
  }
  lgstore_result_free(result);
  if (store != NULL && status == LGSTORE_OK) status = lgstore_close(store, 5000000);
  lgstore_free(store);
  printf("lgstore %s: %s\n", lgstore_version(), lgstore_status_name(status));
  return status == LGSTORE_OK && found ? 0 : 1;
}
