#!/usr/bin/env bash
# ctest: labels=deep timeout=28800 cluster=plain
# The long versions: many seeds, many cuts, fuzzing for minutes, models with more switches. Each run
# takes another seed and prints it; LGSTORE_SEED repeats one.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo=${CARGO:-cargo}
export LGSTORE_SEED="${LGSTORE_SEED:-$(date +%s)}"
echo "== seed $LGSTORE_SEED"
echo "== crash" && LGSTORE_ROUNDS=1000 "$cargo" test --locked --test crash -- --nocapture
echo "== power loss" && LGSTORE_CUTS=10000 "$cargo" test --locked --test power_loss -- --nocapture
echo "== model" && LGSTORE_CASES=10000 "$cargo" test --locked --test model
echo "== differential" && LGSTORE_DIFFERENTIAL=100000 "$cargo" test --locked --test differential -- --nocapture
echo "== races on a cluster" &&
  LGSTORE_TEST_ROUNDS=10000 "$cargo" test --locked --test cql_races -- --nocapture
echo "== loom" && LOOM_MAX_PREEMPTIONS=5 bash tests/tools/loom.sh
echo "== fuzz" && LGSTORE_FUZZ_SECONDS=900 bash tests/tools/fuzz.sh
