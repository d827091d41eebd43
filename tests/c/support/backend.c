#include "backend.h"

#include <stdlib.h>
#include <string.h>

static const char embedded[] = "{\"backend\":\"embedded\"";

int on_cluster(void) {
  return getenv("LGSTORE_TEST_KEYSPACE") != NULL && getenv("LGSTORE_TEST_CONTACT_POINTS") != NULL;
}

void cluster_config(text_t *out, const char *suffix) {
  const char *point = getenv("LGSTORE_TEST_CONTACT_POINTS"), *end;
  text_adds(out, "{\"backend\":\"cql\",\"contact_points\":[");
  for (;; point = end + 1) {
    end = point + strcspn(point, ",");
    text_adds(out, "\"");
    text_add(out, point, (size_t)(end - point));
    text_adds(out, "\"");
    if (*end == '\0') break;
    text_adds(out, ",");
  }
  text_adds(out, "],\"keyspace\":\"");
  text_adds(out, getenv("LGSTORE_TEST_KEYSPACE"));
  text_adds(out, suffix);
  /* A busy machine is slow, not broken; and asking twice would not make it faster. */
  text_adds(out, "\",\"request_timeout\":30,\"speculative\":{\"max\":0},\"connect\":{\"deadline\":60}");
}

char *config_on_backend(const char *config) {
  text_t text = {0};
  if (on_cluster() && strncmp(config, embedded, sizeof embedded - 1) == 0) {
    cluster_config(&text, "");
    text_adds(&text, config + sizeof embedded - 1);
  } else {
    text_adds(&text, config);
  }
  return text.data;
}
