# headers.sh <standard> <compiler>...: headers.cpp, which calls everything, compiles without a warning. In C++17
# with the first compiler every header also compiles alone and twice.
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR/bindings/cpp"
standard=$1
[ "$standard" = 23 ] && standard=2b # as older compilers call it
shift
flags=("-std=c++$standard" -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
  -Wnon-virtual-dtor -Woverloaded-virtual -Werror -I include -I ../../include)
for compiler in "$@"; do
  "$compiler" "${flags[@]}" tests/headers.cpp
  echo "C++$standard: $("$compiler" --version | sed -n 1p)"
done
[ "$standard" = 17 ] || exit 0
for header in $(cd include && ls *.hpp lgstore/*.hpp); do
  printf '#include <%s>\n#include <%s>\n' "$header" "$header" | "$1" "${flags[@]}" -x c++ - ||
    { echo "$header does not stand alone" >&2; exit 1; }
done
