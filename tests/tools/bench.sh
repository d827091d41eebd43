#!/usr/bin/env bash
# The benchmarks, with their ceilings (docs/performance.md); needs a machine that does little else.
# ctest: labels=bench timeout=3000
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR"
cargo bench --locked --bench embedded -- --check
