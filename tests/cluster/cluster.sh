#!/usr/bin/env bash
# A real Apache Cassandra for tests: one or three nodes on loopback addresses, from the jars that Maven has.
#
#   cluster.sh up [--nodes 1|3] [options]   start what does not run, wait until CQL answers
#   cluster.sh down                         end every node, delete its data
#   cluster.sh leave --owner PID            this owner needs it no more; `down` when it was the last
#   cluster.sh run [options] -- COMMAND     up, COMMAND with the cluster in its environment, leave
#   cluster.sh with -- COMMAND              COMMAND with the environment of a cluster that is up
#   cluster.sh env | status
#   cluster.sh stop N | kill N | pause N | resume N | start N
#                                           drain and end, kill -9, SIGSTOP, SIGCONT, start again on its data
#   cluster.sh settle                       wait until every node that runs sees every other one up
#   cluster.sh fetch                        jars and class archive only
#
# Options
#   --dir FOLDER       everything of this cluster but the jars      (default: cluster/ in the cache)
#   --owner PID        the cluster ends when its last owner has ended; `parent`: the caller of this script
#   --nodes 1|3        (default 1)
#   --net 127.X.Y      node N is 127.X.Y.N                           (default: a free one from 127.0.9 on)
#   --port, --storage-port NUMBER                                    (default 9042, 7000)
#   --auth             password authentication (cassandra/cassandra)
#   --tls on|mutual    TLS with an authority of its own; mutual: client certificates are asked for
#   --set KEY=VALUE    a line of cassandra.yaml
#   --heap SIZE        of each node                                  (default 400m)
#   --lasting          compiled as in production: slow for the first minutes, then fast; for measurements
#   --forgetful        schema changes three times as fast; such a node must not be started again
#   --wait SECONDS     for an answer                                 (default 180)
#   --or-given         do nothing (`with`: only run the command) if LGSTORE_TEST_CONTACT_POINTS names a cluster
#
# The jars are kept in $LGSTORE_CASSANDRA_CACHE (default: lgstore/cassandra in $XDG_CACHE_HOME or ~/.cache).
# A cluster without an owner stays until `down`, its data too. README.md says how the rest works.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${LGSTORE_CASSANDRA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lgstore/cassandra}
dir=$cache/cluster owner='' node=''
nodes=1 net=auto port=9042 storage_port=7000 auth=0 tls=off overrides='' heap=400m lasting=0 forgetful=0 patience=180 or_given=0
command_line=()
source "$here/lib/common.sh"
source "$here/lib/cache.sh"
source "$here/lib/tls.sh"
source "$here/lib/node.sh"

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --dir) mkdir -p "$2" && dir=$(cd "$2" && pwd) ;;
      --owner) owner=$([ "$2" = parent ] && echo "$PPID" || echo "$2") ;;
      --nodes) nodes=$2 && [[ $2 == [13] ]] || die "--nodes takes 1 or 3" ;;
      --net) net=$2 && [[ $2 =~ ^127\.[0-9]+\.[0-9]+$ ]] || die "--net takes the beginning 127.X.Y of loopback addresses" ;;
      --port) port=$2 ;;
      --storage-port) storage_port=$2 ;;
      --tls) tls=$2 && [[ $2 == @(on|mutual) ]] || die "--tls takes on or mutual" ;;
      --set) overrides+="${overrides:+ }$2" && [[ $2 == *=* && $2 != *' '* ]] || die "--set takes KEY=VALUE without spaces" ;;
      --heap) heap=$2 ;;
      --wait) patience=$2 ;;
      --auth) auth=1 && set -- '' "$@" ;;
      --or-given) or_given=1 && set -- '' "$@" ;;
      --lasting) lasting=1 && set -- '' "$@" ;;
      --forgetful) forgetful=1 && set -- '' "$@" ;;
      --) shift && command_line=("$@") && return ;;
      [123]) node=$1 && set -- '' "$@" ;;
      *) usage ;;
    esac
    shift 2 || usage
  done
}

# ---- one at a time ----

