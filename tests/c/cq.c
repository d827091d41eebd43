/* Completion queues: draining, waiting, the descriptor, the doorbell, room, and freeing.
 * ctest: labels=ci timeout=120 cql=on */
#include "support/queue.h"

#include <fcntl.h>
#include <sys/epoll.h>

/* Room is taken at submit and given back by draining. */
static void capacity(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_cq_t *queue = new_queue(10);
  lgstore_completion_t batch[4];
  CHECK_EQ(burst(store, queue, 16, NULL), 10);
  CHECK_EQ(burst(store, queue, 1, NULL), 0);
  take(queue, 4, LGSTORE_OK);
  CHECK_EQ(burst(store, queue, 16, NULL), 4);
  take(queue, 10, LGSTORE_OK);
  CHECK_EQ(lgstore_cq_drain(queue, batch, 4), 0);
  CHECK_EQ(burst(store, queue, 16, NULL), 10);
  take(queue, 10, LGSTORE_OK);
  lgstore_cq_free(queue);
  end_store(store);
}

static int readable(int poller) {
  struct epoll_event event;
  return epoll_wait(poller, &event, 1, 0);
}

static int poller_of(int fd, uint32_t events) {
  struct epoll_event event = {0};
  const int poller = epoll_create1(EPOLL_CLOEXEC);
  event.events = events;
  MUST(poller >= 0 && epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0);
  return poller;
}

/* The descriptor is readable exactly while something lies in the queue. */
static void descriptor(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_cq_t *queue = new_queue(0);
  const int fd = lgstore_cq_fd(queue);
  struct epoll_event event;
  lgstore_completion_t batch[8];
  int level, edge, round;
  MUST(fd >= 0);
  CHECK_EQ(lgstore_cq_fd(queue), fd);
  CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
  level = poller_of(fd, EPOLLIN);
  edge = poller_of(fd, EPOLLIN | EPOLLET);
  CHECK_EQ(readable(level), 0);
  for (round = 0; round < 50; round++) {
    size_t count, got = 0;
    CHECK_EQ(burst(store, queue, 5, NULL), 5);
    MUST(epoll_wait(edge, &event, 1, PATIENCE_SECONDS * 1000) == 1);
    CHECK_EQ(readable(level), 1);
    do { /* the documented loop: until fewer than asked for */
      count = lgstore_cq_drain(queue, batch, 2);
      got += count;
      lgstore_cq_release(queue, batch, count);
    } while (count == 2);
    while (got < 5) { /* more came after the queue was empty: another edge tells */
      MUST(epoll_wait(edge, &event, 1, PATIENCE_SECONDS * 1000) == 1);
      count = lgstore_cq_drain(queue, batch, 8);
      lgstore_cq_release(queue, batch, count);
      got += count;
    }
    CHECK_EQ(got, 5);
    CHECK_EQ(readable(level), 0);
    (void)readable(edge);
  }
  /* A wake is seen too, and an empty drain takes it back. */
  lgstore_cq_wake(queue);
  CHECK_EQ(readable(level), 1);
  CHECK_EQ(lgstore_cq_drain(queue, batch, 8), 0);
  CHECK_EQ(readable(level), 0);
  close(level);
  close(edge);
  lgstore_cq_free(queue);
  /* Asked for late, it still tells of what is there. */
  queue = new_queue(0);
  burst(store, queue, 3, NULL);
  end_store(store); /* now all three lie in the queue */
  level = poller_of(lgstore_cq_fd(queue), EPOLLIN);
  CHECK_EQ(epoll_wait(level, &event, 1, PATIENCE_SECONDS * 1000), 1); /* a reader is woken once per burst */
  take(queue, 3, LGSTORE_OK);
  CHECK_EQ(readable(level), 0);
  close(level);
  lgstore_cq_free(queue);
}

