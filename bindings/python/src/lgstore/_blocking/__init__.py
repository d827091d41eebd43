"""The operations of a store, blocking. tools/twins.py makes those for coroutines of them."""

from .conditional import Conditional
from .upkeep import Upkeep

__all__ = ["Blocking"]


class Blocking(Conditional, Upkeep):
    """The base of :class:`lgstore.Store` with its blocking operations.

    All take `timeout` in seconds (None = the store's ``request_timeout``) and raise :class:`lgstore.LgstoreError`;
    what is not JSON in an argument is a TypeError or ValueError that names its path. They may be called on any
    thread, also of a running event loop, which then stands still.
    """