lock() {
  mkdir -p "$dir"
  exec 8>"$dir/lock"
  flock -w 600 8 || die "another process holds $dir/lock"
}
unlock() { exec 8>&-; }

shape() { echo "nodes=$nodes tls=$tls auth=$auth overrides=$overrides"; }

# The settings of the cluster in this folder, as it was started.
known() {
  [ -f "$dir/settings" ] || die "no cluster in $dir: cluster.sh up --dir $dir"
  source "$dir/settings"
}

some_node_lives() {
  local n
  for n in 1 2 3; do
    alive "$dir/node$n/pid" && return 0
  done
  return 1
}

wipe() { rm -rf "$dir"/node[123] "$dir/tls" "$dir/tls.new" "$dir/settings" "$dir/env" "$dir/owners"; }

# ---- up ----

# reserved <net>: by another cluster that still has an owner, or needs none. Its nodes may be down for the moment, and
# must find their addresses again.
reserved() {
  local other
  other=$(cat "$cache/nets/$1" 2>/dev/null) || return 1
  [ "$other" != "$dir" ] && [ -f "$other/settings" ] || return 1
  (dir=$other && wanted=$1 && source "$other/settings" && [ "$net" = "$wanted" ] && { [ "$owned" = 0 ] || any_owner; })
}

net_is_free() { # <net>
  local n
  ! reserved "$1" || return 1
  for ((n = 1; n <= nodes; n++)); do
    flock -n "$cache/nets/$1.$n" true || return 1
    port_open "$1.$n" "$port" && return 1
    port_open "$1.$n" "$storage_port" && return 1
  done
  return 0
}

choose_net() {
  local third
  [ "$net" = auto ] || return 0
  for third in {9..99}; do
    net=127.0.$third
    net_is_free "$net" && return
  done
  die "every net from 127.0.9 to 127.0.99 is in use on port $port"
}

save_settings() {
  local name
  for name in here cache jars java archive nodes net port storage_port auth tls overrides heap lasting forgetful patience owned; do
    printf '%s=%q\n' "$name" "${!name}"
  done >"$dir/settings"
  {
    local n points=''
    for ((n = 1; n <= nodes; n++)); do points+="${points:+,}$net.$n:$port"; done
    echo "LGSTORE_TEST_CONTACT_POINTS=$points"
    printf 'LGSTORE_TEST_CLUSTER=%q\n' "$dir"
    [ "$auth" = 0 ] || printf '%s\n' LGSTORE_TEST_USERNAME=cassandra LGSTORE_TEST_PASSWORD=cassandra
    [ "$tls" = off ] || printf 'LGSTORE_TEST_TLS=%q\n' "$dir/tls"
  } >"$dir/env"
}

join() {
  [ -n "$owner" ] || return 0
  mkdir -p "$dir/owners"
  echo "$owner $(started_at "$owner" || die "owner $owner does not run")" >"$dir/owners/$owner"
}

up() {
  local n wanted began=$EPOCHREALTIME owned=0
  fetch
  [ -z "$owner" ] || owned=1
  wanted=$(shape)
  lock
  if some_node_lives; then
    known
    [ "$(shape)" = "$wanted" ] || die "$dir holds a cluster with $(shape), not $wanted: cluster.sh down --dir $dir"
  else
    # Data is used again only by whom it was kept for.
    if [ -f "$dir/settings" ] && ! (source "$dir/settings" && [ "$owned$(shape)" = "0$wanted" ] && [ -z "$owner" ]); then
      wipe
    elif [ -f "$dir/settings" ]; then
      known
    fi
  fi
  mkdir -p "$dir"
  exec 7>"$cache/nets/lock" # until our nodes hold the locks on their addresses
  flock -w 600 7 || die "another process holds $cache/nets/lock"
  some_node_lives || choose_net
  echo "$dir" >"$cache/nets/$net"
  save_settings
  join
  [ "$tls" = off ] || certificates
  for ((n = 1; n <= nodes; n++)); do start_node $n; done
  exec 7>&-
  for ((n = 1; n <= nodes; n++)); do ready $n; done
  [ "$auth" = 0 ] || logins_ready
  unlock
  [ "$nodes" = 1 ] || settle
  echo "cluster: up after $(awk "BEGIN{printf \"%.1f\", $EPOCHREALTIME-$began}") s on $(sed -n 's/.*CONTACT_POINTS=//p' "$dir/env")" >&2
}

