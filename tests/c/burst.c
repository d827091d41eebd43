/* Bursts: how far they are taken, and those that more is to follow. ctest: labels=ci timeout=120 */
#include "support/queue.h"

/* Bursts stop at the first refusal, and say how far they came; a bad body is taken and completed. */
static void partial_bursts(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_cq_t *queue = new_queue(0);
  const char arena[] = GET_K "{\"namespace\":[\"\"],\"key\":\"k\"}";
  const uint32_t good = (uint32_t)strlen(GET_K), all = (uint32_t)strlen(arena);
  lgstore_submission_t s[4] = {{LGSTORE_OP_GET, 0, 0, good, 0, 10},
                               {LGSTORE_OP_GET, 0, good, all - good, 0, 11},
                               {LGSTORE_OP_GET, 0, all, 1, 0, 12},
                               {LGSTORE_OP_GET, 0, 0, good, 0, 13}};
  lgstore_completion_t batch[4];
  lgstore_op_t ids[4];
  size_t taken = 99, got = 0, i;
  CHECK_STATUS(lgstore_submit_cq(store, queue, arena, all, s, 4, &taken, ids, NULL), LGSTORE_E_INVALID_ARG);
  CHECK_EQ(taken, 2);
  while (got < 2) got += lgstore_cq_wait(queue, batch + got, 4 - got, PATIENCE_SECONDS * SECOND_US);
  for (i = 0; i < 2; i++) {
    const int bad = batch[i].tag == 11;
    CHECK_STATUS(batch[i].status, bad ? LGSTORE_E_INVALID_ARG : LGSTORE_OK);
    CHECK_HAS(batch[i].json, bad ? "\"field\":\"namespace[0]\"" : "null");
    CHECK_EQ(batch[i].op, bad ? ids[1] : ids[0]);
  }
  lgstore_cq_release(queue, batch, 2);
  s[0].op = 99;
  CHECK_STATUS(lgstore_submit_cq(store, queue, arena, all, s, 2, &taken, ids, NULL), LGSTORE_E_UNSUPPORTED);
  CHECK_EQ(taken, 0);
  s[0].op = LGSTORE_OP_GET;
  s[0].flags = 4;
  CHECK_STATUS(lgstore_submit_cq(store, queue, arena, all, s, 2, &taken, ids, NULL), LGSTORE_E_UNSUPPORTED);
  CHECK_EQ(taken, 0);
  s[0].flags = 0;
  s[0].json_off = UINT32_MAX;
  s[0].json_len = UINT32_MAX;
  CHECK_STATUS(lgstore_submit_cq(store, queue, arena, all, s, 1, &taken, NULL, NULL), LGSTORE_E_INVALID_ARG);
  CHECK_STATUS(lgstore_submit_cq(store, queue, arena, all, s, 1, &taken, NULL, batch), LGSTORE_E_INVALID_ARG);
  CHECK_STATUS(lgstore_submit_cq(store, queue, arena, all, s, 0, &taken, NULL, NULL), LGSTORE_OK);
  CHECK_EQ(taken, 0);
  CHECK_EQ(lgstore_cq_drain(queue, batch, 4), 0);
  lgstore_cq_free(queue);
  end_store(store);
}

/* One get at the end of a burst that more is to follow. */
static lgstore_op_t lying(lgstore_t *store, lgstore_cq_t *queue, uint64_t timeout_us) {
  const lgstore_submission_t get = {LGSTORE_OP_GET,          LGSTORE_MORE_FOLLOWS, 0,
                                    (uint32_t)strlen(GET_K), timeout_us,           0};
  size_t taken = 0;
  lgstore_op_t id = 0;
  CHECK_STATUS(lgstore_submit_cq(store, queue, GET_K, strlen(GET_K), &get, 1, &taken, &id, NULL), LGSTORE_OK);
  CHECK_EQ(taken, 1);
  return id;
}

