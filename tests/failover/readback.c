/* The end: everything that was acknowledged is read from a store that was opened for it. */
#include "../c/support/check.h"

#include <lgstore_ops.h>

#include "plain.h"

enum { AT_ONCE = 50, PAGE = 1000 };

static const uint64_t TIMEOUT_US = 30 * SECOND_US;

/* The answer, or NULL after a violation. To be freed with its result. Pointers to both, because the call that
 * fills them stands among the arguments. */
static json_t *must_answer(lgstore_status_t status, lgstore_result_t *const *result,
                           lgstore_error_t *const *err, const char *what) {
  json_t *answer = NULL;
  if (status == LGSTORE_OK) {
    size_t len;
    const char *text = lgstore_result_json(*result, &len);
    answer = json_read(text, len);
  }
  if (answer == NULL) violation("%s at the end: %s", what, lgstore_error_json(*err, NULL));
  lgstore_error_free(*err);
  return answer;
}

/* Gets `n` keys from `first` on; `numbers[i]` is the write that key i shows, 0 for none. Whether all were
 * read. */
static int read_some(plain_t *load, lgstore_t *fresh, size_t first, size_t n, uint32_t *numbers) {
  lgstore_batch_options_t options = {0};
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  lgstore_batch_t batch;
  json_t *answer;
  const json_t *one;
  int read = 0;
  size_t at;
  options.timeout_us = TIMEOUT_US;
  lgstore_batch_begin(&batch, &options);
  for (at = first; at < first + n; at++) {
    const char *const labels[] = {"failover", load->keys[at]->place};
    lgstore_batch_get(&batch, labels, 2, load->keys[at]->name, SIZE_MAX, NULL);
  }
  answer = must_answer(lgstore_batch(fresh, &batch, &result, &err), &result, &err, "a batch of gets");
  lgstore_batch_free(&batch);
  one = json_member(answer, "results");
  if (one != NULL && json_count(one) == n) {
    read = 1;
    for (at = first, one = one->first; at < first + n; at++, one = one->next) {
      const json_t *item = json_member(one, "result");
      const json_t *error = json_member(one, "error");
      const char *wrong = error == NULL ? key_seen(load->keys[at], load->keys[at]->floor, item) : NULL;
      if (error != NULL) violation("a get at the end: %.*s", (int)error->raw_len, error->raw);
      if (wrong != NULL) violation("at the end, %s", wrong);
      numbers[at - first] = (uint32_t)json_number(json_member(json_member(item, "value"), "n"), 0);
      read &= error == NULL;
    }
  }
  json_free(answer);
  lgstore_result_free(result);
  return read;
}

/* Each logged batch wrote one number to all keys of its group. One of unknown outcome may still be under way:
 * the cluster replays its log of batches in the background. */
static void groups_are_whole(plain_t *load, lgstore_t *fresh) {
  size_t group;
  for (group = 0; group < GROUPS; group++) {
    const uint64_t until = now_us() + PATIENCE_SECONDS * SECOND_US;
    uint32_t numbers[GROUP_KEYS];
    for (;;) {
      size_t at, whole = 1;
      if (!read_some(load, fresh, POOL + group * GROUP_KEYS, GROUP_KEYS, numbers)) return;
      for (at = 1; at < GROUP_KEYS; at++) whole &= numbers[at] == numbers[0];
      if (whole) break;
      if (now_us() > until) {
        violation("a logged batch of group %zu is there in part: writes %u %u %u %u", group, numbers[0],
                  numbers[1], numbers[2], numbers[3]);
        break;
      }
      usleep(500000);
    }
  }
}

static const item_key_t *key_of(const plain_t *load, const json_t *item) {
  const json_t *place = json_member(item, "namespace");
  const char *name = json_text(json_member(item, "key"), "");
  size_t at;
  if (place == NULL || json_count(place) != 2) return NULL;
  for (at = name[0] == 'n' ? (size_t)strtoul(name + 1, NULL, 10) : 0; at < load->count; at++)
    if (strcmp(load->keys[at]->name, name) == 0 && json_is(place->first->next, load->keys[at]->place))
      return load->keys[at];
  return NULL;
}

