# Freezes the ABI as it is now: freeze.sh <build tree made by the preset test>
# Writes abi/frozen/<number>/: the header, the client that must go on building and running, and what
# abidiff compares with. Done once, when an ABI number is released.
set -euo pipefail
build=$1
cd "$(dirname "$0")/../.."
number=$(awk '$2 == "LGSTORE_ABI_VERSION" { print $3 }' include/lgstore.h | tr -d u)
folder="abi/frozen/$number"
mkdir -p "$folder"
cp include/lgstore.h tests/abi/client.c "$folder/"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types \
  --debug-info-dir "$build" --out-file "$folder/lgstore.abi" "$build/liblgstore.so.$number"
echo "$folder is frozen; run cmake --workflow --preset test"
