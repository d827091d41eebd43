/* The conditional load: counters by compare_and_set, and a history of operations for the checker. */
#ifndef LGSTORE_FAILOVER_LWT_H
#define LGSTORE_FAILOVER_LWT_H

#include <lgstore.h>
#include <stdatomic.h>
#include <stdio.h>

enum { COUNTERS = 2, COUNTER_CLIENTS = 8, REGISTER_CLIENTS = 4 };

typedef struct lwt lwt_t;

/* One thread. */
typedef struct lwt_client {
  lwt_t *load;
  int number;
  uint64_t seed;
  uint32_t increments[COUNTERS]; /* this client's, known to be applied */
} lwt_client_t;

struct lwt {
  lgstore_t *store;
  const char *profile; /* of gets that see what Paxos has decided; NULL = none */
  uint64_t pause_us;   /* between two operations of one client */
  FILE *history;       /* NULL = not recorded */
  atomic_int stop;
  atomic_int next_value;
  uint64_t began_us;
  lwt_client_t counter_clients[COUNTER_CLIENTS];
  lwt_client_t register_clients[REGISTER_CLIENTS];
};

/* Makes the counters; ends the program when that fails. */
void lwt_init(lwt_t *load, lgstore_t *store, const char *profile, uint64_t pause_us, FILE *history);
/* One client each, until `stop`; a counter's client ends only when it knows what became of its last
 * increment. */
void *lwt_count(void *client);
void *lwt_register(void *client);
/* The counters hold exactly the increments that the clients know of. */
void lwt_read_back(lwt_t *load, lgstore_t *fresh);

#endif
