/* Errors are objects of their own: complete, immutable, independent of their store.
 * ctest: labels=ci timeout=60 cql=on */
#include "support/store.h"

int main(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  const lgstore_request_t bad = request(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"limit\":-3}");
  const lgstore_request_t good = request(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[]}");
  lgstore_error_t *err = NULL, *none = (lgstore_error_t *)&none;
  lgstore_result_t *result = NULL;
  size_t len = 0, message_len = 0;
  const char *json, *message;
  CHECK_STATUS(lgstore_call(store, &bad, &result, &err), LGSTORE_E_INVALID_ARG);
  end_store(store); /* the error needs nothing of its store */
  json = lgstore_error_json(err, &len);
  CHECK_EQ(strlen(json), len);
  CHECK(json == lgstore_error_json(err, NULL));
  CHECK(strncmp(json, "{\"code\":\"invalid_arg\",\"message\":\"", 33) == 0);
  CHECK_HAS(json, "\"field\":\"limit\",\"retryable\":false,\"may_have_applied\":false}");
  message = lgstore_error_message(err, &message_len);
  CHECK_EQ(strlen(message), message_len);
  CHECK_HAS(json, message);
  CHECK_HAS(message, "-3");
  lgstore_error_free(err);

  /* Success sets it to NULL. */
  store = new_store(NULL, MEMORY);
  CHECK_STATUS(lgstore_call(store, &good, &result, &none), LGSTORE_OK);
  CHECK(none == NULL);
  lgstore_result_free(result);
  end_store(store);
  return check_end();
}
