/* The load of the failover test: requests at a fixed rate through the C interface, each answer judged, while
 * somebody else ends and stops nodes of the cluster.
 *
 *   load --config JSON [--rate N] [--seed N] [--bound-ms N] [--plain-errors N] [--history FILE] [--profile
 * NAME]
 *
 * The file is made when the load runs. Standard input names the phases, one per line, each beginning when its
 * line is read; the line `end` ends the load, and so does the end of the input, which is an error: whoever
 * drives the test has ended. Then everything acknowledged is read from a store opened anew, and the table
 * printed. Exit code 0: no rule was broken. */
#include "../c/support/check.h"

#include "../c/support/store.h"
#include "lwt.h"
#include "plain.h"

typedef struct arguments {
  const char *config, *history, *profile, *ready;
  uint64_t rate, seed, bound_ms, plain_errors, most_open;
} arguments_t;

static arguments_t parse(int argc, char **argv) {
  arguments_t arguments = {NULL, NULL, NULL, NULL, 300, 1, 0, 0, UINT64_MAX};
  int at;
  for (at = 1; at + 1 < argc; at += 2) {
    const char *name = argv[at], *value = argv[at + 1];
    uint64_t *number = strcmp(name, "--rate") == 0           ? &arguments.rate
                       : strcmp(name, "--seed") == 0         ? &arguments.seed
                       : strcmp(name, "--bound-ms") == 0     ? &arguments.bound_ms
                       : strcmp(name, "--plain-errors") == 0 ? &arguments.plain_errors
                       : strcmp(name, "--most-open") == 0    ? &arguments.most_open
                                                             : NULL;
    const char **text = strcmp(name, "--config") == 0    ? &arguments.config
                        : strcmp(name, "--history") == 0 ? &arguments.history
                        : strcmp(name, "--profile") == 0 ? &arguments.profile
                        : strcmp(name, "--ready") == 0   ? &arguments.ready
                                                         : NULL;
    if (number != NULL)
      *number = strtoull(value, NULL, 10);
    else if (text != NULL)
      *text = value;
    else
      break;
  }
  if (at != argc || arguments.config == NULL || arguments.rate == 0) {
    fprintf(stderr,
            "usage: %s --config JSON [--rate N] [--seed N] [--bound-ms N] [--plain-errors N] [--history "
            "FILE] [--profile NAME]\n",
            argv[0]);
    exit(2);
  }
  return arguments;
}

/* Follows standard input until it says `end`. */
static void follow_phases(void) {
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "end") == 0) return;
    fprintf(stderr, "phase %s\n", line);
    report_begin_phase(line);
  }
  violation("the phases ended without `end`");
}

static void open_store(lgstore_t *store) {
  lgstore_request_t open = request(LGSTORE_OP_OPEN, NULL);
  lgstore_result_t *result = NULL;
  lgstore_error_t *err = NULL;
  if (lgstore_call(store, &open, &result, &err) != LGSTORE_OK) {
    fprintf(stderr, "open: %s\n", lgstore_error_json(err, NULL));
    exit(1);
  }
  lgstore_result_free(result);
}

static void run(plain_t *plain, lwt_t *lwt, const char *ready) {
  pthread_t threads[1 + COUNTER_CLIENTS + REGISTER_CLIENTS];
  size_t count = 0, at;
  MUST(pthread_create(&threads[count++], NULL, plain_run, plain) == 0);
  for (at = 0; at < COUNTER_CLIENTS; at++)
    MUST(pthread_create(&threads[count++], NULL, lwt_count, &lwt->counter_clients[at]) == 0);
  for (at = 0; at < REGISTER_CLIENTS; at++)
    MUST(pthread_create(&threads[count++], NULL, lwt_register, &lwt->register_clients[at]) == 0);
  if (ready != NULL) fclose(fopen(ready, "w"));
  follow_phases();
  atomic_store(&plain->stop, 1);
  atomic_store(&lwt->stop, 1);
  for (at = 0; at < count; at++) pthread_join(threads[at], NULL);
  plain_drain(plain);
}

int main(int argc, char **argv) {
  const arguments_t arguments = parse(argc, argv);
  FILE *history = arguments.history == NULL ? NULL : fopen(arguments.history, "w");
  lgstore_runtime_t *runtime = new_runtime(0, 0, 1);
  lgstore_t *store = new_store(runtime, arguments.config);
  plain_t plain;
  lwt_t lwt;
  int wrong;
  MUST(arguments.history == NULL || history != NULL);
  report_begin_phase("start");
  open_store(store);
  plain_init(&plain, store, arguments.rate, arguments.most_open, arguments.seed);
  lwt_init(&lwt, store, arguments.profile, 1000000, history);
  run(&plain, &lwt, arguments.ready);
  end_store(store);
  if (history != NULL) fclose(history);
  plain_check_completions(&plain);
  end_runtime(runtime);

  report_begin_phase("reading back");
  runtime = new_runtime(0, 0, 1);
  store = new_store(runtime, arguments.config);
  plain_read_back(&plain, store);
  lwt_read_back(&lwt, store);
  end_store(store);
  end_runtime(runtime);

  wrong = report_judge(arguments.bound_ms * 1000, arguments.plain_errors);
  plain_destroy(&plain);
  printf(wrong > 0 ? "%d rules broken\n" : "no rule was broken\n", wrong);
  return wrong > 0 || check_end() != 0;
}
