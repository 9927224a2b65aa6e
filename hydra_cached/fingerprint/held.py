"""Reads values that code holds: constants, defaults, closures. What a run changed in them counts as it was before.

A memo that functions fill, a model that is loaded at its first use and kept, a counter: another process begins without
them, and a second run in this one must not find that its code has changed. What somebody changes between runs counts.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from blake3 import blake3

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.bulk import dump_run, is_flat
from hydra_cached.fingerprint.recording import Recording

_SEPARATOR = os.sep.encode()
_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes})
_PLAIN = _SCALARS | {tuple, list, dict}
# as in `bulk`: equal content gives equal bytes
_MARSHAL_VERSION = 2


class Held(NamedTuple):
    """A value as it was when it was read.

    Attributes:
        digest: 64 hexadecimal digits.
        references: functions, classes and modules in it.
        classes: of the objects in it.
        opaque: types of what in it has no digest.
        is_plain: whether there is nothing but plain data in it.
    """

    digest: str
    references: tuple[Any, ...] = ()
    classes: tuple[Any, ...] = ()
    opaque: tuple[str, ...] = ()
    is_plain: bool = False


class _Place(NamedTuple):
    """Something that holds a value.

    Attributes:
        owner: a function, a class, or the spec of a module: another import of it is another place.
        read: reads what it holds now.
    """

    owner: Any
    name: str
    held: Held
    read: Callable[[], Held]


@dataclass(frozen=True, slots=True)
class _Change:
    """What a run did to a place: what it holds now counts as what it held before."""

    owner: Any
    after: str
    before: Held


# of this process: what a run changed is changed for all runs after it
_changes: dict[tuple[int, str], _Change] = {}


class HeldValues:
    """Reads places, and looks after those that may change."""

    def __init__(self) -> None:
        self._places: list[_Place] = []

    def read(self, owner: Any, name: str, read: Callable[[], Held], *, is_fixed: bool) -> Held:
        """What a place holds, or held before runs of this process changed it.

        Args:
            owner: a function, a class, or the spec of a module.
            name: of the value, where the owner holds several.
            read: reads what it holds now.
            is_fixed: whether that cannot change.
        """
        held = read()
        if _changes:
            change = _changes.get((id(owner), name))
            if change is not None and change.owner is owner and change.after == held.digest:
                held = change.before
        if not is_fixed:
            self._places.append(_Place(owner, name, held, read))
        return held

    def settle(self) -> None:
        """Note what changed since the places were read: it was a run that did so."""
        for place in self._places:
            after = place.read().digest
            key = (id(place.owner), place.name)
            if after != place.held.digest:
                _changes[key] = _Change(place.owner, after, place.held)
            elif key in _changes and _changes[key].after != after:
                # back to what it was at first
                del _changes[key]


def has_changes() -> bool:
    """Whether runs of this process changed values that code holds."""
    return bool(_changes)


def hold(bodies: Bodies, value: Any, module: str) -> Held:
    """A value that code of ``module`` holds."""
    held = hold_plain(bodies, value, module)
    if held is not None:
        return held
    recording = Recording(bodies, module)
    recording.add(value)
    return finish(recording)


def hold_plain(bodies: Bodies, value: Any, module: str) -> Held | None:
    """The same where ``value`` is plain data that names no path of the project, at the speed of C; else None."""
    if type(value) not in _PLAIN:
        return None
    try:
        data = marshal.dumps([value], _MARSHAL_VERSION) if is_flat(value) else dump_run([value])
    except (ValueError, RecursionError):
        # in itself, or deeper than this can go
        return None
    if data is None or (_SEPARATOR in data and bodies.names_project(data, module)):
        return None
    return Held(blake3(data).hexdigest(), is_plain=True)


def finish(recording: Recording) -> Held:
    """What was recorded."""
    opaque = tuple(dict.fromkeys(recording.opaque))
    return Held(recording.digest(), tuple(recording.references), tuple(recording.classes), opaque)
