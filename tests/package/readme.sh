# The program in README.md is examples/c/quickstart.c, letter by letter; the pieces of docs/c.md stand in tests/c/page.c,
# but for their indentation.
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR"
awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md |
  diff -u examples/c/quickstart.c - && echo "README.md shows examples/c/quickstart.c"
python3 - <<'PYTHON'
import re, sys
strip = lambda text: "\n".join(line.strip() for line in text.strip().splitlines())
page = strip(open("tests/c/page.c").read())
pieces = re.findall(r"^```c\n(.*?)^```$", open("docs/c.md").read(), re.S | re.M)
for piece in pieces:
    if strip(piece) not in page:
        sys.exit("this block of docs/c.md is not in tests/c/page.c:\n" + piece)
if not pieces:
    sys.exit("docs/c.md shows no code")
print(f"docs/c.md shows {len(pieces)} pieces of tests/c/page.c")
PYTHON
