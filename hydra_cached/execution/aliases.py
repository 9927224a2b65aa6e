"""Knows which results at hand have objects in common, so that changing one changes the others. Compares no contents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hydra_cached.execution.worker import is_consumed_once
from hydra_cached.fingerprint import identity_objects, is_immutable
from hydra_cached.graph import Place


class Aliases:
    """Groups of places whose values may reach a common mutable object, plain containers and arrays included."""

    def __init__(self) -> None:
        self._groups: dict[int, set[Place]] = {}

    def note(self, place: Place, value: Any, arguments: Iterable[tuple[Place, Any]]) -> None:
        """A call gave ``value`` for ``place``, out of ``arguments``."""
        if is_immutable(value):
            return
        own: dict[int, object] | None = None
        for child, argument in arguments:
            if is_immutable(argument):
                continue
            # what an iterator will read is not known yet
            if not is_consumed_once(value):
                own = identity_objects(value, with_data=True) if own is None else own
                if own.keys().isdisjoint(identity_objects(argument, with_data=True)):
                    continue
            self._join(place, child)

    def others(self, places: Iterable[Place]) -> list[Place]:
        """Places, other than these, whose values may have changed with the values of ``places``."""
        given = set(places)
        found: set[Place] = set()
        for place in given:
            found |= self._groups.get(place.index, set())
        return sorted(found - given, key=lambda place: place.index)

    def part(self, place: Place) -> None:
        """The value of ``place`` is another object from now on."""
        group = self._groups.pop(place.index, None)
        if group is not None:
            group.discard(place)

    def _join(self, first: Place, second: Place) -> None:
        one = self._groups.setdefault(first.index, {first})
        two = self._groups.setdefault(second.index, {second})
        if one is not two:
            one |= two
            for place in two:
                self._groups[place.index] = one
