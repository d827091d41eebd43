/// \file
/// The one kind of owner for what the library hands out: move-only, freed once.
/// SPDX-License-Identifier: Apache-2.0 OR MIT
#ifndef LGSTORE_CPP_HANDLE_HPP
#define LGSTORE_CPP_HANDLE_HPP

#include <memory>

namespace lgstore {
namespace detail {

template <class T, void (*Free)(T *)>
struct Freer {
  void operator()(T *object) const noexcept { Free(object); }
};

template <class T, void (*Free)(T *)>
using Handle = std::unique_ptr<T, Freer<T, Free>>;

}  // namespace detail
}  // namespace lgstore

#endif
