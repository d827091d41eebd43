# An empty environment, the wheel, the first program of the README: with every Python from 3.10 on that is here.
# python.sh <folder of the wheel>. Needs what cmake/Python.cmake gives.
wheels=$1
. "$(dirname "$0")/common.sh"
[ -n "$LGSTORE_LIBRARY" ] || unset LGSTORE_LIBRARY
sed -n '/^```python$/,/^```$/{//!p};/^```$/q' "$LGSTORE_SOURCE_DIR/bindings/python/README.md" |
  sed '/^$/,$!b' >"$here/program.py"

found=0
seen=" "
for python in "$LGSTORE_PYTHON" $(compgen -c python3. | grep -E '^python3\.[0-9]+$' | sort -u) \
  "$HOME"/.pyenv/versions/*/bin/python; do
  version=$("$python" -c 'import sys, ensurepip; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
  case $version in 2.* | 3.[0-9]) continue ;; esac
  case $seen in *" $version "*) continue ;; esac
  seen="$seen$version "
  if [ "$found" = 0 ]; then
    "$python" -m venv "$here/$version"
    pip=("$here/$version/bin/pip")
  else # Like the first, but one pip installs for all of them, which saves half of the time.
    "$python" -m venv --without-pip "$here/$version"
    pip=("$wheels/../venv/bin/python" -m pip --python "$here/$version/bin/python")
  fi
  "${pip[@]}" install --quiet --disable-pip-version-check "$wheels"/*.whl
  said=$(cd "$here" && "$here/$version/bin/python" -W error program.py)
  case $said in
    "theme {'mode': 'dark', 'size': 14}"*"theme 20"*) ;;
    *) echo "Python $version says: $said" >&2; exit 1 ;;
  esac
  rm -rf "${here:?}/$version"
  found=$((found + 1))
done
echo "the wheel works with $found:$seen"
[ "$found" -gt 0 ]
