"""Configurations: options beside a URL, what LangGraph's defaults are, and the store for vectors."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from embeddings import WORDS, Counting, found, kept
from langgraph.store.base import PutOp

import lgstore
from lgstore.langgraph import LGStore, _config
from lgstore.scylladb import AsyncScyllaDBStore

Advance = Callable[[LGStore, float], None]
INDEX = {"embed": Counting(), "dims": len(WORDS), "fields": ["text"]}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without what the tests have there, which a store that reads it refuses."""
    for name in [name for name in os.environ if name.startswith("LGSTORE_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def test_options_are_added_to_every_form_of_a_configuration(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("LGSTORE_PATH", str(tmp_path / "env.db"))
    place = tmp_path / "said.db"
    for config in (f"file:{place}", json.dumps({"path": str(place)}), {"path": str(place)}, ""):
        with LGStore.from_conn_string(config, limits={"value_bytes": 100}, durability="normal") as store:
            store.put(("a",), "k", {"text": "x" * 50})
            with pytest.raises(ValueError, match="value"):
                store.put(("a",), "k", {"text": "x" * 100})
            assert store.native.cluster_info()["path"] == str(tmp_path / "env.db" if config == "" else place)


def test_an_option_replaces_what_the_configuration_says() -> None:
    for config in ("memory:?limits.value_bytes=10", '{"limits": {"value_bytes": 10}}', {"limits": {"value_bytes": 10}}):
        with LGStore.from_conn_string(config, limits={"value_bytes": 1000}) as store:
            store.put(("a",), "k", {"text": "x" * 100})


def test_options_with_names_of_their_own_go_into_a_url() -> None:
    profiles = {"dashboard": {"consistency": "one"}}
    LGStore.from_conn_string("scylla://127.0.0.1/ks?profiles=%7B%22x%22:%7B%7D%7D", profiles=profiles).close()
    with pytest.raises(ValueError, match=r"profiles\.dashboard"):
        LGStore.from_conn_string("scylla://127.0.0.1/ks", profiles={"dashboard": {"consistency": "most"}})


@pytest.mark.parametrize("config", ["{", "x.db", "memory:?ttl.default_ttl=1&ttl.default_ttl=2", 5])
def test_what_is_no_configuration_is_refused(config: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        LGStore.from_conn_string(config)
    with pytest.raises((ValueError, TypeError)):
        LGStore.from_conn_string(config, durability="normal")
    with pytest.raises((ValueError, TypeError)):
        LGStore.from_conn_string(config, index=INDEX)


@pytest.mark.parametrize("said", [False, True, None])
def test_whether_reads_refresh_is_the_configuration_s_where_nobody_else_says(
    config: dict[str, Any], advance: Advance, said: bool | None
) -> None:
    core = config if said is None else {**config, "ttl": {**config["ttl"], "refresh_on_read": said}}
    for ttl in (None, {"default_ttl": 1}, {"refresh_on_read": None}):
        with LGStore(core, ttl=ttl, index=INDEX) as store:
            for place in ("get", "search", "rank", "page", "versioned", "told"):
                store.put((place,), "k", {"text": "cat"}, ttl=1)
            advance(store, 40)
            store.get(("get",), "k")
            store.search(("search",))
            store.search(("rank",), query="cat")
            store.search_page(("page",))
            store.get_versioned(("versioned",), "k")
            store.get(("told",), "k", refresh_ttl=said is False)
            advance(store, 40)
            alive = [place for place, *_ in store.list_namespaces()]
            if said is False:
                assert alive == ["told"], ttl
            else:
                assert alive == ["get", "page", "rank", "search", "versioned"], ttl
            assert store.delete_prefix(()) == len(alive)
            store.sweep_ttl()


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("LGSTORE_TTL_REFRESH_ON_READ", "false"),
        ("LGSTORE_CONFIG", '{"ttl": {"refresh_on_read": false}}'),
        ("LGSTORE_URL", "memory:?ttl.refresh_on_read=false"),
    ],
)
def test_the_environment_says_whether_reads_refresh(
    environment: pytest.MonkeyPatch, advance: Advance, variable: str, text: str
) -> None:
    def refreshes(config: Any) -> bool:
        with LGStore(config) as store:
            store.put(("a",), "k", {}, ttl=1)
            advance(store, 40)
            store.get(("a",), "k")
            advance(store, 40)
            return store.get(("a",), "k") is not None

    clock = {"test_clock": True, "ttl": {"refresh_slack": 0}}
    assert refreshes({"from_env": True, **clock})
    environment.setenv(variable, text)
    assert not refreshes({"from_env": True, **clock})
    assert refreshes(clock)
    assert refreshes({"from_env": False, **clock})
    assert refreshes("memory:?from_env=false&test_clock=true&ttl.refresh_slack=0")


@pytest.mark.parametrize("form", ["document", "text", "url"])
def test_the_items_limits_are_not_those_of_the_vectors(form: str) -> None:
    limits = {"search_limit": 3, "key_bytes": 5, "value_bytes": 40, "label_chars": 300, "namespace_labels": 12}
    config: Any = {"limits": limits}
    if form == "text":
        config = json.dumps(config)
    elif form == "url":
        config = "memory:?" + "&".join(f"limits.{name}={value}" for name, value in limits.items())
    with LGStore(config, index=INDEX) as store:
        namespace = ("a", *("x" * 300 for _ in range(11)))
        store.batch([PutOp(namespace, str(n), {"text": "cat"}) for n in range(20)])
        store.put(("a",), "dog", {"text": "cat dog"})
        assert found(store, "dog", limit=2) == ["dog", "0"]
        assert len(found(store, "cat", limit=3)) == 3
        with pytest.raises(ValueError, match="4 is above the limit of 3"):
            found(store, "cat", limit=4)
        assert store.delete_prefix(("a",)) == 21
        assert kept(store) == 0


def test_the_narrowest_limits_leave_room_for_an_index() -> None:
    narrow = {"search_limit": 1, "key_bytes": 1, "label_chars": 1, "namespace_labels": 1}
    with LGStore({"limits": narrow}, index=INDEX) as store:
        store.put(("a",), "k", {"text": "cat"})
        store.put(("a",), "l", {"text": "dog"})
        assert found(store, "dog", limit=1) == ["l"]
        with pytest.raises(ValueError, match="namespace_prefix"):
            store.search(("a", "b"), query="cat", limit=1)


def test_the_facade_s_view_has_an_index(tmp_path: Path) -> None:
    async def scenario(config: Any, vectors: Any = None) -> None:
        async with AsyncScyllaDBStore(config, ttl={"default_ttl": 600}) as facade:
            async with facade.langgraph(index=INDEX, vectors=vectors) as store:
                await store.aput(("a",), "k", {"text": "cat"})
                assert [one.score for one in await store.asearch(("a",), query="cat")] == [1.0]
            item = await facade.aget(("a",), "k")
            assert item is not None
            assert item.value == {"text": "cat"}

    asyncio.run(scenario("memory:"))
    asyncio.run(scenario({"path": str(tmp_path / "x.db")}))
    assert (tmp_path / "x.db-vectors").exists()
    asyncio.run(scenario({"path": str(tmp_path / "y.db")}, "memory:"))
    assert not (tmp_path / "y.db-vectors").exists()


def test_where_the_facade_s_vectors_are_kept() -> None:
    facade = AsyncScyllaDBStore.from_contact_points(["127.0.0.1"], "memory", local_datacenter="dc1")
    made = _config.beside(facade._connection.config)
    assert (made["keyspace"], made["contact_points"]) == ("memory_vectors", ["127.0.0.1"])
    facade.close()


@pytest.mark.parametrize(
    "config", ["scylla://h", "scylla://h/", "cql://h/ks/", {"contact_points": ["h"]}, {"from_env": True}]
)
def test_where_items_have_no_place_of_their_own_vectors_have_none(config: Any) -> None:
    with pytest.raises(lgstore.ValidationError) as caught:
        _config.beside(config)
    assert caught.value.field == "vectors"


def test_a_place_that_does_not_come_from_the_environment_is_one() -> None:
    assert "x.db-vectors?from_env=false" in str(_config.beside("file:x.db?from_env=false"))


@pytest.mark.parametrize("dims", [0, -1, 1.5, float("nan"), True, "3"])
def test_dimensions_that_make_no_sense_are_refused(dims: Any) -> None:
    with pytest.raises(lgstore.ValidationError) as caught:
        LGStore("memory:", index={"embed": Counting(), "dims": dims})
    assert caught.value.field == "index.dims"


@pytest.mark.parametrize("member", ["refresh_on_read", "omit_expired", "sweep_interval_minutes", "default_ttl"])
@pytest.mark.parametrize("value", ["false", float("nan"), float("inf"), -1])
def test_members_of_a_ttl_configuration_that_make_no_sense_are_refused(member: str, value: Any) -> None:
    with pytest.raises(lgstore.ValidationError) as caught:
        LGStore("memory:", ttl={member: value})
    assert caught.value.field == f"ttl.{member}"