start_node() {
  ! alive "$dir/node$1/pid" || return 0
  if [ -d "$dir/node$1" ]; then gone "$1" 10 || true; fi
  free_port "$1" "$port"
  free_port "$1" "$storage_port"
  configure "$1"
  launch "$1"
}

settle() {
  local n deadline=$((SECONDS + patience)) all
  while :; do
    all=1
    for ((n = 1; n <= nodes; n++)); do
      ! alive "$dir/node$n/pid" || sees_all $n || all=0
    done
    [ $all = 0 ] || return 0
    ((SECONDS < deadline)) || die "the nodes do not see each other after $patience s"
    sleep 0.1
  done
}

# ---- the end ----

down() {
  local n
  for n in 1 2 3; do
    if alive "$dir/node$n/pid"; then kill -KILL "$found"; fi
  done
  for ((n = 1; n <= nodes; n++)); do
    gone $n 20 || die "node $n does not end, or another process holds its ports"
  done
  wipe
}

leave() {
  [ -n "$owner" ] || die "leave needs --owner"
  [ -d "$dir" ] || return 0
  lock
  rm -f "$dir/owners/$owner"
  if [ -f "$dir/settings" ] && ! any_owner; then known && down; fi
}

run() {
  [ ${#command_line[@]} -gt 0 ] || usage
  owner=$$
  up
  local status=0
  set -a
  source "$dir/env"
  set +a
  "${command_line[@]}" || status=$?
  leave
  exit $status
}

status() {
  local n
  known
  for ((n = 1; n <= nodes; n++)); do
    if alive "$dir/node$n/pid"; then
      printf 'node %s %s:%s pid %s, %s MB%s\n' $n "$net.$n" "$port" "$found" \
        "$(awk '/VmRSS/{print int($2/1024)}' "/proc/$found/status")" "$(grep -q '^State:.T' "/proc/$found/status" && echo ', paused')"
    else
      echo "node $n $net.$n:$port does not run"
    fi
  done
}

one_node() { # <command>
  [ -n "$node" ] || usage
  known
  lock
  case $1 in
    pause) signal "$node" STOP ;;
    resume) signal "$node" CONT ;;
    kill) signal "$node" KILL && gone "$node" 20 || die "node $node does not end" ;;
    stop)
      signal "$node" CONT
      signal "$node" TERM
      gone "$node" 60 || die "node $node does not end"
      ;;
    start)
      [ -d "$dir/node$node/data" ] || die "node $node has never run in $dir"
      [ "$forgetful" = 0 ] || die "a forgetful node can't be started again: its schema is gone"
      # What it said of the others before it ended counts no more.
      alive "$dir/node$node/pid" || echo $(($(wc -l <"$dir/node$node/system.log") + 1)) >"$dir/node$node/log_begins"
      fetch
      start_node "$node"
      ready "$node"
      ;;
  esac
}

with() {
  [ ${#command_line[@]} -gt 0 ] || usage
  known
  unset LGSTORE_TEST_USERNAME LGSTORE_TEST_PASSWORD LGSTORE_TEST_TLS
  set -a
  source "$dir/env"
  set +a
  exec "${command_line[@]}"
}

[ $# -gt 0 ] || usage
verb=$1
shift
parse "$@"
if [ $or_given = 1 ] && [ -n "${LGSTORE_TEST_CONTACT_POINTS:-}" ]; then
  if [ "$verb" = with ]; then exec "${command_line[@]}"; fi
  exit 0
fi
case $verb in
  up | leave | run | with | status) $verb ;;
  fetch) fetch ;;
  down) [ ! -f "$dir/settings" ] || { lock && known && down; } ;;
  settle) known && settle ;;
  env) known && cat "$dir/env" ;;
  start | stop | kill | pause | resume) one_node "$verb" ;;
  *) usage ;;
esac
