#!/usr/bin/env bash
# The benchmarks, with their ceilings (docs/performance.md); needs a machine that does little else.
# ctest: labels=bench timeout=6000
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR"
cargo bench --locked --bench embedded -- --check
cargo bench --locked --bench cluster --no-run
if [ -n "${LGSTORE_TEST_CONTACT_POINTS:-}" ]; then
  cargo bench --locked --bench cluster -- --check
else
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  tests/cluster/cluster.sh run --dir "$folder" --lasting --heap 768m -- cargo bench --locked --bench cluster -- --check
fi
