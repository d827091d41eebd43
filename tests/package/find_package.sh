# An installed and moved library is found by find_package; shared and static clients build and run.
. "$(dirname "$0")/common.sh"
install_and_move
"$CMAKE" -S "$LGSTORE_SOURCE_DIR/tests/package/client" -B "$here/build" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_C_COMPILER="$LGSTORE_CC"
"$CMAKE" --build "$here/build"
run_clients "$here/build"
