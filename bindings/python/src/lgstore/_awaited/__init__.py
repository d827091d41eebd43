"""The operations of a store, for coroutines: the modules here are made by tools/twins.py of _blocking."""

from .conditional import Conditional
from .upkeep import Upkeep

__all__ = ["Awaited"]


class Awaited(Conditional, Upkeep):
    """The base of :class:`lgstore.Store` with its operations for coroutines.

    They are those without the a, awaited, on any event loop. Cancelling an await cancels the operation where it
    runs; whether a write that was cancelled has taken effect is not known then.
    """
