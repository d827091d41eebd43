/// \file
/// Opt-in: nlohmann::json, and every type that it converts (to_json and from_json), as values of items:
/// `store.put(ns, key, json)`, `item->as<nlohmann::json>()`. Numbers beyond 64 bit and the spelling of
/// numbers are kept by the store and lost by nlohmann::json; Item::value() has the bytes.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_NLOHMANN_HPP
#define LGSTORE_CPP_NLOHMANN_HPP

#include <nlohmann/json.hpp>

#include "lgstore/json.hpp"

namespace lgstore {

/// For nlohmann::json and what converts to it. Texts convert too, but are JSON already and stay what they
/// are.
template <class T>
struct json_traits<T, std::enable_if_t<!std::is_convertible_v<T, std::string_view> &&
                                       (nlohmann::detail::is_basic_json<T>::value ||
                                        nlohmann::detail::has_to_json<nlohmann::json, T>::value)>> {
  static std::string dump(const T &value) { return nlohmann::json(value).dump(); }
  static T parse(std::string_view json) { return nlohmann::json::parse(json).template get<T>(); }
};

}  // namespace lgstore

#endif
