"""LangGraph's long-term memory on lgstore: :class:`LGStore` is a `BaseStore`.

    from lgstore.langgraph import LGStore

    with LGStore.from_conn_string("file:memory.db") as store:
        graph = builder.compile(store=store)

It needs ``langgraph-checkpoint`` (2.1 or newer): ``pip install lgstore[langgraph]``.
"""

from langgraph.store.base import InvalidNamespaceError

from .store import LGStore

__all__ = ["InvalidNamespaceError", "LGStore"]
