"""Finds the user's code that a dotted text names, such as a string argument. Imports nothing that only looks like it.

A module that is not imported yet is imported only where its text defines the rest of the name; and one that is named as
a whole never is: what its text and the texts that it imports say is enough.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from hydra_cached.fingerprint.bodies import UNSURE, Bodies
from hydra_cached.fingerprint.definition import digest_text
from hydra_cached.fingerprint.distribution import absolute, find_file, find_spec
from hydra_cached.fingerprint.glances import Glance, Glances

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_MAX_LENGTH = 200
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class ModuleText:
    """A first-party module that is named as a whole, imported or not."""

    name: str
    file: str


@dataclass(frozen=True, slots=True)
class TextPart:
    """What one file adds to a `ModuleText`, or one distribution."""

    name: str
    digest: str
    file: str | None


class NamedCode:
    """First-party code by name, each name looked up once.

    Args:
        bodies: whose code a module is.
        glances: texts of files.
        load: imports a module; None where that fails.
    """

    def __init__(self, bodies: Bodies, glances: Glances, load: Callable[[str], ModuleType | None]) -> None:
        self._bodies = bodies
        self._glances = glances
        self._load = load
        self._found: dict[str, Any] = {}
        self._tops: dict[str, bool] = {}

    def find(self, text: str) -> Any | None:
        """What ``text`` names in the user's code: a function, class or other value, a `ModuleText`, or None."""
        found = self._found.get(text, _ABSENT)
        if found is _ABSENT:
            is_name = len(text) <= _MAX_LENGTH and "." in text and _DOTTED.fullmatch(text) is not None
            found = self._look_up(text) if is_name and self._is_own(text.partition(".")[0]) else None
            if is_name:
                self._found[text] = found
        return found

    def parts(self, module: ModuleText) -> Iterator[TextPart]:
        """What counts of a module by its text: that, and the first-party texts that it imports, near and far."""
        waiting = [(module.name, module.file)]
        seen = set()
        while waiting:
            name, file = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            glance = self._glances.of(file)
            yield TextPart(name, self._digest(name, glance), file)
            for imported in _imports(name, file, glance):
                origin = self._bodies.origins.of_module(imported)
                if origin.distribution is not None:
                    yield TextPart(origin.distribution[0], digest_text(*origin.distribution), None)
                elif origin.is_first_party and origin.file is not None and _is_there(imported):
                    waiting.append((imported, origin.file))

    def _is_own(self, top: str) -> bool:
        known = self._tops.get(top)
        if known is None:
            known = self._tops[top] = _is_there(top) and self._bodies.is_first_party(top)
        return known

    def _look_up(self, text: str) -> Any | None:
        parts = text.split(".")
        name, depth = parts[0], 1
        while depth < len(parts) and not self._defines(name, parts[depth]) and _is_there(f"{name}.{parts[depth]}"):
            name = f"{name}.{parts[depth]}"
            depth += 1
        if not self._bodies.is_first_party(name):
            return None
        rest = parts[depth:]
        if not rest:
            file = find_file(name)
            return None if file is None else ModuleText(name, file)
        if name not in sys.modules and not (self._defines(name, rest[0]) and self._load(name)):
            return None
        found: Any = sys.modules.get(name)
        for part in rest:
            try:
                found = getattr(found, part)
            except Exception:
                # whatever a user's attribute raises
                return None
        if isinstance(found, ModuleType):
            file = getattr(found, "__file__", None)
            is_own = isinstance(file, str) and self._bodies.is_first_party(found)
            return ModuleText(found.__name__, str(file)) if is_own else None
        return found

    def _defines(self, module: str, name: str) -> bool:
        """Whether a module has a name of its own, no module inside it; said by its text where it is not imported."""
        loaded = sys.modules.get(module)
        if loaded is not None:
            found = vars(loaded).get(name, _ABSENT)
            if found is _ABSENT:
                return "__getattr__" in vars(loaded)
            return not (isinstance(found, ModuleType) and found.__name__ == f"{module}.{name}")
        file = find_file(module)
        return file is not None and name in self._glances.of(file).names

    def _digest(self, name: str, glance: Glance) -> str:
        text = self._bodies.home_of(name).text
        if text is not None and not (text.is_sure and text.is_still_there()):
            return digest_text(UNSURE, glance.digest)
        return glance.digest


def _imports(name: str, file: str, glance: Glance) -> Iterator[str]:
    """Modules that a text imports, and names in them, of which some are modules."""
    parent = name.rpartition(".")[0]
    if parent:
        yield parent
    package = name if os.path.basename(file).startswith("__init__.") else parent
    for written, names in glance.imports:
        source = absolute(written, {"__package__": package})
        if source:
            yield source
            yield from (f"{source}.{each}" for each in names)


def _is_there(name: str) -> bool:
    """Whether a module of this name is imported, or could be."""
    return name in sys.modules or find_spec(name) is not None
