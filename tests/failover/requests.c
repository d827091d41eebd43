/* Which requests the plain load sends, and with what. */
#include "../c/support/check.h"

#include <lgstore_ops.h>

#include "plain.h"

enum { BATCH_WRITES = 4, BATCH_GETS = 2, NEW_KEYS_PER_PLACE = 200 };

void plain_add_key(plain_t *load, item_key_t *key) {
  if (load->count == load->capacity) {
    load->capacity = load->capacity == 0 ? 1024 : 2 * load->capacity;
    load->keys = realloc(load->keys, load->capacity * sizeof *load->keys);
    MUST(load->keys != NULL);
  }
  load->keys[load->count++] = key;
}

/* A new record under the next tag; inside the lock. */
static request_record_t *new_request(plain_t *load, class_t kind, uint64_t due_us, size_t n_uses) {
  request_record_t *request = calloc(1, sizeof *request + n_uses * sizeof *request->uses);
  if (load->sent == load->sent_capacity) {
    load->sent_capacity = load->sent_capacity == 0 ? 4096 : 2 * load->sent_capacity;
    load->requests = realloc(load->requests, load->sent_capacity * sizeof *load->requests);
  }
  MUST(request != NULL && load->requests != NULL);
  request->load = load;
  request->kind = kind;
  request->phase = report_phase();
  request->due_us = due_us;
  request->n_uses = n_uses;
  load->requests[load->sent++] = request;
  load->open++;
  return request;
}

static void use_for_read(use_t *use, item_key_t *key) {
  *use = (use_t){key, key->floor, 1};
}

static void use_for_write(use_t *use, item_key_t *key, int deletes) {
  *use = (use_t){key, 0, 0};
  use->number = key_begin(key, deletes);
}

/* A key of the pool that nobody is writing; NULL when it can't be found quickly. */
static item_key_t *free_key(plain_t *load) {
  int tries;
  for (tries = 0; tries < 20; tries++) {
    item_key_t *key = load->keys[random_next(&load->seed) % POOL];
    if (!key->writing) return key;
  }
  return NULL;
}

/* A key that was never written, in a namespace of its own or in one with others. */
static item_key_t *fresh_key(plain_t *load, int new_place) {
  char place[24], name[24];
  const size_t number = load->count;
  if (new_place)
    snprintf(place, sizeof place, "new%06zu", load->new_places++);
  else
    snprintf(place, sizeof place, "log%04zu", number / NEW_KEYS_PER_PLACE);
  snprintf(name, sizeof name, "n%06zu", number);
  plain_add_key(load, key_new(place, name));
  return load->keys[number];
}

static void add_to_batch(lgstore_batch_t *batch, const use_t *use) {
  const char *const labels[] = {"failover", use->key->place};
  text_t value = {0};
  if (use->reads) {
    lgstore_batch_get(batch, labels, 2, use->key->name, SIZE_MAX, NULL);
  } else if (use->key->writes[use->number].deletes) {
    lgstore_batch_delete(batch, labels, 2, use->key->name, SIZE_MAX);
  } else {
    key_value(use->key, use->number, 200, &value);
    lgstore_batch_put(batch, labels, 2, use->key->name, SIZE_MAX, value.data, value.len, NULL);
  }
  text_free(&value);
}

static lgstore_status_t send_batch(request_record_t *request, uint64_t tag, lgstore_callback_t completed,
                                   lgstore_error_t **err) {
  lgstore_batch_options_t options = {0};
  lgstore_batch_t batch;
  lgstore_status_t status;
  size_t at;
  options.tag = tag;
  options.logged = request->kind == CLASS_LOGGED_BATCH;
  lgstore_batch_begin(&batch, &options);
  for (at = 0; at < request->n_uses; at++) add_to_batch(&batch, &request->uses[at]);
  status = lgstore_batch_submit(request->load->store, &batch, NULL, NULL, err, completed, request->load);
  lgstore_batch_free(&batch);
  return status;
}

static lgstore_status_t send_put(request_record_t *request, uint64_t tag, lgstore_callback_t completed,
                                 lgstore_error_t **err) {
  const use_t *use = &request->uses[0];
  const char *const labels[] = {"failover", use->key->place};
  lgstore_put_options_t options = {0};
  lgstore_status_t status;
  text_t value = {0};
  options.tag = tag;
  key_value(use->key, use->number, 100 + tag % 300, &value);
  status = lgstore_put_submit(request->load->store, labels, 2, use->key->name, SIZE_MAX, value.data,
                              value.len, &options, NULL, NULL, err, completed, request->load);
  text_free(&value);
  return status;
}

