# Compares the library with a frozen description: abidiff.sh <folder that holds lgstore.abi and lgstore.h>
# Added functions are fine, and so are members added at the end of structs that carry their size; anything
# else that is removed or changed is not. What handles hold inside is nobody's business.
set -euo pipefail
folder=$1
suppressions="$LGSTORE_WORK_DIR/abidiff.$(basename "$folder").ini"

# Structs that the frozen header defines; handles are only declared there.
structs=$(sed -n 's/^typedef struct \([a-z_]*\) {$/\1/p' "$folder/lgstore.h")
for name in $structs; do
  grep -q "class-decl name='$name'" "$folder/lgstore.abi" ||
    { echo "$folder/lgstore.abi does not describe $name" >&2; exit 1; }
done
growing=$(sed -n '/^typedef struct [a-z_]* {$/,/^}/p' "$folder/lgstore.h" |
  awk '/^typedef struct/ { name = $3 } / struct_size;/ { print name }')
alternatives() { echo "$@" | tr ' ' '|'; }
cat >"$suppressions" <<INI
[suppress_type]
  label = inside of handles
  name_not_regexp = ^(.*::)?($(alternatives $structs))$
  type_kind = struct
[suppress_type]
  label = structs that carry their size
  name_regexp = ^(.*::)?($(alternatives $growing))$
  has_data_member_inserted_at = end
INI

echo "library $LGSTORE_LIBRARY against $folder"
set +e
"$ABIDIFF" --suppressions "$suppressions" --no-added-syms --debug-info-dir2 "$(dirname "$LGSTORE_LIBRARY")" \
  "$folder/lgstore.abi" "$LGSTORE_LIBRARY"
result=$?
set -e
# abidiff's answer: 1 error, 2 wrong use, 4 a change, 8 a removal.
if [ "$result" -ne 0 ]; then
  echo "the ABI differs from $folder (abidiff: $result)" >&2
  exit 1
fi
