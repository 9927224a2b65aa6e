"""Keeps results in memory exactly as long as a consumer is still to come. Never loads and never calls."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from hydra_cached.execution.worker import is_consumed_once
from hydra_cached.fingerprint import is_immutable
from hydra_cached.graph import Graph, Node, Place

ABSENT: Any = object()
"""Stands where no value is at hand."""


class Values:
    """Values by place, each with the number of consumers that are still to come."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._values: dict[int, Any] = {}
        self._uses: dict[int, int] = {}
        self._once: set[int] = set()

    def expect(self, places: Iterable[Place]) -> None:
        """One more consumer of each place is to come."""
        for place in places:
            self._uses[place.index] = self._uses.get(place.index, 0) + 1

    def release(self, places: Iterable[Place]) -> None:
        """One consumer of each place is done; what nobody waits for any more is dropped."""
        for place in places:
            self._uses[place.index] -= 1
            if not self._uses[place.index]:
                self._values.pop(place.index, None)

    def is_expected(self, place: Place) -> bool:
        return self._uses.get(place.index, 0) > 0

    def is_shared_beyond(self, place: Place) -> bool:
        """Whether a value at hand has another consumer besides the one that has just used it."""
        return place.index in self._values and self._uses[place.index] > 1

    def is_at_hand(self, place: Place) -> bool:
        return place.index in self._values

    def peek(self, place: Place) -> Any:
        return self._values[place.index]

    def take(self, place: Place) -> Any:
        """The value for one consumer. What can be read only once is handed out only once."""
        if place.index in self._once:
            self._once.discard(place.index)
            return self._values.pop(place.index)
        return self._values[place.index]

    def put(self, place: Place, value: Any) -> Any:
        if self.is_expected(place):
            self._values[place.index] = value
            if is_consumed_once(value):
                self._once.add(place.index)
        return value

    def put_copy(self, place: Place, value: Any) -> None:
        """Give ``place`` its own copy. What cannot be copied stays absent: the call is made again for that place."""
        copied = copy_value(value)
        if copied is not ABSENT:
            self.put(place, copied)

    def drop(self, place: Place) -> None:
        self._values.pop(place.index, None)

    def holds_children(self, node: Node) -> bool:
        """Whether the node gave something that can be read once and others wait for: it may have to be called again."""
        return any(place.index in self._once and self._uses.get(place.index, 0) > 1 for place in node.places)


def copy_value(value: Any) -> Any:
    """A copy for another place, the value itself when it is immutable, ABSENT when it cannot be copied."""
    if is_immutable(value):
        return value
    try:
        return copy.deepcopy(value)
    except Exception:
        return ABSENT
