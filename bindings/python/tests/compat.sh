#!/bin/sh
# Runs the LangGraph tests at both ends of what is supported: langgraph 0.6 with langgraph-checkpoint 2.1, and the
# newest of both. Each end has a virtual environment, which is made once and then used again.
#
#   tests/compat.sh [pytest's arguments]
#
# LGSTORE_LIBRARY   the C library to test (needed)
# LGSTORE_WORK_DIR  where the environments are kept; default: a folder for temporary files
# LGSTORE_TEST_UV   uv, which installs in seconds what takes pip a minute; default: that of PATH, else venv and pip
# LGSTORE_PYTHON_OLD, LGSTORE_PYTHON_NEW   the interpreters; default: python3
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=${LGSTORE_WORK_DIR:-${TMPDIR:-/tmp}}/python-compat
: "${LGSTORE_LIBRARY:?names the C library to test, liblgstore.so.1}"
# What differs between versions does not differ between backends.
export LGSTORE_LIBRARY PYTHONPATH="$here/src" LGSTORE_TEST_EMBEDDED=memory PYTHONDONTWRITEBYTECODE=1
unset LGSTORE_TEST_CONTACT_POINTS
uv=${LGSTORE_TEST_UV:-$(command -v uv || true)}

# Makes an environment: its folder, the interpreter, what is installed. uv does not read pip's settings, so where it
# finds no package index pip is asked.
make() {
    folder=$1 python=$2
    shift 2
    rm -rf "$folder"
    if [ -n "$uv" ] && "$uv" venv --quiet --no-project --python "$(command -v "$python")" "$folder" &&
        "$uv" pip install --quiet --python "$folder/bin/python" "$@"; then
        return
    fi
    rm -rf "$folder"
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}

end() {
    name=$1 python=$2
    shift 2
    venv=$work/$name
    # The stamp names what is inside, so that another list makes another environment.
    if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$*" ]; then
        mkdir -p "$work"
        make "$venv" "$python" "cffi>=1.16" "msgspec>=0.19" pytest uvloop "$@"
        echo "$*" >"$venv/stamp"
    fi
    "$venv/bin/python" -c 'import sys; from importlib.metadata import version as v
print(f"== {sys.argv[1]}:", *(f"{name} {v(name)}" for name in ("langgraph", "langgraph-checkpoint")))' "$name"
}

run() {
    name=$1
    shift
    (cd "$here" && "$work/$name/bin/python" -m pytest -q -p no:cacheprovider tests/langgraph "$@")
}

end oldest "${LGSTORE_PYTHON_OLD:-python3}" "langgraph==0.6.*" "langgraph-checkpoint==2.1.*"
run oldest "$@"
end newest "${LGSTORE_PYTHON_NEW:-python3}" langgraph langgraph-checkpoint langgraph-checkpoint-sqlite
run newest "$@"
