"""Adds to counters beside programs of other languages, or checks them: the Python side of tests/counters/README.md.

usage: counters.py add CONFIG RUN KEYS TIMES NAME | check CONFIG RUN KEYS TIMES NAME...
"""

from __future__ import annotations

import sys

from lgstore import LgstoreError, Store, UnknownOutcomeError

SETTLED = "lwt_operations"


def add(store: Store, namespace: tuple[str, ...], key: str, name: str) -> None:
    """Adds 1 to the count of this name, and returns only when it is there."""
    item = store.get(namespace, key, profile=SETTLED)
    counts = item.value if item else {}
    wanted = counts.get(name, 0) + 1
    while counts.get(name, 0) < wanted:
        value = {**counts, name: wanted}
        try:
            if item is None:
                outcome = store.put_if_absent(namespace, key, value)
            else:
                outcome = store.compare_and_set(namespace, key, value, expected_version=item.version)
            if outcome:
                return
            item = outcome.current
        except LgstoreError as error:
            if not (isinstance(error, UnknownOutcomeError) or error.retryable):
                raise
            item = store.get(namespace, key, profile=SETTLED)
        counts = item.value if item else {}


def main(command: str, config: str, label: str, keys: str, times: str, *names: str) -> int:
    """0 = all is well, 1 = the counts are others."""
    namespace = ("counters", label)
    counters = [f"c{n}" for n in range(int(keys))]
    with Store(config) as store:
        if command == "add":
            for _ in range(int(times)):
                for key in counters:
                    add(store, namespace, key, names[0])
            return 0
        for key in counters:
            item = store.get(namespace, key, profile=SETTLED)
            if item is None or item.value != dict.fromkeys(names, int(times)):
                print(f"{key}: {item and item.value}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 7 or not (sys.argv[1] == "check" or (sys.argv[1] == "add" and len(sys.argv) == 7)):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
