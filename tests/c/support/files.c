#define _POSIX_C_SOURCE 200809L
#include "files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t files_ending(const char *folder, const char *ending, char **out, size_t most) {
  DIR *list = opendir(folder);
  struct dirent *entry;
  size_t count = 0;
  while (list != NULL && (entry = readdir(list)) != NULL) {
    size_t len = strlen(entry->d_name), tail = strlen(ending);
    text_t path = {0};
    if (len < tail || strcmp(entry->d_name + len - tail, ending) != 0) continue;
    if (count == most) break;
    text_adds(&path, folder);
    text_adds(&path, "/");
    text_adds(&path, entry->d_name);
    out[count++] = path.data;
  }
  if (list == NULL || entry != NULL) {
    fprintf(stderr, "%s: %s\n", folder, list == NULL ? "can't be read" : "too many files");
    exit(2);
  }
  closedir(list);
  qsort(out, count, sizeof out[0], by_name);
  return count;
}

int file_read(const char *path, text_t *out) {
  FILE *file = fopen(path, "rb");
  char chunk[65536];
  size_t got;
  int good;
  if (file == NULL) return 0;
  text_add(out, "", 0);
  while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) text_add(out, chunk, got);
  good = ferror(file) == 0;
  fclose(file);
  return good;
}

void remove_folder(const char *folder) {
  DIR *list = opendir(folder);
  struct dirent *entry;
  while (list != NULL && (entry = readdir(list)) != NULL) {
    char path[1280];
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] != '.') unlink(path);
  }
  if (list != NULL) closedir(list);
  rmdir(folder);
}
