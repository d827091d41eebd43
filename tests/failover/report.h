/* What came of the requests: latencies and errors by kind and phase. Thread-safe. */
#ifndef LGSTORE_FAILOVER_REPORT_H
#define LGSTORE_FAILOVER_REPORT_H

#include <lgstore.h>
#include <stdint.h>

/* Kinds of requests. The plain ones have the bound; those after them may end as unknown outcome within their
 * deadline. */
typedef enum class_of_request {
  CLASS_GET,
  CLASS_PUT,
  CLASS_PUT_NEW_KEY,
  CLASS_PUT_NEW_NAMESPACE,
  CLASS_DELETE,
  CLASS_SEARCH,
  CLASS_BATCH,
  CLASS_LOGGED_BATCH,
  CLASS_CONDITIONAL,
  CLASS_GET_AT_SERIAL,
  CLASSES
} class_t;

const char *class_name(class_t kind);
int class_is_plain(class_t kind);

/* Whether a cluster that loses a node may have a request end so. */
int is_documented(lgstore_status_t status);

/* The phase that requests belong to whose time has come now. Phases have names; the first is 0. */
uint32_t report_phase(void);
void report_begin_phase(const char *name);

/* One request's end, `latency_us` after its time had come. `json` is the error's document (or the answer's).
 */
void report_end(class_t kind, uint32_t phase, uint64_t latency_us, lgstore_status_t status, const char *json);
/* An error inside an answer: of an operation of a batch. */
void report_inner(class_t kind, uint32_t phase, lgstore_status_t status, const char *json, size_t json_len);

/* Something that must not be: counted, and shown while there are few. */
void violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints all; how many rules were broken. `bound_us` 0: times are shown and not judged. After
 * phase 0, in which connections are made and caches are cold, at most
 * `plain_errors` plain requests of a million may have failed. */
int report_judge(uint64_t bound_us, uint64_t plain_errors);

#endif
