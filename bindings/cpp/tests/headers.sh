# headers.sh <standard> <compiler>...: headers.cpp, which calls everything, compiles without a warning.
# headers.sh alone <compiler>: so does each header by itself, and twice, in C++17; those that say more in a
# later standard also there.
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR/bindings/cpp"
what=$1
shift
# compile <standard> <compiler> <source or ->
compile() {
  local standard=$1
  [ "$standard" = 23 ] && standard=2b # as older compilers call it
  "$2" "-std=c++$standard" -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
    -Wnon-virtual-dtor -Woverloaded-virtual -Werror -I include -I ../../include -x c++ "$3"
}
if [ "$what" != alone ]; then
  for compiler in "$@"; do
    compile "$what" "$compiler" tests/headers.cpp
    echo "C++$what: $("$compiler" --version | sed -n 1p)"
  done
  exit 0
fi
# Not lgstore.hpp: headers.cpp begins with it.
for header in include/lgstore/*.hpp; do
  standards=17
  if grep -qE '__cpp_|LGSTORE_CPP_COROUTINES' "$header"; then standards="17 23"; fi
  for standard in $standards; do
    printf '#include <%s>\n' "${header#include/}" "${header#include/}" | compile "$standard" "$1" - ||
      { echo "$header does not stand alone in C++$standard" >&2; exit 1; }
  done
done
