/* The C side of README.md: does the operations of its input's lines, and writes their answers. */
#include <lgstore_ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../c/support/json.h"
#include "../c/support/pattern.h"

enum { MOST_LABELS = 10 };

/* A line of the input. */
typedef struct request {
  const char *labels[MOST_LABELS];
  size_t n_labels;
  const text_t *key, *value;
  const char *filter, *order, *cursor;
  uint64_t limit;
  lgstore_put_options_t put;
  lgstore_expected_t expected;
} request_t;

static lgstore_t *store;

static void die(const char *what, const char *more) {
  fprintf(stderr, "%s: %s\n", what, more);
  exit(2);
}

static request_t request_of(const json_t *line) {
  static const text_t none = {(char *)"", 0, 0};
  request_t one = {{NULL}, 0, &none, &none, NULL, NULL, NULL, 0, {0}, {0}};
  const json_t *member = json_member(line, "namespace"), *label;
  for (label = member != NULL ? member->first : NULL; label != NULL; label = label->next) {
    if (one.n_labels == MOST_LABELS) die("too many labels", line->raw);
    one.labels[one.n_labels++] = label->string.data;
  }
  if ((member = json_member(line, "key")) != NULL) one.key = &member->string;
  if ((member = json_member(line, "value")) != NULL) one.value = &member->string;
  one.filter = json_text(json_member(line, "filter"), NULL);
  one.order = json_text(json_member(line, "order"), NULL);
  one.cursor = json_text(json_member(line, "cursor"), NULL);
  one.limit = (uint64_t)json_number(json_member(line, "limit"), 0);
  one.put.ttl_us = (int64_t)json_number(json_member(line, "ttl"), 0) * 1000000;
  one.expected.value = json_text(json_member(line, "expected_value"), NULL);
  one.expected.value_len = LGSTORE_STRLEN;
  one.expected.version = json_text(json_member(line, "expected_version"), NULL);
  return one;
}

static lgstore_status_t ask(const char *op, const request_t *one, lgstore_result_t **result,
                            lgstore_error_t **err) {
#define PLACE store, one->labels, one->n_labels, one->key->data, one->key->len
#define VALUE one->value->data, one->value->len
  if (strcmp(op, "put") == 0) return lgstore_put(PLACE, VALUE, &one->put, result, err);
  if (strcmp(op, "get") == 0) return lgstore_get(PLACE, NULL, result, err);
  if (strcmp(op, "put_if_absent") == 0) return lgstore_put_if_absent(PLACE, VALUE, &one->put, result, err);
  if (strcmp(op, "update_if_exists") == 0)
    return lgstore_update_if_exists(PLACE, VALUE, &one->put, result, err);
  if (strcmp(op, "compare_and_set") == 0)
    return lgstore_compare_and_set(PLACE, VALUE, &one->expected, &one->put, result, err);
  if (strcmp(op, "delete_if_exists") == 0) return lgstore_delete_if_exists(PLACE, NULL, result, err);
  if (strcmp(op, "delete_if_value") == 0)
    return lgstore_delete_if_value(PLACE, &one->expected, NULL, result, err);
#undef PLACE
#undef VALUE
  if (strcmp(op, "search") == 0) {
    lgstore_search_options_t options = {0};
    options.filter = one->filter;
    options.order = one->order;
    options.cursor = one->cursor;
    options.limit = one->limit;
    return lgstore_search(store, one->labels, one->n_labels, &options, result, err);
  }
  if (strcmp(op, "list_namespaces") == 0) {
    const lgstore_match_t prefix = {one->labels, one->n_labels, 0};
    lgstore_list_options_t options = {0};
    options.matches = &prefix;
    options.n_matches = 1;
    options.cursor = one->cursor;
    options.limit = one->limit;
    return lgstore_list_namespaces(store, &options, result, err);
  }
  die("unknown operation", op);
  return LGSTORE_E_UNSUPPORTED;
}

