# An installed and moved library is used from C++, found by find_package and by pkg-config, shared and static.
. "$LGSTORE_SOURCE_DIR/tests/package/common.sh"
clients="$LGSTORE_SOURCE_DIR/bindings/cpp/tests/package"
install_and_move

"$CMAKE" -S "$clients" -B "$here/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$LGSTORE_CXX"
"$CMAKE" --build "$here/build"

export PKG_CONFIG_PATH="$(dirname "$(find "$prefix" -name lgstore.pc)")"
libdir=$(cd "$PKG_CONFIG_PATH/.." && pwd)
# pkg-config escapes the space in the folder's name; eval reads it back as a shell would in a Makefile.
eval "$LGSTORE_CXX" -std=c++17 '"$clients/main.cpp"' -o '"$here/build/client_pc"' \
  "$("$LGSTORE_PKG_CONFIG" --cflags --libs lgstore)" '-Wl,-rpath,"$libdir"'
eval "$LGSTORE_CXX" -std=c++17 '"$clients/main.cpp"' -o '"$here/build/client_pc_static"' \
  "$("$LGSTORE_PKG_CONFIG" --cflags --libs lgstore-static)"

for kind in cxx pc cxx_static pc_static; do
  "$here/build/client_$kind"
  needed=$(readelf -d "$here/build/client_$kind" | grep -c 'NEEDED.*liblgstore\.so\.1' || true)
  case $kind in *static) wanted=0 ;; *) wanted=1 ;; esac
  [ "$needed" = "$wanted" ] || { echo "client_$kind is linked to the wrong kind of library" >&2; exit 1; }
done
