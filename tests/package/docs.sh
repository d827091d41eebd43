# docs/ holds together: the pages of the languages have the chapters of docs/store.md in its order; every link between
# documents leads somewhere; docs/features.md has every row once, and the paths and names in it exist; the limits of
# docs/store.md are those of docs/configuration.md, its codes those of lgstore.h; docs/dependencies.md names what the
# manifests name, in the same versions.
set -euo pipefail
cd "$LGSTORE_SOURCE_DIR"
python3 - <<'PYTHON'
import glob, json, os, re, sys

faults = []
read = lambda path: open(path, encoding="utf-8").read()

# Chapters.
chapters = lambda path: re.findall(r"^## (.*)$", read(path), re.M)
same = ["Install", *chapters("docs/store.md")]
pages = ["docs/c.md", "docs/cpp.md", "docs/go.md", "docs/python.md", "docs/node.md"]
for page in pages:
    if chapters(page) != same:
        faults.append(f"{page} has the chapters {chapters(page)}, not {same}")

# Links: [text](path) and [text](path#heading).
def anchors(path):
    headings = re.findall(r"^#+ (.*)$", read(path), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

documents = [path for path in glob.glob("*.md") + glob.glob("docs/*.md") + glob.glob("bindings/*/README.md")]
links = 0
for document in documents:
    prose = re.sub(r"^```.*?^```", "", read(document), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        links += 1
        path, _, anchor = target.partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
        if not os.path.exists(path):
            faults.append(f"{document}: {target} does not exist")
        elif anchor and anchor not in anchors(path):
            faults.append(f"{document}: {path} has no heading #{anchor}")

# Features: 66 + 41 + 37 + 22 + 52 + 25 rows, in order, each with a state and, where something is done, a place and a test.
rows = re.findall(r"^\| ([GRPBHX]\d\d) \|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", read("docs/features.md"), re.M)
wanted = [f"{kind}{n:02}" for kind, last in zip("GRPBHX", (66, 41, 37, 22, 52, 25)) for n in range(1, last + 1)]
if [row[0] for row in rows] != wanted:
    faults.append("docs/features.md: rows are missing, twice, out of order or not five columns wide")
for identity, _, state, where, test in rows:
    if not re.match(r" (done|partly|later|not done)\b", state):
        faults.append(f"docs/features.md: {identity} has the state {state.strip()!r}")
    if re.match(r" (done|partly)", state) and "`" not in where:
        faults.append(f"docs/features.md: {identity} lives nowhere")
    if state.startswith(" done") and not test.strip():
        faults.append(f"docs/features.md: nothing proves {identity}")
    for place in re.findall(r"`([^`]+)`", where + test):
        path, _, name = place.partition("#")
        if not os.path.exists(path):
            faults.append(f"docs/features.md: {identity}: {path} does not exist")
        elif name and not re.search(rf"\b{name}\b", read(path)):
            faults.append(f"docs/features.md: {identity}: nothing in {path} is called {name}")

# Facts that stand in store.md for reading and are the code's.
store, configuration, header = read("docs/store.md"), read("docs/configuration.md"), read("include/lgstore.h")
limits = re.findall(r"^\| [^|]* \| (\d+) \| `(limits\.\w+)` \|$", store, re.M)
for default, option in limits:
    if not re.search(rf"^\| `{re.escape(option)}` \|[^|]*\|[^|]*\| `{default}` \|", configuration, re.M):
        faults.append(f"docs/store.md: {default} is not the default of {option}")
codes = {name.lower() for name in re.findall(r"^#define LGSTORE_E_(\w+) \d+$", header, re.M)}
table = store.partition("| code | means |")[2].partition("\n\n")[0]
said = {code for line in table.splitlines() for code in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")}
if said != codes:
    faults.append(f"docs/store.md: its codes differ from lgstore.h in {sorted(said ^ codes)}")
if not limits:
    faults.append("docs/store.md shows no limits")

# Dependencies: (name, version) as the manifests have them.
def sections(path, names):
    for name in names:
        yield from re.findall(rf"^\[{re.escape(name)}\]\n(.*?)(?=^\[|\Z)", read(path), re.S | re.M)

named = set()
for path, names in {
    "Cargo.toml": ["dependencies", "dev-dependencies", "target.'cfg(lgstore_loom)'.dependencies"],
    "fuzz/Cargo.toml": ["dependencies"],
}.items():
    for body in sections(path, names):
        named |= set(re.findall(r'^([\w-]+) = (?:\{ version = )?"=?([^"]+)"', body, re.M))
for path in ("bindings/go/go.mod", "bindings/go/bench/go.mod", "tests/failover/linearizable/go.mod"):
    required = re.findall(r"^(?:require |\t)([\w./-]+) (v[\w.+-]+)$", read(path), re.M)
    named |= {(name, version) for name, version in required if name != "lgstore/bindings/go"}
project = read("bindings/python/pyproject.toml").partition("[tool.")[0] + read("bindings/python/bench/requirements.txt")
named |= set(re.findall(r'(?:^|")([a-z][\w-]*)(?:\[[\w,]+\])?((?:[=>]=)[\d.]+)(?="|$)', project, re.M))
manifests = [path for path in glob.glob("bindings/node/**/package.json", recursive=True) if "node_modules" not in path]
for package in map(json.loads, map(read, manifests)):
    for group in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"):
        named |= set(package.get(group, {}).items())

tables = re.findall(r"^\| (`[^|]*) \| ([^|]*) \| [^|]+ \|[^|]+\|[^|]*\|$", read("docs/dependencies.md"), re.M)
said = {(name, version) for names, version in tables for name in re.findall(r"`([^`]+)`", names.split(" (")[0])}
for name, version in sorted(named - said):
    faults.append(f"docs/dependencies.md: {name} {version} is not in its tables")
staticcheck = re.search(r"(honnef\.co/go/tools)/cmd/staticcheck@(v[\d.]+)", read("cmake/Go.cmake")).groups()
for name, version in sorted(said - named - {staticcheck}):
    faults.append(f"docs/dependencies.md: no manifest names {name} {version}")

if faults:
    sys.exit("\n".join(faults))
print(f"{len(documents)} documents, {links} links, {len(pages)} pages with {len(same)} chapters, {len(rows)} features")
PYTHON
