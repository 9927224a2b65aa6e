"""Keeps results in memory exactly as long as a consumer is still to come. Never loads and never calls."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from hydra_cached.execution.worker import is_consumed_once
from hydra_cached.fingerprint import identity_objects, is_immutable, is_plain
from hydra_cached.graph import Node, Place

ABSENT: Any = object()
"""Stands where no value is at hand."""


class Values:
    """Values by place, each with the number of consumers that are still to come."""

    def __init__(self) -> None:
        self._values: dict[int, Any] = {}
        self._uses: dict[int, int] = {}
        self._kept: dict[int, tuple[Place, ...]] = {}
        self._snapshots: dict[int, bytes] = {}
        self._deferred: dict[int, Callable[[], Any]] = {}
        # what can be read only once; to see it takes as long as the value is large
        self._once: set[int] = set()

    def expect(self, places: Iterable[Place]) -> None:
        """One more consumer of each place is to come."""
        for place in places:
            self._uses[place.index] = self._uses.get(place.index, 0) + 1

    def release(self, places: Iterable[Place]) -> None:
        """One consumer of each place is done; what nobody waits for any more is dropped."""
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            self._uses[place.index] -= 1
            if not self._uses[place.index]:
                self._values.pop(place.index, None)
                self._snapshots.pop(place.index, None)
                self._deferred.pop(place.index, None)
                waiting.extend(self._kept.pop(place.index, ()))

    def keep_until_done(self, place: Place, children: tuple[Place, ...]) -> None:
        """Release ``children`` only with the last consumer of ``place``, for which it may have to be called again."""
        self._kept[place.index] = (*self._kept.get(place.index, ()), *children)

    def count(self, place: Place) -> int:
        """How many consumers of a place are still to come."""
        return self._uses.get(place.index, 0)

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
        return self._values.pop(place.index) if place.index in self._once else self._values[place.index]

    def put(self, place: Place, value: Any) -> None:
        if self.is_expected(place):
            self._values[place.index] = value
            if is_consumed_once(value):
                self._once.add(place.index)

    def drop(self, place: Place) -> None:
        self._values.pop(place.index, None)

    def defer(self, place: Place, make: Callable[[], Any]) -> None:
        """Let the value of a place be made when it is first wanted; see `restore`."""
        self._deferred[place.index] = make

    def take_snapshot(self, place: Place) -> None:
        """Make it possible to give a value again that is not stored, should one of several consumers change it."""
        if self._uses.get(place.index, 0) > 1 and place.index in self._values:
            value = self._values[place.index]
            if not is_immutable(value) and place.index not in self._once:
                try:
                    self._snapshots[place.index] = pickle.dumps(value, 5)
                except Exception:
                    # then it is called again, with a warning
                    return

    def restore(self, place: Place) -> bool:
        """Bring a value to hand that was deferred, or of which there is a snapshot; False where that cannot be."""
        make = self._deferred.pop(place.index, None)
        if make is not None:
            try:
                self.put(place, make())
            except Exception:
                # as if it had never been there: loaded, or made by another call
                return False
            return True
        snapshot = self._snapshots.get(place.index)
        if snapshot is None:
            return False
        try:
            self.put(place, pickle.loads(snapshot))
        except Exception:
            del self._snapshots[place.index]
            return False
        return True


class Copies:
    """Copies of a value for those who want them later. None before the first is made: what wants no copy is none."""

    def __init__(self, value: Any, count: int) -> None:
        # what it is now: the first consumer may change it in place
        self._value = copy.deepcopy(value)
        self._count = count

    def take(self) -> Any:
        """One of them; the last one is the original."""
        self._count -= 1
        value = self._value
        if self._count:
            return copy.deepcopy(value)
        self._value = None
        return value


def copy_for(
    place: Place, node: Node, value: Any, peek: Callable[[Place], Any], is_used: Callable[[Place], bool]
) -> Any:
    """The value of a node's first call as another of its places gets it: a copy that refers to that place's arguments.

    Args:
        peek: value of a place at hand, or ABSENT.
        is_used: whether something else refers to a place.

    Returns:
        The value itself when it is immutable; ABSENT when the call must be made again for the place, since the value
        cannot be copied, or holds objects for which the place has its own.
    """
    if is_immutable(value):
        return ABSENT if _has_state(value) else value
    memo = _find_common(place, node, value, peek, is_used)
    if memo is None:
        return ABSENT
    try:
        return copy.deepcopy(value, memo)
    except Exception:
        return ABSENT


def is_copied_for(
    place: Place, node: Node, value: Any, peek: Callable[[Place], Any], is_used: Callable[[Place], bool]
) -> bool:
    """Whether a place of another config gets a copy of a mutable value, be it now or later. Arguments as above."""
    return _find_common(place, node, value, peek, is_used) is not None


def _find_common(
    place: Place, node: Node, value: Any, peek: Callable[[Place], Any], is_used: Callable[[Place], bool]
) -> dict[int, Any] | None:
    """Objects that a copy has in common with the original; None where it would hold what the place has its own of."""
    memo: dict[int, Any] = {}
    own: dict[int, object] | None = None
    for first, other in zip(node.call.children, place.children, strict=True):
        argument = peek(first)
        if argument is ABSENT or is_plain(argument):
            continue
        objects = identity_objects(argument)
        if first is other:
            memo.update(objects)
        elif is_used(other):
            own = identity_objects(value) if own is None else own
            if not own.keys().isdisjoint(objects):
                return None
    return memo


def shared_children(node: Node) -> tuple[Place, ...]:
    """Arguments that further places of a node have in common with the first, once for each of those places."""
    first = set(node.call.children)
    return tuple(child for place in node.places[1:] for child in place.children if child in first)


def _has_state(value: Any) -> bool:
    # a closure keeps what it counts in its cells, and is not copied with them
    return isinstance(value, FunctionType) and bool(value.__closure__)
