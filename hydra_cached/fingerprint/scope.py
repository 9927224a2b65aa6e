"""Resolves the names that a definition uses, as it would when it runs: to constants, and to further definitions."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.definition import Definition, digest_text, distribution_definition
from hydra_cached.fingerprint.names import Names
from hydra_cached.fingerprint.recording import Recording

_MODULE_MACHINERY = frozenset(
    {"__builtins__", "__cached__", "__doc__", "__file__", "__loader__", "__name__", "__package__", "__path__"}
    | {"__spec__", "__annotations__", "__all__"}
)
_DYNAMIC_ACCESS = frozenset({"getattr", "vars", "__dict__", "attrgetter", "methodcaller"})
_OWN_NAMESPACE = frozenset({"globals", "eval", "exec"})


class Scope:
    """The names of one definition.

    Attributes:
        definitions: the constants it reads, and imports that lead to no first-party code.
    """

    def __init__(self, bodies: Bodies, module: str, recording: Recording) -> None:
        self.definitions: set[Definition] = set()
        self._bodies = bodies
        self._module = module
        self._recording = recording
        self._seen: set[tuple[str, str]] = set()

    def resolve(self, names: Names, namespace: dict[str, Any]) -> None:
        """Look every name up; functions, classes and modules go to the recording's references."""
        for name in sorted(names.globals):
            if name in namespace:
                self._add(self._module, name, namespace[name], names)
        is_by_name = "__name__" in names.globals and "modules" in names.attributes
        own = sys.modules.get(self._module)
        if own is not None and (is_by_name or (names.globals & _OWN_NAMESPACE).difference(namespace)):
            self._recording.references.append(own)
        package = namespace.get("__package__")
        if not isinstance(package, str):
            package = self._module.rpartition(".")[0]
        for wanted in names.imports:
            try:
                module = importlib.util.resolve_name("." * wanted.level + wanted.module, package)
            except ImportError:
                continue  # fails when it runs, too
            self._add_import(module, wanted.names, names)
        for wanted in names.whole_imports:
            try:
                module = importlib.util.resolve_name("." * wanted.level + wanted.module, package)
            except ImportError:
                continue
            # only where the name taken from a package is a module; the plain import above has loaded it
            if module in sys.modules:
                self._add_import(module, wanted.names, names)

    def add_subclasses(self, cls: type, names: Names) -> None:
        """The first-party classes below ``cls``, where something asks a class for them."""
        if "__subclasses__" in names.attributes:
            self._recording.references.extend(filter(self._bodies.is_first_party, _classes_below(cls)))

    def _add(self, module: str, name: str, value: Any, names: Names) -> None:
        if name in _MODULE_MACHINERY or (module, name) in self._seen:
            return
        self._seen.add((module, name))
        if isinstance(value, ModuleType):
            self._add_module(value, names)
            used = name if module == self._module else f".{name}"
            if used in names.whole and self._bodies.is_first_party(value):
                self._recording.references.append(value)
        elif isinstance(value, (FunctionType, type)):
            self._recording.references.append(value)
            if isinstance(value, type):
                self.add_subclasses(value, names)
        else:
            constant = Recording(self._bodies, module)
            constant.add(value)
            self._recording.adopt(constant)
            file = self._bodies.origins.of_module(module).file
            self.definitions.add(Definition(f"{module}.{name}", "constant", constant.digest(), file))

    def _add_module(self, module: ModuleType, names: Names) -> None:
        name = module.__name__
        if not self._bodies.is_first_party(module):
            self._recording.references.append(module)
            return
        if (name, "") in self._seen:
            return
        self._seen.add((name, ""))
        if names.attributes & _DYNAMIC_ACCESS or names.globals & _DYNAMIC_ACCESS:
            # which of its names is meant cannot be seen
            self._recording.references.append(module)
        content = vars(module)
        for attribute in sorted(names.attributes):
            if attribute in content:
                self._add(name, attribute, content[attribute], names)
            elif isinstance(content.get("__getattr__"), FunctionType):
                self._recording.references.append(content["__getattr__"])

    def _add_import(self, name: str, wanted: tuple[str, ...], names: Names) -> None:
        origin = self._bodies.origins.of_module(name)
        if origin.distribution is not None:
            self.definitions.add(distribution_definition(origin.distribution))
        if not origin.is_first_party:
            return
        module = load_module(name)
        if module is None:
            self.definitions.add(Definition(name, "opaque", digest_text("module", name)))
            return
        self._add_module(module, names)
        if "*" in wanted:
            self._recording.references.append(module)
        for attribute in wanted:
            # `from package import module`
            if attribute != "*" and not hasattr(module, attribute):
                self._add_import(f"{name}.{attribute}", (), names)


def _classes_below(cls: type) -> Iterator[type]:
    found: list[type] = type.__subclasses__(cls)
    for below in found:
        yield below
        yield from _classes_below(below)


def load_module(name: str) -> ModuleType | None:
    """A module, imported if need be: the body that imports it would do so; None where that fails."""
    try:
        return importlib.import_module(name)
    except Exception:
        # whatever a module raises on import: it is not there to be read
        return None
