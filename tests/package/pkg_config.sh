# An installed and moved library is found by pkg-config, shared and static.
. "$(dirname "$0")/common.sh"
install_and_move
export PKG_CONFIG_PATH="$prefix/$(cd "$prefix" && echo lib*/pkgconfig lib*/*/pkgconfig | tr ' ' '\n' | grep -v '*' | head -1)"
version=$("$LGSTORE_PKG_CONFIG" --modversion lgstore)
echo "pkg-config finds lgstore $version"
main="$LGSTORE_SOURCE_DIR/tests/package/client/main.c"
mkdir "$here/build"
# pkg-config escapes the space in the folder's name; eval reads it back as a shell would in a Makefile.
libdir=$(cd "$PKG_CONFIG_PATH/.." && pwd)
for kind in lgstore shared; do
  eval "$LGSTORE_CC" '"$main"' -o '"$here/build/client_$kind"' "$("$LGSTORE_PKG_CONFIG" --cflags --libs lgstore)" \
    '-Wl,-rpath,"$libdir"'
done
eval "$LGSTORE_CC" '"$main"' -o '"$here/build/client_static"' "$("$LGSTORE_PKG_CONFIG" --cflags --libs lgstore-static)"
run_clients "$here/build"
