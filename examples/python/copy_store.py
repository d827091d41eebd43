"""Moves an application from another LangGraph store: everything is copied, with progress.

The same from the command line, from a database of PostgresStore:

    python -m lgstore.langgraph.copy postgresql://user:password@host/db file:memory.db

python copy_store.py [file:memory.db]
"""

import sys

from langgraph.store.memory import InMemoryStore

from lgstore.langgraph import LGStore
from lgstore.langgraph.copy import Progress, copy_store


def main(url: str = "memory:") -> None:
    old = InMemoryStore()  # or PostgresStore, SqliteStore, any other BaseStore
    for number in range(250):
        old.put(("users", f"u{number % 5}"), f"memory-{number}", {"text": f"memory number {number}"})

    def show(progress: Progress) -> None:
        print(f"{progress.done} of {progress.total}")

    with LGStore.from_conn_string(url) as new:
        copy_store(old, new, batch_size=100, progress=show)
        print(new.count(), "items in", len(new.list_namespaces()), "namespaces")
        print("written last:", new.search((), limit=1)[0].value["text"])


if __name__ == "__main__":
    main(*sys.argv[1:])
