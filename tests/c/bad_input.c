/* Bad input through the ABI: each a status, a field and a message; nothing crashes, leaks or is lost, and
 * the store works afterwards.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

static lgstore_t *store;

/* The refusal of one request, given by submit (callback), by call, and in a burst's completion alike. */
static void refuse(const char *what, uint32_t op, const char *json, size_t len, lgstore_status_t status,
                   const char *field, const char *message) {
  lgstore_request_t made = {0};
  lgstore_error_t *err = NULL;
  lgstore_result_t *result = NULL;
  lgstore_submission_t one = {op, 0, 0, (uint32_t)len, 0, 5};
  lgstore_completion_t done = {0};
  lgstore_cq_t *queue = NULL;
  size_t taken = 9;
  char part[128];
  const int before = atomic_load(&check_failures);
  made.struct_size = sizeof made;
  made.op = op;
  made.json = json;
  made.json_len = len;
  CHECK_STATUS(lgstore_call(store, &made, &result, &err), status);
  CHECK(result == NULL);
  CHECK_STATUS(lgstore_error_status(err), status);
  CHECK_HAS(lgstore_error_message(err, NULL), message);
  snprintf(part, sizeof part, "\"field\":\"%s\"", field);
  if (field[0] != '\0') CHECK_HAS(lgstore_error_json(err, NULL), part);
  CHECK_HAS(lgstore_error_json(err, NULL), "\"retryable\":false,\"may_have_applied\":false");

  MUST(lgstore_cq_new(NULL, 1, &queue, NULL) == LGSTORE_OK);
  if (lgstore_submit_cq(store, queue, json, len, &one, 1, &taken, NULL, NULL) == LGSTORE_OK) {
    CHECK_EQ(taken, 1);
    MUST(lgstore_cq_wait(queue, &done, 1, PATIENCE_SECONDS * SECOND_US) == 1);
    CHECK_STATUS(done.status, status);
    CHECK(strcmp(done.json, lgstore_error_json(err, NULL)) == 0);
    lgstore_cq_release(queue, &done, 1);
  } else {
    CHECK_STATUS(status, LGSTORE_E_UNSUPPORTED); /* an operation that nobody knows */
  }
  lgstore_cq_free(queue);
  lgstore_error_free(err);
  if (atomic_load(&check_failures) > before) fprintf(stderr, "  ^ %s\n", what);
}

static void refuse_text(uint32_t op, const char *json, lgstore_status_t status, const char *field,
                        const char *message) {
  refuse(json, op, json, strlen(json), status, field, message);
}

#define N "{\"namespace\":[\"n\"],\"key\":\"k\""
#define PUT_OF(value) N ",\"value\":" value "}"
static const lgstore_status_t invalid = LGSTORE_E_INVALID_ARG, json_error = LGSTORE_E_JSON;

/* A text of `head`, `count` times `body`, and `tail`; freed by the caller. */
static char *repeated(const char *head, const char *body, size_t count, const char *tail) {
  const size_t head_len = strlen(head), body_len = strlen(body), tail_len = strlen(tail);
  char *text = malloc(head_len + body_len * count + tail_len + 1), *at = text;
  MUST(text != NULL);
  memcpy(at, head, head_len);
  for (at += head_len; count > 0; count--, at += body_len) memcpy(at, body, body_len);
  memcpy(at, tail, tail_len + 1);
  return text;
}

static void refuse_repeated(const char *what, uint32_t op, char *json, lgstore_status_t status,
                            const char *field, const char *message) {
  refuse(what, op, json, strlen(json), status, field, message);
  free(json);
}

static void not_json(void) {
  size_t len;
  const char *const whole = PUT_OF("{\"text\":\"\\u00e9\\n\",\"n\":[1,2.5e3,true,null]}");
  refuse_text(LGSTORE_OP_PUT, "", invalid, "namespace", "needs `namespace`"); /* nothing is {} */
  refuse_text(LGSTORE_OP_PUT, "null", invalid, "", "object");
  refuse_text(LGSTORE_OP_PUT, "[]", invalid, "", "object");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{}") " x", json_error, "", "");
  /* Truncated anywhere: never accepted, never read beyond (the copy ends where its memory does). */
  for (len = 0; len < strlen(whole); len++) {
    char *copy = malloc(len == 0 ? 1 : len);
    lgstore_request_t made = request(LGSTORE_OP_PUT, NULL);
    lgstore_error_t *err = NULL;
    lgstore_result_t *result = NULL;
    lgstore_status_t status;
    MUST(copy != NULL);
    memcpy(copy, whole, len);
    made.json = copy;
    made.json_len = len;
    status = lgstore_call(store, &made, &result, &err);
    CHECK(len == 0 ? status != LGSTORE_OK : status == LGSTORE_E_JSON);
    CHECK(err != NULL && result == NULL);
    lgstore_error_free(err);
    free(copy);
  }
}

