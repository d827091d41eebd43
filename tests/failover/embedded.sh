#!/usr/bin/env bash
# The load of the failover test by itself: it finds nothing wrong with a store that loses nothing, and finds what is
# wrong with stores that forget, fail or are slow. The file stands for the cluster.
#   embedded.sh <the program>
set -euo pipefail
load=$1
work=$(mktemp -d "${LGSTORE_WORK_DIR:-${TMPDIR:-/tmp}}/failover.XXXXXX")
trap 'rm -rf "$work"' EXIT

file='"backend":"embedded","durability":"normal","path":"'$work/file'"'

# try <seconds> <members of the configuration> <arguments>...
try() {
  local seconds=$1 members=$2
  shift 2
  rm -f "$work"/file*
  (echo steady && sleep "$seconds" && echo end) |
    "$load" --config "{$members}" --rate 400 "$@" >"$work/log" 2>&1
}
must_find() { # <text> <seconds> <members> <arguments>...
  local text=$1
  shift
  if try "$@"; then
    cat "$work/log" && echo "nothing was found where \"$text\" is the truth" >&2 && exit 1
  fi
  grep -q "WRONG: .*$text" "$work/log" || { cat "$work/log" && echo "not found: $text" >&2 && exit 1; }
  echo "found: $(grep -m1 "WRONG: .*$text" "$work/log")"
}

try 5 "$file" --profile lwt_operations --history "$work/history" || { cat "$work/log" && exit 1; }
cat "$work/log"
[ -s "$work/history" ] || { echo "no history was written" >&2 && exit 1; }
must_find 'nothing is there' 2 "$file"',"ttl":{"default_ttl":0.3}'
must_find 'plain requests failed' 2 '"backend":"fault","fault":{"fail_every":50}'
must_find 'the bound is 20 ms' 2 '"backend":"fault","fault":{"delay_us":50000}' --bound-ms 20
