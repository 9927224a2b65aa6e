"""Digests the text of single functions and classes, as loaded. Follows nothing they use."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any

from hydra_cached.fingerprint.definition import digest_text
from hydra_cached.fingerprint.distribution import Origins, absolute
from hydra_cached.fingerprint.project import Projects
from hydra_cached.fingerprint.rows import Rows
from hydra_cached.fingerprint.source import FoundClass, FoundFunction, Sources, Text
from hydra_cached.fingerprint.values import Encoder

_MAX_HOPS = 10
UNSURE = "unsure"
"""Marks digests of texts that may not be what was loaded: they are those of no text that surely was."""


class Bodies:
    """Texts of definitions, each read once.

    Args:
        rows: of the memo.

    Attributes:
        origins: whose code a module is.
        sources: files as read.
        projects: where the user's projects lie.
    """

    def __init__(self, rows: Rows) -> None:
        self.origins = Origins(rows)
        self.sources = Sources(rows)
        self.projects = Projects()
        # by identity; the object is kept, so that its id stays its own
        self._functions: dict[int, tuple[FunctionType, FoundFunction | None]] = {}
        self._classes: dict[int, tuple[type, FoundClass | None]] = {}
        self._digests: dict[int, tuple[Any, str]] = {}
        self._imports: dict[str, Mapping[str, Sequence[tuple[str, str]]]] = {}

    def is_first_party(self, target: Any) -> bool:
        """Whether ``target`` (function, class, module or module name) is the user's own."""
        return self.origins.of(target).is_first_party

    def find_function(self, function: FunctionType) -> FoundFunction | None:
        """What is said of a first-party function; None without source, or where the source is another."""
        known = self._functions.get(id(function))
        if known is None:
            found = self.sources.find_function(function) if self.is_first_party(function) else None
            known = self._functions[id(function)] = (function, found)
        return known[1]

    def find_class(self, cls: type) -> FoundClass | None:
        """What is said of a first-party class; None without source, or where the source is another."""
        known = self._classes.get(id(cls))
        if known is None:
            found = self.sources.find_class(cls) if self.is_first_party(cls) else None
            known = self._classes[id(cls)] = (cls, found)
        return known[1]

    def find_module(self, namespace: Mapping[str, Any]) -> Text | None:
        """The text of a first-party module; None without source."""
        file = namespace.get("__file__")
        return self.sources.text(file, namespace) if isinstance(file, str) else None

    def digest(self, target: Any) -> str:
        """64 hexadecimal digits for a definition's text; where there is none, for its code, and "" for a class."""
        if isinstance(target, type):
            found = self.find_class(target)
            return found.reading.text if found is not None and found.is_sure else ""
        known = self._digests.get(id(target))
        if known is None:
            known = self._digests[id(target)] = (target, self._read(target))
        return known[1]

    def home(self, module: str, name: str, value: Any) -> tuple[str, str]:
        """The first-party module and name that the value was imported from which ``module`` has under ``name``."""
        for _ in range(_MAX_HOPS):
            for source, original in self._imported(module).get(name, ()):
                namespace = vars(sys.modules[source]) if source in sys.modules else {}
                if namespace.get(original, self) is value and self.is_first_party(source):
                    module, name = source, original
                    break
            else:
                break
        return module, name

    def _imported(self, module: str) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What the names of a module may be imported from."""
        known = self._imports.get(module)
        if known is not None:
            return known
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._imports[module] = found
        namespace = vars(sys.modules[module]) if module in sys.modules else {}
        text = self.find_module(namespace)
        for each in text.reading.imports() if text is not None else ():
            source = absolute(each.module, namespace)
            for name in each.names.split():
                original, _, alias = name.partition(":")
                if original == "*" and source in sys.modules:
                    for exported in vars(sys.modules[source]):
                        found[exported].append((source, exported))
                else:
                    found[alias or original].append((source, original))
        return found

    def relative(self, path: str, module: str) -> str | None:
        """``path`` as seen from the project that ``module`` is part of; None where it lies elsewhere."""
        return self.projects.relative(path, module, self.origins.of_module(module).file)

    def _read(self, function: FunctionType) -> str:
        found = self.find_function(function)
        if found is not None:
            return found.reading.text if found.is_sure else digest_text(UNSURE, found.reading.text)
        encoder = Encoder()
        encoder.mark("code")
        encoder.add(function.__code__)
        return encoder.digest()
