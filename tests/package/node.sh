# The packages of the Node binding, as users have them: packed, installed without scripts into an empty project, required,
# imported, bundled, loaded in a worker, and compiled against under strict.
. "$(dirname "$0")/common.sh"
packages="$here/packages"
project="$here/a project"
mkdir -p "$packages" "$project"
"$NODE" "$LGSTORE_NODE_DIR/tools/pack.js" "$packages" "$LGSTORE_NODE_ADDON"
unset LGSTORE_LIBRARY_NODE

# Nothing of the build goes along.
if tar tzf "$packages"/lgstore-[0-9]*.tgz | grep -Ev '^package/(dist/.*\.(js|d\.ts)|package\.json|README\.md|LICENSE-(MIT|APACHE))$'; then
  echo "the files above are none of the package" >&2
  exit 1
fi
if grep -rl "$LGSTORE_BUILD_DIR" "$packages/lgstore"; then
  echo "the files above hold the folder of the build" >&2
  exit 1
fi

cp "$(dirname "$0")"/node/* "$project"
cd "$project"
echo '{ "private": true }' >package.json
"$NPM" install --ignore-scripts --no-audit --no-fund --offline --loglevel=error "$packages"/*.tgz

for program in required.cjs imported.mjs worker.mjs; do
  [ "$("$NODE" "$program")" = "dark" ] || { echo "$program prints something else" >&2; exit 1; }
done

# A bundler takes the JavaScript in and leaves the addon where it is.
"$LGSTORE_NODE_DIR/node_modules/.bin/esbuild" imported.mjs --bundle --platform=node --format=esm --outfile=bundle/out.mjs \
  --log-level=warning
[ "$("$NODE" bundle/out.mjs)" = "dark" ] || { echo "the bundle prints something else" >&2; exit 1; }

# Consumers in TypeScript, one of each kind of module; without skipLibCheck, so that our declarations are checked, too.
ln -s "$LGSTORE_NODE_DIR/node_modules/@types" node_modules/@types
ln -s "$LGSTORE_NODE_DIR/node_modules/undici-types" node_modules/undici-types
"$LGSTORE_NODE_DIR/node_modules/.bin/tsc" -p tsconfig.json
for program in typed.mjs typed.cjs; do
  [ "$("$NODE" "built/$program")" = "dark" ] || { echo "$program prints something else" >&2; exit 1; }
done

# What is missing is named.
said=$("$NODE" --input-type=module -e 'await import("lgstore/langgraph")' 2>&1) && exit 1
grep -q "@langchain/langgraph-checkpoint" <<<"$said" || { echo "the missing peer is not named: $said" >&2; exit 1; }
rm -rf node_modules/@lgstore
said=$("$NODE" imported.mjs 2>&1) && exit 1
grep -q "the package @lgstore/.* is not installed" <<<"$said" || { echo "the missing addon is not named: $said" >&2; exit 1; }
LGSTORE_LIBRARY_NODE="$LGSTORE_NODE_ADDON" "$NODE" imported.mjs >/dev/null
echo "packed, installed, required, imported, bundled, in a worker, in TypeScript"
