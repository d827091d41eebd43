"""Graphs of LangGraph on the store, with a scripted model."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated, Any, TypedDict

import pytest

pytest.importorskip("langgraph.graph")

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolCall
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.config import get_store
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedStore, ToolNode
from langgraph.store.base import BaseStore

from lgstore.langgraph import LGStore


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def user_of(config: RunnableConfig) -> tuple[str, ...]:
    return ("users", config["configurable"]["user"], "memories")


def remember(state: State, config: RunnableConfig, *, store: BaseStore) -> dict[str, Any]:
    """Keeps what the user says, and answers with all that the store knows of them."""
    said = state["messages"][-1].content
    known = [one.value["text"] for one in store.search(user_of(config))]
    store.put(user_of(config), str(len(known)), {"text": said})
    return {"messages": [AIMessage(f"I knew: {'; '.join(reversed(known))}")]}


async def aremember(state: State, config: RunnableConfig, *, store: BaseStore) -> dict[str, Any]:
    said = state["messages"][-1].content
    known = [one.value["text"] for one in await store.asearch(user_of(config))]
    await store.aput(user_of(config), str(len(known)), {"text": said})
    return {"messages": [AIMessage(f"I knew: {'; '.join(reversed(known))}")]}


def graph_of(node: Any, store: LGStore) -> Any:
    builder = StateGraph(State)
    builder.add_node("remember", node)
    builder.add_edge(START, "remember")
    builder.add_edge("remember", END)
    return builder.compile(store=store, checkpointer=InMemorySaver())


def said(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def in_thread(thread: str, user: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread, "user": user}}


def test_memory_across_threads(anywhere: LGStore, root: str) -> None:
    graph = graph_of(remember, anywhere)
    graph.invoke(said("I like tea"), in_thread("1", root))
    graph.invoke(said("I have a cat"), in_thread("2", root))
    answer = graph.invoke(said("who am I?"), in_thread("3", root))
    assert answer["messages"][-1].content == "I knew: I like tea; I have a cat"
    answer = graph.invoke(said("hello"), in_thread("4", f"{root}other"))
    assert answer["messages"][-1].content == "I knew: "


def test_memory_across_threads_async(anywhere: LGStore, root: str) -> None:
    async def scenario() -> None:
        graph = graph_of(aremember, anywhere)
        await graph.ainvoke(said("I like tea"), in_thread("1", root))
        answer = await graph.ainvoke(said("who am I?"), in_thread("2", root))
        assert answer["messages"][-1].content == "I knew: I like tea"
        await asyncio.gather(*(graph.ainvoke(said("hi"), in_thread(f"g{n}", f"{root}{n}")) for n in range(20)))

    asyncio.run(scenario())


def test_sync_nodes_in_async_runs(store: LGStore) -> None:
    async def scenario() -> None:
        graph = graph_of(remember, store)
        await graph.ainvoke(said("I like tea"), in_thread("1", "ada"))
        answer = await graph.ainvoke(said("?"), in_thread("2", "ada"))
        assert answer["messages"][-1].content == "I knew: I like tea"

    asyncio.run(scenario())


def test_get_store(store: LGStore) -> None:
    def node(state: State) -> dict[str, Any]:
        get_store().put(("a",), "k", {"text": state["messages"][-1].content})
        return {"messages": []}

    graph_of(node, store).invoke(said("kept"), in_thread("1", "ada"))
    assert store.get(("a",), "k").value == {"text": "kept"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="contextvars don't reach async nodes before Python 3.11")
def test_get_store_in_coroutines(store: LGStore) -> None:
    async def node(state: State) -> dict[str, Any]:
        await get_store().aput(("a",), "k", {"text": state["messages"][-1].content})
        return {"messages": []}

    asyncio.run(graph_of(node, store).ainvoke(said("kept"), in_thread("1", "ada")))
    assert store.get(("a",), "k").value == {"text": "kept"}


@tool
def keep(text: str, store: Annotated[BaseStore, InjectedStore()]) -> str:
    """Keeps a text."""
    store.put(("kept",), text, {"text": text})
    return "kept"


def test_a_scripted_agent_with_a_tool_that_has_the_store_injected(store: LGStore) -> None:
    call = ToolCall(name="keep", args={"text": "likes tea"}, id="1")
    model = GenericFakeChatModel(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("I will remember")]))

    def think(state: State) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    def more(state: State) -> str:
        return "tools" if state["messages"][-1].tool_calls else END

    builder = StateGraph(State)
    builder.add_node("think", think)
    builder.add_node("tools", ToolNode([keep]))
    builder.add_edge(START, "think")
    builder.add_conditional_edges("think", more, ["tools", END])
    builder.add_edge("tools", "think")
    answer = builder.compile(store=store).invoke(said("I like tea"))
    assert answer["messages"][-1].content == "I will remember"
    assert [one.value for one in store.search(("kept",))] == [{"text": "likes tea"}]


def test_items_pass_through_a_checkpoint(store: LGStore) -> None:
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    store.put(("a",), "k", {"n": 1})
    item = store.get(("a",), "k")
    serializer = JsonPlusSerializer()
    assert serializer.loads_typed(serializer.dumps_typed({"item": item}))["item"] == item
