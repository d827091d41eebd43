"""Chapter 2 of the guide: Architecture."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

import lgstore
from lgstore.scylladb import AsyncScyllaDBStore, StoreValidationError

from .guide import snippet


@snippet(1)
async def test_02_namespace_structure(store: AsyncScyllaDBStore) -> None:
    namespace = ("users", "profile", "settings")
    await store.aput(namespace, "theme", {"dark": True})
    assert await store.alist_namespaces() == [namespace]
    # The dots of the table's `prefix` never show, and no label may hold one: "a.b" and ("a", "b") would be one.
    with pytest.raises(StoreValidationError):
        await store.aput(("users.profile.settings",), "theme", {"dark": True})


@snippet(2)
async def test_02_item_structure(store: AsyncScyllaDBStore) -> None:
    before = datetime.now(timezone.utc)
    await store.aput(("users", "profile"), "user_123", {"name": "Alice"})
    item = await store.aget(("users", "profile"), "user_123")
    assert isinstance(item, lgstore.Item)
    assert item.value == {"name": "Alice"}
    assert item.key == "user_123"
    assert item.namespace == ("users", "profile")
    for time in (item.created_at, item.updated_at):
        # Aware, so that they compare with any other; the clocks of test and cluster are one.
        assert abs(time - before) < timedelta(seconds=30)
