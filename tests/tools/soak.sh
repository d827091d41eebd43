#!/usr/bin/env bash
# ctest: labels=soak timeout=14400
# Ten million operations in memory and four million on a file: less than a byte more per operation.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LGSTORE_OPERATIONS="${LGSTORE_OPERATIONS:-10000000}"
"${CARGO:-cargo}" test --locked --release --test flat_memory -- --nocapture
