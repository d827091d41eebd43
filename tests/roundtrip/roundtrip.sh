# Each program writes, all of them read: roundtrip.sh <name>=<program>... (README.md). Needs the environment that
# cmake/Tests.cmake gives.
set -euo pipefail
here="$LGSTORE_WORK_DIR/roundtrip"
rm -rf "$here"
mkdir -p "$here"
cases=$here/cases.jsonl
cp "$(dirname "$0")/cases.jsonl" "$cases"
{
  printf '{"key":"1 MB","value":"{\\"text\\":\\"'
  head -c 999989 /dev/zero | tr '\0' x
  printf '\\"}"}\n{"key":"deep","value":"{\\"a\\":'
  head -c 127 /dev/zero | tr '\0' '['
  head -c 127 /dev/zero | tr '\0' ']'
  printf '}"}\n'
} >>"$cases"

config="file:$here/store.db?durability=normal"
for writer in "$@"; do
  "${writer#*=}" write "$config" "$cases" "${writer%%=*}"
done
for writer in "$@"; do
  for reader in "$@"; do
    "${reader#*=}" read "$config" "$cases" "${writer%%=*}" ||
      { echo "${reader%%=*} does not read what ${writer%%=*} has written" >&2; exit 1; }
  done
done
# A reader that finds nothing wrong with anything would pass as well.
sed 's/\\"n\\":1/\\"n\\":1.0/' "$cases" >"$here/other.jsonl"
sed '$d' "$cases" >"$here/fewer.jsonl"
for reader in "$@"; do
  for file in other fewer; do
    if "${reader#*=}" read "$config" "$here/$file.jsonl" "${1%%=*}" 2>/dev/null; then
      echo "${reader%%=*} accepts what is not there ($file)" >&2
      exit 1
    fi
  done
done
echo "$(wc -l <"$cases") cases, written and read by each of: ${*%%=*}"