/* One search over everything, page by page, shows what the gets have shown. */
static void search_everything(plain_t *load, lgstore_t *fresh, size_t live) {
  const char *const labels[] = {"failover"};
  char cursor[4096] = "";
  size_t found = 0;
  do {
    lgstore_search_options_t options = {0};
    lgstore_result_t *result = NULL;
    lgstore_error_t *err = NULL;
    json_t *answer;
    const json_t *item, *next;
    options.limit = PAGE;
    options.timeout_us = TIMEOUT_US;
    options.cursor = cursor[0] != '\0' ? cursor : NULL;
    answer =
        must_answer(lgstore_search(fresh, labels, 1, &options, &result, &err), &result, &err, "a search");
    if (answer == NULL) {
      lgstore_result_free(result);
      return;
    }
    for (item = json_member(answer, "items")->first; item != NULL; item = item->next) {
      const item_key_t *key = key_of(load, item);
      const char *wrong = key == NULL ? NULL : key_seen((item_key_t *)key, key->floor, item);
      found += key != NULL;
      if (wrong != NULL) violation("a search at the end, %s", wrong);
    }
    next = json_member(answer, "cursor");
    snprintf(cursor, sizeof cursor, "%s", json_text(next, ""));
    json_free(answer);
    lgstore_result_free(result);
  } while (cursor[0] != '\0');
  if (found != live) violation("a search of everything shows %zu items, gets show %zu", found, live);
}

static int by_text(const void *a, const void *b) {
  return strcmp(a, b);
}

typedef char place_t[24];

/* All places that the store lists, in order of their names; their number. */
static size_t list_places(lgstore_t *fresh, place_t **out) {
  const char *const labels[] = {"failover"};
  const lgstore_match_t match = {labels, 1, 0};
  char cursor[4096] = "";
  size_t count = 0;
  *out = NULL;
  do {
    lgstore_list_options_t options = {0};
    lgstore_result_t *result = NULL;
    lgstore_error_t *err = NULL;
    json_t *answer;
    const json_t *one;
    options.matches = &match;
    options.n_matches = 1;
    options.limit = PAGE;
    options.timeout_us = TIMEOUT_US;
    options.cursor = cursor[0] != '\0' ? cursor : NULL;
    answer = must_answer(lgstore_list_namespaces(fresh, &options, &result, &err), &result, &err, "a listing");
    cursor[0] = '\0';
    one = json_member(answer, "namespaces");
    *out = realloc(*out, (count + (one == NULL ? 0 : json_count(one)) + 1) * sizeof **out);
    MUST(*out != NULL);
    for (one = one == NULL ? NULL : one->first; one != NULL; one = one->next)
      if (json_count(one) == 2)
        snprintf((*out)[count++], sizeof **out, "%s", json_text(one->first->next, ""));
    snprintf(cursor, sizeof cursor, "%s", json_text(json_member(answer, "cursor"), ""));
    json_free(answer);
    lgstore_result_free(result);
  } while (cursor[0] != '\0');
  if (count > 0) qsort(*out, count, sizeof **out, by_text);
  return count;
}

void plain_read_back(plain_t *load, lgstore_t *fresh) {
  uint32_t numbers[AT_ONCE];
  size_t at, other, live = 0, acknowledged = 0, unlisted = 0, listed;
  place_t *places;
  groups_are_whole(load, fresh);
  listed = list_places(fresh, &places);
  for (at = 0; at < load->count; at += AT_ONCE) {
    const size_t n = load->count - at < AT_ONCE ? load->count - at : AT_ONCE;
    if (!read_some(load, fresh, at, n, numbers)) continue;
    for (other = 0; other < n; other++) {
      const item_key_t *key = load->keys[at + other];
      acknowledged += key->acknowledged;
      if (numbers[other] == 0) continue;
      live++;
      if (listed == 0 || bsearch(key->place, places, listed, sizeof *places, by_text) == NULL) unlisted++;
    }
  }
  free(places);
  search_everything(load, fresh, live);
  if (unlisted > 0) violation("%zu items lie in namespaces that are not listed", unlisted);
  printf("%zu acknowledged writes on %zu keys, %zu of them live in %zu namespaces, all read back\n",
         acknowledged, load->count, live, listed);
}
