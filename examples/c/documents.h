/* Reads the example data (JSON Lines, each line the body of a put) and answers from it what the store
 * should answer. Used by memories.c only. */
#ifndef DOCUMENTS_H
#define DOCUMENTS_H

#include <lgstore_text.h>
#include <stdio.h>

/* One document; the parts lie in `line` as they are written there, quotes and brackets included. */
typedef struct document {
  char *line;
  const char *labels, *key, *value;
  size_t line_len, labels_len, key_len, value_len;
} document_t;

typedef struct documents {
  document_t *list;
  size_t count, capacity;
} documents_t;

static int add_document(documents_t *documents, const char *line, size_t len) {
  document_t document = {0};
  if (documents->count == documents->capacity) {
    const size_t capacity = documents->capacity > 0 ? documents->capacity * 2 : 1024;
    document_t *grown = (document_t *)realloc(documents->list, capacity * sizeof *grown);
    if (grown == NULL) return 0;
    documents->list = grown;
    documents->capacity = capacity;
  }
  document.line = (char *)malloc(len);
  if (document.line == NULL) return 0;
  memcpy(document.line, line, len);
  document.line_len = len;
  document.labels = lgstore_json_member(document.line, len, "namespace", &document.labels_len);
  document.key = lgstore_json_member(document.line, len, "key", &document.key_len);
  document.value = lgstore_json_member(document.line, len, "value", &document.value_len);
  if (document.labels == NULL || document.key == NULL || document.value == NULL) {
    free(document.line);
    return 0;
  }
  documents->list[documents->count++] = document;
  return 1;
}

/* Adds the lines of a file; says on stderr why it can't. */
static int read_documents(documents_t *documents, const char *folder, const char *name) {
  char path[4096], line[8192];
  FILE *file;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "rb");
  if (file == NULL) {
    perror(path);
    return 0;
  }
  while (fgets(line, sizeof line, file) != NULL) {
    const size_t len = strlen(line);
    if (len == 0 || line[len - 1] != '\n' || !add_document(documents, line, len - 1)) {
      fprintf(stderr, "%s: not a document: %s\n", path, line);
      fclose(file);
      return 0;
    }
  }
  fclose(file);
  return 1;
}

static void free_documents(documents_t *documents) {
  size_t i;
  for (i = 0; i < documents->count; i++) free(documents->list[i].line);
  free(documents->list);
}

static int contains(const char *text, size_t len, const char *part) {
  const size_t part_len = strlen(part);
  size_t at;
  for (at = 0; at + part_len <= len; at++) {
    if (memcmp(text + at, part, part_len) == 0) return 1;
  }
  return 0;
}

/* Number of documents whose namespace's text begins with `labels` and whose value's text contains `part`
 * (NULL = any). */
static size_t count_documents(const documents_t *documents, const char *labels, const char *part) {
  size_t i, n = 0;
  for (i = 0; i < documents->count; i++) {
    const document_t *document = &documents->list[i];
    if (document->labels_len < strlen(labels) || memcmp(document->labels, labels, strlen(labels)) != 0)
      continue;
    n += part == NULL || contains(document->value, document->value_len, part);
  }
  return n;
}

/* Length of the text of the first `depth` labels of a namespace, from its bracket on. */
static size_t labels_prefix(const document_t *document, int depth) {
  size_t at, commas = 0;
  for (at = 0; at + 1 < document->labels_len; at++) {
    if (document->labels[at] == ',' && ++commas == (size_t)depth) break;
  }
  return at;
}

/* Number of different namespaces when cut after `depth` labels. */
static size_t count_places(const documents_t *documents, int depth) {
  size_t i, j, n = 0;
  for (i = 0; i < documents->count; i++) {
    const size_t len = labels_prefix(&documents->list[i], depth);
    for (j = 0; j < i; j++) {
      if (labels_prefix(&documents->list[j], depth) == len &&
          memcmp(documents->list[j].labels, documents->list[i].labels, len) == 0)
        break;
    }
    n += i == j;
  }
  return n;
}

/* Removes a store's file and the files that belong to it. */
static void remove_store(const char *path) {
  static const char *const endings[] = {"", "-wal", "-shm"};
  char name[4096];
  size_t i;
  for (i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    remove(name);
  }
}

#endif /* DOCUMENTS_H */
