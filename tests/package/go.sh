# A Go module outside of the tree is built and run with the installed and moved library, in one way of linking:
# go.sh pkg_config|nopc|static. Needs what cmake/Go.cmake gives.
way=$1
. "$(dirname "$0")/common.sh"
here="$here/$way"
mkdir -p "$here"
prefix="$here/installed"
"$CMAKE" --install "$LGSTORE_BUILD_DIR" --prefix "$prefix" >"$here/install.log"
mkdir "$here/moved"
mv "$prefix" "$here/moved/lgstore"
prefix="$here/moved/lgstore"
libdir=$(dirname "$(find "$prefix" -name liblgstore.a)")

# The module as it is released: what is under version control, and the archives.
mkdir "$here/module"
(cd "$LGSTORE_SOURCE_DIR/bindings/go" && tar -c --exclude bench --exclude native/include --exclude 'native/*_*' .) |
  tar -x -C "$here/module"
cp -r "$LGSTORE_SOURCE_DIR/tests/package/go" "$here/program"
cd "$here/program"
cat >go.mod <<MOD
module program

go 1.24

require lgstore/bindings/go v0.1.0

replace lgstore/bindings/go => $here/module
MOD
unset GOFLAGS CGO_CFLAGS CGO_LDFLAGS
export GOFLAGS=-buildvcs=false
tags=""
case $way in
  pkg_config)
    export PKG_CONFIG="$LGSTORE_PKG_CONFIG" PKG_CONFIG_PATH="$libdir/pkgconfig" LD_LIBRARY_PATH="$libdir"
    ;;
  nopc)
    export CGO_CFLAGS="-I$prefix/include" CGO_LDFLAGS="-L$libdir -llgstore -Wl,-rpath,$libdir"
    tags=lgstore_nopc
    ;;
  static)
    "$here/module/native/fill.sh" "$prefix" "$here/module"
    rustc=$(dirname "$CARGO")/rustc
    [ -x "$rustc" ] || rustc=rustc
    "$rustc" --edition 2024 --crate-type staticlib -C opt-level=2 -C lto=thin \
      "$LGSTORE_SOURCE_DIR/tests/package/other.rs" -o "$here/libother.a"
    "$GO" build -tags lgstore_static -o "$here/alone" .
    "$here/alone"
    # Vendored, the archive has to come along; and beside another Rust library no name may clash.
    "$GO" mod vendor
    cp -r "$here/module/native/." vendor/lgstore/bindings/go/native/
    export CGO_LDFLAGS="$here/libother.a"
    tags=lgstore_static,beside
    ;;
  *) echo "unknown way: $way" >&2; exit 2 ;;
esac
"$GO" build -tags "$tags" -o "$here/client" .
"$here/client"
needed=$(readelf -d "$here/client" | grep -c 'NEEDED.*liblgstore\.so\.1' || true)
if [ "$way" = static ]; then [ "$needed" = 0 ]; else [ "$needed" = 1 ]; fi ||
  { echo "the program is linked to the wrong kind of library" >&2; exit 1; }