/* Appends the member as it stands, if it is there. */
static void write_member(lgstore_text_t *out, const json_t *from, const char *name) {
  const json_t *member = json_member(from, name);
  if (member == NULL) return;
  lgstore_text_raw(out, out->data[out->len - 1] == '{' ? "\"" : ",\"");
  lgstore_text_raw(out, name);
  lgstore_text_raw(out, "\":");
  lgstore_text_append(out, member->raw, member->raw_len);
}

static void write_item(lgstore_text_t *out, const json_t *item) {
  static const char *const times[] = {"created_at", "updated_at", "expires_at"};
  const json_t *value = json_member(item, "value"), *time;
  size_t n;
  if (value == NULL) {
    lgstore_text_raw(out, "null");
    return;
  }
  lgstore_text_raw(out, "{");
  write_member(out, item, "namespace");
  write_member(out, item, "key");
  write_member(out, item, "version");
  lgstore_text_raw(out, ",\"value\":");
  lgstore_text_string(out, value->raw, value->raw_len);
  for (n = 0; n < sizeof times / sizeof *times; n++) {
    if ((time = json_member(item, times[n])) == NULL) continue;
    lgstore_text_raw(out, ",\"");
    lgstore_text_raw(out, times[n]);
    lgstore_text_raw(out, "\":");
    lgstore_text_number(out, (uint64_t)micros(time->string.data));
  }
  lgstore_text_raw(out, "}");
}

/* A search's items, a listing's namespaces, an outcome or an item. */
static void write_answer(lgstore_text_t *out, const json_t *answer) {
  const json_t *items = json_member(answer, "items"), *current = json_member(answer, "current"), *item;
  if (items == NULL && json_member(answer, "namespaces") == NULL && json_member(answer, "applied") == NULL) {
    write_item(out, answer);
    return;
  }
  lgstore_text_raw(out, "{");
  write_member(out, answer, "namespaces");
  write_member(out, answer, "applied");
  write_member(out, answer, "version");
  if (current != NULL) {
    lgstore_text_raw(out, ",\"current\":");
    write_item(out, current);
  }
  if (items != NULL) {
    lgstore_text_raw(out, "\"items\":[");
    for (item = items->first; item != NULL; item = item->next) {
      if (item != items->first) lgstore_text_raw(out, ",");
      write_item(out, item);
    }
    lgstore_text_raw(out, "]");
  }
  write_member(out, answer, "cursor");
  lgstore_text_raw(out, "}");
}

static void answer_line(const char *text, size_t len) {
  json_t *line = json_read(text, len), *answer;
  const request_t one = request_of(line);
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_text_t out;
  const char *document;
  size_t document_len = 0;
  if (ask(json_text(json_member(line, "op"), ""), &one, &result, &err) != LGSTORE_OK)
    die(text, lgstore_error_message(err, NULL));
  document = lgstore_result_json(result, &document_len);
  answer = json_read(document, document_len);
  lgstore_text_init(&out);
  write_answer(&out, answer);
  if (out.failed) die("no memory", text);
  lgstore_text_append(&out, "\n", 1);
  if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0)
    die("stdout", "can't be written");
  lgstore_text_free(&out);
  json_free(answer);
  json_free(line);
  lgstore_result_free(result);
}

int main(int argc, char **argv) {
  lgstore_error_t *err = NULL;
  char *line = NULL;
  size_t capacity = 0;
  ssize_t len;
  if (argc < 2) die("usage", "roundtrip CONFIG");
  if (lgstore_new(NULL, argv[1], strlen(argv[1]), &store, &err) != LGSTORE_OK)
    die(argv[1], lgstore_error_message(err, NULL));
  while ((len = getline(&line, &capacity, stdin)) > 0) answer_line(line, (size_t)len - 1);
  free(line);
  if (lgstore_close(store, 10000000u) != LGSTORE_OK) die("close", argv[1]);
  lgstore_free(store);
  return EXIT_SUCCESS;
}
