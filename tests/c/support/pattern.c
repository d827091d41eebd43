#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The index of what was captured under this name; `count` if nothing was. */
static size_t find(const captures_t *captures, const char *name, size_t name_len) {
  size_t index;
  for (index = 0; index < captures->count; index++) {
    const text_t *known = &captures->entries[index].name;
    if (known->len == name_len && memcmp(known->data, name, name_len) == 0) break;
  }
  return index;
}

const char *captured(const captures_t *captures, const char *name, size_t name_len) {
  size_t index = find(captures, name, name_len);
  return index < captures->count ? captures->entries[index].value.data : NULL;
}

void substitute(const captures_t *captures, const char *text, size_t len, text_t *out) {
  const char *end = text + len;
  while (text < end) {
    const char *close = NULL, *value = NULL;
    if (end - text > 3 && text[0] == '$' && text[1] == '{') close = memchr(text, '}', (size_t)(end - text));
    if (close != NULL) value = captured(captures, text + 2, (size_t)(close - text) - 2);
    if (value != NULL) {
      text_adds(out, value);
      text = close + 1;
    } else {
      text_add(out, text++, 1);
    }
  }
}

static void add_part(const json_t *part, const captures_t *captures, text_t *out) {
  const json_t *repeat = json_member(part, "repeat"), *between = json_member(part, "between");
  const char *hex = json_text(json_member(part, "hex"), NULL);
  if (part->type == JSON_STRING) {
    substitute(captures, part->string.data, part->string.len, out);
  } else if (hex != NULL) {
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
      char digits[3] = {hex[0], hex[1], '\0'}, byte = (char)strtol(digits, NULL, 16);
      text_add(out, &byte, 1);
    }
  } else if (repeat != NULL) {
    long first = (long)json_number(json_member(part, "from"), 0), turn;
    long end = first + (long)json_number(json_member(part, "times"), 0);
    for (turn = first; turn < end; turn++) {
      const char *rest = repeat->string.data, *mark;
      char number[32];
      snprintf(number, sizeof number, "%ld", turn);
      if (between != NULL && turn > first) text_add(out, between->string.data, between->string.len);
      for (; (mark = strstr(rest, "${i}")) != NULL; rest = mark + 4) {
        text_add(out, rest, (size_t)(mark - rest));
        text_adds(out, number);
      }
      text_adds(out, rest);
    }
  } else {
    fprintf(stderr, "unknown part: %.80s\n", part->raw);
    exit(2);
  }
}

void write_body(const json_t *step, const captures_t *captures, text_t *out) {
  const json_t *body = json_member(step, "body"), *text = json_member(step, "text");
  const json_t *parts = json_member(step, "parts");
  text_add(out, "", 0);
  if (body != NULL) substitute(captures, body->raw, body->raw_len, out);
  if (text != NULL) substitute(captures, text->string.data, text->string.len, out);
  if (parts != NULL) {
    const json_t *part;
    for (part = parts->first; part != NULL; part = part->next) add_part(part, captures, out);
  }
}

void captures_free(captures_t *captures) {
  size_t index;
  for (index = 0; index < captures->count; index++) {
    text_free(&captures->entries[index].name);
    text_free(&captures->entries[index].value);
  }
  captures->count = 0;
}

int64_t micros(const char *time) {
  static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  long year, month, day, hour, minute, second, micro, days;
  size_t index;
  if (strlen(time) != sizeof form - 1) return -1;
  for (index = 0; index < sizeof form - 1; index++) {
    int digit = time[index] >= '0' && time[index] <= '9';
    if (form[index] == 'd' ? !digit : time[index] != form[index]) return -1;
  }
  if (sscanf(time, "%4ld-%2ld-%2ldT%2ld:%2ld:%2ld.%6ldZ", &year, &month, &day, &hour, &minute, &second,
             &micro) != 7)
    return -1;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return -1;
  /* Days from a civil date, with years that begin in March. */
  year -= month <= 2;
  month = month > 2 ? month - 3 : month + 9;
  days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719469;
  return ((((int64_t)days * 24 + hour) * 60 + minute) * 60 + second) * 1000000 + micro;
}

static int near(const char *a, const char *b, double seconds) {
  int64_t left = micros(a), right = micros(b);
  double apart = (double)(left > right ? left - right : right - left) / 1e6;
  return left >= 0 && right >= 0 && seconds > 0 && apart <= seconds;
}

int captures_hold(const captures_t *captures, const json_t *a, const char *relation, const json_t *b) {
  size_t left = find(captures, a->string.data, a->string.len);
  size_t right = find(captures, b->string.data, b->string.len);
  const char *first, *second;
  int order;
  if (left == captures->count || right == captures->count) {
    fprintf(stderr, "nothing was captured: %s or %s\n", a->string.data, b->string.data);
    exit(2);
  }
  first = captures->entries[left].value.data;
  second = captures->entries[right].value.data;
  if ((captures->entries[left].expiry || captures->entries[right].expiry) &&
      near(first, second, captures->slack))
    return strcmp(relation, "!=") != 0;
  order = strcmp(first, second);
  if (strcmp(relation, "<") == 0) return order < 0;
  if (strcmp(relation, "<=") == 0) return order <= 0;
  if (strcmp(relation, "=") == 0) return order == 0;
  return strcmp(relation, "!=") == 0 && order != 0;
}

static int is_version(const char *text, size_t len) {
  size_t index;
  if (len != 36) return 0;
  for (index = 0; index < len; index++) {
    const char *allowed = "0123456789abcdef";
    if (index == 8 || index == 13 || index == 18 || index == 23) allowed = "-";
    if (index == 14) allowed = "7";
    if (index == 19) allowed = "89ab";
    if (text[index] == '\0' || strchr(allowed, text[index]) == NULL) return 0;
  }
  return 1;
}

