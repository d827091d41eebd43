#!/usr/bin/env bash
# Copies header and static archive of an installed lgstore to where the build tag lgstore_static looks:
# native/fill.sh <prefix> [<folder of this module>]
set -euo pipefail
prefix=$1
here=${2:-$(cd "$(dirname "$0")/.." && pwd)}/native
platform=$("${GO:-go}" env GOOS)_$("${GO:-go}" env GOARCH)
archive=$(find "$prefix"/lib* -name liblgstore.a | head -1)
[ -n "$archive" ] || { echo "no liblgstore.a below $prefix" >&2; exit 1; }
mkdir -p "$here/include" "$here/$platform"
cp "$prefix/include/lgstore.h" "$here/include/"
cp "$archive" "$here/$platform/"
