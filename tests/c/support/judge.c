#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int judge_error(const json_t *pattern, const json_t *got, captures_t *captures, text_t *why) {
  const json_t *member;
  for (member = pattern->first; member != NULL; member = member->next) {
    const json_t *found = json_member(got, member->name.data);
    if (strcmp(member->name.data, "message") != 0) {
      if (!matches(captures, member, found, member->name.data, why)) return 0;
    } else if (strstr(json_text(found, ""), member->string.data) == NULL) {
      text_adds(why, "the message does not say: ");
      text_adds(why, member->string.data);
      return 0;
    }
  }
  return 1;
}

int judge_answer(const json_t *step, lgstore_status_t status, const text_t *answer, captures_t *captures,
                 text_t *why) {
  const json_t *expect = json_member(step, "expect"), *error = json_member(step, "error"), *part;
  json_t *got = json_read(answer->data, answer->len);
  int good = 0;
  if (got == NULL) {
    text_adds(why, "no JSON");
  } else if (status != LGSTORE_OK && !json_is(json_member(got, "code"), lgstore_status_name(status))) {
    text_adds(why, "status and document disagree");
  } else if ((error != NULL) != (status != LGSTORE_OK)) {
    text_adds(why, error != NULL ? "expected an error" : "expected an answer");
  } else if (error != NULL) {
    good = judge_error(error, got, captures, why);
  } else {
    good = matches(captures, expect, got, "answer", why);
  }
  json_free(got);
  part = json_member(step, "contains") != NULL ? json_member(step, "contains")->first : NULL;
  for (; part != NULL && good; part = part->next) {
    good = strstr(answer->data, part->string.data) != NULL;
    if (!good) text_adds(why, "not contained: "), text_adds(why, part->string.data);
  }
  if (!good) text_adds(why, "; the whole: "), text_add(why, answer->data, answer->len);
  return good;
}

static const char *known(const captures_t *captures, const json_t *name) {
  const char *value = captured(captures, name->string.data, name->string.len);
  if (value == NULL) {
    fprintf(stderr, "nothing was captured: %s\n", name->string.data);
    exit(2);
  }
  return value;
}

int judge_order(const json_t *triple, const captures_t *captures, text_t *why) {
  const json_t *a = triple->first, *relation = a->next, *b = relation->next;
  int holds = captures_hold(captures, a, relation->string.data, b);
  if (!holds) {
    text_adds(why, known(captures, a));
    text_adds(why, relation->string.data);
    text_adds(why, known(captures, b));
    text_adds(why, " is false");
  }
  return holds;
}

int judge_times(const json_t *step, const captures_t *captures, text_t *why) {
  const json_t *pair = json_member(step, "between");
  int64_t a = micros(known(captures, pair->first)), b = micros(known(captures, pair->first->next));
  double passed = (double)(b - a) / 1e6, wanted = json_number(json_member(step, "seconds"), -1);
  double within = json_number(json_member(step, "within"), 0) + captures->slack + 1e-7;
  char text[64];
  if (passed - wanted <= within && wanted - passed <= within) return 1;
  snprintf(text, sizeof text, "%f s have passed, not %f", passed, wanted);
  text_adds(why, text);
  return 0;
}
