"""Where the facade's tests keep their items."""

from __future__ import annotations

import os
from typing import Any

from lgstore.scylladb import AsyncScyllaDBStore

CONTACT_POINTS = os.environ.get("LGSTORE_TEST_CONTACT_POINTS", "")
KEYSPACE = os.environ.get("LGSTORE_TEST_KEYSPACE", "py") + "_scylladb"


def emptied(place: dict[str, Any]) -> dict[str, Any]:
    """The place, without the items that earlier tests have left there."""
    store = AsyncScyllaDBStore(**place)
    try:
        store.native.call("delete_prefix", b'{"namespace_prefix":[]}')
    finally:
        store.close()
    return place
