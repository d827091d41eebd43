#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any answer nests; bounds the recursion. */
#define DEEPEST 256

void text_add(text_t *text, const char *data, size_t len) {
  if (text->len + len + 1 > text->capacity) {
    size_t capacity = (text->len + len + 1) * 2;
    char *grown = (char *)realloc(text->data, capacity);
    if (grown == NULL) {
      fprintf(stderr, "no memory for %zu bytes\n", capacity);
      exit(2);
    }
    text->data = grown;
    text->capacity = capacity;
  }
  if (len > 0) memcpy(text->data + text->len, data, len);
  text->len += len;
  text->data[text->len] = '\0';
}

void text_adds(text_t *text, const char *string) {
  text_add(text, string, strlen(string));
}

void text_free(text_t *text) {
  free(text->data);
  memset(text, 0, sizeof *text);
}

typedef struct reader {
  const char *at;
  const char *end;
} reader_t;

static void space(reader_t *reader) {
  while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL && *reader->at != '\0')
    reader->at++;
}

static int takes(reader_t *reader, char wanted) {
  space(reader);
  if (reader->at >= reader->end || *reader->at != wanted) return 0;
  reader->at++;
  return 1;
}

static int hex4(reader_t *reader, unsigned *out) {
  unsigned sum = 0;
  int digit;
  if (reader->end - reader->at < 4) return 0;
  for (digit = 0; digit < 4; digit++) {
    char c = *reader->at++;
    unsigned value;
    if (c >= '0' && c <= '9') {
      value = (unsigned)(c - '0');
    } else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
      value = (unsigned)((c | 32) - 'a' + 10);
    } else {
      return 0;
    }
    sum = sum * 16 + value;
  }
  *out = sum;
  return 1;
}

static void utf8(text_t *out, unsigned c) {
  char bytes[4];
  size_t len = 0;
  if (c < 0x80) {
    bytes[len++] = (char)c;
  } else if (c < 0x800) {
    bytes[len++] = (char)(0xc0 | (c >> 6));
    bytes[len++] = (char)(0x80 | (c & 63));
  } else if (c < 0x10000) {
    bytes[len++] = (char)(0xe0 | (c >> 12));
    bytes[len++] = (char)(0x80 | ((c >> 6) & 63));
    bytes[len++] = (char)(0x80 | (c & 63));
  } else {
    bytes[len++] = (char)(0xf0 | (c >> 18));
    bytes[len++] = (char)(0x80 | ((c >> 12) & 63));
    bytes[len++] = (char)(0x80 | ((c >> 6) & 63));
    bytes[len++] = (char)(0x80 | (c & 63));
  }
  text_add(out, bytes, len);
}

/* What follows a backslash. */
static int escape(reader_t *reader, text_t *out) {
  static const char names[] = "\"\\/bfnrt", stand_for[] = "\"\\/\b\f\n\r\t";
  const char *found;
  unsigned c, low;
  if (reader->at >= reader->end || *reader->at == '\0') return 0;
  found = strchr(names, *reader->at);
  if (found != NULL) {
    reader->at++;
    text_add(out, &stand_for[found - names], 1);
    return 1;
  }
  if (*reader->at++ != 'u' || !hex4(reader, &c)) return 0;
  if (c >= 0xd800 && c < 0xdc00) {
    if (reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u') return 0;
    reader->at += 2;
    if (!hex4(reader, &low) || low < 0xdc00 || low > 0xdfff) return 0;
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  utf8(out, c);
  return 1;
}

static int string(reader_t *reader, text_t *out) {
  text_add(out, "", 0);
  if (!takes(reader, '"')) return 0;
  for (;;) {
    const char *from = reader->at;
    while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\') reader->at++;
    text_add(out, from, (size_t)(reader->at - from));
    if (reader->at >= reader->end) return 0;
    if (*reader->at++ == '"') return 1;
    if (!escape(reader, out)) return 0;
  }
}

static int number(reader_t *reader, double *out) {
  char digits[512];
  size_t len = 0;
  char *stop;
  while (reader->at + len < reader->end && reader->at[len] != '\0' &&
         strchr("+-.0123456789eE", reader->at[len]))
    len++;
  if (len == 0 || len >= sizeof digits) return 0;
  memcpy(digits, reader->at, len);
  digits[len] = '\0';
  *out = strtod(digits, &stop);
  reader->at += len;
  return *stop == '\0';
}

static int word(reader_t *reader, const char *wanted) {
  size_t len = strlen(wanted);
  if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, wanted, len) != 0) return 0;
  reader->at += len;
  return 1;
}

