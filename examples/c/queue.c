/*
 * A completion queue in an event loop: one thread, no callbacks. The queue's file descriptor becomes
 * readable when completions wait, so it goes into epoll beside sockets and timers. Requests go down in
 * batches (lgstore_submit_cq): one arena holds all bodies, each submission says where its own lies.
 */
#include <lgstore_ops.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { ITEMS = 2000, BATCH = 64 };

static const char *const place[] = {"sensors", "hall-7"};

/* Writes the bodies of requests [from, from + n) into the arena: all puts, then all gets. */
static void describe(int from, int n, lgstore_text_t *arena, lgstore_submission_t *subs) {
  int i;
  arena->len = 0;
  for (i = 0; i < n; i++) {
    const int number = (from + i) % ITEMS;
    const size_t start = arena->len;
    char key[32], value[64];
    snprintf(key, sizeof key, "reading-%04d", number);
    snprintf(value, sizeof value, "{\"celsius\":%d}", number % 40);
    memset(&subs[i], 0, sizeof subs[i]);
    lgstore_text_raw(arena, "{");
    if (from < ITEMS) {
      subs[i].op = LGSTORE_OP_PUT;
      lgstore_body_put(arena, place, 2, key, LGSTORE_STRLEN, value, LGSTORE_STRLEN, NULL);
    } else {
      subs[i].op = LGSTORE_OP_GET;
      lgstore_body_get(arena, place, 2, key, LGSTORE_STRLEN, NULL);
    }
    lgstore_text_raw(arena, "}");
    subs[i].json_off = (uint32_t)start;
    subs[i].json_len = (uint32_t)(arena->len - start);
    subs[i].tag = (uint64_t)number; /* comes back in the completion */
  }
}

/* Whether a completion is what its request should give. */
static int right(const lgstore_completion_t *completion, int is_get) {
  char expected[64];
  size_t len;
  const char *value;
  if (completion->status != LGSTORE_OK) {
    fprintf(stderr, "request %d: %.*s\n", (int)completion->tag, (int)completion->json_len, completion->json);
    return 0;
  }
  if (!is_get) return 1;
  snprintf(expected, sizeof expected, "{\"celsius\":%d}", (int)completion->tag % 40);
  value = lgstore_json_member(completion->json, completion->json_len, "value", &len);
  return value != NULL && len == strlen(expected) && memcmp(value, expected, len) == 0;
}

/* Submits as much as the queue takes, then takes what is complete; until all `total` requests from
 * `first` on are. Returns how many were right. */
static int drive(lgstore_t *store, lgstore_cq_t *cq, int loop, int first, int total) {
  lgstore_submission_t subs[BATCH];
  lgstore_completion_t done[BATCH];
  lgstore_text_t arena;
  int sent = 0, finished = 0, good = 0;
  lgstore_text_init(&arena);
  while (finished < total) {
    struct epoll_event event;
    size_t accepted = 0, n, i;
    lgstore_status_t status = LGSTORE_OK;
    if (sent < total) {
      const int batch = total - sent < BATCH ? total - sent : BATCH;
      describe(first + sent, batch, &arena, subs);
      status = arena.failed ? LGSTORE_E_BUSY
                            : lgstore_submit_cq(store, cq, arena.data, arena.len, subs, (size_t)batch,
                                                &accepted, NULL, NULL);
      sent += (int)accepted;
      if (status != LGSTORE_OK && status != LGSTORE_E_BUSY) {
        fprintf(stderr, "submit: %s\n", lgstore_status_name(status));
        break;
      }
    }
    /* LGSTORE_E_BUSY: the queue is full of requests in flight; wait for one to finish. */
    if ((status == LGSTORE_E_BUSY || sent == total) && epoll_wait(loop, &event, 1, 10000) != 1) {
      fprintf(stderr, "no completion within 10 s\n");
      break;
    }
    while ((n = lgstore_cq_drain(cq, done, BATCH)) > 0) {
      for (i = 0; i < n; i++) good += right(&done[i], first >= ITEMS);
      finished += (int)n;
      lgstore_cq_release(cq, done, n); /* the answers' memory, and their places in the queue */
    }
  }
  lgstore_text_free(&arena);
  return good;
}

int main(int argc, char **argv) {
  const char *config = argc > 1 ? argv[1] : "{\"backend\":\"embedded\"}";
  lgstore_t *store = NULL;
  lgstore_cq_t *cq = NULL;
  struct epoll_event event;
  int loop, puts_right, gets_right;
  lgstore_status_t status = lgstore_new(NULL, config, strlen(config), &store, NULL);
  if (status == LGSTORE_OK) status = lgstore_cq_new(NULL, 1024, &cq, NULL);
  if (status != LGSTORE_OK) {
    fprintf(stderr, "open: %s\n", lgstore_status_name(status));
    lgstore_free(store);
    return 1;
  }
  memset(&event, 0, sizeof event);
  event.events = EPOLLIN;
  loop = epoll_create1(EPOLL_CLOEXEC);
  if (loop < 0 || epoll_ctl(loop, EPOLL_CTL_ADD, lgstore_cq_fd(cq), &event) != 0) {
    perror("epoll");
    return 1;
  }
  puts_right = drive(store, cq, loop, 0, ITEMS);
  gets_right = drive(store, cq, loop, ITEMS, ITEMS);
  printf("%d of %d puts and %d of %d gets came back right through the queue\n", puts_right, ITEMS, gets_right,
         ITEMS);
  close(loop);
  status = lgstore_close(store, 5000000);
  lgstore_free(store);
  lgstore_cq_free(cq);
  return status != LGSTORE_OK || puts_right != ITEMS || gets_right != ITEMS;
}
