#include "../c/support/check.h"

#include "keys.h"
#include "report.h"

item_key_t *key_new(const char *place, const char *name) {
  item_key_t *key = calloc(1, sizeof *key);
  MUST(key != NULL);
  snprintf(key->place, sizeof key->place, "%s", place);
  snprintf(key->name, sizeof key->name, "%s", name);
  key_begin(key, 1);
  key_end(key, 0, OUTCOME_ACKNOWLEDGED);
  key->acknowledged = 0;
  return key;
}

void key_free(item_key_t *key) {
  free(key->writes);
  free(key);
}

uint32_t key_begin(item_key_t *key, int deletes) {
  MUST(!key->writing);
  if (key->count == key->capacity) {
    key->capacity = key->capacity == 0 ? 2 : 2 * key->capacity;
    key->writes = realloc(key->writes, key->capacity * sizeof *key->writes);
    MUST(key->writes != NULL);
  }
  memset(&key->writes[key->count], 0, sizeof *key->writes);
  key->writes[key->count].deletes = deletes != 0;
  if (deletes) key->last_delete = key->count;
  key->writing = 1;
  return key->count++;
}

void key_end(item_key_t *key, uint32_t number, outcome_t outcome) {
  MUST(key->writing && number + 1 == key->count);
  key->writing = 0;
  switch (outcome) {
    case OUTCOME_ACKNOWLEDGED:
      key->acknowledged++;
      key->floor = number;
      break;
    case OUTCOME_NOT_APPLIED:
      key->writes[number].refused = 1;
      if (key->floor == number)
        violation("%s/%s: write %u was read, then said not to be applied", key->place, key->name, number);
      break;
    case OUTCOME_UNKNOWN:
      break;
  }
}

void key_value(const item_key_t *key, uint32_t number, size_t bytes, text_t *out) {
  char head[128];
  size_t i;
  snprintf(head, sizeof head, "{\"n\":%u,\"of\":\"%s/%s\",\"pad\":\"", number, key->place, key->name);
  text_adds(out, head);
  for (i = strlen(head); i < bytes; i++) text_add(out, &"lgstore"[(i + number) % 7], 1);
  text_adds(out, "\"}");
}

static const char *wrong(const item_key_t *key, uint32_t floor, const char *what) {
  static char text[256];
  snprintf(text, sizeof text, "%s/%s: %s; write %u (%s) was known to be applied, %u were sent", key->place,
           key->name, what, floor, key->writes[floor].deletes ? "delete" : "put", key->count - 1);
  return text;
}

static const char *nothing_seen(item_key_t *key, uint32_t floor) {
  uint32_t number;
  if (key->writes[floor].deletes) return NULL;
  for (number = key->last_delete; number > floor; number--)
    if (key->writes[number].deletes && !key->writes[number].refused) return NULL;
  return wrong(key, floor, "nothing is there");
}

const char *key_seen(item_key_t *key, uint32_t floor, const json_t *item) {
  const json_t *value = json_member(item, "value");
  char of[64], what[96];
  uint32_t number;
  if (item == NULL || item->type == JSON_NULL) return nothing_seen(key, floor);
  snprintf(of, sizeof of, "%s/%s", key->place, key->name);
  number = (uint32_t)json_number(json_member(value, "n"), 0);
  snprintf(what, sizeof what, "shows write %u", number);
  if (json_member(value, "of") == NULL || !json_is(json_member(value, "of"), of))
    return wrong(key, floor, "shows another key's value");
  if (number == 0 || number >= key->count || key->writes[number].deletes)
    return wrong(key, floor, strcat(what, ", which no put has sent"));
  if (key->writes[number].refused)
    return wrong(key, floor, strcat(what, ", which was said not to be applied"));
  if (number < floor) return wrong(key, floor, strcat(what, ", which is stale"));
  if (number > key->floor) key->floor = number;
  return NULL;
}

int key_lives(const item_key_t *key) {
  return !key->writes[key->floor].deletes && key->last_delete < key->floor;
}
