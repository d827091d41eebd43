#!/usr/bin/env bash
# ctest: labels=ci;tsan timeout=2400
# The C tests and those of the C++ binding under the thread sanitizer, with the core, its crates and Rust's standard library
# instrumented. Both compilers' code calls the one runtime that comes with rustc.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/common/nightly.bash
need_nightly rust-src

work="${CARGO_TARGET_DIR:-target}/tsan"
target=x86_64-unknown-linux-gnu
if [ "$(uname -m)" = aarch64 ]; then target=aarch64-unknown-linux-gnu; fi
mkdir -p "$work/bin"
work=$(cd "$work" && pwd)

# Without clusters: the driver and its cryptography would all have to be built with the sanitizer, for nothing
# that these tests reach.
RUSTFLAGS="-Zsanitizer=thread" CFLAGS="-fsanitize=thread" CARGO_TARGET_DIR="$work" \
  cargo +"$nightly" rustc --locked --package lgstore --lib --crate-type staticlib --no-default-features --features file \
  -Zbuild-std --target "$target" --config profile.dev.opt-level=1
runtime="$(rustc +"$nightly" --print sysroot)/lib/rustlib/$target/lib/librustc-nightly_rt.tsan.a"
if [ ! -f "$runtime" ]; then
  echo "the thread sanitizer's runtime is missing: $runtime (rustup toolchain install $nightly)" >&2
  exit 1
fi

export LGSTORE_WORK_DIR="${LGSTORE_WORK_DIR:-$work/state}"
mkdir -p "$LGSTORE_WORK_DIR"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1"
# Not here: fork and exit (the sanitizer does not allow threads after a fork), unload (a second copy of
# the library), many (ten thousand stores take an hour).
tests="version error result submit cq contract store runtime log metrics fault"
failed=0
for test in $tests; do
  "${CC:-cc}" -std=gnu11 -g -O1 -fsanitize=thread -Iinclude -r "tests/c/$test.c" tests/c/support/*.c \
    -o "$work/bin/$test.o" # one object of them all
  "${CC:-cc}" -no-pie "$work/bin/$test.o" "$work/$target/debug/liblgstore.a" \
    -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -Wl,--export-dynamic \
    -lstdc++ -lgcc_s -lpthread -ldl -lm -lrt -o "$work/bin/$test"
  echo "== $test"
  "$work/bin/$test" || { echo "$test failed" && failed=1; }
done

# The C++ binding: what hands over between threads.
objects=()
for test in races submit cq awaitable; do
  "${LGSTORE_CXX:-c++}" -std=c++20 -g -O1 -fsanitize=thread -Iinclude -Ibindings/cpp/include \
    -c "bindings/cpp/tests/${test}_test.cpp" -o "$work/bin/cpp_$test.o"
  objects+=("$work/bin/cpp_$test.o")
done
"${LGSTORE_CXX:-c++}" -no-pie "${objects[@]}" -lgtest -lgtest_main "$work/$target/debug/liblgstore.a" \
  -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive -Wl,--export-dynamic \
  -lgcc_s -lpthread -ldl -lm -lrt -o "$work/bin/cpp"
echo "== C++"
"$work/bin/cpp" --gtest_brief=1 || { echo "C++ failed" && failed=1; }
exit $failed
