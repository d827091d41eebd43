/* What gets cost a program in C, through a completion queue as the Node binding uses it: gets <immediate: 0
 * or 1> <depth> <operations>. Prints microseconds of CPU per get, of the whole process. */
#include <lgstore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEYS = 1000, BURST = 256 };

static char bodies[KEYS][80];

static double cpu_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int fill(lgstore_t *store) {
  char body[160];
  int i;
  for (i = 0; i < KEYS; i++) {
    lgstore_request_t request = {0};
    lgstore_result_t *result = NULL;
    request.struct_size = sizeof request;
    request.op = LGSTORE_OP_PUT;
    request.json = body;
    request.json_len = (size_t)snprintf(
        body, sizeof body,
        "{\"namespace\":[\"users\",\"ada\"],\"key\":\"k%d\",\"value\":{\"name\":\"Ada\",\"n\":%d}}", i, i);
    if (lgstore_call(store, &request, &result, NULL) != LGSTORE_OK) return 1;
    lgstore_result_free(result);
    snprintf(bodies[i], sizeof bodies[i], "{\"namespace\":[\"users\",\"ada\"],\"key\":\"k%d\"}", i);
  }
  return 0;
}

/* Sends and receives so many gets, `depth` in flight. */
static void get(lgstore_t *store, lgstore_cq_t *queue, long depth, long operations) {
  static lgstore_completion_t burst[BURST];
  long sent = 0, came = 0;
  while (came < operations) {
    while (sent < operations && sent - came < depth) {
      const char *body = bodies[sent % KEYS];
      const lgstore_submission_t submission = {
          LGSTORE_OP_GET, LGSTORE_ALLOW_IMMEDIATE, 0, (uint32_t)strlen(body), 0, 1};
      size_t accepted = 0;
      lgstore_op_t op = 0;
      lgstore_completion_t done;
      lgstore_submit_cq(store, queue, body, submission.json_len, &submission, 1, &accepted, &op, &done);
      if (accepted == 0) exit(1);
      sent++;
      if (done.owner == NULL) continue;
      lgstore_cq_release(queue, &done, 1);
      came++;
    }
    if (came < sent) {
      const size_t n = lgstore_cq_wait(queue, burst, BURST, UINT64_MAX);
      lgstore_cq_release(queue, burst, n);
      came += (long)n;
    }
  }
}

int main(int argc, char **argv) {
  const char *config;
  lgstore_t *store = NULL;
  lgstore_cq_t *queue = NULL;
  double began;
  long operations;
  if (argc != 4) return 2;
  config =
      argv[1][0] == '1' ? "{\"backend\":\"embedded\"}" : "{\"backend\":\"embedded\",\"immediate\":false}";
  operations = atol(argv[3]);
  if (lgstore_new(NULL, config, strlen(config), &store, NULL) != LGSTORE_OK || fill(store) != 0 ||
      lgstore_cq_new(NULL, LGSTORE_CQ_CAPACITY_MAX, &queue, NULL) != LGSTORE_OK) {
    return 1;
  }
  get(store, queue, atol(argv[2]), operations / 10);
  began = cpu_us();
  get(store, queue, atol(argv[2]), operations);
  printf("%.3f\n", (cpu_us() - began) / (double)operations);
  lgstore_close(store, 0);
  lgstore_free(store);
  lgstore_cq_free(queue);
  return 0;
}
