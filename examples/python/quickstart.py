"""A LangGraph graph that remembers: the line to change in an application is the one that makes the store.

python quickstart.py [file:memory.db]
"""

import sys
from typing import TypedDict

from langgraph.graph import START, StateGraph
from langgraph.store.base import BaseStore

from lgstore.langgraph import LGStore


class State(TypedDict):
    user: str
    text: str
    known: list[str]


def remember(state: State, *, store: BaseStore) -> dict[str, list[str]]:
    memories = ("users", state["user"], "memories")
    known = [item.value["text"] for item in store.search(memories)]
    store.put(memories, str(len(known)), {"text": state["text"]})
    return {"known": known}


def main(url: str = "memory:") -> None:
    with LGStore.from_conn_string(url) as store:  # was: InMemoryStore(), PostgresStore.from_conn_string(...)
        graph = StateGraph(State).add_node(remember).add_edge(START, "remember").compile(store=store)
        graph.invoke({"user": "ada", "text": "I like tea"})
        graph.invoke({"user": "ada", "text": "I have a cat"})
        print(graph.invoke({"user": "ada", "text": "Who am I?"})["known"])


if __name__ == "__main__":
    main(*sys.argv[1:])
