#!/usr/bin/env bash
# A load at a fixed rate on three nodes, copies on all of them, while nodes are killed, paused and restarted, one at
# a time. README.md says what the load checks.
#
#   failover.sh short    one kill -9 and one pause; judges correctness only, for machines that are busy
#   failover.sh full     each node killed, paused and restarted; no plain request may fail or take above 1.5 s
#
# Environment: LGSTORE_FAILOVER_RATE (requests per second), LGSTORE_FAILOVER_LOAD (the program; default: of the build),
# LGSTORE_SEED, LGSTORE_WORK_DIR.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cluster=$here/../cluster/cluster.sh
work=$(realpath -m "${LGSTORE_WORK_DIR:-${TMPDIR:-/tmp}/lgstore-tests}/failover")
load=${LGSTORE_FAILOVER_LOAD:-${LGSTORE_BUILD_DIR:-$here/../../build/test}/tests/failover_load}
seed=${LGSTORE_SEED:-$RANDOM}

die() { echo "failover: $*" >&2; exit 1; }
# What the nodes complained of: their logs end with them.
complaints() {
  local node
  for node in 1 2 3; do
    echo "node $node:"
    grep -hE '^[^ ]+ [^ ]+ (WARN|ERROR) ' "$work/cluster/node$node/system.log" | tail -n 12 | cut -c1-300 || true
  done >&2
}
go=${GO:-$(command -v go || echo /usr/local/go/bin/go)}
[ -x "$go" ] || die "Go is missing: apt-get install golang-go, or https://go.dev/dl"
[ -x "$load" ] || die "$load is missing: cmake --build build/test --target failover_load"

# on <command> <node>: of our cluster. Its output must not get among the phases. A failure ends the events, and the load
# with them. (`set -e` does not hold below, where the pipe's failure is asked for.)
on() { "$cluster" "$@" --dir "$work/cluster" >&2 || exit 1; }
phase() { echo "$1" && sleep "$2"; }
# The load has opened its store. Making keyspace and tables takes seconds, and a minute and more when a node did not
# hear of a change: how long is not what is judged here.
wait_for_load() {
  local began=$SECONDS
  until [ -e "$work/ready" ]; do
    ((SECONDS < began + 300)) || die "the load does not begin"
    sleep 0.1
  done
  echo "failover: the load began after $((SECONDS - began)) s" >&2
}
# back <node>: it answers and all nodes see each other again. Only then the next event: one at a time.
back() {
  echo "$1 starts"
  on start "$1"
  on settle
  phase "$1 is back" "$2"
}
short_events() {
  wait_for_load
  sleep 8
  phase "all up" 4
  on kill 2
  phase "2 killed" 10
  back 2 2
  on pause 3
  phase "3 paused" 8
  on resume 3
  phase "3 resumed" 2
  on settle
  echo end
}
full_events() {
  local node
  wait_for_load
  sleep 40
  phase "all up" 10
  for node in 1 2 3; do
    on kill $node
    phase "$node killed" 15
    back $node 5
    on pause $node
    phase "$node paused" 20
    on resume $node
    phase "$node resumed" 5
    on settle
    echo "$node stops"
    on stop $node
    phase "$node stopped" 5
    back $node 5
  done
  echo end
}

case ${1:-} in
  # A machine that is busy with other things is slow: what piles up would make it slower still, so no more than 32
  # requests are open. Time limits are wider, and a request in fifty may run into its own.
  short) rate=${LGSTORE_FAILOVER_RATE:-100} limits=(--most-open 32 --plain-errors 20000)
    options=',"request_timeout":5,"breaker":{"enabled":false}' ;;
  # Three nodes, their restarts and the load share a machine. At 100 on two processors nothing fails, but searches of three
  # pages and batches pass the bound while a node starts: there it is the machine that is judged.
  full) rate=${LGSTORE_FAILOVER_RATE:-50} limits=(--bound-ms 1500) options='' ;;
  *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2 && exit 2 ;;
esac

rm -rf "$work"
mkdir -p "$work"
(cd "$here/linearizable" && "$go" build -o "$work/linearizable" .) || die "the checker does not build"

# The limits of a server as it comes, not the tool's. Times: a logged batch that waits for a dead node holds a thread of
# its coordinator that long. Threads: hints for a node that is back must not take them all.
stock=()
for limit in read_request_timeout=5s write_request_timeout=2s cas_contention_timeout=1800ms request_timeout=10s \
  concurrent_reads=32 concurrent_writes=32; do
  stock+=(--set $limit)
done
# A write is in the node's log before it is acknowledged, so that a killed node comes back with what it promised: what
# is lost then was lost by us. (No disk is waited for: the tool's nodes leave out the syncs.)
trap '"$cluster" down --dir "$work/cluster" >&2 || true' EXIT
on up --nodes 3 --owner $$ --set commitlog_sync=batch --set commitlog_sync_period=0ms "${stock[@]}"
points=$("$cluster" env --dir "$work/cluster" | sed -n 's/^LGSTORE_TEST_CONTACT_POINTS=//p')
# Short leases: registering namespaces and reading created_at happen all the time, and searches take several pages.
config='{"backend":"cql","contact_points":["'${points//,/\",\"}'"],"keyspace":"failover","consistency":"quorum",
  "schema":{"replication":{"factor":3}},"namespace_lease":2,"created_at_cache":2,"search":{"page_size":20}'$options'}'

echo "failover: $1, $rate requests per second, seed $seed" >&2
"${1}_events" | "$load" --config "$config" --rate "$rate" --seed "$seed" --profile lwt_operations \
  --history "$work/history.jsonl" --ready "$work/ready" "${limits[@]}" || { complaints; die "see above"; }
"$work/linearizable" "$work/history.jsonl" || die "the history is in $work/history.jsonl"
