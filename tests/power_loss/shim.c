/*
 * Preloaded into a writing process: notes, in one order for all threads, what the process asks the
 * system to do with the files of one directory ($SHIM_DIR), into the file $SHIM_LOG. What it writes
 * to standard output is noted, too: those are its acknowledgements.
 *
 * A record: kind, length of the path, offset, length of the data (4 x 8 bytes), path, data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MARK = 1, WRITE, SYNC, TRUNCATE, CREATE, UNLINK, UNEXPECTED };

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;

static void put(const void *data, size_t size) {
  const char *bytes = data;
  while (size > 0) {
    long written = syscall(SYS_write, log_fd, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) abort();
    bytes += written;
    size -= (size_t)written;
  }
}

static void note(uint64_t kind, const char *path, uint64_t offset, const void *data, uint64_t size) {
  uint64_t head[4] = {kind, strlen(path), offset, size};
  int before = errno;
  if (log_fd < 0) {
    const char *name = getenv("SHIM_LOG");
    if (!name) return;
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) abort();
  }
  put(head, sizeof head);
  put(path, strlen(path));
  put(data, size);
  errno = before;
}

/* Whether the path lies in the directory; shared memory beside a log is made anew at each open. */
static int watched(const char *path) {
  const char *dir = getenv("SHIM_DIR");
  size_t length = strlen(path);
  if (!dir || strncmp(path, dir, strlen(dir)) != 0) return 0;
  return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return watched(path);
}

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name)

/* The call and its note happen under one lock, so that the notes have the order of the calls. */
#define NOTED(fd, call, ...) \
  char path[PATH_MAX]; \
  if (!path_of(fd, path)) return call; \
  pthread_mutex_lock(&order); \
  __typeof__(call) result = call; \
  int error = errno; \
  if (result >= 0) note(__VA_ARGS__); \
  pthread_mutex_unlock(&order); \
  errno = error; \
  return result

ssize_t write(int fd, const void *data, size_t size) {
  REAL(write);
  if (fd == STDOUT_FILENO) {
    /* Noted before it is said: what is known outside has been acknowledged. */
    pthread_mutex_lock(&order);
    note(MARK, "", 0, data, size);
    pthread_mutex_unlock(&order);
    return real(fd, data, size);
  }
  NOTED(fd, real(fd, data, size), WRITE, path, (uint64_t)lseek(fd, 0, SEEK_CUR) - (uint64_t)result, data,
        (uint64_t)result);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
  REAL(pwrite);
  NOTED(fd, real(fd, data, size, offset), WRITE, path, (uint64_t)offset, data, (uint64_t)result);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) {
  REAL(pwrite64);
  NOTED(fd, real(fd, data, size, offset), WRITE, path, (uint64_t)offset, data, (uint64_t)result);
}

int fsync(int fd) {
  REAL(fsync);
  NOTED(fd, real(fd), SYNC, path, 0, "", 0);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  NOTED(fd, real(fd), SYNC, path, 0, "", 0);
}

int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  NOTED(fd, real(fd, size), TRUNCATE, path, (uint64_t)size, "", 0);
}

int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  NOTED(fd, real(fd, size), TRUNCATE, path, (uint64_t)size, "", 0);
}

int unlink(const char *name) {
  REAL(unlink);
  if (!watched(name)) return real(name);
  pthread_mutex_lock(&order);
  int result = real(name), error = errno;
  if (result == 0) note(UNLINK, name, 0, "", 0);
  pthread_mutex_unlock(&order);
  errno = error;
  return result;
}

/* What the engine is not known to do: the test must not pass by overlooking it. */
int rename(const char *from, const char *to) {
  REAL(rename);
  if (watched(from) || watched(to)) note(UNEXPECTED, from, 0, "", 0);
  return real(from, to);
}

#define OPENED(call) \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { \
    va_list more; \
    va_start(more, flags); \
    mode = va_arg(more, mode_t); \
    va_end(more); \
  } \
  if (!watched(name)) return call; \
  pthread_mutex_lock(&order); \
  int there = access(name, F_OK) == 0; \
  int result = call, error = errno; \
  if (result >= 0 && !there) note(CREATE, name, 0, "", 0); \
  if (result >= 0 && there && (flags & O_TRUNC)) note(TRUNCATE, name, 0, "", 0); \
  pthread_mutex_unlock(&order); \
  errno = error; \
  return result

int open(const char *name, int flags, ...) {
  REAL(open);
  OPENED(real(name, flags, mode));
}

int open64(const char *name, int flags, ...) {
  REAL(open64);
  OPENED(real(name, flags, mode));
}

int openat(int dir, const char *name, int flags, ...) {
  REAL(openat);
  OPENED(real(dir, name, flags, mode));
}

int openat64(int dir, const char *name, int flags, ...) {
  REAL(openat64);
  OPENED(real(dir, name, flags, mode));
}
