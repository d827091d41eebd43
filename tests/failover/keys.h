/* What the load knows of its keys: every write that it has sent, and which of them a read may show.
 *
 * One write of a key is under way at a time, so writes have numbers in the order of their effect. After a
 * write was acknowledged no read that begins later may show an older one; after a read has shown a write, no
 * later read may show an older one either. A write of unknown outcome may show until a later one is
 * acknowledged. Not thread-safe: the load's lock guards all of it. */
#ifndef LGSTORE_FAILOVER_KEYS_H
#define LGSTORE_FAILOVER_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "../c/support/json.h"

/* How a write ended. */
typedef enum outcome { OUTCOME_ACKNOWLEDGED, OUTCOME_NOT_APPLIED, OUTCOME_UNKNOWN } outcome_t;

typedef struct write_record {
  uint8_t deletes;
  uint8_t refused; /* surely not applied: nobody may ever see it */
} write_record_t;

typedef struct item_key {
  char place[24]; /* The namespace is ("failover", place). */
  char name[24];
  write_record_t *writes; /* by number; 0 is the state before the first, "deleted" */
  uint32_t count;
  uint32_t capacity;
  uint32_t floor;       /* the last write that is known to be applied */
  uint32_t last_delete; /* the last delete that was sent */
  uint32_t acknowledged;
  int writing;
} item_key_t;

/* Begins with no item. */
item_key_t *key_new(const char *place, const char *name);
void key_free(item_key_t *key);

/* Gives a new write its number. */
uint32_t key_begin(item_key_t *key, int deletes);
void key_end(item_key_t *key, uint32_t number, outcome_t outcome);

/* The value of a write, `bytes` long or a little more: {"n":number,"of":"place/key","pad":"..."}. */
void key_value(const item_key_t *key, uint32_t number, size_t bytes, text_t *out);

/* Judges what a read has shown: an item, or NULL or null for none. `floor` is the key's when the read began.
 * NULL if that may be; otherwise says why not (a static buffer). Learns from what is right. */
const char *key_seen(item_key_t *key, uint32_t floor, const json_t *item);

/* Whether the key surely holds an item, as far as is known. */
int key_lives(const item_key_t *key);

#endif
