# All C and C++ of the repository is formatted by .clang-format; include/lgstore.h is cbindgen's.
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR"
find . \( -path ./build -o -path ./target -o -path ./fuzz/target -o -path ./abi/frozen -o -name node_modules -o -name .git \) -prune -o \
  \( -name '*.[ch]' -o -name '*.[ch]pp' \) ! -path ./include/lgstore.h -print0 |
  xargs -0 "$CLANG_FORMAT" --dry-run -Werror
echo "formatted by $("$CLANG_FORMAT" --version)"
