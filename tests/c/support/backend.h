/* Where tests that name no file keep their items: in memory, or on a cluster when the environment says so
 * (LGSTORE_TEST_KEYSPACE, in the cluster of LGSTORE_TEST_CONTACT_POINTS; tests/cluster/README.md). */
#ifndef LGSTORE_TESTS_BACKEND_H
#define LGSTORE_TESTS_BACKEND_H

#include "json.h"

/* Whether the environment names a keyspace. */
int on_cluster(void);
/* Appends the beginning of a configuration, `{"backend":"cql",...` without its end; `suffix` makes another
 * keyspace. */
void cluster_config(text_t *out, const char *suffix);
/* The configuration, which on a cluster has the cluster for `"backend":"embedded"`. To be freed. */
char *config_on_backend(const char *config);

#endif
