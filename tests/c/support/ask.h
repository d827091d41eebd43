/* One request whose answer is waited for. What can't happen ends the program. */
#ifndef LGSTORE_TESTS_ASK_H
#define LGSTORE_TESTS_ASK_H

#include <lgstore.h>
#include <stdint.h>

#include "json.h"

/* The number of an operation by its name. */
uint32_t ask_operation(const char *name);

/* Gives the status, and appends the answer's document or the error's. */
lgstore_status_t ask_by_call(lgstore_t *store, uint32_t op, const text_t *body, text_t *out);

/* The same by this thread's completion queue, which is there between begin and end. */
void ask_begin(void);
void ask_end(void);
lgstore_status_t ask_by_queue(lgstore_t *store, uint32_t op, const text_t *body, text_t *out);

#endif
