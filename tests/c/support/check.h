/* Checks that count failures and go on, and waiting that ends the program instead of hanging. */
#ifndef LGSTORE_TESTS_CHECK_H
#define LGSTORE_TESTS_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* before the first system header: include this file first */
#endif
#include <lgstore.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)
/* Nothing that a test waits for takes this long unless it never comes. */
#define PATIENCE_SECONDS 100

static atomic_int check_failures;
/* Beyond so many the rest is counted only. */
#define CHECK_SHOWN 30

static inline int check_that(int holds, const char *text, const char *file, int line) {
  if (!holds) {
    if (atomic_fetch_add(&check_failures, 1) < CHECK_SHOWN)
      fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
  }
  return holds;
}

static inline int check_numbers(uint64_t got, uint64_t want, const char *text, const char *file, int line) {
  if (got != want) {
    if (atomic_fetch_add(&check_failures, 1) < CHECK_SHOWN)
      fprintf(stderr, "%s:%d: %s is %llu, expected %llu\n", file, line, text, (unsigned long long)got,
              (unsigned long long)want);
  }
  return got == want;
}

static inline int check_statuses(lgstore_status_t got, lgstore_status_t want, const char *text,
                                 const char *file, int line) {
  if (got != want) {
    if (atomic_fetch_add(&check_failures, 1) < CHECK_SHOWN)
      fprintf(stderr, "%s:%d: %s is %s, expected %s\n", file, line, text, lgstore_status_name(got),
              lgstore_status_name(want));
  }
  return got == want;
}

static inline int check_texts(const char *got, const char *part, const char *file, int line) {
  const int holds = got != NULL && strstr(got, part) != NULL;
  if (!holds) {
    if (atomic_fetch_add(&check_failures, 1) < CHECK_SHOWN)
      fprintf(stderr, "%s:%d: `%s` is not in `%.400s`\n", file, line, part, got == NULL ? "(NULL)" : got);
  }
  return holds;
}

#define CHECK(holds) check_that((holds) ? 1 : 0, #holds, __FILE__, __LINE__)
#define CHECK_EQ(got, want) check_numbers((uint64_t)(got), (uint64_t)(want), #got, __FILE__, __LINE__)
#define CHECK_STATUS(got, want) check_statuses(got, want, #got, __FILE__, __LINE__)
#define CHECK_HAS(text, part) check_texts(text, part, __FILE__, __LINE__)

/* Ends the program when going on makes no sense. */
#define MUST(holds) \
  do { \
    if (!(holds)) { \
      fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #holds); \
      abort(); \
    } \
  } while (0)

/* Runs one part of a test and names it, so that a hang or crash has a place. */
#define RUN(part) \
  do { \
    fprintf(stderr, "  %s\n", #part); \
    part(); \
  } while (0)

/* What main returns. */
static inline int check_end(void) {
  const int failures = atomic_load(&check_failures);
  if (failures > 0) fprintf(stderr, "%d checks failed\n", failures);
  return failures > 0 ? 1 : 0;
}

static inline uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

/* A lock with a condition, on the monotonic clock. */
typedef struct monitor {
  pthread_mutex_t lock;
  pthread_cond_t changed;
} monitor_t;

static inline void monitor_init(monitor_t *monitor) {
  pthread_condattr_t attributes;
  pthread_mutex_init(&monitor->lock, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&monitor->changed, &attributes);
  pthread_condattr_destroy(&attributes);
}

static inline void monitor_destroy(monitor_t *monitor) {
  pthread_cond_destroy(&monitor->changed);
  pthread_mutex_destroy(&monitor->lock);
}

static inline void monitor_enter(monitor_t *monitor) {
  pthread_mutex_lock(&monitor->lock);
}

/* Leaves and wakes everyone who waits for a change. */
static inline void monitor_leave(monitor_t *monitor) {
  pthread_cond_broadcast(&monitor->changed);
  pthread_mutex_unlock(&monitor->lock);
}

/* Waits (inside) for a change; aborts when none comes for far too long. */
static inline void monitor_wait(monitor_t *monitor, const char *what) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += PATIENCE_SECONDS;
  if (pthread_cond_timedwait(&monitor->changed, &monitor->lock, &until) != 0) {
    fprintf(stderr, "waited in vain for %s\n", what);
    abort();
  }
}

/* A door that one side opens and the other waits at. */
typedef struct door {
  monitor_t monitor;
  int open;
} door_t;

static inline void door_init(door_t *door) {
  monitor_init(&door->monitor);
  door->open = 0;
}

static inline void door_open(door_t *door) {
  monitor_enter(&door->monitor);
  door->open = 1;
  monitor_leave(&door->monitor);
}

static inline void door_pass(door_t *door, const char *what) {
  monitor_enter(&door->monitor);
  while (!door->open) monitor_wait(&door->monitor, what);
  pthread_mutex_unlock(&door->monitor.lock);
}

static inline void door_destroy(door_t *door) {
  monitor_destroy(&door->monitor);
}

/* Numbers that look random and are the same in every run. */
static inline uint64_t random_next(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

#endif /* LGSTORE_TESTS_CHECK_H */
