/// \file
/// lgstore for C++: the long-term memory of agents and native services. Header-only C++17 over the C
/// interface (lgstore.h); `co_await` from C++20 on.
///
///     lgstore::Store store("file:memory.db");
///     store.put({"users", "ada"}, "theme", R"({"mode":"dark"})");
///     if (auto item = store.get({"users", "ada"}, "theme")) use(item->value());
///
/// Begin with Store (lgstore/store.hpp) and Operations (lgstore/operations.hpp). Values and filters are JSON
/// text, kept byte for byte; `<lgstore/nlohmann.hpp>` adds nlohmann::json.
///
/// Threads: stores, runtimes and queues are thread-safe; callbacks run on threads of the library, where
/// operations that wait are refused (errc::would_deadlock). Exceptions of callbacks never reach the library:
/// see set_exception_handler.
///
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_HPP
#define LGSTORE_HPP

#include "lgstore/awaitable.hpp"
#include "lgstore/batch.hpp"
#include "lgstore/cq.hpp"
#include "lgstore/error.hpp"
#include "lgstore/item.hpp"
#include "lgstore/json.hpp"
#include "lgstore/namespace.hpp"
#include "lgstore/operations.hpp"
#include "lgstore/options.hpp"
#include "lgstore/range.hpp"
#include "lgstore/result.hpp"
#include "lgstore/runtime.hpp"
#include "lgstore/store.hpp"
#include "lgstore/submit.hpp"

namespace lgstore {

/// The version of the library that is loaded, "major.minor.patch".
inline std::string_view version() noexcept {
  return lgstore_version();
}

}  // namespace lgstore

#endif
