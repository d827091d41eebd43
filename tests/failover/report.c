#include "../c/support/check.h"

#include <stdarg.h>

#include "report.h"

enum { PHASES = 48, BUCKETS = 4000, CODES = 16 };

typedef struct cell {
  uint64_t count, max_us;
  uint32_t by_ms[BUCKETS + 1];
  struct {
    lgstore_status_t status;
    uint64_t count;
  } errors[CODES];
} cell_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cell_t *cells[PHASES][CLASSES];
static char phases[PHASES][32];
static atomic_uint phase_now;
static atomic_int violations;
static atomic_int shown;

const char *class_name(class_t kind) {
  static const char *const names[CLASSES] = {
      "get",    "put",   "put, new key",  "put, new namespace", "delete",
      "search", "batch", "batch, logged", "conditional",        "get, serial"};
  return names[kind];
}

int class_is_plain(class_t kind) {
  return kind <= CLASS_BATCH;
}

uint32_t report_phase(void) {
  return atomic_load(&phase_now);
}

void report_begin_phase(const char *name) {
  static int begun = 0;
  const uint32_t next = begun ? atomic_load(&phase_now) + 1 : 0;
  MUST(next < PHASES);
  begun = 1;
  snprintf(phases[next], sizeof phases[next], "%s", name);
  atomic_store(&phase_now, next);
}

static cell_t *cell_of(class_t kind, uint32_t phase) {
  if (cells[phase][kind] == NULL) cells[phase][kind] = calloc(1, sizeof(cell_t));
  MUST(cells[phase][kind] != NULL);
  return cells[phase][kind];
}

int is_documented(lgstore_status_t status) {
  switch (status) {
    case LGSTORE_E_TIMEOUT:
    case LGSTORE_E_UNAVAILABLE:
    case LGSTORE_E_UNKNOWN_OUTCOME:
    case LGSTORE_E_OVERLOADED:
    case LGSTORE_E_BUSY:
    case LGSTORE_E_CIRCUIT_OPEN:
      return 1;
    default:
      return 0;
  }
}

/* One of each kind is shown whole; the table has the numbers. */
static void count_error(cell_t *cell, class_t kind, uint32_t phase, lgstore_status_t status, const char *json,
                        size_t len) {
  size_t i;
  for (i = 0; i < CODES && cell->errors[i].count > 0 && cell->errors[i].status != status; i++) continue;
  MUST(i < CODES);
  cell->errors[i].status = status;
  if (cell->errors[i].count++ == 0)
    fprintf(stderr, "error in phase %s: %s: %.*s\n", phases[phase], class_name(kind),
            len > 400 ? 400 : (int)len, json == NULL ? "" : json);
  if (!is_documented(status))
    violation("%s: %s is no documented way to fail here", class_name(kind), lgstore_status_name(status));
}

void report_end(class_t kind, uint32_t phase, uint64_t latency_us, lgstore_status_t status,
                const char *json) {
  cell_t *cell;
  const uint64_t ms = latency_us / 1000;
  pthread_mutex_lock(&lock);
  cell = cell_of(kind, phase);
  cell->count++;
  if (latency_us > cell->max_us) cell->max_us = latency_us;
  cell->by_ms[ms > BUCKETS ? BUCKETS : ms]++;
  if (status != LGSTORE_OK) count_error(cell, kind, phase, status, json, json == NULL ? 0 : strlen(json));
  pthread_mutex_unlock(&lock);
}

void report_inner(class_t kind, uint32_t phase, lgstore_status_t status, const char *json, size_t json_len) {
  pthread_mutex_lock(&lock);
  count_error(cell_of(kind, phase), kind, phase, status, json, json_len);
  pthread_mutex_unlock(&lock);
}

void violation(const char *format, ...) {
  va_list arguments;
  atomic_fetch_add(&violations, 1);
  if (atomic_fetch_add(&shown, 1) >= CHECK_SHOWN) return;
  va_start(arguments, format);
  fprintf(stderr, "WRONG: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
}

static double share_below(const cell_t *cell, double part) {
  uint64_t seen = 0;
  size_t ms;
  for (ms = 0; ms < BUCKETS; ms++) {
    seen += cell->by_ms[ms];
    if ((double)seen >= part * (double)cell->count) break;
  }
  return (double)ms;
}

static uint64_t print_cell(const cell_t *cell, class_t kind, const char *phase) {
  uint64_t errors = 0;
  size_t i;
  printf("%-22s %-18s %8llu %8.0f %8.0f %9.1f ", phase, class_name(kind), (unsigned long long)cell->count,
         share_below(cell, 0.5), share_below(cell, 0.99), (double)cell->max_us / 1e3);
  for (i = 0; i < CODES && cell->errors[i].count > 0; i++) {
    printf(" %llu %s", (unsigned long long)cell->errors[i].count,
           lgstore_status_name(cell->errors[i].status));
    errors += cell->errors[i].count;
  }
  printf("\n");
  return errors;
}

int report_judge(uint64_t bound_us, uint64_t plain_errors) {
  uint64_t count = 0, errors = 0;
  uint32_t phase;
  int kind;
  atomic_store(&shown, 0); /* whatever came before: the judgement is shown */
  printf("%-22s %-18s %8s %8s %8s %9s  errors\n", "phase", "request", "number", "p50 ms", "p99 ms", "max ms");
  for (phase = 0; phase <= report_phase(); phase++) {
    for (kind = 0; kind < CLASSES; kind++) {
      const cell_t *cell = cells[phase][kind];
      uint64_t failed;
      if (cell == NULL) continue;
      failed = print_cell(cell, (class_t)kind, phases[phase]);
      if (phase == 0 || !class_is_plain((class_t)kind)) continue;
      count += cell->count;
      errors += failed;
      if (bound_us > 0 && cell->max_us > bound_us)
        violation("%s took %.0f ms in phase %s; the bound is %.0f ms", class_name((class_t)kind),
                  (double)cell->max_us / 1e3, phases[phase], (double)bound_us / 1e3);
    }
  }
  printf("%llu plain requests after the start, %llu errors\n", (unsigned long long)count,
         (unsigned long long)errors);
  if (errors * 1000000 > plain_errors * count)
    violation("%llu of %llu plain requests failed", (unsigned long long)errors, (unsigned long long)count);
  return atomic_load(&violations);
}
