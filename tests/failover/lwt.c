#include "../c/support/check.h"

#include <lgstore_ops.h>

#include "../c/support/json.h"
#include "lwt.h"
#include "report.h"

static const char *const PLACE[] = {"failover", "conditional"};
/* Above the driver's own limit per statement; what is lost by then stays lost. */
enum { TIMEOUT_US = 8000000, KEYS_PER_EPOCH = 3, EPOCH_US = 3000000, REGISTER_OPS = 6 };

/* An answer and what it took. */
typedef struct answer {
  lgstore_status_t status;
  json_t *json; /* NULL unless OK */
  lgstore_result_t *owner;
} answer_t;

static void answer_free(answer_t *answer) {
  json_free(answer->json);
  lgstore_result_free(answer->owner);
  memset(answer, 0, sizeof *answer);
}

static answer_t ask(lgstore_t *store, class_t kind, uint32_t op, lgstore_text_t *body) {
  const uint32_t phase = report_phase();
  const uint64_t began = now_us();
  lgstore_request_t made = {0};
  lgstore_error_t *err = NULL;
  answer_t answer = {0};
  lgstore_text_raw(body, "}");
  made.struct_size = sizeof made;
  made.op = op;
  made.json = body->data;
  made.json_len = body->len;
  made.timeout_us = TIMEOUT_US;
  answer.status = lgstore_call(store, &made, &answer.owner, &err);
  report_end(kind, phase, now_us() - began, answer.status, lgstore_error_json(err, NULL));
  lgstore_error_free(err);
  lgstore_text_free(body);
  if (answer.status == LGSTORE_OK) {
    size_t len;
    const char *text = lgstore_result_json(answer.owner, &len);
    answer.json = json_read(text, len);
    MUST(answer.json != NULL);
  }
  return answer;
}

static void begin(lgstore_text_t *body, const char *key) {
  lgstore_text_init(body);
  lgstore_text_raw(body, "{");
  lgstore_body_item(body, PLACE, 2, key, SIZE_MAX);
}

static answer_t get_decided(lwt_t *load, lgstore_t *store, const char *key) {
  lgstore_text_t body;
  begin(&body, key);
  if (load->profile != NULL) {
    lgstore_text_raw(&body, ",\"profile\":");
    lgstore_text_string(&body, load->profile, SIZE_MAX);
  }
  return ask(store, CLASS_GET_AT_SERIAL, LGSTORE_OP_GET, &body);
}

static int applied(const answer_t *answer) {
  const json_t *member = json_member(answer->json, "applied");
  return member != NULL && member->type == JSON_TRUE;
}

/* ---- counters: {"counts":[one number per client]} ---- */

static void counter_key(int counter, char *out, size_t len) {
  snprintf(out, len, "counter%d", counter);
}

/* Reads the counts of an item and adds `more` to the client's. Gives the client's count before. */
static uint32_t counts_plus(const json_t *item, int client, uint32_t more, lgstore_text_t *out) {
  const json_t *count = json_member(json_member(item, "value"), "counts");
  uint32_t before = 0;
  int at = 0;
  MUST(count != NULL && json_count(count) == COUNTER_CLIENTS);
  lgstore_text_raw(out, ",\"value\":{\"counts\":[");
  for (count = count->first; count != NULL; count = count->next, at++) {
    const uint32_t held = (uint32_t)json_number(count, 0);
    if (at == client) before = held;
    if (at > 0) lgstore_text_raw(out, ",");
    lgstore_text_number(out, at == client ? held + more : held);
  }
  lgstore_text_raw(out, "]}");
  return before;
}

/* One round: adds one if the item shows `known` increments of ours, settles an earlier one if it shows one
 * more. Whether the increment is known to be applied.
 *
 * An earlier round whose answer was lost may still be applied, but only while the item has the version that
 * that round has read. Each round names the version it has read, and every write changes it: so of all rounds
 * of one increment at most one is applied, and which count the item shows decides whether one was. */
