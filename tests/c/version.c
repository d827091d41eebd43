/* Versions and names: callable before anything else.
 * ctest: labels=ci timeout=30 */
#include "support/check.h"

static const struct {
  lgstore_status_t status;
  const char *name;
} names[] = {
    {LGSTORE_OK, "ok"},
    {LGSTORE_DONE, "done"},
    {LGSTORE_E_INVALID_ARG, "invalid_arg"},
    {LGSTORE_E_UTF8, "utf8"},
    {LGSTORE_E_JSON, "json"},
    {LGSTORE_E_UNSUPPORTED, "unsupported"},
    {LGSTORE_E_ABI_MISMATCH, "abi_mismatch"},
    {LGSTORE_E_WOULD_DEADLOCK, "would_deadlock"},
    {LGSTORE_E_CLOSED, "closed"},
    {LGSTORE_E_FORKED, "forked"},
    {LGSTORE_E_BUSY, "busy"},
    {LGSTORE_E_TIMEOUT, "timeout"},
    {LGSTORE_E_CANCELLED, "cancelled"},
    {LGSTORE_E_NOT_FOUND, "not_found"},
    {LGSTORE_E_CONFLICT, "conflict"},
    {LGSTORE_E_CORRUPT, "corrupt"},
    {LGSTORE_E_UNAVAILABLE, "unavailable"},
    {LGSTORE_E_RATE_LIMITED, "rate_limited"},
    {LGSTORE_E_UNKNOWN_OUTCOME, "unknown_outcome"},
    {LGSTORE_E_FULL, "full"},
    {LGSTORE_E_READ_ONLY, "read_only"},
    {LGSTORE_E_BACKEND, "backend"},
    {LGSTORE_E_PANIC, "panic"},
    {LGSTORE_E_POISONED, "poisoned"},
    {-1, "unknown"},
    {INT32_MIN, "unknown"},
    {INT32_MAX, "unknown"},
};

int main(void) {
  char version[64];
  size_t i;
  snprintf(version, sizeof version, "%d.%d.%d", LGSTORE_VERSION_MAJOR, LGSTORE_VERSION_MINOR,
           LGSTORE_VERSION_PATCH);
  CHECK(strcmp(lgstore_version(), version) == 0);
  CHECK_EQ(lgstore_abi_version(), LGSTORE_ABI_VERSION);
  CHECK_EQ(LGSTORE_VERSION_NUMBER,
           LGSTORE_VERSION_MAJOR * 1000000 + LGSTORE_VERSION_MINOR * 1000 + LGSTORE_VERSION_PATCH);
  CHECK_STATUS(lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER), LGSTORE_OK);
  CHECK_STATUS(lgstore_abi_check(LGSTORE_ABI_VERSION, 0), LGSTORE_OK);
  CHECK_STATUS(lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER + 1), LGSTORE_E_ABI_MISMATCH);
  CHECK_STATUS(lgstore_abi_check(LGSTORE_ABI_VERSION + 1, LGSTORE_VERSION_NUMBER), LGSTORE_E_ABI_MISMATCH);
  CHECK_STATUS(lgstore_abi_check(0, 0), LGSTORE_E_ABI_MISMATCH);
  for (i = 0; i < sizeof names / sizeof *names; i++)
    CHECK(strcmp(lgstore_status_name(names[i].status), names[i].name) == 0);
  return check_end();
}
