"""Finds the user's code that a dotted text names, such as a string argument. Imports nothing that only looks like it.

A module that is not imported yet is imported only where its text defines the rest of the name; and one that is named as
a whole never is: what its text and the texts that it imports say is enough.
"""

from __future__ import annotations

import contextlib
import functools
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
from hydra_cached.fingerprint.installed import is_site_folder
from hydra_cached.fingerprint.launchers import RUN_PATH

# "pkg.module.name", or as entry points write it: "module:name"
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*[.:][^\W\d]\w*(?:\.[^\W\d]\w*)*")
_DOT = re.compile(r"[.:]").split
_MAX_LENGTH = 200
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class ModuleText:
    """A first-party module that is named as a whole, imported or not.

    Attributes:
        is_script: whether it is a file that is run by its path, and the name is that path as it is written.
    """

    name: str
    file: str
    is_script: bool = False


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
        self._homes: dict[str, ModuleText | None] = {}
        self._tops: dict[str, bool] = {}

    def find(self, text: str) -> Any | None:
        """What ``text`` names in the user's code: a function, class or other value, a `ModuleText`, or None."""
        found = self._found.get(text, _ABSENT)
        if found is _ABSENT:
            parts = _split(text)
            found = self._look_up(parts) if parts and self._is_own(parts[0]) else None
            if parts:
                self._found[text] = found
        return found

    def find_home(self, text: str) -> ModuleText | None:
        """The module of the user's in which the code is that ``text`` names, or None. Imports nothing."""
        if text not in self._homes:
            parts = _split(text)
            self._homes[text] = self._find_home(parts) if parts and self._is_own(parts[0]) else None
        return self._homes[text]

    def _find_home(self, parts: list[str]) -> ModuleText | None:
        name, rest = self._part(parts)
        file = find_file(name) if self._bodies.is_first_party(name) else None
        return None if file is None or (rest and not self._defines(name, rest[0])) else ModuleText(name, file)

    def find_module(self, word: str) -> ModuleText | None:
        """The module of the user's that a single word names, beside no package; None for a word that is only that."""
        found = self._found.get(word, _ABSENT)
        if found is _ABSENT:
            is_name = word.isidentifier() and _lies_beside_packages(word) and self._is_own(word)
            found = self._found[word] = self._look_up([word]) if is_name else None
        return found if isinstance(found, ModuleText) else None

    def find_run(self, launcher: str, word: str) -> ModuleText | tuple[str, str] | None:
        """What a launcher of `RUNNERS` runs: a module, a script, a distribution; None where that is not known."""
        if launcher == RUN_PATH:
            file = os.path.abspath(word)
            return ModuleText(word, file, is_script=True) if word.endswith(".py") and os.path.isfile(file) else None
        if not all(map(str.isidentifier, word.split("."))) or not _is_there(word):
            return None
        if not self._bodies.is_first_party(word):
            return self._bodies.origins.of_module(word).distribution
        name = f"{word}.__main__" if _is_package(word) else word
        found = find_file(name) if _is_there(name) else None
        return None if found is None else ModuleText(name, found)

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
            is_script = module.is_script and name == module.name
            yield TextPart(name, glance.digest if is_script else self._digest(name, glance), file)
            for imported in _imports("" if is_script else name, file, glance):
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

    def _part(self, parts: list[str]) -> tuple[str, list[str]]:
        """The module, and what of it."""
        name, depth = parts[0], 1
        while depth < len(parts) and not self._defines(name, parts[depth]) and _is_there(f"{name}.{parts[depth]}"):
            name = f"{name}.{parts[depth]}"
            depth += 1
        return name, parts[depth:]

    def _look_up(self, parts: list[str]) -> Any | None:
        name, rest = self._part(parts)
        if not self._bodies.is_first_party(name):
            return None
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


def _split(text: str) -> list[str]:
    """The parts of a dotted name, or of an entry point; [] for any other text."""
    return _DOT(text) if len(text) <= _MAX_LENGTH and _DOTTED.fullmatch(text) else []


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


def _lies_beside_packages(word: str) -> bool:
    """Whether something of this name lies in a folder that is looked in for modules, and where nothing is installed."""
    for folder in sys.path:
        if not is_site_folder(os.path.join(folder, "")):
            with contextlib.suppress(OSError):
                if word in _list_names(folder or os.curdir, os.stat(folder or os.curdir).st_mtime_ns):
                    return True
    return False


@functools.lru_cache(maxsize=64)
def _list_names(folder: str, changed_ns: int) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in os.listdir(folder))


def _is_package(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None) or find_spec(name)
    return spec is not None and spec.submodule_search_locations is not None


def _is_there(name: str) -> bool:
    """Whether a module of this name is imported, or could be."""
    return name in sys.modules or find_spec(name) is not None
