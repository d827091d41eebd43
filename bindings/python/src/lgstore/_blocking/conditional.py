"""Writes that are done only where a condition holds."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import UNSET

from .. import item as items
from .._capi import OPS
from .._requests import DeleteBody, DropBody, Index, Namespace, PutBody, SwapBody, Ttl, Value, given
from .._timeout import of_request
from ..item import Item, Outcome
from .items import Items


class Conditional(Items):
    """The conditional writes."""

    def put_if_absent(
        self,
        namespace: Namespace,
        key: str,
        value: Value,
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Creates an item only where there is none."""
        body = PutBody(namespace, key, value, ttl, index, profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["put_if_absent"], body, of_request(timeout)))

    def update_if_exists(
        self,
        namespace: Namespace,
        key: str,
        value: Value,
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Replaces an item only where there is one."""
        body = PutBody(namespace, key, value, ttl, index, profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["update_if_exists"], body, of_request(timeout)))

    def compare_and_set(
        self,
        namespace: Namespace,
        key: str,
        value: Value,
        *,
        expected_value: Value | None = None,
        expected_version: str | None = None,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Replaces an item only if it has the expected value or version, one of which must be given.

        Values are compared as JSON: 1 equals 1.0, and the order of members does not matter. An item that is
        absent is not what was expected.
        """
        body = SwapBody(
            namespace,
            key,
            value,
            ttl,
            index,
            expected_value=given(expected_value),
            expected_version=given(expected_version),
            profile=given(profile),
        )
        return items.outcome_of(self._call(OPS["compare_and_set"], body.text(), of_request(timeout)))

    def delete_if_exists(
        self, namespace: Namespace, key: str, *, timeout: float | None = None, profile: str | None = None
    ) -> Outcome:
        """Removes an item and says whether there was one."""
        body = DeleteBody(namespace, key, profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["delete_if_exists"], body, of_request(timeout)))

    def delete_if_value(
        self,
        namespace: Namespace,
        key: str,
        *,
        expected_value: Value | None = None,
        expected_version: str | None = None,
        timeout: float | None = None,
        profile: str | None = None,
    ) -> Outcome:
        """Removes an item only if it has the expected value or version, as `compare_and_set`."""
        body = DropBody(namespace, key, given(expected_value), given(expected_version), profile=given(profile)).text()
        return items.outcome_of(self._call(OPS["delete_if_value"], body, of_request(timeout)))

    def update(
        self,
        namespace: Namespace,
        key: str,
        change: Callable[[Item | None], Value],
        *,
        ttl: Ttl = UNSET,
        index: Index = UNSET,
        timeout: float | None = None,
    ) -> Outcome:
        """Reads an item, lets `change` make a new value of it, and writes that if the item is still the same.

        Else it begins again, until it succeeds or `change` raises. `change` is given None where there is no item,
        and may be called more than once. A write whose outcome is unknown is not repeated. `timeout` is each
        operation's.
        """
        item = self.get(namespace, key, refresh_ttl=False, timeout=timeout)
        while True:
            value = change(item)
            if item is None:
                outcome = self.put_if_absent(namespace, key, value, ttl=ttl, index=index, timeout=timeout)
            else:
                outcome = self.compare_and_set(
                    namespace,
                    key,
                    value,
                    # Items that another program wrote may have no version; those are told by their value.
                    expected_value=item.value if item.version is None else None,
                    expected_version=item.version,
                    ttl=ttl,
                    index=index,
                    timeout=timeout,
                )
            if outcome.applied:
                return outcome
            item = outcome.current
