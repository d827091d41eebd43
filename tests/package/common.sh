# What the package tests share: a clean folder for the test, and the installed and then moved library.
# Needs the environment that cmake/Tests.cmake gives.
set -euo pipefail
here="$LGSTORE_WORK_DIR/package/$(basename "$0" .sh)"
rm -rf "$here"
mkdir -p "$here"

# Installs into one folder, moves the result to another and sets $prefix to it.
install_and_move() {
  "$CMAKE" --install "$LGSTORE_BUILD_DIR" --prefix "$here/installed" >"$here/install.log"
  prefix="$here/moved/to here"
  mkdir -p "$here/moved"
  mv "$here/installed" "$prefix"
  if grep -rIl "$here/installed" "$prefix"; then
    echo "the files above hold the folder of the install" >&2
    exit 1
  fi
}

# Runs the clients of a build tree and checks what each is linked to.
run_clients() {
  local kind needed
  for kind in lgstore shared static; do
    "$1/client_$kind"
    needed=$(readelf -d "$1/client_$kind" | grep -c 'NEEDED.*liblgstore\.so\.1' || true)
    if [ "$kind" = static ]; then [ "$needed" = 0 ]; else [ "$needed" = 1 ]; fi ||
      { echo "client_$kind is linked to the wrong kind of library" >&2; exit 1; }
  done
}
