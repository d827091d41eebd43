/* A small reader of JSON for tests: a tree that keeps each value's own text. */
#ifndef LGSTORE_TESTS_JSON_H
#define LGSTORE_TESTS_JSON_H

#include <stddef.h>

/* Text that grows. `data` is NUL-terminated and NULL only while nothing was added. */
typedef struct text {
  char *data;
  size_t len;
  size_t capacity;
} text_t;

/* Appends bytes; ends the program when there is no memory. */
void text_add(text_t *text, const char *data, size_t len);
/* Appends a C string. */
void text_adds(text_t *text, const char *string);
void text_free(text_t *text);

typedef enum json_type {
  JSON_NULL,
  JSON_FALSE,
  JSON_TRUE,
  JSON_NUMBER,
  JSON_STRING,
  JSON_ARRAY,
  JSON_OBJECT
} json_type_t;

/* One value. Elements and members hang on `first` and follow each other by `next`. */
typedef struct json {
  json_type_t type;
  const char *raw; /* As it is written: a part of the text that was read. */
  size_t raw_len;
  double number;
  text_t string; /* Unescaped, UTF-8; may hold NUL. */
  text_t name;   /* Of a member. */
  struct json *first;
  struct json *next;
} json_t;

/* Reads one value and nothing more; NULL if the text is not JSON. `text` must outlive the tree. */
json_t *json_read(const char *text, size_t len);
void json_free(json_t *json);

/* The last member of this name; NULL if there is none or `object` is NULL or no object. */
const json_t *json_member(const json_t *object, const char *name);
const json_t *json_member_n(const json_t *object, const char *name, size_t len);
/* Whether a string (not NULL) is this text. */
int json_is(const json_t *string, const char *text);
/* The text of a string, or `otherwise` for NULL. */
const char *json_text(const json_t *string, const char *otherwise);
/* The value of a number, or `otherwise` for NULL. */
double json_number(const json_t *number, double otherwise);
/* The number of elements or members. */
size_t json_count(const json_t *json);
/* Appends `base` with the members of `over` laid over it, objects member by member. */
void json_merge(text_t *out, const json_t *base, const json_t *over);

#endif
