/* A file: what was put is there when it is opened again; other programs read it; two processes write it;
 * what is no store is refused and left alone. `reopen writer <config> <rounds>` is the second process.
 * ctest: labels=ci timeout=240 */
#include "support/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define GET_COUNTER "{\"namespace\":[\"n\"],\"key\":\"counter\"}"

static char path[512], config[600];
static const char *program;

static void fresh(const char *name) {
  snprintf(config, sizeof config, "{\"path\":\"%s\"}", work_file(path, name));
}

static void remembered(void) {
  lgstore_t *store;
  int round, i;
  char body[128], part[64];
  fresh("remembered");
  for (round = 0; round < 5; round++) {
    store = new_store(NULL, config);
    for (i = 0; i < round * 20; i++) {
      snprintf(body, sizeof body, "{\"namespace\":[\"n\"],\"key\":\"%d\"}", i);
      snprintf(part, sizeof part, "\"value\":{\"n\":%d}", i);
      CALL(store, LGSTORE_OP_GET, body, LGSTORE_OK, part);
    }
    for (; i < (round + 1) * 20; i++) {
      snprintf(body, sizeof body, "{\"namespace\":[\"n\"],\"key\":\"%d\",\"value\":{\"n\":%d}}", i, i);
      CALL(store, LGSTORE_OP_PUT, body, LGSTORE_OK, "null");
    }
    snprintf(part, sizeof part, "%d", i);
    CALL(store, LGSTORE_OP_COUNT, "{\"namespace_prefix\":[]}", LGSTORE_OK, part);
    if (round % 2 == 0) CHECK_STATUS(lgstore_close(store, SECOND_US), LGSTORE_OK);
    lgstore_free(store); /* every other round without a close: acknowledged is acknowledged */
  }
}

