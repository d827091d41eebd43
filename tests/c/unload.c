/* dlopen, use, dlclose, and a thread that called in ends afterwards: the code stays where it was.
 * ctest: labels=ci timeout=120 */
#include "support/store.h"

#include <dlfcn.h>

/* Only what was found by dlsym is called here; support/ is for its types and waiting. */
typedef struct library {
  void *handle;
  lgstore_status_t (*create)(lgstore_runtime_t *, const char *, size_t, lgstore_t **, lgstore_error_t **);
  lgstore_status_t (*call)(lgstore_t *, const lgstore_request_t *, lgstore_result_t **, lgstore_error_t **);
  lgstore_status_t (*close)(lgstore_t *, uint64_t);
  void (*release)(lgstore_t *);
  void (*result_free)(lgstore_result_t *);
  const char *(*version)(void);
  door_t called, may_end;
} library_t;

/* A function pointer out of an object pointer, as POSIX promises it. */
static void find(void *handle, const char *name, void *place) {
  void *found = dlsym(handle, name);
  MUST(found != NULL);
  memcpy(place, &found, sizeof found);
}

static void use(library_t *library) {
  const lgstore_request_t put =
      request(LGSTORE_OP_PUT, "{\"namespace\":[\"n\"],\"key\":\"k\",\"value\":{\"n\":1}}");
  lgstore_t *store = NULL;
  lgstore_result_t *result = NULL;
  MUST(library->create(NULL, MEMORY, strlen(MEMORY), &store, NULL) == LGSTORE_OK);
  CHECK_EQ(library->call(store, &put, &result, NULL), LGSTORE_OK);
  library->result_free(result);
  CHECK_EQ(library->close(store, SECOND_US), LGSTORE_OK);
  library->release(store);
}

static void *call_in(void *argument) {
  library_t *library = argument;
  use(library);
  door_open(&library->called);
  door_pass(&library->may_end, "the library to be closed");
  return NULL; /* thread-local destructors of the library run now */
}

int main(void) {
  const char *path = getenv("LGSTORE_LIBRARY");
  int round;
  MUST(path != NULL);
  for (round = 0; round < 5; round++) {
    library_t library;
    pthread_t thread;
    library.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library.handle == NULL) fprintf(stderr, "%s\n", dlerror());
    MUST(library.handle != NULL);
    find(library.handle, "lgstore_new", &library.create);
    find(library.handle, "lgstore_call", &library.call);
    find(library.handle, "lgstore_close", &library.close);
    find(library.handle, "lgstore_free", &library.release);
    find(library.handle, "lgstore_result_free", &library.result_free);
    find(library.handle, "lgstore_version", &library.version);
    door_init(&library.called);
    door_init(&library.may_end);
    pthread_create(&thread, NULL, call_in, &library);
    door_pass(&library.called, "the thread");
    use(&library);
    CHECK_EQ(dlclose(library.handle), 0);
    door_open(&library.may_end);
    pthread_join(thread, NULL);
    /* nodelete: the runtime may be ending in the background, so the code must still be there */
    CHECK(library.version()[0] == '0');
    door_destroy(&library.called);
    door_destroy(&library.may_end);
  }
  {
    void *again = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    CHECK(again != NULL);
    if (again != NULL) dlclose(again);
  }
  return check_end();
}
