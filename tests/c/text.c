/* lgstore_text.h and lgstore_body.h by themselves: what they write is one JSON value, what they read is
 * what stands there. ctest: labels=ci timeout=30 */
#include <lgstore_body.h>
#include <stdio.h>

static int failures = 0;

static void same(const char *what, const lgstore_text_t *text, const char *expected) {
  if (!text->failed && text->len == strlen(expected) && memcmp(text->data, expected, text->len) == 0) return;
  fprintf(stderr, "%s: got %.*s, expected %s\n", what, (int)text->len, text->data, expected);
  failures++;
}

static void strings(void) {
  lgstore_text_t text;
  lgstore_text_init(&text);
  lgstore_text_string(&text, "a\"b\\c\n\x01\x1f/\x7f\xc3\xa9", LGSTORE_STRLEN);
  same("escapes", &text, "\"a\\\"b\\\\c\\u000a\\u0001\\u001f/\x7f\xc3\xa9\"");
  text.len = 0;
  lgstore_text_string(&text, "a\0b", 3);
  same("NUL", &text, "\"a\\u0000b\"");
  text.len = 0;
  lgstore_text_string(&text, NULL, 7);
  same("no text", &text, "\"\"");
  text.len = 0;
  lgstore_text_number(&text, 0);
  lgstore_text_raw(&text, " ");
  lgstore_text_number(&text, UINT64_MAX);
  same("numbers", &text, "0 18446744073709551615");
  lgstore_text_free(&text);
}

/* A text grows past its first buffer and keeps every byte. */
static void growth(void) {
  lgstore_text_t text;
  size_t i;
  lgstore_text_init(&text);
  for (i = 0; i < 100000; i++) {
    const char c = (char)('a' + (char)(i % 26));
    lgstore_text_append(&text, &c, 1);
  }
  for (i = 0; i < 100000; i++) {
    if (text.len != 100000 || text.data[i] != (char)('a' + (char)(i % 26))) {
      fprintf(stderr, "growth: byte %lu is wrong\n", (unsigned long)i);
      failures++;
      break;
    }
  }
  lgstore_text_free(&text);
  same("freed", &text, "");
}

/* Values go through as they are, unless they would end early and bring members of their own. */
static void values(void) {
  static const char *const whole[] = {
      "{}", " {\"a\":[1,{\"b\":\"}]\\\"\"}]} ", "1", "null", "\"x\"", "[1,2]", "{\"a\":{}}\n"};
  static const char *const more[] = {
      "{},\"ttl\":1", "1,\"ttl\":1",    "\"x\",\"ttl\":1", "{}}", "[] []", "}", ",", "",
      "{}:1",         "true,\"x\":true"};
  lgstore_text_t text, quoted;
  size_t i;
  lgstore_text_init(&text);
  lgstore_text_init(&quoted);
  for (i = 0; i < sizeof whole / sizeof *whole; i++) {
    text.len = 0;
    lgstore_text_value(&text, whole[i], LGSTORE_STRLEN);
    same("whole value", &text, whole[i]);
  }
  for (i = 0; i < sizeof more / sizeof *more; i++) {
    text.len = quoted.len = 0;
    lgstore_text_value(&text, more[i], LGSTORE_STRLEN);
    lgstore_text_string(&quoted, more[i], LGSTORE_STRLEN);
    lgstore_text_append(&quoted, "", 1);
    same("more than a value", &text, quoted.data);
  }
  text.len = 0;
  lgstore_text_value(&text, NULL, 0);
  same("null", &text, "null");
  lgstore_text_free(&text);
  lgstore_text_free(&quoted);
}

static void reading(void) {
  static const char json[] =
      " { \"a\" : 1 , \"b\":{\"a\":2,\"c\":\"},\\\"\"}, \"list\":[ [1,2] ,{}, \"x,y\" ,null], \"z\":true } ";
  static const char *const elements[] = {"[1,2]", "{}", "\"x,y\"", "null"};
  const char *at = NULL, *value, *list;
  size_t len = 0, list_len = 0, n = 0;
  value = lgstore_json_member(json, sizeof json - 1, "a", &len);
  if (value == NULL || len != 1 || *value != '1') failures++, fprintf(stderr, "member a\n");
  value = lgstore_json_member(json, sizeof json - 1, "b", &len);
  if (value == NULL || len != 18 || *value != '{')
    failures++, fprintf(stderr, "member b: %lu\n", (unsigned long)len);
  value = lgstore_json_member(json, sizeof json - 1, "z", &len);
  if (value == NULL || len != 4) failures++, fprintf(stderr, "member z\n");
  value = lgstore_json_member(json, sizeof json - 1, "c", &len);
  if (value != NULL || len != 0) failures++, fprintf(stderr, "member c of an inner object\n");
  list = lgstore_json_member(json, sizeof json - 1, "list", &list_len);
  while ((value = lgstore_json_next(list, list_len, &at, NULL, NULL, &len)) != NULL) {
    if (n >= 4 || len != strlen(elements[n]) || memcmp(value, elements[n], len) != 0)
      failures++, fprintf(stderr, "element %lu: %.*s\n", (unsigned long)n, (int)len, value);
    n++;
  }
  if (n != 4) failures++, fprintf(stderr, "%lu elements\n", (unsigned long)n);
}