lgstore_status_t plain_send(request_record_t *request, uint64_t tag, lgstore_callback_t completed,
                            lgstore_error_t **err) {
  const item_key_t *key = request->uses[0].key;
  const char *const labels[] = {"failover", key->place};
  lgstore_t *store = request->load->store;
  lgstore_options_t options = {0};
  lgstore_get_options_t get = {0};
  lgstore_search_options_t search = {0};
  options.tag = get.tag = search.tag = tag;
  search.limit = 2 * KEYS_PER_PLACE;
  switch (request->kind) {
    case CLASS_GET:
      return lgstore_get_submit(store, labels, 2, key->name, SIZE_MAX, &get, NULL, NULL, err, completed,
                                request->load);
    case CLASS_DELETE:
      return lgstore_delete_submit(store, labels, 2, key->name, SIZE_MAX, &options, NULL, NULL, err,
                                   completed, request->load);
    case CLASS_SEARCH:
      return lgstore_search_submit(store, labels, 2, &search, NULL, NULL, err, completed, request->load);
    case CLASS_BATCH:
    case CLASS_LOGGED_BATCH:
      return send_batch(request, tag, completed, err);
    default:
      return send_put(request, tag, completed, err);
  }
}

/* ---- what to send next; inside the lock; NULL = nothing is free for it ---- */

static request_record_t *a_write(plain_t *load, class_t kind, uint64_t due_us) {
  request_record_t *request;
  item_key_t *key = kind == CLASS_PUT_NEW_KEY         ? fresh_key(load, 0)
                    : kind == CLASS_PUT_NEW_NAMESPACE ? fresh_key(load, 1)
                                                      : free_key(load);
  if (key == NULL) return NULL;
  request = new_request(load, kind, due_us, 1);
  use_for_write(&request->uses[0], key, kind == CLASS_DELETE);
  return request;
}

static request_record_t *a_get(plain_t *load, uint64_t due_us) {
  const size_t among = random_next(&load->seed) % 3 == 0 ? load->count : POOL;
  request_record_t *request = new_request(load, CLASS_GET, due_us, 1);
  use_for_read(&request->uses[0], load->keys[random_next(&load->seed) % among]);
  return request;
}

static request_record_t *a_search(plain_t *load, uint64_t due_us) {
  const size_t place = random_next(&load->seed) % PLACES;
  request_record_t *request = new_request(load, CLASS_SEARCH, due_us, KEYS_PER_PLACE);
  size_t at;
  for (at = 0; at < KEYS_PER_PLACE; at++)
    use_for_read(&request->uses[at], load->keys[place * KEYS_PER_PLACE + at]);
  return request;
}

static request_record_t *a_batch(plain_t *load, uint64_t due_us) {
  item_key_t *keys[BATCH_WRITES];
  request_record_t *request;
  size_t at, other;
  for (at = 0; at < BATCH_WRITES; at++) {
    keys[at] = free_key(load);
    if (keys[at] == NULL) return NULL;
    for (other = 0; other < at; other++)
      if (keys[other] == keys[at]) return NULL;
  }
  request = new_request(load, CLASS_BATCH, due_us, BATCH_WRITES + BATCH_GETS);
  for (at = 0; at < BATCH_GETS; at++)
    use_for_read(&request->uses[BATCH_WRITES + at], load->keys[random_next(&load->seed) % POOL]);
  for (at = 0; at < BATCH_WRITES; at++) use_for_write(&request->uses[at], keys[at], at == 0);
  return request;
}

static request_record_t *a_logged_batch(plain_t *load, uint64_t due_us) {
  item_key_t **group = &load->keys[POOL + random_next(&load->seed) % GROUPS * GROUP_KEYS];
  request_record_t *request;
  size_t at;
  if (group[0]->writing) return NULL;
  request = new_request(load, CLASS_LOGGED_BATCH, due_us, GROUP_KEYS);
  for (at = 0; at < GROUP_KEYS; at++) use_for_write(&request->uses[at], group[at], 0);
  return request;
}

request_record_t *plain_next(plain_t *load, uint64_t due_us) {
  const uint64_t draw = random_next(&load->seed) % 100;
  request_record_t *request = NULL;
  if (draw < 26) {
    request = a_write(load, CLASS_PUT, due_us);
  } else if (draw < 36) {
    request = a_write(load, CLASS_PUT_NEW_KEY, due_us);
  } else if (draw < 38) {
    request = a_write(load, CLASS_PUT_NEW_NAMESPACE, due_us);
  } else if (draw < 44) {
    request = a_write(load, CLASS_DELETE, due_us);
  } else if (draw < 50) {
    request = a_batch(load, due_us);
  } else if (draw < 52) {
    request = a_logged_batch(load, due_us);
  } else if (draw < 60) {
    request = a_search(load, due_us);
  }
  return request != NULL ? request : a_get(load, due_us);
}
