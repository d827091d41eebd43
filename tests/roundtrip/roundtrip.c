/* The C side of README.md: writes cases to a store, or reads them back and compares byte for byte. */
#include <lgstore_ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../c/support/files.h"
#include "../c/support/json.h"

static lgstore_t *store;
static const char *labels[2] = {"roundtrip", NULL};

static void die(const char *what, const char *more) {
  fprintf(stderr, "%s: %s\n", what, more);
  exit(2);
}

static void write_case(const json_t *key, const json_t *value) {
  lgstore_error_t *err = NULL;
  if (lgstore_put(store, labels, 2, key->string.data, key->string.len, value->string.data, value->string.len,
                  NULL, NULL, &err) != LGSTORE_OK)
    die(key->string.data, lgstore_error_message(err, NULL));
}

static void read_case(const json_t *key, const json_t *value) {
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  const char *item, *found;
  size_t len = 0, found_len = 0;
  if (lgstore_get(store, labels, 2, key->string.data, key->string.len, NULL, &result, &err) != LGSTORE_OK)
    die(key->string.data, lgstore_error_message(err, NULL));
  item = lgstore_result_json(result, &len);
  found = lgstore_json_member(item, len, "value", &found_len);
  if (found == NULL || found_len != value->string.len || memcmp(found, value->string.data, found_len) != 0) {
    fprintf(stderr, "%s: another value: %.200s\n", key->string.data, item);
    exit(1);
  }
  lgstore_result_free(result);
}

static void check_count(size_t wanted) {
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  size_t count;
  if (lgstore_count(store, labels, 2, NULL, NULL, &result, &err) != LGSTORE_OK)
    die("count", lgstore_error_message(err, NULL));
  count = (size_t)strtoull(lgstore_result_json(result, NULL), NULL, 10);
  lgstore_result_free(result);
  if (count != wanted) {
    fprintf(stderr, "%zu items, not %zu\n", count, wanted);
    exit(1);
  }
}

int main(int argc, char **argv) {
  text_t text = {0};
  lgstore_error_t *err = NULL;
  const char *line, *end;
  size_t count = 0;
  int writes;
  if (argc != 5) die("usage", "roundtrip write|read CONFIG CASES WRITER");
  writes = strcmp(argv[1], "write") == 0;
  if (!writes && strcmp(argv[1], "read") != 0) die("unknown command", argv[1]);
  labels[1] = argv[4];
  if (!file_read(argv[3], &text)) die(argv[3], "can't be read");
  if (lgstore_new(NULL, argv[2], strlen(argv[2]), &store, &err) != LGSTORE_OK)
    die(argv[2], lgstore_error_message(err, NULL));
  for (line = text.data; (end = strchr(line, '\n')) != NULL; line = end + 1, count++) {
    json_t *one = json_read(line, (size_t)(end - line));
    const json_t *key = json_member(one, "key"), *value = json_member(one, "value");
    if (key == NULL || value == NULL) die(argv[3], "not a case");
    (writes ? write_case : read_case)(key, value);
    json_free(one);
  }
  if (!writes) check_count(count);
  text_free(&text);
  if (lgstore_close(store, 10000000u) != LGSTORE_OK) die("close", argv[2]);
  lgstore_free(store);
  return EXIT_SUCCESS;
}
