#!/usr/bin/env bash
# ctest: labels=mutants timeout=14400
# Each suite is seen to fail when what it guards is broken: every tests/mutants/*.patch is applied to a
# copy of the committed tree, its suite runs there, and must fail. Arguments: names of patches; or --check:
# only whether all of them apply.
#
# A patch names its suite in its first line: a Rust test of that name, or miri, loom, fuzz, or a CTest
# test (c.fork, asan.result, cpp.unit, go.test, node.test, roundtrip, docs.pages).
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "${1:-}" = --check ]; then
  # One that no longer applies guards nothing.
  for patch in tests/mutants/*.patch; do git apply --check "$patch"; done
  exit
fi
source_dir=$PWD
target=$(realpath -m "${CARGO_TARGET_DIR:-target}/mutants")
work=$(mktemp -d "${LGSTORE_WORK_DIR:-${TMPDIR:-/tmp}}/mutants.XXXXXX")
# One place for all runs, so that builds go on where the last one ended.
tree=$target/tree
mkdir -p "$target"
remove() {
  git -C "$source_dir" worktree remove --force "$tree" 2>/dev/null || rm -rf "$tree"
  git -C "$source_dir" worktree prune
  rm -rf "$work"
}
trap remove EXIT
git worktree prune
git worktree add --force --detach --quiet "$tree" HEAD
export CARGO_TARGET_DIR=$target/cargo CARGO_INCREMENTAL=1
export GTEST_FAIL_FAST=1 # one failure is enough, and some take a minute to be sure
unset LGSTORE_LIBRARY LGSTORE_BUILD_DIR LGSTORE_SOURCE_DIR LGSTORE_CARGO_DIR LGSTORE_VECTORS
cargo=${CARGO:-cargo}

build_target() {
  cmake -S . -B "$target/build" -DLGSTORE_TESTS=ON -DLGSTORE_CARGO_DIR="$CARGO_TARGET_DIR" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
    cmake --build "$target/build" --parallel 2 --target "$1"
}
# Builds only: a patch that does not compile proves nothing.
build() {
  case $1 in
    miri | fuzz) "$cargo" check --locked --lib ;;
    loom) RUSTFLAGS="--cfg lgstore_loom" CARGO_TARGET_DIR=$target/cargo/loom-check \
      "$cargo" check --locked --no-default-features --test loom ;;
    c.* | asan.* | cpp.*) build_target "${1//./_}" ;;
    go.*) build_target lgstore_shared && run go.vet ;;
    python.* | docs.*) build_target lgstore_shared ;;
    node.*) build_target lgstore_node && build_target lgstore_node_js ;;
    roundtrip)
      for part in lgstore_shared roundtrip_c cpp_roundtrip lgstore_node lgstore_node_js; do build_target "$part" || return; done
      ;;
    *) "$cargo" test --locked --no-run --test "$1" ;;
  esac
}
run() {
  case $1 in
    miri | loom) bash "tests/tools/$1.sh" ;;
    fuzz) LGSTORE_FUZZ_SECONDS=60 bash tests/tools/fuzz.sh filter ;;
    c.* | asan.* | cpp.* | go.* | python.* | node.* | docs.* | roundtrip)
      ctest --test-dir "$target/build" --output-on-failure -R "^${1//./\\.}\$" --no-tests=error
      ;;
    cql_races) LGSTORE_TEST_ROUNDS=10000 "$cargo" test --locked --test "$1" -- --test-threads 1 ;;
    *) "$cargo" test --locked --test "$1" ;;
  esac
}

survivors=0
names=("$@")
[ ${#names[@]} -gt 0 ] || for patch in tests/mutants/*.patch; do names+=("$(basename "$patch" .patch)"); done
for name in "${names[@]}"; do
  patch=$source_dir/tests/mutants/$name.patch
  suite=$(sed -n 's/^suite: //p;1q' "$patch")
  begun=$SECONDS
  cd "$tree"
  git checkout --quiet --force HEAD -- .
  git apply "$patch" || { echo "$name: the patch does not apply any more" >&2; exit 1; }
  build "$suite" >"$work/log" 2>&1 || { tail -30 "$work/log"; echo "$name: does not build" >&2; exit 1; }
  export cargo target
  if timeout 1800 bash -c "$(declare -f run); run $suite" >"$work/log" 2>&1; then
    echo "SURVIVED  $name: $suite passes although broken: $(sed -n 's/^breaks: //p;2q' "$patch")"
    survivors=$((survivors + 1))
  else
    # Failing for another reason (a tool that is missing, a build that breaks) proves nothing. The name of the
    # test that failed says most, where a suite gives it.
    why=$(grep -m1 -oE -- "--- FAIL: \w+|not ok [0-9]+ - .*|\[  FAILED  \] [A-Za-z.]+|^\w+: FAILED|^FAILED tests/[^ ]+|(versions|conditions|cursors) of \w+ and \w+: .{0,60}" "$work/log" ||
      grep -m1 -oE "panicked at [^ ]+|Undefined Behavior[^,]*|AddressSanitizer: [a-z-]+|does not hold: .*|\*\*\*Failed|\*\*\*Exception" "$work/log") || {
      tail -30 "$work/log"
      echo "$name: $suite failed, but not by what it tests" >&2
      exit 1
    }
    echo "killed    $name by $suite in $((SECONDS - begun)) s: $why"
  fi
  cd "$source_dir"
done
echo "${#names[@]} mutants, $survivors survived"
[ "$survivors" = 0 ]