/* Waiting ends by time, by wake, and by a completion. */
static void waiting(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_cq_t *queue = new_queue(0);
  lgstore_completion_t batch[4];
  uint64_t started = now_us();
  CHECK_EQ(lgstore_cq_wait(queue, batch, 4, 0), 0);
  CHECK_EQ(lgstore_cq_wait(queue, batch, 4, 20000), 0);
  CHECK(now_us() - started >= 20000);
  started = now_us();
  lgstore_cq_wake(queue);
  CHECK_EQ(lgstore_cq_wait(queue, batch, 4, PATIENCE_SECONDS * SECOND_US), 0);
  CHECK(now_us() - started < PATIENCE_SECONDS * SECOND_US / 2);
  CHECK_EQ(lgstore_cq_wait(queue, batch, 4, 1000), 0); /* one wake, one return */
  burst(store, queue, 1, NULL);
  take(queue, 1, LGSTORE_OK);
  lgstore_cq_free(queue);
  end_store(store);
}

typedef struct readers {
  lgstore_cq_t *queue;
  atomic_size_t got;
  size_t all;
} readers_t;

static void *read_some(void *argument) {
  readers_t *readers = argument;
  while (atomic_load(&readers->got) < readers->all) {
    lgstore_completion_t batch[3];
    const size_t count = lgstore_cq_wait(readers->queue, batch, 3, UINT64_MAX);
    lgstore_cq_release(readers->queue, batch, count);
    atomic_fetch_add(&readers->got, count);
  }
  lgstore_cq_wake(readers->queue); /* the next reader looks up and sees the end too */
  return NULL;
}

