#!/usr/bin/env bash
# ctest: labels=valgrind timeout=3600
# The C tests under valgrind: reads of memory that nobody has written, which no sanitizer here sees.
# A campaign, not part of `ci`: it is some 30 times slower.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v valgrind >/dev/null || {
  echo "valgrind is missing: apt-get install valgrind" >&2
  exit 1
}
library=$(dirname "${LGSTORE_LIBRARY:?the shared library}")
work="${LGSTORE_WORK_DIR:?a folder for state}"
failed=0
for test in version error result submit cq contract store log metrics bad_input; do
  "${CC:-cc}" -std=gnu11 -g -Iinclude "tests/c/$test.c" tests/c/support/*.c -L"$library" -llgstore -Wl,-rpath,"$library" \
    -lpthread -o "$work/valgrind-$test"
  echo "== $test"
  valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite "$work/valgrind-$test" || { echo "$test failed" && failed=1; }
done
exit $failed
