#!/usr/bin/env bash
# One node and its end. Started by cluster.sh, in a session of its own; stays as the parent of the node's JVM.
#
# Nothing may outlive the tests, however they end, so two things bind the node:
# - The keeper looks every second whether one of the cluster's owners lives, and ends the node when none does.
# - The kernel kills the JVM when the keeper ends (PR_SET_PDEATHSIG), also when the keeper is killed by -9. The keeper
#   could have died before that was set; so the shell in between looks at its parent after it was set and before
#   it becomes the JVM.
# usage: keeper.sh <folder of the cluster> <node>
set -uo pipefail
dir=$1 node=$2
# Whatever the caller had open, the pipe of a test runner or a lock, would stay open as long as the node lives.
for number in /proc/self/fd/*; do
  number=${number##*/}
  ((number <= 2 || number == 255)) || exec {number}>&-
done
source "$(dirname "$0")/common.sh"
source "$dir/settings"
folder=$dir/node$node address=$net.$node

# The lock on the address is the JVM's too, which inherits it: free again only when both are gone.
exec {lock}>"$cache/nets/$address"
# A moment's patience: who looks for a free net takes the lock only to see whether it can.
flock -w 3 "$lock" || die "$address is in use by another cluster of this tool"
echo "$dir" >&"$lock"

echo "$$ $(started_at $$)" >"$folder/keeper"

guard=(setpriv --pdeathsig KILL)
# As root, mlockall would succeed and pin the whole heap.
[ "$(id -u)" != 0 ] || guard+=(--bounding-set -ipc_lock)
ulimit -l 0
classes=(-Xshare:auto)
if [ -n "${LGSTORE_CLUSTER_ARCHIVE:-}" ]; then
  classes=(-XX:ArchiveClassesAtExit="$LGSTORE_CLUSTER_ARCHIVE")
elif [ -s "$archive" ]; then
  classes+=(-XX:SharedArchiveFile="$archive")
fi
# The second compiler would be busy for minutes with nodes that live no longer, on the processors that the tests need.
compilers=(-XX:TieredStopAtLevel=1)
[ "$lasting" = 0 ] || compilers=(-XX:CICompilerCount=3)
# Schema changes without a flush: three times as fast, but a node that is killed comes back without its tables.
ephemeral=()
[ "$forgetful" = 0 ] || ephemeral=(-Dcassandra.test.flush_local_schema_changes=false -Dcassandra.unsafesystem=true)

cd "$folder" || exit 1
# shellcheck disable=SC2016 # the inner shell expands it
"${guard[@]}" bash -c 'keeper=$1; shift; [ "$PPID" = "$keeper" ] && exec "$@"' guard $$ \
  "$java" "@$here/jvm.options" "-Xmx$heap" "${compilers[@]}" "${classes[@]}" "${ephemeral[@]}" \
  -Djava.io.tmpdir="$folder/tmp" -Djna.tmpdir="$folder/tmp" \
  -Dcassandra.config="file://$folder/cassandra.yaml" -Dcassandra.storagedir="$folder" \
  -Dcassandra.logdir="$folder" -Dlogback.configurationFile="file:$here/logback.xml" \
  -Dcassandra.system_auth.default_rf="$nodes" -Dcassandra.triggers_dir="$folder/triggers" \
  -cp "$(printf '%s:' "$jars"/*.jar)" org.apache.cassandra.service.CassandraDaemon &
jvm=$!
echo "$jvm $(started_at "$jvm")" >"$folder/pid.new"
mv "$folder/pid.new" "$folder/pid"

# A pipe that never has anything: waiting for it sleeps without starting a program.
exec {never}<> <(:)
finish() {
  kill -KILL "$jvm" 2>/dev/null
  wait "$jvm"
  rm -f "$folder/pid"
}
while kill -0 "$jvm" 2>/dev/null; do
  if [ "$owned" = 1 ] && ! any_owner; then
    # Under the cluster's lock, where owners join: one that came in time is seen here, one that comes
    # later finds the node gone.
    exec {turn}>"$dir/lock"
    flock "$turn"
    if ! any_owner; then
      finish
      # Logs stay, for whoever asks why.
      rm -rf "$folder"/{data,commitlog,hints,saved_caches,cdc,tmp,triggers} "$dir/tls"
      exit
    fi
    exec {turn}>&-
  fi
  read -r -t 1 -u "$never"
done
wait "$jvm"
echo "the node ended: $?" >&2
rm -f "$folder/pid"