static int differs(const char *at, const char *what, const json_t *pattern, const json_t *got, text_t *why) {
  text_adds(why, "at ");
  text_adds(why, at);
  text_adds(why, ": ");
  text_adds(why, what);
  text_adds(why, "expected ");
  if (pattern != NULL) text_add(why, pattern->raw, pattern->raw_len);
  if (pattern == NULL) text_adds(why, "nothing");
  text_adds(why, ", got ");
  if (got != NULL) text_add(why, got->raw, got->raw_len);
  if (got == NULL) text_adds(why, "nothing");
  return 0;
}

enum { NO_PLACEHOLDER = -1 };

/* Whether the string `pattern` stands for something and `got` is that: 1, 0, or NO_PLACEHOLDER. */
static int stands_for(captures_t *captures, const json_t *pattern, const json_t *got, const char *at,
                      text_t *why) {
  const char *text = pattern->string.data, *colon = strchr(text, ':'), *value;
  size_t index;
  int expiry;
  size_t kind = colon != NULL ? (size_t)(colon - text) : pattern->string.len;
  int time = kind == 5 && strncmp(text, "$time", kind) == 0;
  int version = kind == 8 && strncmp(text, "$version", kind) == 0;
  int cursor = kind == 7 && strncmp(text, "$cursor", kind) == 0;
  if (strcmp(text, "$any") == 0) return got != NULL ? 1 : differs(at, "", pattern, got, why);
  if (!time && !version && !cursor) return NO_PLACEHOLDER;
  if (got == NULL || got->type != JSON_STRING) return differs(at, "", pattern, got, why);
  value = got->string.data;
  if ((time && micros(value) < 0) || (version && !is_version(value, got->string.len)) ||
      (cursor && *value == '\0'))
    return differs(at, "", pattern, got, why);
  if (colon == NULL) return 1;
  index = find(captures, colon + 1, strlen(colon + 1));
  expiry = strlen(at) > strlen(".expires_at") &&
           strcmp(at + strlen(at) - strlen(".expires_at"), ".expires_at") == 0;
  if (index < captures->count) {
    const char *known = captures->entries[index].value.data;
    if (strcmp(known, value) == 0) return 1;
    if (expiry && near(known, value, captures->slack)) return 1;
    return differs(at, "another than before: ", pattern, got, why);
  }
  if (captures->count == sizeof captures->entries / sizeof captures->entries[0]) {
    fprintf(stderr, "a case captures too much\n");
    exit(2);
  }
  text_adds(&captures->entries[captures->count].name, colon + 1);
  text_adds(&captures->entries[captures->count].value, value);
  captures->entries[captures->count].expiry = expiry;
  captures->count++;
  return 1;
}

static int objects(captures_t *captures, const json_t *pattern, const json_t *got, const char *at,
                   text_t *why) {
  int more = json_member(pattern, "$more") != NULL, good = 1;
  const json_t *member;
  for (member = got->first; member != NULL && !more; member = member->next) {
    if (json_member_n(pattern, member->name.data, member->name.len) == NULL) {
      text_t where = {0};
      text_adds(&where, at);
      text_adds(&where, ".");
      text_add(&where, member->name.data, member->name.len);
      differs(where.data, "", NULL, member, why);
      text_free(&where);
      return 0;
    }
  }
  for (member = pattern->first; member != NULL && good; member = member->next) {
    text_t where = {0};
    if (strcmp(member->name.data, "$more") == 0) continue;
    /* Of members of one name the last counts. */
    if (json_member_n(pattern, member->name.data, member->name.len) != member) continue;
    text_adds(&where, at);
    text_adds(&where, ".");
    text_add(&where, member->name.data, member->name.len);
    good =
        matches(captures, member, json_member_n(got, member->name.data, member->name.len), where.data, why);
    text_free(&where);
  }
  return good;
}

static int arrays(captures_t *captures, const json_t *pattern, const json_t *got, const char *at,
                  text_t *why) {
  const json_t *wanted = pattern->first, *found = got->first;
  size_t index = 0;
  int good = 1;
  if (json_count(pattern) != json_count(got))
    return differs(at, "another number of elements: ", pattern, got, why);
  for (; wanted != NULL && good; wanted = wanted->next, found = found->next) {
    text_t where = {0};
    char number[32];
    snprintf(number, sizeof number, "[%zu]", index++);
    text_adds(&where, at);
    text_adds(&where, number);
    good = matches(captures, wanted, found, where.data, why);
    text_free(&where);
  }
  return good;
}

int matches(captures_t *captures, const json_t *pattern, const json_t *got, const char *at, text_t *why) {
  int same;
  if (pattern->type == JSON_STRING) {
    int stood = stands_for(captures, pattern, got, at, why);
    if (stood != NO_PLACEHOLDER) return stood;
  }
  if (got == NULL || got->type != pattern->type) return differs(at, "", pattern, got, why);
  switch (pattern->type) {
    case JSON_OBJECT:
      return objects(captures, pattern, got, at, why);
    case JSON_ARRAY:
      return arrays(captures, pattern, got, at, why);
    case JSON_NUMBER:
      same = !(pattern->number < got->number) && !(pattern->number > got->number);
      break;
    case JSON_STRING:
      same = pattern->string.len == got->string.len &&
             memcmp(pattern->string.data, got->string.data, got->string.len) == 0;
      break;
    default:
      same = 1;
  }
  return same ? 1 : differs(at, "", pattern, got, why);
}
