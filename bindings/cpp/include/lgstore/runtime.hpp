/// \file
/// Runtimes: the threads that stores run on, and their log.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_RUNTIME_HPP
#define LGSTORE_CPP_RUNTIME_HPP

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "lgstore/submit.hpp"

namespace lgstore {

/// Of a Runtime; 0 = the default.
struct RuntimeOptions {
  /// Callbacks run on the worker that finished the request: less CPU, for callbacks that only hand over. A
  /// callback that waits for anything would hold up requests.
  bool callbacks_on_workers = false;
  std::uint32_t worker_threads = 0;        ///< Default: as many as processors, at most 4.
  std::uint32_t callback_threads = 0;      ///< Default: 1, so that callbacks come in the order of completion.
  std::uint32_t max_blocking_threads = 0;  ///< For long scans and files. Default: 64, started when needed.
  std::uint32_t log_lines = 0;             ///< Log events that may wait for the log function. Default: 1024.
};

/// How grave a log event is.
enum class Level : std::int32_t { error = 1, warn = 2, info = 3, debug = 4, trace = 5 };

/// Receives a log event, a JSON object, on a thread of the library, one at a time.
using LogFunction = std::function<void(Level level, std::string_view json)>;

namespace detail {

inline void on_log(std::int32_t level, const char *json, std::size_t json_len, void *user_data) noexcept {
  const auto *const function = static_cast<const LogFunction *>(user_data);
  shielded([&] { (*function)(static_cast<Level>(level), {json, json_len}); });
}

/// Whether the library that is loaded fits the headers; asked once.
inline Result<void> check_abi() {
  static const lgstore_status_t status = lgstore_abi_check(LGSTORE_ABI_VERSION, LGSTORE_VERSION_NUMBER);
  if (status == LGSTORE_OK) return {};
  return Error(errc::abi_mismatch, std::string("the library that is loaded is ") + lgstore_version());
}

}  // namespace detail

/// Threads for stores. Without one, stores share a default runtime. Stores keep what they need of it alive,
/// so it may be destroyed before them; then it ends by itself. Move-only; its functions are thread-safe.
class Runtime {
 public:
  /// Starts the threads. Throws Exception (errc::invalid_arg, errc::unavailable).
  explicit Runtime(const RuntimeOptions &options = {}) : Runtime(make(options).value()) {}
  /// The same without exceptions.
  static Result<Runtime> make(const RuntimeOptions &options = {}) {
    if (Result<void> fits = detail::check_abi(); !fits) return std::move(fits).error();
    lgstore_runtime_options_t raw{};
    raw.struct_size = sizeof raw;
    raw.flags = options.callbacks_on_workers ? LGSTORE_RUNTIME_CALLBACKS_ON_WORKERS : 0;
    raw.worker_threads = options.worker_threads;
    raw.callback_threads = options.callback_threads;
    raw.max_blocking_threads = options.max_blocking_threads;
    raw.log_lines = options.log_lines;
    lgstore_runtime_t *runtime = nullptr;
    lgstore_error_t *err = nullptr;
    const lgstore_status_t status = lgstore_runtime_new(&raw, &runtime, &err);
    if (status != LGSTORE_OK) return detail::error_of(status, detail::ErrorHandle(err));
    return Runtime(runtime);
  }
  Runtime(Runtime &&) = default;
  Runtime &operator=(Runtime &&other) noexcept {
    if (this != &other) {
      end_log();
      handle_ = std::move(other.handle_);
      log_ = std::move(other.log_);
    }
    return *this;
  }
  ~Runtime() { end_log(); }

  /// Sets what receives log events of `level` and graver; an empty function = silent, as at the start. Waits
  /// for a running call of the one before. Throws Exception (errc::would_deadlock on a thread of the
  /// library).
  void set_log(Level level, LogFunction log) {
    auto next = log ? std::make_unique<LogFunction>(std::move(log)) : nullptr;
    const lgstore_status_t status = lgstore_runtime_set_log(handle_.get(), static_cast<std::int32_t>(level),
                                                            next ? detail::on_log : nullptr, next.get());
    if (status != LGSTORE_OK) throw Exception(detail::error_of(status));
    log_ = std::move(next);
  }

  /// Waits until the runtime has ended: every store on it destroyed, every callback returned, every thread
  /// gone. False if it has not within `timeout`. No more stores can be made on it. Throws Exception.
  bool join(Duration timeout) {
    const auto us = timeout < Duration::zero() ? 0 : static_cast<std::uint64_t>(timeout.count());
    const lgstore_status_t status = lgstore_runtime_join(handle_.get(), us);
    if (status != LGSTORE_OK && status != LGSTORE_E_TIMEOUT) throw Exception(detail::error_of(status));
    return status == LGSTORE_OK;
  }

  lgstore_runtime_t *native_handle() const noexcept { return handle_.get(); }

 private:
  explicit Runtime(lgstore_runtime_t *runtime) noexcept : handle_(runtime) {}

  /// The log function must not be called once it is gone. On a thread of the library nobody may wait for
  /// that, and it stays for the rest of the process.
  void end_log() noexcept {
    if (log_ == nullptr) return;
    const lgstore_status_t status = lgstore_runtime_set_log(handle_.get(), 1, nullptr, nullptr);
    if (status == LGSTORE_E_WOULD_DEADLOCK) static_cast<void>(log_.release());
  }

  detail::Handle<lgstore_runtime_t, lgstore_runtime_free> handle_;
  std::unique_ptr<LogFunction> log_;
};

/// Sets the log function of the default runtime, which lives as long as a store uses it: call it after making
/// one. As Runtime::set_log; also throws errc::closed while no store is on the default runtime.
inline void set_log(Level level, LogFunction log) {
  // Never destroyed: at the end of the process the library's threads may still be at it.
  static auto &lock = *new std::mutex;
  static LogFunction *current = nullptr;
  auto next = log ? std::make_unique<LogFunction>(std::move(log)) : nullptr;
  const std::lock_guard<std::mutex> guard(lock);
  const lgstore_status_t status = lgstore_runtime_set_log(nullptr, static_cast<std::int32_t>(level),
                                                          next ? detail::on_log : nullptr, next.get());
  if (status != LGSTORE_OK) throw Exception(detail::error_of(status));
  delete std::exchange(current, next.release());
}

}  // namespace lgstore

#endif