/* Runs a program and waits for it; -1 = it did not start. */
static int run(char *const *arguments) {
  int status = 0;
  const pid_t child = fork();
  if (child == 0) {
    execvp(arguments[0], arguments);
    _exit(127);
  }
  MUST(child > 0 && waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* SQLite's own library reads the file, closed and while it is open. */
static void read_by_others(void) {
  static char script[] =
      "import sqlite3, sys\n"
      "db = sqlite3.connect(sys.argv[1])\n"
      "rows = db.execute(\"SELECT path, key, value FROM items JOIN namespaces ON namespaces.id = "
      "namespace_id\").fetchall()\n"
      "assert rows == [('n', 'k', '{\"n\":1}')], rows\n"
      "assert db.execute('PRAGMA integrity_check').fetchone() == ('ok',)\n";
  char *arguments[] = {(char[]){"python3"}, (char[]){"-c"}, script, path, NULL};
  lgstore_t *store;
  fresh("read_by_others");
  store = new_store(NULL, config);
  PUT(store, "k", "{\"n\":1}");
  CHECK_EQ(run(arguments), 0);
  end_store(store);
  CHECK_EQ(run(arguments), 0);
}

/* Raises the counter by compare_and_set until it has succeeded `rounds` times. */
static void count_up(const char *document, int rounds) {
  lgstore_t *store = new_store(NULL, document);
  while (rounds > 0) {
    const lgstore_request_t get = request(LGSTORE_OP_GET, GET_COUNTER);
    lgstore_request_t set;
    lgstore_result_t *result = NULL;
    const char *at;
    char body[256];
    long n;
    MUST(lgstore_call(store, &get, &result, NULL) == LGSTORE_OK);
    at = strstr(lgstore_result_json(result, NULL), "\"value\":{\"n\":");
    MUST(at != NULL);
    n = strtol(at + strlen("\"value\":{\"n\":"), NULL, 10);
    lgstore_result_free(result);
    snprintf(
        body, sizeof body,
        "{\"namespace\":[\"n\"],\"key\":\"counter\",\"expected_value\":{\"n\":%ld},\"value\":{\"n\":%ld}}", n,
        n + 1);
    set = request(LGSTORE_OP_COMPARE_AND_SET, body);
    MUST(lgstore_call(store, &set, &result, NULL) == LGSTORE_OK);
    if (strstr(lgstore_result_json(result, NULL), "\"applied\":true") != NULL) rounds--;
    lgstore_result_free(result);
  }
  end_store(store);
}

/* Two processes raise one counter; not one step is lost or counted twice. */
static void two_processes(void) {
  enum { WRITERS = 2, ROUNDS = 150 };
  pid_t children[WRITERS];
  lgstore_t *store;
  char part[64];
  int i;
  fresh("two_processes");
  store = new_store(NULL, config);
  PUT(store, "counter", "{\"n\":0}");
  end_store(store);
  for (i = 0; i < WRITERS; i++) {
    children[i] = fork();
    if (children[i] == 0) {
      execl(program, program, "writer", config, "150", (char *)NULL);
      _exit(127);
    }
  }
  for (i = 0; i < WRITERS; i++) {
    int status = 0;
    MUST(waitpid(children[i], &status, 0) == children[i]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  store = new_store(NULL, config);
  snprintf(part, sizeof part, "\"value\":{\"n\":%d}", WRITERS * ROUNDS);
  GET(store, "counter", part);
  end_store(store);
}

static void write_file(const char *bytes, size_t len) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
  close(fd);
}

static size_t file_size(void) {
  struct stat stat_of;
  return stat(path, &stat_of) == 0 ? (size_t)stat_of.st_size : 0;
}

/* Opening fails with a status, the field and a message; every operation says so again. */
static void refuse_file(const char *what, lgstore_status_t status, const char *message) {
  lgstore_t *store = new_store(NULL, config); /* does no I/O */
  const int before = atomic_load(&check_failures);
  int i;
  for (i = 0; i < 2; i++) {
    CALL(store, LGSTORE_OP_OPEN, "{}", status, message);
    CALL(store, LGSTORE_OP_GET, GET_COUNTER, status, "\"field\":\"path\"");
  }
  CALL(store, LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}}", status, message);
  end_store(store);
  if (atomic_load(&check_failures) > before) fprintf(stderr, "  ^ %s\n", what);
}

static void python(const char *script) {
  char *copy = strdup(script);
  char *arguments[] = {(char[]){"python3"}, (char[]){"-c"}, copy, path, NULL};
  MUST(copy != NULL);
  CHECK_EQ(run(arguments), 0);
  free(copy);
}

static void refused_files(void) {
  char garbage[5000];
  size_t size;
  lgstore_t *store;
  memset(garbage, 'g', sizeof garbage);
  fresh("refused");
  write_file(garbage, sizeof garbage);
  refuse_file("garbage", LGSTORE_E_CONFLICT, "not a SQLite file");
  CHECK_EQ(file_size(), sizeof garbage);

  fresh("refused");
  python(
      "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute('CREATE TABLE t(a)')\ndb.commit()");
  size = file_size();
  refuse_file("another application's file", LGSTORE_E_CONFLICT, "another application");
  CHECK_EQ(file_size(), size);

  fresh("refused");
  store = new_store(NULL, config);
  PUT(store, "k", "{}");
  end_store(store);
  python(
      "import sqlite3, sys\ndb = sqlite3.connect(sys.argv[1])\ndb.execute('PRAGMA user_version = 2')\n"
      "db.execute(\"UPDATE meta SET value = '2' WHERE name = 'format'\")\ndb.commit()");
  refuse_file("a newer format", LGSTORE_E_CONFLICT, "newer");

  fresh("refused");
  store = new_store(NULL, config);
  PUT(store, "k", "{}");
  end_store(store);
  MUST(truncate(path, (off_t)file_size() / 2) == 0);
  refuse_file("half a file", LGSTORE_E_CORRUPT, "");

  fresh("refused");
  MUST(mkdir(path, 0700) == 0);
  refuse_file("a directory", LGSTORE_E_CONFLICT, "directory");
  MUST(rmdir(path) == 0);

  snprintf(config, sizeof config, "{\"path\":\"%s/missing/x.db\"}", path);
  refuse_file("no directory", LGSTORE_E_NOT_FOUND, "directory does not exist");
}

/* `read_only` reads and refuses to write; the file is what it was. */
static void read_only(void) {
  lgstore_t *store;
  fresh("read_only");
  store = new_store(NULL, config);
  PUT(store, "k", "{\"n\":1}");
  end_store(store);
  snprintf(config, sizeof config, "{\"path\":\"%s\",\"read_only\":true}", path);
  store = new_store(NULL, config);
  GET(store, "k", "\"n\":1");
  CALL(store, LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{}}", LGSTORE_E_READ_ONLY,
       "\"may_have_applied\":false");
  GET(store, "k", "\"n\":1");
  end_store(store);
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc == 4 && strcmp(argv[1], "writer") == 0) {
    count_up(argv[2], (int)strtol(argv[3], NULL, 10));
    return check_end();
  }
  RUN(two_processes); /* these two fork: no store of ours may be open then */
  RUN(read_by_others);
  RUN(remembered);
  RUN(refused_files);
  RUN(read_only);
  fresh("remembered");
  fresh("read_by_others");
  fresh("two_processes");
  fresh("refused");
  fresh("read_only");
  return check_end();
}