static json_t *value(reader_t *reader, int levels);

/* The elements or members up to the closing bracket. */
static int children(reader_t *reader, json_t *parent, int levels) {
  int object = parent->type == JSON_OBJECT;
  char close = object ? '}' : ']';
  json_t **last = &parent->first;
  if (takes(reader, close)) return 1;
  do {
    text_t name = {0};
    json_t *child = NULL;
    if (!object || (string(reader, &name) && takes(reader, ':'))) child = value(reader, levels - 1);
    if (child == NULL) {
      text_free(&name);
      return 0;
    }
    child->name = name;
    *last = child;
    last = &child->next;
  } while (takes(reader, ','));
  return takes(reader, close);
}

static json_t *value(reader_t *reader, int levels) {
  json_t *json = (json_t *)calloc(1, sizeof *json);
  int good;
  space(reader);
  if (json == NULL || levels == 0 || reader->at >= reader->end) {
    free(json);
    return NULL;
  }
  json->raw = reader->at;
  switch (*reader->at) {
    case '"':
      json->type = JSON_STRING, good = string(reader, &json->string);
      break;
    case '[':
      json->type = JSON_ARRAY, reader->at++, good = children(reader, json, levels);
      break;
    case '{':
      json->type = JSON_OBJECT, reader->at++, good = children(reader, json, levels);
      break;
    case 't':
      json->type = JSON_TRUE, good = word(reader, "true");
      break;
    case 'f':
      json->type = JSON_FALSE, good = word(reader, "false");
      break;
    case 'n':
      json->type = JSON_NULL, good = word(reader, "null");
      break;
    default:
      json->type = JSON_NUMBER, good = number(reader, &json->number);
  }
  json->raw_len = (size_t)(reader->at - json->raw);
  if (good) return json;
  json_free(json);
  return NULL;
}

json_t *json_read(const char *text, size_t len) {
  reader_t reader = {text, text + len};
  json_t *json = value(&reader, DEEPEST);
  space(&reader);
  if (reader.at == reader.end) return json;
  json_free(json);
  return NULL;
}

void json_free(json_t *json) {
  while (json != NULL) {
    json_t *next = json->next;
    json_free(json->first);
    text_free(&json->string);
    text_free(&json->name);
    free(json);
    json = next;
  }
}

const json_t *json_member_n(const json_t *object, const char *name, size_t len) {
  const json_t *found = NULL, *member;
  if (object == NULL || object->type != JSON_OBJECT) return NULL;
  for (member = object->first; member != NULL; member = member->next) {
    if (member->name.len == len && memcmp(member->name.data, name, len) == 0) found = member;
  }
  return found;
}

const json_t *json_member(const json_t *object, const char *name) {
  return json_member_n(object, name, strlen(name));
}

int json_is(const json_t *string, const char *text) {
  return string != NULL && string->type == JSON_STRING && strlen(text) == string->string.len &&
         memcmp(string->string.data, text, string->string.len) == 0;
}

const char *json_text(const json_t *string, const char *otherwise) {
  return string != NULL && string->type == JSON_STRING ? string->string.data : otherwise;
}

double json_number(const json_t *number, double otherwise) {
  return number != NULL && number->type == JSON_NUMBER ? number->number : otherwise;
}

size_t json_count(const json_t *json) {
  size_t count = 0;
  const json_t *child;
  for (child = json->first; child != NULL; child = child->next) count++;
  return count;
}

/* A member's value with `over` laid over it, and a comma before it unless it is the first. */
static void merge_member(text_t *out, const json_t *member, const json_t *base, const json_t *over) {
  text_adds(out, out->data[out->len - 1] == '{' ? "\"" : ",\"");
  text_add(out, member->name.data, member->name.len);
  text_adds(out, "\":");
  if (base != NULL && over != NULL) {
    json_merge(out, base, over);
  } else {
    text_add(out, member->raw, member->raw_len);
  }
}

void json_merge(text_t *out, const json_t *base, const json_t *over) {
  const json_t *member;
  if (base->type != JSON_OBJECT || over->type != JSON_OBJECT) {
    text_add(out, over->raw, over->raw_len);
    return;
  }
  text_adds(out, "{");
  for (member = base->first; member != NULL; member = member->next)
    merge_member(out, member, member, json_member_n(over, member->name.data, member->name.len));
  for (member = over->first; member != NULL; member = member->next) {
    if (json_member_n(base, member->name.data, member->name.len) == NULL)
      merge_member(out, member, NULL, member);
  }
  text_adds(out, "}");
}
