#!/usr/bin/env bash
# ctest: labels=ci;loom timeout=1800
# The op protocol under the model checker. A build of its own: every atomic in src/op is loom's.
set -euo pipefail
cd "$(dirname "$0")/../.."

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
export RUSTFLAGS="--cfg lgstore_loom"
# Optimised a little: whole-program optimisation would take minutes and the models take a second.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1
# What the protocol asserts for itself is checked, too.
export CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true
# More forced switches between threads than this find nothing more in reasonable time.
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
"${CARGO:-cargo}" test --locked --release --no-default-features --test loom -- "$@"