/* Several readers that wait without end take everything once, and none sleeps through its share. */
static void several_readers(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  readers_t readers = {new_queue(4000), 0, 3200};
  pthread_t threads[4];
  size_t i;
  for (i = 0; i < 4; i++) pthread_create(&threads[i], NULL, read_some, &readers);
  for (i = 0; i < 50; i++) CHECK_EQ(burst(store, readers.queue, 64, NULL), 64);
  for (i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  CHECK_EQ(atomic_load(&readers.got), 3200);
  end_store(store);
  lgstore_cq_free(readers.queue);
}

typedef struct bell {
  monitor_t monitor;
  lgstore_cq_t *queue;
  size_t rings;
  int hold, held;
} bell_t;

static void ring(void *user_data) {
  bell_t *bell = user_data;
  lgstore_completion_t batch[4];
  monitor_enter(&bell->monitor);
  bell->rings++;
  bell->held = bell->hold;
  pthread_cond_broadcast(&bell->monitor.changed);
  while (bell->hold) monitor_wait(&bell->monitor, "the bell to be let go");
  bell->held = 0;
  monitor_leave(&bell->monitor);
  /* What is marked [nb] works from inside, what blocks does not hang. */
  if (lgstore_cq_fd(bell->queue) < 0) abort();
  lgstore_cq_wake(bell->queue);
  lgstore_cq_release(bell->queue, batch, lgstore_cq_drain(bell->queue, batch, 0));
}

static size_t rings(bell_t *bell) {
  size_t count;
  monitor_enter(&bell->monitor);
  count = bell->rings;
  pthread_mutex_unlock(&bell->monitor.lock);
  return count;
}

/* Waits until it has rung so often. */
static void rung(bell_t *bell, size_t count) {
  monitor_enter(&bell->monitor);
  while (bell->rings < count) monitor_wait(&bell->monitor, "a ring");
  pthread_mutex_unlock(&bell->monitor.lock);
}

static void *replace(void *argument) {
  CHECK_STATUS(lgstore_cq_set_doorbell(argument, NULL, NULL), LGSTORE_OK);
  return NULL;
}

/* Rings once per edge, at once when something waits, and never after it was replaced. */
static void doorbell(void) {
  lgstore_t *store = new_store(NULL, MEMORY);
  lgstore_cq_t *queue = new_queue(0);
  bell_t bell = {.queue = queue};
  pthread_t thread;
  monitor_init(&bell.monitor);
  CHECK_STATUS(lgstore_cq_set_doorbell(queue, ring, &bell), LGSTORE_OK);
  CHECK_EQ(rings(&bell), 0);
  burst(store, queue, 32, NULL);
  rung(&bell, 1);
  take(queue, 32, LGSTORE_OK);
  CHECK(rings(&bell) >= 1 && rings(&bell) <= 32);

  /* Replacing waits for a running ring; the thread that replaces is not through before it. */
  monitor_enter(&bell.monitor);
  bell.hold = 1;
  pthread_mutex_unlock(&bell.monitor.lock);
  burst(store, queue, 1, NULL);
  monitor_enter(&bell.monitor);
  while (!bell.held) monitor_wait(&bell.monitor, "a ring that holds");
  pthread_mutex_unlock(&bell.monitor.lock);
  pthread_create(&thread, NULL, replace, queue);
  CHECK(pthread_tryjoin_np(thread, NULL) != 0);
  usleep(20000); /* gives a broken set_doorbell the time to return early */
  CHECK(pthread_tryjoin_np(thread, NULL) != 0);
  monitor_enter(&bell.monitor);
  bell.hold = 0;
  monitor_leave(&bell.monitor);
  pthread_join(thread, NULL);
  {
    const size_t before = rings(&bell);
    take(queue, 1, LGSTORE_OK);
    burst(store, queue, 3, NULL);
    take(queue, 3, LGSTORE_OK);
    lgstore_cq_wake(queue);
    CHECK_EQ(rings(&bell), before);
    /* Something waits already: it rings at once. */
    burst(store, queue, 1, NULL);
    end_store(store);
    CHECK_STATUS(lgstore_cq_set_doorbell(queue, ring, &bell), LGSTORE_OK);
    rung(&bell, before + 1); /* perhaps once more, by the worker that put it there */
    lgstore_cq_wake(queue);
    rung(&bell, before + 2);
  }
  lgstore_cq_free(queue); /* with one inside: its slot and memory go with it */
  monitor_destroy(&bell.monitor);
}

/* A queue freed with requests in flight: no completion, and their slots come back. */
static void freed_with_requests(void) {
  lgstore_t *store = new_store(NULL,
                               "{\"backend\":\"fault\",\"limits\":{\"inflight_operations\":16},"
                               "\"fault\":{\"delay_us\":3600000000}}");
  size_t round, i;
  for (round = 0; round < 20; round++) {
    lgstore_cq_t *queue = new_queue(0), *other = new_queue(0);
    lgstore_op_t ids[16];
    CHECK_EQ(burst(store, queue, 16, ids), 16);
    CHECK_EQ(burst(store, other, 1, ids), 0);
    for (i = 0; i < 8; i++) lgstore_cancel(store, ids[i]); /* half lie in it or are on their way */
    lgstore_cq_free(queue);
    for (i = 8; i < 16; i++) lgstore_cancel(store, ids[i]);
    /* Cancelled requests are delivered by the runtime's threads: soon, not at once. */
    for (i = 0; i < 16;) {
      if (burst(store, other, 1, &ids[i]) == 1)
        i++;
      else
        sched_yield();
    }
    for (i = 0; i < 16; i++) lgstore_cancel(store, ids[i]);
    take(other, 16, LGSTORE_E_CANCELLED);
    lgstore_cq_free(other);
  }
  CHECK_STATUS(lgstore_close(store, 0), LGSTORE_OK);
  lgstore_free(store);
}

/* Close leaves completions where their reader finds them, also after store and runtime have gone. */
static void read_after_close(void) {
  lgstore_runtime_t *runtime = new_runtime(0, 1, 1);
  lgstore_t *store = new_store(runtime, STUCK);
  lgstore_cq_t *queue = new_queue(0);
  CHECK_EQ(burst(store, queue, 20, NULL), 20);
  CHECK_STATUS(lgstore_close(store, 1000), LGSTORE_OK);
  lgstore_free(store);
  end_runtime(runtime);
  take(queue, 20, LGSTORE_E_CLOSED);
  lgstore_cq_free(queue);
}

int main(void) {
  RUN(capacity);
  RUN(descriptor);
  RUN(waiting);
  RUN(several_readers);
  RUN(doorbell);
  RUN(freed_with_requests);
  RUN(read_after_close);
  return check_end();
}
