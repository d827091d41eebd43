"""An agent that remembers its users across conversations, and after a restart.

It has two tools, one that keeps a fact about the user and one that finds facts. The model is a script that calls
them as a real one would, so the example runs without a network; put a chat model with `bind_tools` in its place.

python remembering_agent.py [file:memory.db]
"""

import asyncio
import re
import sys
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedStore, ToolNode
from langgraph.store.base import BaseStore

from lgstore.langgraph import LGStore

DIMENSIONS = 64


def embed(texts: list[str]) -> list[list[float]]:
    """A stand-in for a model of embeddings: which words a text has."""

    def vector(text: str) -> list[float]:
        made = [0.0] * DIMENSIONS
        for word in re.findall(r"\w+", text.lower()):
            made[sum(word.encode()) % DIMENSIONS] += 1.0
        return made

    return [vector(text) for text in texts]


def memories(config: RunnableConfig) -> tuple[str, ...]:
    return ("users", config["configurable"]["user"], "memories")


@tool
async def remember(fact: str, config: RunnableConfig, store: Annotated[BaseStore, InjectedStore()]) -> str:
    """Keeps a fact about the user."""
    await store.aput(memories(config), fact, {"fact": fact})
    return "remembered"


@tool
async def recall(question: str, config: RunnableConfig, store: Annotated[BaseStore, InjectedStore()]) -> str:
    """Finds the fact about the user that fits a question best."""
    found = await store.asearch(memories(config), query=question, limit=1)
    return found[0].value["fact"] if found else "nothing"


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def think(state: State) -> dict[str, Any]:
    """The model's part: what is said as a fact is remembered, a question is looked up, the rest is answered."""
    last = state["messages"][-1]
    if isinstance(last, ToolMessage):
        known = last.content if last.name == "recall" else None
        return {"messages": [AIMessage(f"You told me: {known}" if known else "I will remember that.")]}
    name, argument = ("recall", "question") if last.content.endswith("?") else ("remember", "fact")
    call = ToolCall(name=name, args={argument: last.content}, id=f"call-{len(state['messages'])}")
    return {"messages": [AIMessage("", tool_calls=[call])]}


def next_step(state: State) -> str:
    return "tools" if state["messages"][-1].tool_calls else END


def agent(store: LGStore) -> Any:
    graph = StateGraph(State)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode([remember, recall]))
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", next_step, ["tools", END])
    graph.add_edge("tools", "think")
    return graph.compile(store=store, checkpointer=InMemorySaver())


async def main(url: str = "memory:") -> None:
    index = {"embed": embed, "dims": DIMENSIONS, "fields": ["fact"]}
    ttl = {"default_ttl": 60 * 24 * 90, "refresh_on_read": True}  # forgotten 90 days after the last use
    async with LGStore.from_conn_string(url, index=index, ttl=ttl) as store:
        ada = agent(store)

        async def say(thread: str, user: str, text: str) -> None:
            config = {"configurable": {"thread_id": thread, "user": user}}
            answer = await ada.ainvoke({"messages": [HumanMessage(text)]}, config)
            print(f"{user}, {thread}: {text} -> {answer['messages'][-1].content}")

        await say("monday", "ada", "My cat is called Byron.")
        await say("monday", "ada", "I drink my tea with milk.")
        await say("tuesday", "ada", "What is my cat called?")
        await say("tuesday", "ada", "How do I drink my tea?")
        await say("tuesday", "charles", "What is my cat called?")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
