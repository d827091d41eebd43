// Runs the test vectors (tests/vectors/README.md) through the binding: every case in memory and in a file,
// or, when the environment names one, on a cluster. Each runs once by typed calls where its steps allow that,
// and once each by raw requests as results, futures and coroutines on a queue.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <lgstore.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "vectors/ask.hpp"

namespace {

using lgstore::Store;
using vectors::Answer;

/// Seconds by which an expiry may be off on a cluster: its second, and what the request took.
constexpr double cluster_slack = 1.5;
constexpr int shown_failures = 20;
constexpr int cluster_workers = 6;

struct Totals {
  std::atomic<int> cases{0}, steps{0}, typed{0}, left_out{0}, failures{0};
};

/// Where cases run: the stores of one backend, by configuration.
class Backend {
 public:
  Backend(std::string name, std::string folder) : name_(std::move(name)), folder_(std::move(folder)) {}

  const std::string &name() const { return name_; }
  bool is_cluster() const { return name_ == "cql"; }

  Store make(const json_t *config, const char *suffix) {
    vectors::Text base, merged;
    if (is_cluster()) {
      cluster_config(base.get(), suffix);
      base.add(",\"ttl\":{\"refresh_slack\":0}}");
    } else {
      base.add(R"({"backend":"embedded","test_clock":true,"durability":"normal",)"
               R"("ttl":{"refresh_slack":0,"sweep_interval":null}})");
    }
    if (config != nullptr) {
      const vectors::Json tree(base.view());
      json_merge(merged.get(), tree.get(), config);
    } else {
      merged.add(base.view());
    }
    std::string text(merged.view());
    if (!folder_.empty()) {
      text.pop_back();
      text += ",\"path\":\"" + folder_ + "/" + std::to_string(++opened_) + ".db\"}";
    }
    return Store(text);
  }
  /// The store that all cases of one configuration share.
  const Store &shared(const json_t *config) {
    const std::string key = config != nullptr ? std::string(config->raw, config->raw_len) : "";
    const std::lock_guard<std::mutex> guard(lock_);
    auto found = stores_.find(key);
    if (found == stores_.end()) found = stores_.emplace(key, make(config, "")).first;
    return found->second;
  }
  /// For cases that want the keyspace of the fresh ones to themselves.
  std::mutex fresh;

 private:
  std::string name_, folder_;
  std::mutex lock_;
  std::map<std::string, Store> stores_;
  std::atomic<int> opened_{0};
};

/// A case with a root label of its own.
class Case {
 public:
  explicit Case(const std::string &line) : line_(line) { label(); }
  void label() {
    static std::atomic<unsigned long> next{0};
    char label[64];
    std::snprintf(label, sizeof label, "c%lxp%lxn%lu", static_cast<unsigned long>(std::time(nullptr)),
                  static_cast<unsigned long>(getpid()), next++);
    text_ = line_;
    for (std::size_t at; (at = text_.find("${ns}")) != std::string::npos;) text_.replace(at, 5, label);
    tree_ = std::make_unique<vectors::Json>(text_);
  }
  const json_t *member(const char *name) const { return json_member(tree_->get(), name); }
  const char *name() const { return json_text(member("case"), "(no name)"); }
  bool needs(const char *wanted) const {
    static const char *const able[] = {"fresh",        "clock", "long_clock",
                                       "milliseconds", "sweep", "ttl_20_years"};
    bool found = false;
    for (const json_t *need = member("needs") ? member("needs")->first : nullptr; need; need = need->next) {
      bool known = false;
      for (const char *one : able) known |= json_is(need, one) != 0;
      if (!known) vectors::die("unknown need", need->string.data);
      found |= json_is(need, wanted) != 0;
    }
    return found;
  }
  bool beyond_a_cluster() const {
    return needs("long_clock") || needs("milliseconds") || needs("sweep") || needs("ttl_20_years");
  }

 private:
  std::string line_, text_;
  std::unique_ptr<vectors::Json> tree_;
};

class Runner {
 public:
  Runner(Backend &backend, Totals &totals) : backend_(backend), totals_(totals) {}

  /// A case in one way; on a cluster those that wait do so in threads of their own.
  void run(const std::string &line, vectors::Way way) {
    auto the_case = std::make_unique<Case>(line);
    if (backend_.is_cluster() && the_case->beyond_a_cluster()) {
      ++totals_.left_out;
      return;
    }
    if (the_case->needs("fresh")) {
      const std::lock_guard<std::mutex> guard(backend_.fresh);
      const Store store = backend_.make(the_case->member("config"), "_fresh");
      if (backend_.is_cluster()) store.delete_prefix({});
      steps(*the_case, way, store, false);
      return;
    }
    const Store &store = backend_.shared(the_case->member("config"));
    if (!backend_.is_cluster() || !the_case->needs("clock")) {
      steps(*the_case, way, store, false);
      return;
    }
    const std::lock_guard<std::mutex> guard(lock_);
    sleepers_.emplace_back([this, &store, way, kept = std::move(the_case)] {
      // A busy machine may take longer than a case has to spare: it has a second chance. What is wrong is
      // wrong again.
      if (steps(*kept, way, store, true)) return;
      kept->label();
      steps(*kept, way, store, false);
    });
  }
  void join() {
    for (std::thread &sleeper : sleepers_) sleeper.join();
    sleepers_.clear();
  }

