"""An encoding of values for code: it notes the definitions it meets instead of following them, and never refuses."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import PurePath
from types import FunctionType, MethodType
from typing import Any

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.depth import call_deep
from hydra_cached.fingerprint.values import Encoder
from hydra_cached.fingerprint.walk import describe_type


class _Recorder:
    """What a recording asks about code: nothing is followed, everything is noted."""

    __slots__ = ("_bodies", "body", "found")

    def __init__(self, bodies: Bodies, found: list[Any], body: Callable[[Any], str]) -> None:
        self.found = found
        self.body = body
        self._bodies = bodies

    def reference(self, target: Any) -> str | None:
        self.found.append(target)
        return "" if self._bodies.is_first_party(target) else None


class Recording(Encoder):
    """An encoding of what a definition holds: defaults, closed-over values, constants.

    Paths inside the project are written as seen from its folder, so that the project may move.

    Args:
        bodies: whose code something is.
        module: whose definition it is.
        body: what is written of a function or class; its text if nothing else is said.

    Attributes:
        references: functions, classes and modules met, whosever they are.
        classes: classes of the objects met, and what they consist of where they are made at run time.
        opaque: types of values without a digest, which count by their type alone.
    """

    __slots__ = ("_bodies", "_module", "_recorder", "classes", "opaque", "references")

    def __init__(self, bodies: Bodies, module: str, body: Callable[[Any], str] | None = None) -> None:
        self.references: list[Any] = []
        self.classes: list[Any] = []
        self.opaque: list[str] = []
        self._bodies = bodies
        self._module = module
        self._recorder = _Recorder(bodies, self.references, body or bodies.digest)
        super().__init__(self._recorder)

    def add(self, value: Any) -> None:
        """Append ``value``; one that is nested too deep counts by its type alone."""
        start = self.position()
        try:
            # not the shortcut for single values: a text may be a path
            call_deep(lambda: self._write_from(start, value))
        except Exception:
            # too deep, or an object that answers to a look in its own way
            self.restart(start)
            self.refuse(value)

    def write(self, value: Any) -> None:
        """Append ``value``."""
        if type(value) is str or isinstance(value, PurePath):
            inside = self._bodies.relative(str(value), self._module)
            if inside is not None:
                self.out += b"`"
                self.write_class(type(value))
                self.write_text(inside)
                return
        elif value is os.environ or value is getattr(os, "environb", None):
            # the environment counts only as far as it is declared
            self.refuse(value)
            return
        super().write(value)

    def write_class(self, cls: type) -> None:
        """Append the class of an object."""
        recorder = self._recorder
        outer, recorder.found = recorder.found, self.classes
        super().write_class(cls)
        recorder.found = outer

    def dump_run(self, items: list[Any]) -> bytes | None:
        """The bytes of ``items`` when they are plain and name no path of the project."""
        data = super().dump_run(items)
        if data is None:
            return None
        return None if self._bodies.names_project(data, self._module) else data

    def refuse(self, value: Any, reason: str = "cannot be digested") -> None:
        """Note a value without a digest; its type counts."""
        kind = describe_type(value)
        self.out += b"?"
        self.write_text(kind)
        self.opaque.append(kind)
        if not callable(value):
            return
        # a compiled or wrapped function may still say what it was made from
        wrapped = getattr(value, "__wrapped__", None)
        if isinstance(wrapped, (FunctionType, type)):
            self.write(wrapped)
        # or keep it where only the garbage collector sees it, as functools.cmp_to_key does
        held = gc.get_referents(value)
        held.extend(gc.get_referents(*(each for each in held if isinstance(each, (dict, tuple, list, MethodType)))))
        self.references.extend(each for each in held if isinstance(each, FunctionType))
