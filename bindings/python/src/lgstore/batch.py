"""The operations that a batch is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from . import _requests, error, item
from ._requests import DeleteBody, GetBody, NamespacesBody, PutBody, ScopeBody, SearchBody

__all__ = ["Count", "Delete", "Get", "ListNamespaces", "Op", "Put", "Search"]


class Get(GetBody, tag_field="op", tag="get"):
    """`Store.get`; the result is an Item or None."""


class Put(PutBody, tag_field="op", tag="put"):
    """`Store.put`; the result is None."""


class Delete(DeleteBody, tag_field="op", tag="delete"):
    """`Store.delete`; the result is None."""


class Search(SearchBody, tag_field="op", tag="search"):
    """`Store.search_page`; the result is a Page."""


class ListNamespaces(NamespacesBody, tag_field="op", tag="list_namespaces"):
    """`Store.namespaces_page`; the result is a NamespacePage."""


class Count(ScopeBody, tag_field="op", tag="count"):
    """`Store.count`; the result is an int."""


Op: TypeAlias = "Get | Put | Delete | Search | ListNamespaces | Count"

_PLAIN = frozenset((Get, Put, Delete))
_READERS: dict[type[Any], Any] = {
    Get: item.item_of,
    Put: item.none_of,
    Delete: item.none_of,
    Search: item.page_of,
    ListNamespaces: item.namespaces_of,
    Count: item.number_of,
}


class Body(_requests.Body, kw_only=True):
    """The body of a batch."""

    ops: list[Op]
    mode: str | UnsetType = UNSET
    atomicity: str | UnsetType = UNSET

    def check(self, at: str = "") -> None:
        for index, op in enumerate(self.ops):
            if type(op) not in _READERS:
                what = f"{type(op).__name__} is no operation of lgstore's"
                raise error.ValidationError("invalid_arg", what, field=f"{at}ops[{index}]")
        # Copies: checking them may change them, and they are the caller's.
        self.ops = [msgspec.structs.replace(op) for op in self.ops]
        for index, op in enumerate(self.ops):
            try:
                op.check()
            except (TypeError, ValueError):
                op.check(f"{at}ops[{index}].")  # raises it again, with its whole path
                raise


def results_of(ops: Sequence[Op], answer: bytes, return_exceptions: bool) -> list[Any]:
    """The results of a batch, an error in the place of an operation that failed."""
    if _PLAIN.issuperset(map(type, ops)):
        results = [
            one.result if one.error is None else error.from_document(one.error, "batch")
            for one in item.plain_results_of(answer).results
        ]
    else:
        results = [
            _READERS[type(op)](one.result) if one.error is None else error.from_document(one.error, "batch")
            for op, one in zip(ops, item.results_of(answer).results, strict=True)
        ]
    if not return_exceptions:
        for result in results:
            if isinstance(result, error.LgstoreError):
                raise result
    return results
