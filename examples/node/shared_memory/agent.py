"""A LangGraph agent that shares its memory with one in JavaScript (agent.mjs): what one is told, the other knows.

pip install "lgstore[langgraph]" langgraph
python agent.py file:memory.db ada "I prefer dark mode."
node agent.mjs file:memory.db ada "What do you know of me?"
"""

import asyncio
import re
import sys
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore

from lgstore import Item
from lgstore.langgraph import LGStore


class State(TypedDict, total=False):
    user: str
    said: str
    answer: str


def memories(user: str) -> tuple[str, ...]:
    return ("users", user, "memories")


async def remember(state: State, *, store: BaseStore) -> State:
    """Keeps what users say of themselves. A real agent would ask a model what to remember."""
    if found := re.search(r"\bI (?:like|prefer) [^.!?]+", state["said"]):
        fact = found[0]
        await store.aput(memories(state["user"]), fact, {"fact": fact, "told": "the Python agent"})
    return {}


async def answer(state: State, *, store: BaseStore) -> State:
    """Answers with what the user told either agent."""
    known = await store.asearch(memories(state["user"]), limit=5)
    facts = [f"{item.value['fact']} (you told {item.value['told']})" for item in known]
    return {"answer": "; ".join(facts) or "Tell me about you."}


def agent(store: BaseStore) -> Any:
    graph = StateGraph(State)
    graph.add_node("remember", remember)
    graph.add_node("reply", answer)
    graph.add_edge(START, "remember")
    graph.add_edge("remember", "reply")
    graph.add_edge("reply", END)
    return graph.compile(store=store)


def one_more(item: Item | None) -> dict[str, int]:
    """Both agents count in one number, and none is lost, however many run at the same time."""
    return {"count": (item.value["count"] if item else 0) + 1}


async def main(place: str, user: str, *sentences: str) -> None:
    """Says each sentence, and prints the answers and how often the user has spoken to either agent."""
    async with LGStore.from_conn_string(place) as store:
        graph = agent(store)
        for said in sentences:
            state = await graph.ainvoke({"user": user, "said": said})
            await store.native.aupdate(("users", user), "turns", one_more)
            print(state["answer"])
        turns = await store.aget(("users", user), "turns")
        print(f"turns: {turns.value['count'] if turns else 0}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