static void not_text(void) {
  refuse("invalid UTF-8 in a value", LGSTORE_OP_PUT, PUT_OF("{\"a\":\"\xff\"}"),
         strlen(PUT_OF("{\"a\":\"\xff\"}")), LGSTORE_E_UTF8, "", "UTF-8");
  refuse_text(LGSTORE_OP_PUT, "{\"namespace\":[\"\xc3\"],\"key\":\"k\",\"value\":{}}", LGSTORE_E_UTF8, "",
              "UTF-8");
  refuse_text(LGSTORE_OP_GET, "{\"namespace\":[\"n\"],\"key\":\"\xed\xa0\x80\"}", LGSTORE_E_UTF8, "",
              "UTF-8");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"a\":\"\\ud800\"}"), json_error, "value.a", "surrogate");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"a\":[0,\"\\udc00x\"]}"), json_error, "value.a[1]", "surrogate");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"\\ud800\":1}"), json_error, "", "surrogate");
}

static void not_numbers(void) {
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"a\":NaN}"), json_error, "value.a", "");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"a\":{\"b\":Infinity}}"), json_error, "value.a.b", "");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"a\":-Infinity}"), json_error, "value.a", "");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"a\":[1,1e999]}"), json_error, "value.a[1]", "");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("{\"a\":01}"), json_error, "", "");
}

static void too_large(void) {
  refuse_repeated("a value of 1 MB + 1 byte", LGSTORE_OP_PUT,
                  repeated(N ",\"value\":{\"a\":\"", "x", 1000001 - 8, "\"}}"), invalid, "value",
                  "1000001 bytes is above the limit of 1000000");
  refuse_repeated("11 labels", LGSTORE_OP_PUT,
                  repeated("{\"namespace\":[\"0\"", ",\"x\"", 10, "],\"key\":\"k\",\"value\":{}}"), invalid,
                  "namespace[10]", "at most 10 labels");
  refuse_repeated("JSON depth 129", LGSTORE_OP_PUT, repeated(N ",\"value\":", "{\"a\":", 129, "1}"),
                  json_error, "", "128");
  refuse_repeated("10,000 nested brackets", LGSTORE_OP_PUT,
                  repeated(N ",\"value\":{\"a\":", "[", 10000, "}}"), json_error, "", "128");
  refuse_repeated("10,000 nested brackets in a filter", LGSTORE_OP_SEARCH,
                  repeated("{\"namespace_prefix\":[],\"filter\":{\"a\":", "[", 10000, "}}"), json_error, "",
                  "");
  refuse_repeated("a label of 257 code points", LGSTORE_OP_PUT,
                  repeated("{\"namespace\":[\"a\",\"", "\xc3\xa9", 257, "\"],\"key\":\"k\",\"value\":{}}"),
                  invalid, "namespace[1]", "257 characters is above the limit of 256");
  refuse_repeated("a key of 1025 bytes", LGSTORE_OP_GET,
                  repeated("{\"namespace\":[\"n\"],\"key\":\"", "k", 1025, "\"}"), invalid, "key",
                  "1025 bytes is above the limit of 1024");
}

static void wrong_fields(void) {
  refuse_text(LGSTORE_OP_PUT, N ",\"valeu\":{}}", invalid, "valeu", "did you mean `value`?");
  refuse_text(LGSTORE_OP_GET, N ",\"ttl\":1}", invalid, "ttl", "unknown field");
  refuse_text(LGSTORE_OP_GET, "{\"key\":\"k\"}", invalid, "namespace", "needs `namespace`");
  refuse_text(LGSTORE_OP_GET, N ",\"key\":\"j\"}", invalid, "key", "twice");
  refuse_text(LGSTORE_OP_GET, "{\"namespace\":\"n\",\"key\":\"k\"}", invalid, "namespace", "array");
  refuse_text(LGSTORE_OP_GET, "{\"namespace\":[1],\"key\":\"k\"}", invalid, "namespace[0]", "string");
  refuse_text(LGSTORE_OP_PUT, PUT_OF("[1]"), invalid, "value", "object");
  refuse_text(LGSTORE_OP_PUT, "{\"namespace\":[],\"key\":\"k\",\"value\":{}}", invalid, "namespace",
              "at least one label");
  refuse_text(LGSTORE_OP_PUT, "{\"namespace\":[\"a.b\"],\"key\":\"k\",\"value\":{}}", invalid, "namespace[0]",
              "'.'");
  refuse_text(LGSTORE_OP_PUT, "{\"namespace\":[\"\"],\"key\":\"k\",\"value\":{}}", invalid, "namespace[0]",
              "empty");
  refuse_text(LGSTORE_OP_PUT, "{\"namespace\":[\"\\u0000\"],\"key\":\"k\",\"value\":{}}", invalid,
              "namespace[0]", "NUL");
  refuse_text(LGSTORE_OP_PUT, N ",\"value\":{},\"ttl\":0}", invalid, "ttl", "above 0");
  refuse_text(LGSTORE_OP_PUT, N ",\"value\":{},\"ttl\":-5}", invalid, "ttl", "above 0");
  refuse_text(LGSTORE_OP_PUT, N ",\"value\":{},\"ttl\":1e10}", invalid, "ttl", "20 years");
}

