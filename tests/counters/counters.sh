# Programs of several languages add to the same counters at the same time, and each then checks that none is wrong:
# counters.sh <name>=<program>... (README.md). Needs the environment that cmake/Tests.cmake gives.
set -euo pipefail
if [ -n "${LGSTORE_TEST_KEYSPACE:-}" ]; then
  times=40 # Each is a round of Paxos, and all want the same three.
  config="cql://$LGSTORE_TEST_CONTACT_POINTS/$LGSTORE_TEST_KEYSPACE?request_timeout=30&speculative.max=0&connect.deadline=60"
  config+="&retry.max_retries=5" # A SERIAL read may have to wait for the writers' turns to end.
else
  times=100
  rm -rf "$LGSTORE_WORK_DIR/counters"
  mkdir -p "$LGSTORE_WORK_DIR/counters"
  config="file:$LGSTORE_WORK_DIR/counters/store.db?durability=normal"
fi
run=$$-$RANDOM
keys=3
names=("${@%%=*}")
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT # What goes on when one has failed.
for program in "$@"; do
  "${program#*=}" add "$config" "$run" "$keys" "$times" "${program%%=*}" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
for program in "$@"; do
  "${program#*=}" check "$config" "$run" "$keys" "$times" "${names[@]}" ||
    { echo "${program%%=*} finds other counts" >&2; exit 1; }
  # A checker that finds nothing wrong with anything would pass as well.
  if "${program#*=}" check "$config" "$run" "$keys" $((times + 1)) "${names[@]}" 2>/dev/null; then
    echo "${program%%=*} accepts wrong counts" >&2
    exit 1
  fi
done
echo "$keys counters, $times additions to each by each of: ${names[*]}"
