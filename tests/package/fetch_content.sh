# A project that takes lgstore's source into its own build gets the targets, and none of its tests.
. "$(dirname "$0")/common.sh"
"$CMAKE" -S "$LGSTORE_SOURCE_DIR/tests/package/fetch" -B "$here/build" -DCMAKE_C_COMPILER="$LGSTORE_CC" \
  -DCMAKE_CXX_COMPILER="$LGSTORE_CXX" -DLGSTORE_SOURCE_DIR="$LGSTORE_SOURCE_DIR" -DLGSTORE_PROFILE="$LGSTORE_PROFILE"
"$CMAKE" --build "$here/build"
run_clients "$here/build"
"$here/build/client_cxx"
if "$CMAKE" --build "$here/build" --target help | grep -E '(example|c|asan|cpp)_'; then
  echo "examples or tests of lgstore are targets of the project that fetched it" >&2
  exit 1
fi
