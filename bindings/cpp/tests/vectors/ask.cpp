#include "ask.hpp"

#include <cstdio>
#include <cstdlib>

#include "../coroutine.hpp"

namespace vectors {
namespace {

using lgstore::Document;
using lgstore::Error;
using lgstore::Result;

Answer answer_of(const Result<Document> &result) {
  if (result) return {LGSTORE_OK, std::string(result->text())};
  return {static_cast<lgstore_status_t>(result.error().code()), document(result.error())};
}

support::Detached ask_in_coroutine(const lgstore::Store &store, const lgstore::CompletionQueue &queue,
                                   std::uint32_t op, std::string_view body, std::optional<Answer> &answer) {
  answer = answer_of(co_await store.awaitables(queue).call(op, body).as_result());
}

}  // namespace

void die(const char *what, const char *more) {
  std::fprintf(stderr, "%s: %s\n", what, more);
  std::exit(2);
}

std::string document(const Error &error) {
  lgstore::detail::Body body;
  body.member("\"code\":");
  body.string(error.error_code().message());
  body.member("\"message\":");
  body.string(error.message());
  if (!error.field().empty()) body.member("\"field\":"), body.string(error.field());
  body.member("\"retryable\":");
  body.boolean(error.retryable());
  body.member("\"may_have_applied\":");
  body.boolean(error.may_have_applied());
  if (error.retry_after()) {
    body.member("\"retry_after_ms\":");
    body.number(static_cast<std::uint64_t>(error.retry_after()->count()));
  }
  if (!error.details().empty()) body.member("\"details\":"), body.raw(error.details());
  return std::string(body.finish());
}

Answer Asker::ask(const json_t *step, const captures_t &captures) {
  const std::string_view op = json_text(json_member(step, "op"), "none");
  Text body;
  write_body(step, &captures, body.get());
  if (way_ == Way::typed) {
    const Json tree(body.view());
    if (tree.get() != nullptr) {
      if (auto answer = ask_typed(store_, op, tree.get())) {
        ++typed_;
        return *std::move(answer);
      }
    }
  }
  return raw(ask_operation(std::string(op).c_str()), body.view());
}

Answer Asker::raw(std::uint32_t op, std::string_view body) {
  if (way_ == Way::futures) {
    try {
      return {LGSTORE_OK, std::string(store_.futures().call(op, body).get().text())};
    } catch (const lgstore::Exception &exception) {
      return answer_of(exception.error());
    }
  }
  if (way_ == Way::coroutines) {
    lgstore::CompletionQueue queue(4);
    std::optional<Answer> answer;
    ask_in_coroutine(store_, queue, op, body, answer);
    while (!answer) queue.wait(std::chrono::seconds(60));
    return *std::move(answer);
  }
  return answer_of(store_.results().call(op, body));
}

}  // namespace vectors
