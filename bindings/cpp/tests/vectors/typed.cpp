// Requests of test vectors by the typed calls of the binding, and their answers written out again. What comes
// out must be what the library wrote, so this looks at every part of every answer.
#include <cmath>
#include <functional>

#include "ask.hpp"

namespace vectors {
namespace {

using lgstore::Item;
using lgstore::Result;

/// A body's members, as a typed call needs them. `good` tells whether it could say all of it.
struct Parts {
  bool good = true;
  lgstore::Namespace place, prefix;
  std::string key, filter, order, cursor;
  std::optional<std::string> value, expected_value, expected_version;
  lgstore::Ttl ttl;
  std::optional<bool> refresh_ttl;
  std::optional<std::uint64_t> limit, max_depth;
  std::uint64_t offset = 0;
  lgstore::ListOptions conditions;

  /// `names`: the members that the operation takes; the first `needed` of them must be there.
  Parts(const json_t *body, std::initializer_list<const char *> names, std::size_t needed) {
    if (body->type != JSON_OBJECT) good = false;
    for (auto name = names.begin(); name != names.begin() + needed; ++name)
      good &= json_member(body, *name) != nullptr;
    if (std::string_view(body->raw, body->raw_len).find("\\ud") != std::string_view::npos) good = false;
    for (const json_t *member = body->type == JSON_OBJECT ? body->first : nullptr; member;
         member = member->next) {
      if (json_member_n(body, member->name.data, member->name.len) != member) good = false;  // twice
      bool known = json_member(body, "op") == member;
      for (const char *name : names) known |= json_member(body, name) == member;
      good &= known;
      take({member->name.data, member->name.len}, member);
    }
  }

  lgstore::GetOptions get() const {
    lgstore::GetOptions options;
    options.refresh_ttl = refresh_ttl;
    return options;
  }
  lgstore::PutOptions put() const {
    lgstore::PutOptions options;
    options.ttl = ttl;
    return options;
  }
  lgstore::SearchOptions search() const {
    lgstore::SearchOptions options;
    options.filter = filter;
    options.order = order;
    options.cursor = cursor;
    if (limit) options.limit = *limit;
    options.offset = offset;
    options.refresh_ttl = refresh_ttl;
    return options;
  }
  lgstore::ListOptions list() const {
    lgstore::ListOptions options = conditions;
    options.max_depth = max_depth;
    options.cursor = cursor;
    if (limit) options.limit = *limit;
    options.offset = offset;
    return options;
  }
  lgstore::Expected expected() const {
    if (expected_value) return lgstore::Expected::value(*expected_value);
    return lgstore::Expected::version(*expected_version);
  }
  bool has_expected() const { return expected_value.has_value() != expected_version.has_value(); }

 private:
  static std::string raw(const json_t *json) { return {json->raw, json->raw_len}; }

  void text(const json_t *json, std::string &out) {
    if (json->type != JSON_STRING) good = false;
    // An empty order or cursor is none to a typed call; an empty key is a key.
    if (json->string.len == 0 && (&out == &order || &out == &cursor)) good = false;
    out.assign(json->string.data != nullptr ? json->string.data : "", json->string.len);
  }
  void labels(const json_t *json, lgstore::Namespace &out) {
    if (json->type != JSON_ARRAY) good = false;
    for (const json_t *label = json->type == JSON_ARRAY ? json->first : nullptr; label; label = label->next)
      text(label, out.emplace_back());
  }
  std::uint64_t number(const json_t *json) {
    const std::string digits = raw(json);
    if (json->type != JSON_NUMBER || digits.size() > 18 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      good = false;
      return 0;
    }
    return std::stoull(digits);
  }
  void boolean(const json_t *json, std::optional<bool> &out) {
    if (json->type != JSON_TRUE && json->type != JSON_FALSE) good = false;
    out = json->type == JSON_TRUE;
  }
  void seconds(const json_t *json) {
    const double us = json->number * 1e6;
    if (json->type == JSON_NULL) {
      ttl = lgstore::never;
    } else if (json->type != JSON_NUMBER || us < 1 || us > 1e15 || us != std::floor(us)) {
      good = false;
    } else {
      ttl = lgstore::Duration(static_cast<long long>(us));
    }
  }
  void matches(const json_t *json) {
    if (json->type != JSON_ARRAY) good = false;
    for (const json_t *one = json->type == JSON_ARRAY ? json->first : nullptr; one; one = one->next) {
      const json_t *type = json_member(one, "match_type"), *path = json_member(one, "path");
      lgstore::Namespace wanted;
      if (type == nullptr || path == nullptr || json_count(one) != 2) {
        good = false;
        return;
      }
      labels(path, wanted);
      if (json_is(type, "prefix")) {
        conditions.prefix(wanted);
      } else if (json_is(type, "suffix")) {
        conditions.suffix(wanted);
      } else {
        good = false;
      }
    }
  }

