#include "../c/support/check.h"

#include "plain.h"
#include "report.h"

enum { OPEN_AT_START = 8 };

void plain_init(plain_t *load, lgstore_t *store, uint64_t rate, uint64_t most_open, uint64_t seed) {
  char place[24], name[24];
  int at;
  memset(load, 0, sizeof *load);
  load->store = store;
  load->rate = rate;
  load->most_open = most_open;
  load->seed = seed;
  monitor_init(&load->monitor);
  for (at = 0; at < POOL; at++) {
    snprintf(place, sizeof place, "pool%02d", at / KEYS_PER_PLACE);
    snprintf(name, sizeof name, "k%02d", at % KEYS_PER_PLACE);
    plain_add_key(load, key_new(place, name));
  }
  for (at = 0; at < GROUPS * GROUP_KEYS; at++) {
    snprintf(place, sizeof place, "group%d", at % GROUP_KEYS);
    snprintf(name, sizeof name, "g%d", at / GROUP_KEYS);
    plain_add_key(load, key_new(place, name));
  }
}

void plain_destroy(plain_t *load) {
  size_t at;
  for (at = 0; at < load->count; at++) key_free(load->keys[at]);
  for (at = 0; at < load->sent; at++) free(load->requests[at]);
  monitor_destroy(&load->monitor);
  free(load->keys);
  free(load->requests);
}

/* ---- answers ---- */

static lgstore_status_t status_of(const json_t *error) {
  const char *code = json_text(json_member(error, "code"), "");
  lgstore_status_t status;
  for (status = 1; status < LGSTORE_DONE; status++)
    if (strcmp(lgstore_status_name(status), code) == 0) return status;
  return LGSTORE_E_BACKEND;
}

static outcome_t outcome_of(lgstore_status_t status) {
  if (status == LGSTORE_OK) return OUTCOME_ACKNOWLEDGED;
  return status == LGSTORE_E_UNKNOWN_OUTCOME ? OUTCOME_UNKNOWN : OUTCOME_NOT_APPLIED;
}

static void finish(const use_t *use, lgstore_status_t status, const json_t *answer) {
  if (!use->reads) {
    key_end(use->key, use->number, outcome_of(status));
  } else if (status == LGSTORE_OK) {
    const char *wrong = key_seen(use->key, use->number, answer);
    if (wrong != NULL) violation("%s", wrong);
  }
}

static void finish_batch(const request_record_t *request, const json_t *answer) {
  const json_t *result = json_member(answer, "results");
  size_t at;
  MUST(json_count(result) == request->n_uses);
  for (at = 0, result = result->first; at < request->n_uses; at++, result = result->next) {
    const json_t *error = json_member(result, "error");
    const lgstore_status_t status = error == NULL ? LGSTORE_OK : status_of(error);
    finish(&request->uses[at], status, json_member(result, "result"));
    if (error != NULL) report_inner(request->kind, request->phase, status, error->raw, error->raw_len);
  }
}

/* A search of one place with a limit above its keys: what is not in the answer is not there. */
static void finish_search(const request_record_t *request, const json_t *answer) {
  const json_t *item;
  size_t at, found = 0;
  for (at = 0; at < request->n_uses; at++) {
    const use_t *use = &request->uses[at];
    for (item = json_member(answer, "items")->first; item != NULL; item = item->next)
      if (json_is(json_member(item, "key"), use->key->name)) break;
    found += item != NULL;
    finish(use, LGSTORE_OK, item);
  }
  if (found != json_count(json_member(answer, "items")))
    violation("a search of %s shows %zu items, %zu of them with its keys", request->uses[0].key->place,
              json_count(json_member(answer, "items")), found);
}

static void judge(const request_record_t *request, lgstore_status_t status, const char *text, size_t len) {
  json_t *answer = status == LGSTORE_OK ? json_read(text, len) : NULL;
  size_t at;
  if (status == LGSTORE_OK && answer == NULL) violation("an answer is not JSON: %.200s", text);
  if (request->kind == CLASS_BATCH && answer != NULL) {
    finish_batch(request, answer);
  } else if (request->kind == CLASS_SEARCH && answer != NULL) {
    finish_search(request, answer);
  } else {
    for (at = 0; at < request->n_uses; at++) finish(&request->uses[at], status, answer);
  }
  json_free(answer);
}

/* For every request, on a thread of the library. */
static void completed(const lgstore_completion_t *completion, void *user_data) {
  plain_t *load = user_data;
  const uint64_t now = now_us();
  request_record_t *request;
  monitor_enter(&load->monitor);
  if (completion->tag >= load->sent) {
    violation("a completion has the tag %llu, which no request has", (unsigned long long)completion->tag);
  } else if ((request = load->requests[completion->tag])->completions++ == 0) {
    judge(request, completion->status, completion->json, completion->json_len);
    report_end(request->kind, request->phase, now - request->due_us, completion->status, completion->json);
    load->open--;
  }
  monitor_leave(&load->monitor);
}

/* Completions may come as soon as it is sent, so the record is whole and known by its tag before. The lock is
 * not held meanwhile: the completion may come on another thread before submit returns. */
static void send_one(plain_t *load, uint64_t due_us) {
  request_record_t *request;
  lgstore_error_t *err = NULL;
  lgstore_status_t status;
  uint64_t tag;
  monitor_enter(&load->monitor);
  /* Cold servers take seconds for what takes them milliseconds later; what piled up would keep them from
   * warming up. */
  if (load->open >=
      (report_phase() == 0 && load->most_open > OPEN_AT_START ? OPEN_AT_START : load->most_open)) {
    monitor_leave(&load->monitor);
    return;
  }
  request = plain_next(load, due_us);
  tag = load->sent - 1;
  monitor_leave(&load->monitor);
  status = plain_send(request, tag, completed, &err);
  if (status == LGSTORE_OK) return;
  monitor_enter(&load->monitor);
  request->completions++; /* none will come */
  judge(request, status, NULL, 0);
  report_end(request->kind, request->phase, now_us() - due_us, status, lgstore_error_json(err, NULL));
  load->open--;
  monitor_leave(&load->monitor);
  lgstore_error_free(err);
}

void *plain_run(void *argument) {
  plain_t *load = argument;
  const uint64_t began = now_us();
  uint64_t number;
  for (number = 0; !atomic_load(&load->stop); number++) {
    const uint64_t due = began + number * SECOND_US / load->rate;
    const struct timespec until = {(time_t)(due / SECOND_US), (long)(due % SECOND_US * 1000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) continue;
    send_one(load, due);
  }
  return NULL;
}

void plain_drain(plain_t *load) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += PATIENCE_SECONDS;
  monitor_enter(&load->monitor);
  while (load->open > 0)
    if (pthread_cond_timedwait(&load->monitor.changed, &load->monitor.lock, &until) != 0) break;
  monitor_leave(&load->monitor);
}

void plain_check_completions(plain_t *load) {
  size_t tag, missing = 0, doubled = 0;
  monitor_enter(&load->monitor);
  for (tag = 0; tag < load->sent; tag++) {
    missing += load->requests[tag]->completions == 0;
    doubled += load->requests[tag]->completions > 1;
  }
  printf("%zu requests sent, %zu completions missing, %zu doubled\n", load->sent, missing, doubled);
  if (missing + doubled > 0) violation("%zu completions missing, %zu doubled", missing, doubled);
  monitor_leave(&load->monitor);
}
