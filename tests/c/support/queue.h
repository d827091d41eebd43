/* Completion queues: their making, bursts of gets, and taking completions out. */
#ifndef LGSTORE_TESTS_QUEUE_H
#define LGSTORE_TESTS_QUEUE_H

#include "store.h"

#define GET_K "{\"namespace\":[\"n\"],\"key\":\"k\"}"

static inline lgstore_cq_t *new_queue(uint32_t capacity) {
  lgstore_cq_t *queue = NULL;
  MUST(lgstore_cq_new(NULL, capacity, &queue, NULL) == LGSTORE_OK && queue != NULL);
  return queue;
}

/* Submits `n` (up to 64) gets at once; gives how many were taken. */
static inline size_t burst(lgstore_t *store, lgstore_cq_t *queue, size_t n, lgstore_op_t *ids) {
  lgstore_submission_t gets[64] = {{0}};
  size_t i, taken = 99;
  for (i = 0; i < n; i++) {
    gets[i].op = LGSTORE_OP_GET;
    gets[i].json_len = (uint32_t)strlen(GET_K);
    gets[i].tag = i;
  }
  const lgstore_status_t status =
      lgstore_submit_cq(store, queue, GET_K, strlen(GET_K), gets, n, &taken, ids, NULL);
  CHECK_STATUS(status, taken == n ? LGSTORE_OK : LGSTORE_E_BUSY);
  return taken;
}

/* Takes exactly `n` completions out, waiting for them. */
static inline void take(lgstore_cq_t *queue, size_t n, lgstore_status_t status) {
  const uint64_t started = now_us();
  while (n > 0) {
    lgstore_completion_t batch[16];
    const size_t count = lgstore_cq_wait(queue, batch, n < 16 ? n : 16, PATIENCE_SECONDS * SECOND_US);
    size_t i;
    MUST(now_us() - started < PATIENCE_SECONDS * SECOND_US); /* a wake may have brought nothing */
    for (i = 0; i < count; i++) CHECK_STATUS(batch[i].status, status);
    lgstore_cq_release(queue, batch, count);
    n -= count;
  }
}

#endif
