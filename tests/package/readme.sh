# The program in README.md is examples/c/quickstart.c, letter by letter.
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR"
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md |
  diff -u examples/c/quickstart.c - && echo "README.md shows examples/c/quickstart.c"