/* Every prefix of a document is read without going past its end (the sanitizers watch). */
static void cut_off(void) {
  static const char json[] = "{\"a\":[1,{\"b\":\"\\\\\\\"x\"}],\"c\":{\"d\":[\"\\u0041\"]},\"e\":-1.5e3}";
  size_t n;
  for (n = 0; n <= sizeof json - 1; n++) {
    char *copy = (char *)malloc(n > 0 ? n : 1);
    const char *at = NULL, *name = NULL, *value;
    size_t len = 0, name_len = 0, steps = 0;
    if (copy == NULL) return;
    memcpy(copy, json, n);
    while ((value = lgstore_json_next(copy, n, &at, &name, &name_len, &len)) != NULL && steps < 10) {
      if (value < copy || value + len > copy + n)
        failures++, fprintf(stderr, "cut at %lu\n", (unsigned long)n);
      steps++;
    }
    if (steps > 3)
      failures++, fprintf(stderr, "cut at %lu: %lu steps\n", (unsigned long)n, (unsigned long)steps);
    free(copy);
  }
}

static void bodies(void) {
  static const char *const labels[] = {"a\"", "b"};
  static const char *const any[] = {"*", "b"};
  const lgstore_match_t matches[] = {{labels, 2, 0}, {any, 2, 1}};
  lgstore_put_options_t put = {0};
  lgstore_search_options_t search = {0};
  lgstore_list_options_t list = {0};
  lgstore_expected_t expected = {0};
  lgstore_text_t text;
  lgstore_text_init(&text);

  put.ttl_us = 1500001;
  lgstore_body_put(&text, labels, 2, "k", LGSTORE_STRLEN, "{}", 2, &put);
  same("put", &text, "\"namespace\":[\"a\\\"\",\"b\"],\"key\":\"k\",\"value\":{},\"ttl\":1.500001");
  text.len = 0;
  put.ttl_us = LGSTORE_TTL_NEVER;
  lgstore_body_put(&text, labels, 1, "", 0, NULL, 0, &put);
  same("put null", &text, "\"namespace\":[\"a\\\"\"],\"key\":\"\",\"value\":null,\"ttl\":null");
  text.len = 0;
  lgstore_body_ttl(&text, INT64_MIN);
  same("least ttl", &text, ",\"ttl\":-9223372036854.775808");

  text.len = 0;
  search.filter = "{\"a\":1}";
  search.limit = 7;
  search.order = "updated_at desc";
  search.cursor = "\"abc\"";
  search.refresh_ttl = LGSTORE_NO;
  lgstore_body_search(&text, NULL, 0, &search);
  same("search", &text,
       "\"namespace_prefix\":[],\"filter\":{\"a\":1},\"limit\":7,\"order\":\"updated_at desc\","
       "\"cursor\":\"abc\",\"refresh_ttl\":false");
  text.len = 0;
  lgstore_body_search(&text, labels + 1, 1, NULL);
  same("plain search", &text, "\"namespace_prefix\":[\"b\"]");

  text.len = 0;
  list.matches = matches;
  list.n_matches = 2;
  list.max_depth = 3;
  list.cursor = "xyz";
  list.cursor_len = 2;
  lgstore_body_list(&text, &list);
  same("list", &text,
       "\"match_conditions\":[{\"match_type\":\"prefix\",\"path\":[\"a\\\"\",\"b\"]},"
       "{\"match_type\":\"suffix\",\"path\":[\"*\",\"b\"]}],\"max_depth\":3,\"cursor\":\"xy\"");

  text.len = 0;
  expected.version = "0190-v";
  lgstore_body_expected(&text, &expected);
  same("version", &text, ",\"expected_version\":\"0190-v\"");
  lgstore_text_free(&text);
}

int main(void) {
  strings();
  growth();
  values();
  reading();
  cut_off();
  bodies();
  printf("%d failures\n", failures);
  return failures != 0;
}