/* Requests do lie: of many, not each is done within a millisecond. And what lies is done when it is woken. */
static void nobody_is_woken(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_cq_t *queue = new_queue(0);
  int round, lay = 0;
  for (round = 0; round < 200; round++) {
    lgstore_completion_t one;
    size_t taken = 0, got;
    lying(store, queue, 0);
    got = lgstore_cq_wait(queue, &one, 1, 1000);
    lgstore_cq_release(queue, &one, got);
    if (got > 0) continue;
    lay++;
    lgstore_submit_cq(store, queue, NULL, 0, NULL, 0, &taken, NULL, NULL);
    take(queue, 1, LGSTORE_OK);
  }
  CHECK(lay > 0);
  end_store(store);
  lgstore_cq_free(queue);
}

typedef struct submitter {
  lgstore_t *store;
  lgstore_cq_t *queue;
  size_t accepted;
} submitter_t;

/* Leaves its requests to close: it ends with the first that is refused. */
static void *submit_until_closed(void *argument) {
  submitter_t *submitter = argument;
  for (;;) {
    const lgstore_submission_t get = {LGSTORE_OP_GET, LGSTORE_MORE_FOLLOWS, 0, (uint32_t)strlen(GET_K), 0, 0};
    size_t taken = 0;
    lgstore_submit_cq(submitter->store, submitter->queue, GET_K, strlen(GET_K), &get, 1, &taken, NULL, NULL);
    if (taken == 0) return NULL;
    submitter->accepted++;
  }
}

/* Close does not wait for what lies, whenever it was accepted. */
static void more_follows_and_close(void) {
  int round;
  for (round = 0; round < 300; round++) {
    lgstore_t *store = new_store(NULL, MEMORY);
    submitter_t submitter = {store, new_queue(0), 0};
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, submit_until_closed, &submitter) == 0);
    CHECK_STATUS(lgstore_close(store, PATIENCE_SECONDS * SECOND_US), LGSTORE_OK);
    pthread_join(thread, NULL);
    take(submitter.queue, submitter.accepted, LGSTORE_OK);
    lgstore_free(store);
    lgstore_cq_free(submitter.queue);
  }
}

/* What more was to follow is carried out with the next burst, an empty one, too; nothing is lost where none
 * comes. */
static void more_follows(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_cq_t *queue = new_queue(8);
  lgstore_request_t put = request(LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}}");
  lgstore_result_t *result = NULL;
  lgstore_completion_t one;
  size_t taken = 99;
  int i;
  for (i = 0; i < 5; i++) lying(store, queue, 0);
  CHECK_STATUS(lgstore_submit_cq(store, queue, NULL, 0, NULL, 0, &taken, NULL, NULL), LGSTORE_OK);
  take(queue, 5, LGSTORE_OK);
  for (i = 0; i < 5; i++) lying(store, queue, 0);
  CHECK_EQ(burst(store, queue, 1, NULL), 1);
  take(queue, 6, LGSTORE_OK);
  for (i = 0; i < 8; i++) lying(store, queue, 0);
  CHECK_EQ(burst(store, queue, 1, NULL), 0); /* a refusal does not let them lie */
  take(queue, 8, LGSTORE_OK);

  lying(store, queue, 1000); /* done, if a thread was awake */
  while (lgstore_cq_wait(queue, &one, 1, PATIENCE_SECONDS * SECOND_US) == 0) continue;
  CHECK(one.status == LGSTORE_E_TIMEOUT || one.status == LGSTORE_OK);
  lgstore_cq_release(queue, &one, 1);
  lgstore_cancel(store, lying(store, queue, 0));
  while (lgstore_cq_wait(queue, &one, 1, PATIENCE_SECONDS * SECOND_US) == 0) continue;
  CHECK(one.status == LGSTORE_E_CANCELLED || one.status == LGSTORE_OK);
  lgstore_cq_release(queue, &one, 1);

  put.flags = LGSTORE_MORE_FOLLOWS; /* only for bursts */
  CHECK_STATUS(lgstore_call(store, &put, &result, NULL), LGSTORE_E_UNSUPPORTED);
  CHECK(result == NULL);
  for (i = 0; i < 5; i++) lying(store, queue, 0);
  CHECK_STATUS(lgstore_close(store, PATIENCE_SECONDS * SECOND_US), LGSTORE_OK);
  take(queue, 5, LGSTORE_OK);
  lgstore_free(store);
  lgstore_cq_free(queue);
}

int main(void) {
  RUN(partial_bursts);
  RUN(more_follows);
  RUN(nobody_is_woken);
  RUN(more_follows_and_close);
  return check_end();
}
