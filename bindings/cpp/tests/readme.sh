# The first program in bindings/cpp/README.md is examples/quickstart.cpp, letter by letter, and has less than 20
# lines; every other block of C++ in it stands somewhere in examples/ or tests/, every block of docs/cpp.md in
# tests/page_test.cpp, but for its indentation.
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR/bindings/cpp"
python3 - <<'PYTHON'
import glob, re, sys
blocks_of = lambda path: re.findall(r"^```cpp\n(.*?)^```$", open(path).read(), re.S | re.M)
blocks, pieces = blocks_of("README.md"), blocks_of("../../docs/cpp.md")
quickstart = open("examples/quickstart.cpp").read()
if not blocks or blocks[0] != quickstart:
    sys.exit("README.md does not begin with examples/quickstart.cpp")
if quickstart.count("\n") >= 20:
    sys.exit("examples/quickstart.cpp has 20 lines or more")
strip = lambda text: "\n".join(line.strip() for line in text.strip().splitlines())
sources = [strip(open(path).read()) for path in glob.glob("examples/*.cpp") + glob.glob("tests/*.cpp")]
for block in blocks:
    if not any(strip(block) in source for source in sources):
        sys.exit("this block of README.md is in no example or test:\n" + block)
page = strip(open("tests/page_test.cpp").read())
for piece in pieces:
    if strip(piece) not in page:
        sys.exit("this block of docs/cpp.md is not in tests/page_test.cpp:\n" + piece)
if not pieces:
    sys.exit("docs/cpp.md shows no code")
print(f"README.md and docs/cpp.md show {len(blocks)} and {len(pieces)} pieces of code that are compiled")
PYTHON
