/* What a step of a test vector (tests/vectors/README.md) says of an answer. Each gives 1, or 0 and says why.
 */
#ifndef LGSTORE_TESTS_JUDGE_H
#define LGSTORE_TESTS_JUDGE_H

#include <lgstore.h>

#include "json.h"
#include "pattern.h"

/* The step's `expect` or `error`, and `contains`, against status and document. */
int judge_answer(const json_t *step, lgstore_status_t status, const text_t *answer, captures_t *captures,
                 text_t *why);

/* `check`: two captured values and how they are ordered. */
int judge_order(const json_t *triple, const captures_t *captures, text_t *why);

/* `between`: how far two captured times are apart. */
int judge_times(const json_t *step, const captures_t *captures, text_t *why);

#endif
