"""Writes cases to a store, or reads them back and compares byte for byte: tests/roundtrip/README.md.

usage: roundtrip.py write|read CONFIG CASES WRITER
"""

from __future__ import annotations

import json
import sys

import lgstore


def main(command: str, config: str, file: str, writer: str) -> int:
    """0 = all is well, 1 = something is not what was written."""
    with open(file, encoding="utf-8") as lines:
        cases = [json.loads(line) for line in lines]
    namespace = ["roundtrip", writer]
    with lgstore.Store(config) as store:
        for case in cases:
            place = json.dumps({"namespace": namespace, "key": case["key"]}).encode()
            value = case["value"].encode()
            if command == "write":
                store.call("put", place[:-1] + b',"value":' + value + b"}")
                continue
            answer = store.call("get", place)
            if b'"value":' + value + b',"created_at"' not in answer:
                print(f"{case['key']!r} is not what was written: {answer[:200]!r}", file=sys.stderr)
                return 1
            # The typed way reads it, too.
            item = store.get(namespace, case["key"])
            if item is None or item.value != json.loads(value):
                print(f"{case['key']!r} is read as {item!r:.200}", file=sys.stderr)
                return 1
        if command == "read" and store.count(namespace) != len(cases):
            print(f"{store.count(namespace)} items", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("write", "read"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
