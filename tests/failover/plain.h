/* The plain load: get, put, delete, search and batches at a fixed rate, whatever becomes of them. */
#ifndef LGSTORE_FAILOVER_PLAIN_H
#define LGSTORE_FAILOVER_PLAIN_H

#include "../c/support/check.h"

#include "keys.h"
#include "report.h"

enum { PLACES = 16, KEYS_PER_PLACE = 32, POOL = PLACES * KEYS_PER_PLACE, GROUPS = 8, GROUP_KEYS = 4 };

typedef struct request_record request_record_t;

typedef struct plain {
  lgstore_t *store;
  uint64_t rate;      /* requests per second */
  uint64_t most_open; /* a request is left out when so many have no answer yet */
  uint64_t seed;
  atomic_int stop;
  monitor_t monitor; /* of everything below */
  item_key_t **keys; /* POOL, then GROUPS * GROUP_KEYS for logged batches, then those put once */
  size_t count, capacity;
  size_t new_places;
  request_record_t **requests; /* by tag */
  size_t sent, sent_capacity, open;
} plain_t;

/* What a request does with one key. */
typedef struct use {
  item_key_t *key;
  uint32_t number; /* of a write; of a read the key's floor when it began */
  int reads;
} use_t;

/* One request, kept until the end, so that a second completion is noticed whenever it comes. */
struct request_record {
  plain_t *load;
  class_t kind;
  uint32_t phase;
  uint64_t due_us;
  uint32_t completions;
  size_t n_uses;
  use_t uses[];
};

void plain_init(plain_t *load, lgstore_t *store, uint64_t rate, uint64_t most_open, uint64_t seed);
/* Sends until `stop` is set. For a thread of its own. */
void *plain_run(void *load);
/* Waits until all is answered, or far too long. */
void plain_drain(plain_t *load);
/* Each request has had one completion; call it when the store is closed and no completion can come any more.
 */
void plain_check_completions(plain_t *load);
/* Reads every key from another store and judges. */
void plain_read_back(plain_t *load, lgstore_t *fresh);
void plain_destroy(plain_t *load);

/* requests.c, inside the lock: the next request, recorded under the last tag, its writes begun. */
request_record_t *plain_next(plain_t *load, uint64_t due_us);
void plain_add_key(plain_t *load, item_key_t *key);
/* requests.c, outside of the lock: submits it. */
lgstore_status_t plain_send(request_record_t *request, uint64_t tag, lgstore_callback_t completed,
                            lgstore_error_t **err);

#endif
