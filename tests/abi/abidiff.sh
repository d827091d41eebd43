# Compares the library with a frozen description: abidiff.sh <folder that holds lgstore.abi>
# Added functions are fine; anything removed or changed is not.
set -euo pipefail
folder=$1
debug=$(dirname "$LGSTORE_LIBRARY")
echo "library $LGSTORE_LIBRARY against $folder"
set +e
"$ABIDIFF" --no-added-syms --no-show-locs --debug-info-dir2 "$debug" "$folder/lgstore.abi" "$LGSTORE_LIBRARY"
result=$?
set -e
# Bits of abidiff's answer: 1 error, 2 wrong use, 4 a change, 8 an incompatible change.
if [ $((result & 15)) -ne 0 ]; then
  echo "the ABI differs from $folder (abidiff: $result)" >&2
  exit 1
fi
