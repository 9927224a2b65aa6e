"""Finds the user's code that a dotted text names, such as a string argument. Imports nothing that only looks like it.

A module that is not imported yet is imported only where its text defines the rest of the name; and one that is named as
a whole never is: what its text and the texts that it imports say is enough.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from hydra_cached.fingerprint.bodies import UNSURE, Bodies
from hydra_cached.fingerprint.definition import digest_text
from hydra_cached.fingerprint.distribution import absolute, find_file, find_spec
from hydra_cached.fingerprint.effects import find_assignments
from hydra_cached.fingerprint.syntax import normalise

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
        load: imports a module; None where that fails.
    """

    def __init__(self, bodies: Bodies, load: Callable[[str], ModuleType | None]) -> None:
        self._bodies = bodies
        self._load = load
        self._found: dict[str, Any] = {}
        self._tops: dict[str, bool] = {}
        self._trees: dict[str, ast.Module | None] = {}

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
            tree = self._tree(file)
            yield TextPart(name, self._digest(name, file, tree), file)
            for imported in self._imports(name, file, tree):
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
        tree = None if file is None else self._tree(file)
        return tree is not None and name in _defined_names(tree)

    def _tree(self, file: str) -> ast.Module | None:
        if file not in self._trees:
            try:
                with tokenize.open(file) as stream:
                    self._trees[file] = ast.parse(stream.read(), file)
            except (OSError, SyntaxError, ValueError, RecursionError):
                self._trees[file] = None
        return self._trees[file]

    def _digest(self, name: str, file: str, tree: ast.Module | None) -> str:
        try:
            own = digest_text("unreadable") if tree is None else digest_text("module", normalise(tree))
        except RecursionError:
            own = digest_text("too deep")
        text = self._bodies.home_of(name).text
        if text is not None and not (text.is_sure and text.is_still_there()):
            return digest_text(UNSURE, own)
        return own

    def _imports(self, name: str, file: str, tree: ast.Module | None) -> Iterator[str]:
        parent = name.rpartition(".")[0]
        if parent:
            yield parent
        package = name if os.path.basename(file).startswith("__init__.") else parent
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                source = absolute("." * node.level + (node.module or ""), {"__package__": package})
                if source:
                    yield source
                    # some of these are modules
                    yield from (f"{source}.{alias.name}" for alias in node.names)


def _defined_names(tree: ast.Module) -> set[str]:
    found = {name for name, _ in find_assignments(tree)}
    if "__getattr__" in found:
        # it makes names as they are asked for
        found.update(
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str
        )
    return found


def _is_there(name: str) -> bool:
    """Whether a module of this name is imported, or could be."""
    return name in sys.modules or find_spec(name) is not None