 private:
  bool steps(const Case &the_case, vectors::Way way, const Store &store, bool again) {
    captures_t captures{};
    captures.slack = backend_.is_cluster() ? cluster_slack : 0;
    bool good = true;
    int index = 0;
    vectors::Asker asker(store, way);
    for (const json_t *step = the_case.member("steps")->first; step != nullptr && good;
         step = step->next, ++index) {
      vectors::Text why;
      good = one(asker, step, captures, why);
      ++totals_.steps;
      if (!good && (again || totals_.failures++ < shown_failures))
        std::fprintf(stderr, "%s%s, way %d: %s, step %d: %.1500s\n", again ? "once more: " : "",
                     backend_.name().c_str(), static_cast<int>(way), the_case.name(), index,
                     why.view().data());
    }
    totals_.typed += asker.typed();
    captures_free(&captures);
    return good;
  }

  bool one(vectors::Asker &asker, const json_t *step, captures_t &captures, vectors::Text &why) {
    if (const json_t *check = json_member(step, "check"))
      return judge_order(check, &captures, why.get()) != 0;
    if (json_member(step, "between") != nullptr) return judge_times(step, &captures, why.get()) != 0;
    if (const json_t *seconds = json_member(step, "advance")) {
      if (backend_.is_cluster()) {
        // A cluster's clock can't be moved: this time has to pass.
        std::this_thread::sleep_for(std::chrono::seconds(static_cast<int>(json_number(seconds, 0))));
      } else {
        asker.advance(json_number(seconds, 0));
      }
      return true;
    }
    const Answer answer = asker.ask(step, captures);
    vectors::Text text;
    text.add(answer.text);
    return judge_answer(step, answer.status, text.get(), &captures, why.get()) != 0;
  }

  Backend &backend_;
  Totals &totals_;
  std::mutex lock_;
  std::vector<std::thread> sleepers_;
};

int run_backend(const std::string &name, const std::string &folder, const std::vector<std::string> &lines) {
  Backend backend(name, folder);
  Totals totals;
  Runner runner(backend, totals);
  const std::size_t workers = backend.is_cluster() ? cluster_workers : 1;
  // A cluster takes its time: there each case runs by typed calls and by futures only.
  const int stride = backend.is_cluster() ? 2 : 1;
  std::vector<std::thread> threads;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      for (std::size_t n = worker; n < lines.size(); n += workers) {
        ++totals.cases;
        for (int way = 0; way < vectors::ways; way += stride)
          runner.run(lines[n], static_cast<vectors::Way>(way));
      }
    });
  }
  for (std::thread &thread : threads) thread.join();
  runner.join();
  std::printf(
      "%s: %d cases in %d ways, %d runs left out by what they need, %d steps (%d by typed calls), %d "
      "failures\n",
      name.c_str(), totals.cases.load(), vectors::ways / stride, totals.left_out.load(), totals.steps.load(),
      totals.typed.load(), totals.failures.load());
  if (totals.typed == 0) vectors::die("no step was run by a typed call", name.c_str());
  return totals.failures;
}

std::vector<std::string> read_lines(const char *folder) {
  char *files[64];
  std::vector<std::string> lines;
  const std::size_t count = files_ending(folder, ".jsonl", files, 64);
  if (count == 0) vectors::die(folder, "no vectors");
  for (std::size_t n = 0; n < count; ++n) {
    vectors::Text text;
    if (file_read(files[n], text.get()) == 0) vectors::die(files[n], "can't be read");
    const std::string whole(text.view());
    for (std::size_t at = 0, end; (end = whole.find('\n', at)) != std::string::npos; at = end + 1)
      lines.push_back(whole.substr(at, end - at));
    std::free(files[n]);
  }
  return lines;
}

}  // namespace

int main() {
  const char *const given = std::getenv("LGSTORE_VECTORS"), *const work = std::getenv("LGSTORE_WORK_DIR");
  std::printf("lgstore %s\n", lgstore_version());
  const std::vector<std::string> lines = read_lines(given != nullptr ? given : "tests/vectors");
  if (on_cluster() != 0) return run_backend("cql", "", lines) == 0 ? 0 : 1;
  const std::string folder =
      std::string(work != nullptr ? work : ".") + "/cpp-vectors-" + std::to_string(getpid());
  if (mkdir(folder.c_str(), 0700) != 0) vectors::die(folder.c_str(), "can't be made");
  const int failures = run_backend("memory", "", lines) + run_backend("file", folder, lines);
  remove_folder(folder.c_str());
  return failures == 0 ? 0 : 1;
}
