#!/usr/bin/env bash
# Counts the syncs of 64 concurrent durable writers: at most one for ten puts.
# ctest: labels=ci;fsync timeout=120
set -euo pipefail
command -v strace >/dev/null || { echo "strace is missing: apt-get install strace" >&2; exit 1; }
trace="$LGSTORE_WORK_DIR/fsync.trace"
puts=$(strace -f -qq -e trace=fsync,fdatasync,sync_file_range,msync -o "$trace" \
  "$LGSTORE_BUILD_DIR/tests/c_durable_writers" "$LGSTORE_WORK_DIR/fsync.db" | awk '{print $1}')
syncs=$(grep -cE '(fsync|fdatasync|sync_file_range|msync)\(' "$trace")
echo "$puts puts, $syncs syncs"
[ "$syncs" -gt 0 ] || { echo "a durable put without any sync?" >&2; exit 1; }
[ $((syncs * 10)) -le "$puts" ] || { echo "more than one sync for ten puts" >&2; exit 1; }
