/* Prints size and offsets of every public struct; tests/header.rs compares them with layout.txt. */
#include <stddef.h>
#include <stdio.h>

#include "lgstore.h"

#define SIZE(type) printf("%s size %zu\n", #type, sizeof(type))
#define FIELD(type, field) \
  printf("  %s at %zu, %zu bytes\n", #field, offsetof(type, field), sizeof(((type *)0)->field))

int main(void) {
  SIZE(lgstore_request_t);
  FIELD(lgstore_request_t, struct_size);
  FIELD(lgstore_request_t, op);
  FIELD(lgstore_request_t, flags);
  FIELD(lgstore_request_t, json);
  FIELD(lgstore_request_t, json_len);
  FIELD(lgstore_request_t, timeout_us);
  FIELD(lgstore_request_t, tag);
  SIZE(lgstore_submission_t);
  FIELD(lgstore_submission_t, op);
  FIELD(lgstore_submission_t, flags);
  FIELD(lgstore_submission_t, json_off);
  FIELD(lgstore_submission_t, json_len);
  FIELD(lgstore_submission_t, timeout_us);
  FIELD(lgstore_submission_t, tag);
  SIZE(lgstore_completion_t);
  FIELD(lgstore_completion_t, op);
  FIELD(lgstore_completion_t, tag);
  FIELD(lgstore_completion_t, status);
  FIELD(lgstore_completion_t, flags);
  FIELD(lgstore_completion_t, json);
  FIELD(lgstore_completion_t, json_len);
  FIELD(lgstore_completion_t, owner);
  FIELD(lgstore_completion_t, latency_ns);
  FIELD(lgstore_completion_t, reserved);
  SIZE(lgstore_runtime_options_t);
  FIELD(lgstore_runtime_options_t, struct_size);
  return 0;
}
