#!/usr/bin/env bash
# ctest: labels=ci;miri timeout=1800
# Miri on the units of the boundary: provenance (no pointer made of a number), bounds, lifetimes, leaks.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools/common/nightly.bash
need_nightly miri rust-src

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/miri"
# Time comes from the host: the runtime's timers would stand still otherwise.
export MIRIFLAGS="-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check -Zmiri-disable-isolation"
cargo +"$nightly" miri test --locked --no-default-features --lib capi::
