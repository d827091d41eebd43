#!/usr/bin/env bash
# ctest: labels=ci;debug timeout=1200
# The C tests against a debug build of the library: its assertions and overflow checks are on, and freed
# handles are recognised (contract.c tests that here only).
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo_target="${CARGO_TARGET_DIR:-target}"
"${CARGO:-cargo}" rustc --locked --package lgstore --lib --crate-type staticlib --target-dir "$cargo_target"

work="$cargo_target/debug-c"
mkdir -p "$work"
export LGSTORE_WORK_DIR="${LGSTORE_WORK_DIR:-$work}"
export LGSTORE_TEST_DEBUG_LIBRARY=1
# Not here: unload (it opens the shared library), many (slow without optimisation).
tests="version error result submit cq contract store runtime log metrics fault bad_input reopen fork exit"
failed=0
for test in $tests; do
  "${CC:-cc}" -std=gnu11 -g -Iinclude "tests/c/$test.c" tests/c/support/*.c "$cargo_target/debug/liblgstore.a" \
    -lgcc_s -lutil -lrt -lpthread -lm -ldl -o "$work/$test"
  echo "== $test"
  "$work/$test" || { echo "$test failed" && failed=1; }
done
exit $failed
