#!/usr/bin/env bash
# ctest: labels=ci;fuzz timeout=1800
# Every fuzz target for LGSTORE_FUZZ_SECONDS (30) with AddressSanitizer, from the committed seeds.
# Plain cargo and the flags that cargo-fuzz would give, so that nothing else must be installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/common/nightly.bash
need_nightly rust-src

seconds=${LGSTORE_FUZZ_SECONDS:-30}
work=$(mktemp -d "${LGSTORE_WORK_DIR:-${TMPDIR:-/tmp}}/fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/fuzz"
host=$(rustc +"$nightly" -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Zsanitizer=address -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
# The versions of the library's own build; a lock file of its own would fall behind at every change.
cp Cargo.lock fuzz/Cargo.lock
cargo +"$nightly" build --release --target "$host" --manifest-path fuzz/Cargo.toml

# What is kept on purpose (the shared runtime, freed handles in debug builds) is no leak to look for:
# each input's own leaks are found by the C tests.
export ASAN_OPTIONS=detect_leaks=0
declare -A longest=([request_json]=4096 [filter]=512 [capi_sequence]=256)
for target in ${*:-request_json filter capi_sequence}; do
  echo "== $target, $seconds s"
  mkdir -p "$work/$target"
  "$CARGO_TARGET_DIR/$host/release/$target" "$work/$target" "fuzz/seeds/$target" \
    -max_total_time="$seconds" -max_len="${longest[$target]}" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
    -artifact_prefix="$work/" -verbosity=0 -print_funcs=0 2>&1 |
    grep -vE "^stat::(new_units|slowest|peak)|# Uses: " || {
    result=${PIPESTATUS[0]}
    for input in "$work"/{crash,timeout,oom,leak}-*; do
      [ -e "$input" ] && { echo "input, in base64:"; base64 "$input"; }
    done
    exit "$result"
  }
done
