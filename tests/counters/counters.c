/* The C side of README.md: adds to counters beside programs of other languages, or checks them. */
#include <lgstore_ops.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../c/support/json.h"

static lgstore_t *store;
static const char *labels[2] = {"counters", NULL};

static void die(const char *what, const char *more) {
  fprintf(stderr, "%s: %s\n", what, more);
  exit(2);
}

/* Whether a write that failed is to be settled by reading; else the program ends. */
static void settle(lgstore_error_t *err) {
  size_t len = 0, answer_len = 0;
  const char *document = lgstore_error_json(err, &len);
  const char *retryable = lgstore_json_member(document, len, "retryable", &answer_len);
  if (lgstore_error_status(err) != LGSTORE_E_UNKNOWN_OUTCOME && (retryable == NULL || *retryable != 't'))
    die("a write has failed", document);
  lgstore_error_free(err);
}

/* The counter as it is, or null. */
static lgstore_result_t *read_counter(const char *key) {
  static const lgstore_run_t serial = {"lwt_operations", 0, 0, 0, 0};
  lgstore_get_options_t options = {0};
  lgstore_result_t *item = NULL;
  lgstore_error_t *err = NULL;
  options.run = &serial;
  if (lgstore_get(store, labels, 2, key, LGSTORE_STRLEN, &options, &item, &err) != LGSTORE_OK)
    die(key, lgstore_error_json(err, NULL));
  return item;
}

/* The counts with that of `name` set to `count`. */
static void write_counts(text_t *out, const json_t *counts, const char *name, double count) {
  const json_t *one;
  char text[400];
  snprintf(text, sizeof text, "{\"%s\":%.0f", name, count);
  text_adds(out, text);
  for (one = counts != NULL ? counts->first : NULL; one != NULL; one = one->next) {
    if (strcmp(one->name.data, name) == 0) continue;
    snprintf(text, sizeof text, ",\"%s\":%.0f", one->name.data, one->number);
    text_adds(out, text);
  }
  text_adds(out, "}");
}

/* Writes over `item` (null = there is none). 1 = done; else `*answer` is the item as it is now. */
static int write_counter(const char *key, const json_t *item, const text_t *value,
                         lgstore_result_t **answer) {
  lgstore_expected_t expected = {0};
  lgstore_error_t *err = NULL;
  lgstore_status_t status;
  const char *applied;
  size_t len = 0;
  if (item->type == JSON_NULL) {
    status = lgstore_put_if_absent(store, labels, 2, key, LGSTORE_STRLEN, value->data, value->len, NULL,
                                   answer, &err);
  } else {
    expected.version = json_text(json_member(item, "version"), NULL);
    status = lgstore_compare_and_set(store, labels, 2, key, LGSTORE_STRLEN, value->data, value->len,
                                     &expected, NULL, answer, &err);
  }
  if (status != LGSTORE_OK) {
    settle(err);
    lgstore_result_free(*answer);
    *answer = read_counter(key);
    return 0;
  }
  applied = lgstore_result_json(*answer, &len);
  applied = lgstore_json_member(applied, len, "applied", &len);
  return applied != NULL && *applied == 't';
}

/* Adds 1 to the count of this name, and returns only when it is there. */
static void add(const char *key, const char *name) {
  lgstore_result_t *answer = read_counter(key);
  double wanted = 0;
  int done = 0;
  while (!done) {
    size_t len = 0;
    const char *text = lgstore_result_json(answer, &len);
    json_t *tree = json_read(text, len);
    const json_t *item = json_member(tree, "current") != NULL ? json_member(tree, "current") : tree;
    const json_t *counts = json_member(item, "value");
    const double count = json_number(json_member(counts, name), 0);
    if (wanted == 0) wanted = count + 1;
    done = count >= wanted;
    if (!done) {
      text_t value = {0};
      lgstore_result_t *next = NULL;
      write_counts(&value, counts, name, wanted);
      done = write_counter(key, item, &value, &next);
      text_free(&value);
      lgstore_result_free(answer);
      answer = next;
    }
    json_free(tree);
  }
  lgstore_result_free(answer);
}

static void check(const char *key, double times, char **names, int n_names) {
  lgstore_result_t *answer = read_counter(key);
  size_t len = 0;
  const char *text = lgstore_result_json(answer, &len);
  json_t *item = json_read(text, len);
  const json_t *counts = json_member(item, "value");
  int n, right = counts != NULL && json_count(counts) == (size_t)n_names;
  for (n = 0; n < n_names; n++) right &= json_number(json_member(counts, names[n]), -1) == times;
  if (!right) {
    fprintf(stderr, "%s: %s\n", key, text);
    exit(1);
  }
  json_free(item);
  lgstore_result_free(answer);
}

int main(int argc, char **argv) {
  const int adds = argc == 7 && strcmp(argv[1], "add") == 0;
  const int keys = argc > 5 ? atoi(argv[4]) : 0, times = argc > 5 ? atoi(argv[5]) : 0;
  lgstore_error_t *err = NULL;
  int time, n;
  if (!adds && (argc < 7 || strcmp(argv[1], "check") != 0))
    die("usage", "counters add CONFIG RUN KEYS TIMES NAME | check CONFIG RUN KEYS TIMES NAME...");
  labels[1] = argv[3];
  if (lgstore_new(NULL, argv[2], strlen(argv[2]), &store, &err) != LGSTORE_OK)
    die(argv[2], lgstore_error_message(err, NULL));
  for (time = 0; time < (adds ? times : 1); time++) {
    for (n = 0; n < keys; n++) {
      char key[32];
      snprintf(key, sizeof key, "c%d", n);
      if (adds) {
        add(key, argv[6]);
      } else {
        check(key, times, argv + 6, argc - 6);
      }
    }
  }
  if (lgstore_close(store, 10000000u) != LGSTORE_OK) die("close", argv[2]);
  lgstore_free(store);
  return EXIT_SUCCESS;
}
