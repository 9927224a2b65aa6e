"""The store that `instantiate` uses where its caller names none, while somebody around it has set one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hydra_cached.events import Listener
from hydra_cached.store import Store


@dataclass(frozen=True, slots=True)
class Ambient:
    """A store, and who listens to what is found in it."""

    store: Store
    listener: Listener


_ambient: Ambient | None = None


def current_ambient() -> Ambient | None:
    """What is set now; None outside of `use_store`."""
    return _ambient


@contextmanager
def use_store(store: Store, listener: Listener) -> Iterator[None]:
    """Let every `instantiate` of the process that is given no cache use ``store``, as long as the block lasts.

    Args:
        listener: called with the events of each.
    """
    global _ambient
    before, _ambient = _ambient, Ambient(store, listener)
    try:
        yield
    finally:
        _ambient = before
