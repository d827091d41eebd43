"""lgstore: the long-term memory of agents and native services."""

from .error import *  # noqa: F403
from .runtime import Runtime as Runtime
from .store import Store as Store