static int increment_round(lwt_client_t *client, const char *key, uint32_t known) {
  answer_t current = get_decided(client->load, client->load->store, key), answer;
  const json_t *version = json_member(current.json, "version");
  lgstore_text_t body;
  uint32_t shown;
  int done;
  if (current.status != LGSTORE_OK) {
    done = is_documented(current.status) ? 0 : -1;
    answer_free(&current);
    return done;
  }
  if (version == NULL) {
    violation("%s is gone", key);
    answer_free(&current);
    return -1;
  }
  begin(&body, key);
  shown = counts_plus(current.json, client->number, 1, &body);
  if (shown != known) {
    lgstore_text_free(&body);
    answer_free(&current);
    if (shown == known + 1) return 1;
    violation("%s shows %u increments of client %d, which knows of %u", key, shown, client->number, known);
    return -1;
  }
  lgstore_text_raw(&body, ",\"expected_version\":");
  lgstore_text_value(&body, version->raw, version->raw_len);
  answer_free(&current);
  answer = ask(client->load->store, CLASS_CONDITIONAL, LGSTORE_OP_COMPARE_AND_SET, &body);
  done = applied(&answer);
  answer_free(&answer);
  return done;
}

void *lwt_count(void *argument) {
  lwt_client_t *client = argument;
  char key[32];
  while (!atomic_load(&client->load->stop)) {
    const int counter = (int)(random_next(&client->seed) % COUNTERS);
    const uint64_t until = now_us() + PATIENCE_SECONDS * SECOND_US;
    int done;
    useconds_t pause = 20000;
    counter_key(counter, key, sizeof key);
    while ((done = increment_round(client, key, client->increments[counter])) == 0) {
      if (now_us() > until) {
        violation("client %d does not learn what became of its increment of %s", client->number, key);
        return NULL;
      }
      /* Somebody was faster: eight clients that come again at once would keep each other from ever winning.
       */
      usleep(pause / 2 + (useconds_t)random_next(&client->seed) % pause);
      if (pause < 2000000) pause *= 2;
    }
    if (done < 0) return NULL;
    client->increments[counter]++;
    usleep((useconds_t)client->load->pause_us);
  }
  return NULL;
}

/* ---- registers: {"v":number} ---- */

static int value_of(const json_t *item) {
  return (int)json_number(json_member(json_member(item, "value"), "v"), 0);
}

static void value_text(lgstore_text_t *body, const char *member, int value) {
  lgstore_text_raw(body, ",\"");
  lgstore_text_raw(body, member);
  lgstore_text_raw(body, "\":{\"v\":");
  lgstore_text_number(body, (uint64_t)value);
  lgstore_text_raw(body, "}");
}

static const struct {
  const char *name;
  uint32_t op;
  int puts, expects;
} kinds[REGISTER_OPS] = {
    {"get", LGSTORE_OP_GET, 0, 0},
    {"put_if_absent", LGSTORE_OP_PUT_IF_ABSENT, 1, 0},
    {"update_if_exists", LGSTORE_OP_UPDATE_IF_EXISTS, 1, 0},
    {"compare_and_set", LGSTORE_OP_COMPARE_AND_SET, 1, 1},
    {"delete_if_exists", LGSTORE_OP_DELETE_IF_EXISTS, 0, 0},
    {"delete_if_value", LGSTORE_OP_DELETE_IF_VALUE, 0, 1},
};

/* One line of the history. What surely had no effect and told nothing is left out. */
static void record(const lwt_client_t *client, const char *key, int kind, int value, int expected,
                   uint64_t call_us, uint64_t return_us, const answer_t *answer) {
  const int unknown = answer->status == LGSTORE_E_UNKNOWN_OUTCOME;
  FILE *to = client->load->history;
  char until[32] = "null";
  int seen;
  if (to == NULL || (answer->status != LGSTORE_OK && (!unknown || kind == 0))) return;
  seen = value_of(kind == 0 ? answer->json : json_member(answer->json, "current"));
  if (!unknown) snprintf(until, sizeof until, "%llu", (unsigned long long)return_us * 1000);
  flockfile(to);
  fprintf(
      to,
      "{\"client\":%d,\"key\":\"%s\",\"op\":\"%s\",\"value\":%d,\"expected\":%d,\"call\":%llu,\"return\":%s,"
      "\"applied\":%s,\"seen\":%d}\n",
      client->number, key, kinds[kind].name, value, expected, (unsigned long long)call_us * 1000, until,
      applied(answer) ? "true" : "false", seen);
  funlockfile(to);
}

