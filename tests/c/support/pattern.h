/* Bodies and patterns of the test vectors (tests/vectors/README.md): writing requests, comparing answers,
 * capturing what they name. */
#ifndef LGSTORE_TESTS_PATTERN_H
#define LGSTORE_TESTS_PATTERN_H

#include <stdint.h>

#include "json.h"

/* What a case has captured so far. Zero-initialise; end with captures_free. */
typedef struct captures {
  struct {
    text_t name;
    text_t value;
    int expiry; /* An expires_at. */
  } entries[64];
  size_t count;
  /* Seconds by which an expiry may differ from what was shown before: a cluster tells whole seconds that are
   * left. */
  double slack;
} captures_t;

/* The captured text; NULL if nothing was captured under that name. */
const char *captured(const captures_t *captures, const char *name, size_t name_len);
/* Appends `text` with each ${name} that is known replaced by what was captured. */
void substitute(const captures_t *captures, const char *text, size_t len, text_t *out);
/* Appends the body of a step. */
void write_body(const json_t *step, const captures_t *captures, text_t *out);
void captures_free(captures_t *captures);

/* Whether `got` (NULL = nothing there) is what the pattern means; if not, `why` says where and what. */
int matches(captures_t *captures, const json_t *pattern, const json_t *got, const char *at, text_t *why);

/* Whether `relation` (<, <=, =, !=) holds between two captured texts, of which an expiry may be off by the
 * slack. Ends the program when one of them was not captured. */
int captures_hold(const captures_t *captures, const json_t *a, const char *relation, const json_t *b);

/* Microseconds since 1970 of `2026-01-31T09:30:00.000001Z`; -1 if it is no such text. */
int64_t micros(const char *time);

#endif