static void wrong_searches(void) {
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"limit\":-1}", invalid, "limit", "not -1");
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"offset\":-1}", invalid, "offset", "not -1");
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"limit\":1.5}", invalid, "limit", "integer");
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"limit\":100001}", invalid, "limit", "100000");
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"filter\":{\"a\":{\"$near\":1}}}", invalid,
              "filter.a.$near", "Unsupported operator: $near");
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"filter\":{\"a\":{\"$gt\":1,\"b\":2}}}", invalid,
              "", "");
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"order\":\"color\"}", invalid, "order", "");
  refuse_text(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[],\"cursor\":\"AAAA\"}", invalid, "cursor", "");
  refuse_text(LGSTORE_OP_LIST_NAMESPACES, "{\"max_depth\":0}", invalid, "max_depth", "at least 1");
  refuse_text(LGSTORE_OP_LIST_NAMESPACES, "{\"limit\":-1}", invalid, "limit", "");
  refuse_text(LGSTORE_OP_BATCH, "{\"ops\":[{\"op\":\"put\",\"namespace\":[\"n\"],\"key\":\"k\"}]}", invalid,
              "ops[0].value", "");
  refuse_text(LGSTORE_OP_BATCH, "{\"ops\":[{\"op\":\"sweep\"}]}", invalid, "ops[0].op", "");
}

/* A cursor of another search, another order, and one with an offset. */
static void foreign_cursors(void) {
  const lgstore_request_t first = request(LGSTORE_OP_SEARCH, "{\"namespace_prefix\":[\"n\"],\"limit\":1}");
  lgstore_result_t *result = NULL;
  const char *cursor, *end;
  const char *const bodies[] = {
      "{\"namespace_prefix\":[\"m\"],\"cursor\":\"%.*s\"}",
      "{\"namespace_prefix\":[\"n\"],\"filter\":{\"a\":1},\"cursor\":\"%.*s\"}",
      "{\"namespace_prefix\":[\"n\"],\"order\":\"updated_at desc\",\"cursor\":\"%.*s\"}",
      "{\"namespace_prefix\":[\"n\"],\"offset\":1,\"cursor\":\"%.*s\"}",
      "{\"namespace_prefix\":[\"n\"],\"cursor\":\"%.*sA\"}",
  };
  char body[1024];
  size_t i;
  PUT(store, "a", "{}");
  PUT(store, "b", "{}");
  CHECK_STATUS(lgstore_call(store, &first, &result, NULL), LGSTORE_OK);
  cursor = strstr(lgstore_result_json(result, NULL), "\"cursor\":\"");
  MUST(cursor != NULL);
  cursor += strlen("\"cursor\":\"");
  end = strchr(cursor, '"');
  for (i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    int len;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    len = snprintf(body, sizeof body, bodies[i], (int)(end - cursor), cursor);
#pragma GCC diagnostic pop
    MUST(len > 0 && (size_t)len < sizeof body);
    refuse_text(LGSTORE_OP_SEARCH, body, invalid, i == 3 ? "" : "cursor", "");
  }
  lgstore_result_free(result);
}

static void unknown_operations(void) {
  const uint32_t ops[] = {0, 23, 1000, UINT32_MAX};
  size_t i;
  for (i = 0; i < sizeof ops / sizeof *ops; i++)
    refuse("an unknown operation", ops[i], "{}", 2, LGSTORE_E_UNSUPPORTED, "op", "there is no operation");
}

int main(void) {
  const char *const backends[] = {MEMORY, NULL};
  char path[512], config[600];
  size_t i;
  for (i = 0; i < 2; i++) {
    snprintf(config, sizeof config, "{\"backend\":\"embedded\",\"path\":\"%s\"}",
             work_file(path, "bad_input"));
    store = new_store(NULL, backends[i] != NULL ? backends[i] : config);
    PUT(store, "stays", "{\"n\":1}");
    RUN(not_json);
    RUN(not_text);
    RUN(not_numbers);
    RUN(too_large);
    RUN(wrong_fields);
    RUN(wrong_searches);
    RUN(foreign_cursors);
    RUN(unknown_operations);
    GET(store, "stays", "\"value\":{\"n\":1}");
    CALL(store, LGSTORE_OP_COUNT, "{\"namespace_prefix\":[]}", LGSTORE_OK, "3");
    end_store(store);
  }
  work_file(path, "bad_input");
  return check_end();
}