/* Keys change every few seconds: a history of one key that goes on and on takes the checker for ever. */
static void register_key(const lwt_client_t *client, char *out, size_t len, uint64_t draw) {
  const uint64_t epoch = (now_us() - client->load->began_us) / EPOCH_US;
  snprintf(out, len, "r%llu-%llu", (unsigned long long)epoch, (unsigned long long)(draw % KEYS_PER_EPOCH));
}

static void register_op(lwt_client_t *client, const char *key, int kind, int *expected) {
  const int value = kinds[kind].puts ? atomic_fetch_add(&client->load->next_value, 1) : 0;
  const uint64_t began = now_us();
  lgstore_text_t body;
  answer_t answer;
  uint64_t ended;
  if (kind == 0) {
    answer = get_decided(client->load, client->load->store, key);
  } else {
    begin(&body, key);
    if (kinds[kind].puts) value_text(&body, "value", value);
    if (kinds[kind].expects) value_text(&body, "expected_value", *expected);
    answer = ask(client->load->store, CLASS_CONDITIONAL, kinds[kind].op, &body);
  }
  ended = now_us();
  record(client, key, kind, value, kinds[kind].expects ? *expected : 0, began - client->load->began_us,
         ended - client->load->began_us, &answer);
  if (answer.status == LGSTORE_OK) {
    const json_t *seen = kind == 0 ? answer.json : json_member(answer.json, "current");
    *expected = applied(&answer) && kinds[kind].puts ? value : value_of(seen);
  }
  answer_free(&answer);
}

void *lwt_register(void *argument) {
  lwt_client_t *client = argument;
  char key[32], before[32] = "";
  int expected = 0;
  while (!atomic_load(&client->load->stop)) {
    register_key(client, key, sizeof key, random_next(&client->seed));
    if (strcmp(key, before) != 0) {
      /* What is held there is not known yet. */
      register_op(client, key, (int)(random_next(&client->seed) % 2), &expected);
      memcpy(before, key, sizeof before);
    }
    register_op(client, key, expected > 0 ? (int)(random_next(&client->seed) % REGISTER_OPS) : 1, &expected);
    usleep((useconds_t)(client->load->pause_us / 2));
  }
  return NULL;
}

/* ---- the beginning and the end ---- */

void lwt_init(lwt_t *load, lgstore_t *store, const char *profile, uint64_t pause_us, FILE *history) {
  static const char zeros[] = "{\"counts\":[0,0,0,0,0,0,0,0]}";
  lgstore_status_t status;
  char key[32];
  int at;
  memset(load, 0, sizeof *load);
  load->store = store;
  load->profile = profile;
  load->pause_us = pause_us;
  load->history = history;
  load->began_us = now_us();
  atomic_store(&load->next_value, 1);
  for (at = 0; at < COUNTER_CLIENTS; at++)
    load->counter_clients[at] = (lwt_client_t){load, at, (uint64_t)at * 77 + 5, {0}};
  for (at = 0; at < REGISTER_CLIENTS; at++)
    load->register_clients[at] = (lwt_client_t){load, at, (uint64_t)at * 99 + 7, {0}};
  for (at = 0; at < COUNTERS; at++) {
    counter_key(at, key, sizeof key);
    while ((status = lgstore_put_if_absent(store, PLACE, 2, key, SIZE_MAX, zeros, SIZE_MAX, NULL, NULL,
                                           NULL)) != LGSTORE_OK)
      MUST(is_documented(status));
  }
}

void lwt_read_back(lwt_t *load, lgstore_t *fresh) {
  char key[32];
  int at, client;
  for (at = 0; at < COUNTERS; at++) {
    answer_t answer;
    const json_t *count;
    uint64_t sum = 0;
    counter_key(at, key, sizeof key);
    answer = get_decided(load, fresh, key);
    count = json_member(json_member(answer.json, "value"), "counts");
    if (count == NULL || json_count(count) != COUNTER_CLIENTS) {
      violation("%s can't be read at the end", key);
      answer_free(&answer);
      continue;
    }
    for (client = 0, count = count->first; client < COUNTER_CLIENTS; client++, count = count->next) {
      const uint32_t known = load->counter_clients[client].increments[at];
      const uint32_t held = (uint32_t)json_number(count, -1);
      sum += held;
      if (held != known)
        violation("%s holds %u increments of client %d, which knows of %u", key, held, client, known);
    }
    printf("%s: %llu increments by %d clients\n", key, (unsigned long long)sum, COUNTER_CLIENTS);
    answer_free(&answer);
  }
}