  void take(std::string_view name, const json_t *json) {
    if (name == "namespace") return labels(json, place);
    if (name == "namespace_prefix") return labels(json, prefix);
    if (name == "key") return text(json, key);
    if (name == "value") return value.emplace(raw(json)), void();
    if (name == "ttl") return seconds(json);
    if (name == "refresh_ttl") return boolean(json, refresh_ttl);
    if (name == "limit") return limit.emplace(number(json)), void();
    if (name == "offset") return offset = number(json), void();
    if (name == "max_depth") return max_depth.emplace(number(json)), void();
    if (name == "order") return text(json, order);
    if (name == "cursor") return text(json, cursor);
    if (name == "filter") return filter = raw(json), void();
    if (name == "expected_value") return expected_value.emplace(raw(json)), void();
    if (name == "expected_version") return text(json, expected_version.emplace());
    if (name == "match_conditions") return matches(json);
    if (name != "op") good = false;
  }
};

// Answers, written out as the library writes them.

std::string write(const std::optional<Item> &item) {
  if (!item) return "null";
  // Every accessor, so that none of them can be wrong in silence.
  lgstore::detail::Body body;
  body.member("\"namespace\":");
  body.labels(item->labels());
  body.member("\"key\":");
  body.string(item->key());
  body.member("\"value\":");
  body.raw(item->value());
  const std::string text(body.finish());
  const std::string_view whole = item->json();
  // Strings may be escaped in other ways, which the two parts before the value show.
  if (whole.find(std::string("\"value\":").append(item->value())) == std::string_view::npos)
    die("an item's value is not in it", text.c_str());
  const Json same(text), all(whole);
  for (const char *name : {"namespace", "key"}) {
    captures_t captures{};
    Text why;
    if (matches(&captures, json_member(same.get(), name), json_member(all.get(), name), name, why.get()) == 0)
      die("an item is not what it shows", why.view().data());
    captures_free(&captures);
  }
  return std::string(whole);
}

std::string write(std::uint64_t number) {
  return std::to_string(number);
}

template <std::size_t N, class Elements, class One>
std::string write_page(const char (&name)[N], const Elements &elements, const std::string &cursor, One one) {
  lgstore::detail::Body body;
  body.member(name);
  body.raw("[");
  for (std::size_t n = 0; n < elements.size(); ++n) {
    if (n > 0) body.raw(",");
    one(body, elements[n]);
  }
  body.raw("]");
  if (!cursor.empty()) body.member("\"cursor\":"), body.string(cursor);
  return std::string(body.finish());
}

std::string write(const lgstore::SearchPage &page) {
  return write_page("\"items\":", page.items, page.cursor,
                    [](lgstore::detail::Body &body, const Item &item) { body.raw(write(item)); });
}

std::string write(const lgstore::NamespacePage &page) {
  return write_page(
      "\"namespaces\":", page.namespaces, page.cursor,
      [](lgstore::detail::Body &body, const lgstore::Namespace &labels) { body.labels(labels); });
}

std::string write(const lgstore::Outcome &outcome) {
  if (!outcome.applied) return "{\"applied\":false,\"current\":" + write(outcome.current) + "}";
  return outcome.version.empty() ? "{\"applied\":true}"
                                 : "{\"applied\":true,\"version\":\"" + outcome.version + "\"}";
}

template <class T>
Answer write(const Result<T> &result) {
  if (!result) return {static_cast<lgstore_status_t>(result.error().code()), document(result.error())};
  if constexpr (std::is_void_v<T>) {
    return {LGSTORE_OK, "null"};
  } else {
    return {LGSTORE_OK, write(*result)};
  }
}

/// One operation of a batch: adds it, and gives what writes its answer out; nothing if it can't be said.
using Writer = std::function<std::string(const lgstore::BatchAnswers &)>;

template <class T>
Writer writer(lgstore::Slot<T> slot) {
  return [slot](const lgstore::BatchAnswers &answers) {
    const Answer answer = write(answers[slot]);
    return (answer.status == LGSTORE_OK ? "{\"result\":" : "{\"error\":") + answer.text + "}";
  };
}

/// What the operations take, those first that they need.
Parts parts_of(std::string_view op, const json_t *body) {
  const auto of = [body](std::initializer_list<const char *> names, std::size_t needed) {
    return Parts(body, names, needed);
  };
  if (op == "get") return of({"namespace", "key", "refresh_ttl"}, 2);
  if (op == "delete" || op == "delete_if_exists") return of({"namespace", "key"}, 2);
  if (op == "delete_if_value") return of({"namespace", "key", "expected_value", "expected_version"}, 2);
  if (op == "compare_and_set")
    return of({"namespace", "key", "value", "expected_value", "expected_version", "ttl"}, 3);
  if (op == "search")
    return of({"namespace_prefix", "filter", "limit", "offset", "order", "cursor", "refresh_ttl"}, 1);
  if (op == "count" || op == "delete_prefix") return of({"namespace_prefix", "filter"}, 1);
  if (op == "list_namespaces") return of({"match_conditions", "max_depth", "limit", "offset", "cursor"}, 0);
  return of({"namespace", "key", "value", "ttl"}, 3);
}

Writer add(lgstore::Batch &batch, const json_t *operation) {
  const json_t *const op = json_member(operation, "op");
  const Parts parts = parts_of(json_text(op, "put"), operation);
  if (!parts.good || op == nullptr) return nullptr;
  if (json_is(op, "put")) return writer(batch.put(parts.place, parts.key, *parts.value, parts.put()));
  if (json_is(op, "get")) return writer(batch.get(parts.place, parts.key, parts.get()));
  if (json_is(op, "delete")) return writer(batch.delete_item(parts.place, parts.key));
  if (json_is(op, "search")) return writer(batch.search(parts.prefix, parts.search()));
  if (json_is(op, "list_namespaces")) return writer(batch.list_namespaces(parts.list()));
  if (json_is(op, "count")) return writer(batch.count(parts.prefix, parts.filter));
  return nullptr;
}

std::optional<Answer> ask_batch(const lgstore::Store &store, const json_t *body) {
  lgstore::Batch batch;
  lgstore::BatchOptions options;
  std::vector<Writer> writers;
  const json_t *const ops = json_member(body, "ops");
  if (body->type != JSON_OBJECT || ops == nullptr || ops->type != JSON_ARRAY) return std::nullopt;
  for (const json_t *member = body->first; member != nullptr; member = member->next) {
    const std::string_view name(member->name.data, member->name.len);
    if (json_member(body, member->name.data) != member) return std::nullopt;  // twice
    if (name == "mode" && json_is(member, "sequential")) {
      options.sequential = true;
    } else if (name == "atomicity" && json_is(member, "logged")) {
      options.logged = true;
    } else if (name != "ops") {
      return std::nullopt;
    }
  }
  for (const json_t *operation = ops->first; operation != nullptr; operation = operation->next) {
    writers.push_back(add(batch, operation));
    if (!writers.back()) return std::nullopt;
  }
  const auto answers = store.results().batch(batch, options);
  if (!answers) return write(Result<void>(answers.error()));
  std::string text = "{\"results\":[";
  for (const Writer &one : writers) {
    if (text.back() != '[') text += ',';
    text += one(*answers);
  }
  return Answer{LGSTORE_OK, text + "]}"};
}

}  // namespace

std::optional<Answer> ask_typed(const lgstore::Store &store, std::string_view op, const json_t *body) {
  if (op == "batch") return ask_batch(store, body);
  if (json_member(body, "op") != nullptr) return std::nullopt;
  const Parts parts = parts_of(op, body);
  const auto results = store.results();
  if (!parts.good) return std::nullopt;
  if (op == "list_namespaces") return write(results.list_namespaces(parts.list()));
  if (op == "search") return write(results.search(parts.prefix, parts.search()));
  if (op == "count") return write(results.count(parts.prefix, parts.filter));
  if (op == "delete_prefix") return write(results.delete_prefix(parts.prefix, parts.filter));
  if (op == "get") return write(results.get(parts.place, parts.key, parts.get()));
  if (op == "delete") return write(results.delete_item(parts.place, parts.key));
  if (op == "delete_if_exists") return write(results.delete_if_exists(parts.place, parts.key));
  if (op == "delete_if_value" && parts.has_expected())
    return write(results.delete_if_value(parts.place, parts.key, parts.expected()));
  if (op == "put") return write(results.put(parts.place, parts.key, *parts.value, parts.put()));
  if (op == "put_if_absent")
    return write(results.put_if_absent(parts.place, parts.key, *parts.value, parts.put()));
  if (op == "update_if_exists")
    return write(results.update_if_exists(parts.place, parts.key, *parts.value, parts.put()));
  if (op == "compare_and_set" && parts.has_expected())
    return write(
        results.compare_and_set(parts.place, parts.key, *parts.value, parts.expected(), parts.put()));
  return std::nullopt;
}

}  // namespace vectors
