/*
 * lgstore_text.h: the little JSON that C programs need around lgstore: a growable buffer that escapes
 * what it is given, and a reader that finds members and elements in an answer without copying.
 * Header-only, C99 and C++17; lgstore_ops.h includes it.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 */
#ifndef LGSTORE_TEXT_H
#define LGSTORE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* As a length: "the text ends at its NUL". */
#define LGSTORE_STRLEN SIZE_MAX

/* Text under construction. Starts in `first`, moves to the heap when it grows beyond. */
typedef struct lgstore_text {
  char *data;
  size_t len;
  size_t capacity;
  int failed; /* memory ran out; what was appended since is missing */
  char first[256];
} lgstore_text_t;

/* Makes an empty text. It must not be copied or moved while it is in use. */
static inline void lgstore_text_init(lgstore_text_t *text) {
  text->data = text->first;
  text->len = 0;
  text->capacity = sizeof text->first;
  text->failed = 0;
}

/* Releases what the text holds. */
static inline void lgstore_text_free(lgstore_text_t *text) {
  if (text->data != text->first) free(text->data);
  lgstore_text_init(text);
}

/* Appends bytes as they are. */
static inline void lgstore_text_append(lgstore_text_t *text, const char *bytes, size_t len) {
  if (text->failed || len == 0) return;
  if (len > text->capacity - text->len) {
    const size_t needed = text->len + len;
    const size_t capacity = needed > SIZE_MAX / 2 ? needed : needed * 2;
    char *grown;
    if (needed < len) {
      text->failed = 1;
      return;
    }
    grown = (char *)(text->data == text->first ? malloc(capacity) : realloc(text->data, capacity));
    if (grown == NULL) {
      text->failed = 1;
      return;
    }
    if (text->data == text->first) memcpy(grown, text->first, text->len);
    text->data = grown;
    text->capacity = capacity;
  }
  memcpy(text->data + text->len, bytes, len);
  text->len += len;
}

/* Appends NUL-terminated bytes as they are. */
static inline void lgstore_text_raw(lgstore_text_t *text, const char *bytes) {
  lgstore_text_append(text, bytes, strlen(bytes));
}

/* Appends a JSON string. Bytes that are not UTF-8 go through; the library refuses them. */
static inline void lgstore_text_string(lgstore_text_t *text, const char *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  size_t start = 0, at;
  if (bytes == NULL) len = 0;
  if (len == LGSTORE_STRLEN) len = strlen(bytes);
  lgstore_text_append(text, "\"", 1);
  for (at = 0; at < len; at++) {
    const unsigned char c = (unsigned char)bytes[at];
    char escape[6] = {'\\', 'u', '0', '0', '0', '0'};
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    lgstore_text_append(text, bytes + start, at - start);
    start = at + 1;
    if (c < 0x20) {
      escape[4] = digits[c >> 4];
      escape[5] = digits[c & 15];
      lgstore_text_append(text, escape, 6);
    } else {
      escape[1] = (char)c;
      lgstore_text_append(text, escape, 2);
    }
  }
  if (len > start) lgstore_text_append(text, bytes + start, len - start);
  lgstore_text_append(text, "\"", 1);
}

/* Appends a decimal number. */
static inline void lgstore_text_number(lgstore_text_t *text, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + (char)(number % 10));
    number /= 10;
  } while (number != 0);
  lgstore_text_append(text, digits + at, sizeof digits - at);
}

/* Whether a byte is JSON's white space. */
static inline int lgstore_json_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The place after the value that begins at `at` (no white space before it), or `end` where it is cut
 * off. Counts brackets and skips strings; it does not check the value. */
static inline const char *lgstore_json_skip(const char *at, const char *end) {
  size_t depth = 0;
  while (at < end) {
    const char c = *at;
    if (depth == 0 && (c == ',' || c == ']' || c == '}' || c == ':' || lgstore_json_blank(c))) return at;
    at++;
    if (c == '"') {
      while (at < end && *at != '"') at += *at == '\\' && at + 1 < end ? 2 : 1;
      if (at < end) at++;
      if (depth == 0) return at;
    } else if (c == '{' || c == '[') {
      depth++;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return at;
    }
  }
  return end;
}

/* Appends JSON text so that it stays one value where it stands. Text that goes on after its first value
 * could bring members of its own into the request; it is appended as a string, which the library then
 * refuses where it asks for an object. NULL is null. */
static inline void lgstore_text_value(lgstore_text_t *text, const char *json, size_t len) {
  const char *at, *end;
  if (json == NULL) {
    lgstore_text_raw(text, "null");
    return;
  }
  if (len == LGSTORE_STRLEN) len = strlen(json);
  end = json + len;
  for (at = json; at < end && lgstore_json_blank(*at); at++) continue;
  if (at < end && lgstore_json_skip(at, end) > at) {
    at = lgstore_json_skip(at, end);
    while (at < end && lgstore_json_blank(*at)) at++;
    if (at == end) {
      lgstore_text_append(text, json, len);
      return;
    }
  }
  lgstore_text_string(text, json, len);
}

/* Steps through the array or object that `json` is. `*at` is NULL before the first step. Returns the
 * next element's (member's) value with its length in `*len`, or NULL at the end; of a member, `name` and
 * `name_len` (may be NULL) give the name between its quotes, escapes as they are. */
static inline const char *lgstore_json_next(const char *json, size_t json_len, const char **at,
                                            const char **name, size_t *name_len, size_t *len) {
  const char *end = json + json_len, *value, *here = *at;
  int member;
  while (json < end && lgstore_json_blank(*json)) json++;
  if (json == end || (*json != '[' && *json != '{')) return NULL;
  member = *json == '{';
  if (here == NULL) here = json + 1;
  while (here < end && (lgstore_json_blank(*here) || *here == ',')) here++;
  if (here >= end || *here == ']' || *here == '}') return NULL;
  if (member) {
    const char *after = lgstore_json_skip(here, end);
    if (*here != '"' || after - here < 2) return NULL;
    if (name != NULL) *name = here + 1;
    if (name_len != NULL) *name_len = (size_t)(after - here) - 2;
    for (here = after; here < end && (lgstore_json_blank(*here) || *here == ':');) here++;
  }
  value = here;
  here = lgstore_json_skip(here, end);
  if (here == value) return NULL;
  *at = here;
  *len = (size_t)(here - value);
  return value;
}

/* The value of the object's member `name` (which needs no escapes), with its length in `*len`; NULL when
 * there is none. `json` is an answer of the library, or a part of one. */
static inline const char *lgstore_json_member(const char *json, size_t json_len, const char *name,
                                              size_t *len) {
  const char *at = NULL, *found = NULL, *value;
  size_t found_len = 0, value_len = 0;
  const size_t name_len = strlen(name);
  *len = 0;
  if (json == NULL) return NULL;
  while ((value = lgstore_json_next(json, json_len, &at, &found, &found_len, &value_len)) != NULL) {
    if (found != NULL && found_len == name_len && memcmp(found, name, name_len) == 0) {
      *len = value_len;
      return value;
    }
  }
  return NULL;
}

#endif /* LGSTORE_TEXT_H */
