"""Digests the text of single functions and classes, as loaded. Follows nothing they use."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

from hydra_cached.fingerprint.definition import digest_text, module_label
from hydra_cached.fingerprint.distribution import Origins, absolute
from hydra_cached.fingerprint.inputs import Inputs
from hydra_cached.fingerprint.project import Projects
from hydra_cached.fingerprint.rows import Rows
from hydra_cached.fingerprint.source import FoundClass, FoundFunction, Sources, Text
from hydra_cached.fingerprint.values import Encoder

_MAX_HOPS = 10
# what attrs makes follows from the fields of its class, which count, and has in it a number that PYTHONHASHSEED decides
_ATTRS = "<attrs generated"
UNSURE = "unsure"
"""Marks digests of texts that may not be what was loaded: they are those of no text that surely was."""


class Home:
    """A module, or the names of code that was run without one.

    Attributes:
        namespace: its names.
        spec: of its import; another import of the same file has another.
        name: of the module.
        is_first_party: whether it is the user's own.
        chains: for those who resolve dotted names in it.
        reads: names that were looked up in it, in order.
    """

    __slots__ = ("_sources", "_text", "chains", "is_first_party", "name", "namespace", "reads", "spec")

    def __init__(self, namespace: dict[str, Any], name: str, is_first_party: bool, sources: Sources) -> None:
        self.namespace = namespace
        self.spec = namespace.get("__spec__")
        self.name = name
        self.is_first_party = is_first_party
        self._sources: Sources | None = sources
        self._text: Text | None = None
        self.chains: dict[str, Any] = {}
        self.reads: dict[str, None] = {}

    @property
    def is_module(self) -> bool:
        """Whether these are the names of an imported module, and not of code that was run apart from any."""
        module = sys.modules.get(self.name)
        return isinstance(module, ModuleType) and vars(module) is self.namespace

    @property
    def is_used(self) -> bool:
        """Whether anything of it was looked at."""
        return bool(self.reads) or self._sources is None

    @property
    def text(self) -> Text | None:
        """What its file says, looked at when it is first asked for; None without source, and for what is others'."""
        sources = self._sources
        if sources is not None:
            self._sources = None
            file = self.namespace.get("__file__")
            if self.is_first_party and isinstance(file, str):
                self._text = sources.text(file, self.namespace)
        return self._text


class Bodies:
    """Texts of definitions, each read once.

    Args:
        rows: of the memo.

    Attributes:
        origins: whose code a module is.
        sources: files as read.
        projects: where the user's projects lie.
        inputs: what else is asked.
    """

    def __init__(self, rows: Rows) -> None:
        self.origins = Origins(rows)
        self.sources = Sources(rows)
        self.projects = Projects()
        self.inputs = Inputs()
        self._homes: dict[int, Home] = {}
        # by identity; the object is kept, so that its id stays its own
        self._functions: dict[int, tuple[FunctionType, FoundFunction | None]] = {}
        self._classes: dict[int, tuple[type, FoundClass | None]] = {}
        self._digests: dict[int, tuple[Any, str]] = {}
        self._imports: dict[str, Mapping[str, Sequence[tuple[str, str]]]] = {}

    def is_first_party(self, target: Any) -> bool:
        """Whether ``target`` (function, class, module or module name) is the user's own."""
        if type(target) is str:
            return self.origins.of_module(target).is_first_party
        if type(target) is FunctionType:
            return self.home(target.__globals__).is_first_party
        return self.origins.of(target).is_first_party

    def home(self, namespace: dict[str, Any]) -> Home:
        """The module whose names these are."""
        found = self._homes.get(id(namespace))
        if found is None or found.spec is not namespace.get("__spec__"):
            name = module_label(namespace.get("__name__")) or "__main__"
            is_first_party = self.origins.of_module(name).is_first_party
            found = self._homes[id(namespace)] = Home(namespace, name, is_first_party, self.sources)
        return found

    def home_of(self, module: str) -> Home:
        """An imported module by name; one without names where it is not imported."""
        loaded = sys.modules.get(module)
        if loaded is None:
            self.inputs.absent.add(module)
            return Home({}, module, False, self.sources)
        return self.home(loaded.__dict__)

    def homes(self) -> list[Home]:
        """All modules of the user's own that were looked at."""
        return [home for home in self._homes.values() if home.is_first_party]

    def forget_chains(self) -> None:
        """Drop what dotted names were resolved to."""
        for home in self._homes.values():
            home.chains.clear()

    def find_function(self, function: FunctionType, home: Home | None = None) -> FoundFunction | None:
        """What is said of a first-party function; None without source, or where the source is another."""
        known = self._functions.get(id(function))
        if known is None:
            home = home or self.home(function.__globals__)
            found = None
            if home.is_first_party:
                text, file = home.text, function.__code__.co_filename
                if text is None or text.file != file:
                    text = self.sources.text(file, home.namespace)
                    # another file than that of its module
                    self.inputs.is_whole &= text is None
                found = None if text is None else self.sources.find_code(text, function.__code__)
            known = self._functions[id(function)] = (function, found)
        return known[1]

    def find_class(self, cls: type) -> FoundClass | None:
        """What is said of a first-party class; None without source, or where the source is another."""
        known = self._classes.get(id(cls))
        if known is None:
            found = self.sources.find_class(cls) if self.is_first_party(cls) else None
            known = self._classes[id(cls)] = (cls, found)
        return known[1]

    def digest(self, target: Any) -> str:
        """64 hexadecimal digits for a definition's text; where there is none, for its code, and "" for a class."""
        if isinstance(target, type):
            found = self.find_class(target)
            return found.reading.text if found is not None and found.is_sure else ""
        known = self._digests.get(id(target))
        if known is None:
            digest = self.digest_function(target, self.find_function(target))
            known = self._digests[id(target)] = (target, digest)
        return known[1]

    def birthplace(self, module: str, name: str, value: Any) -> tuple[str, str]:
        """The first-party module and name that the value was imported from which ``module`` has under ``name``."""
        for _ in range(_MAX_HOPS):
            text = self.home_of(module).text
            if text is not None and text.reading.line(name) is not None:
                break  # it is made there
            for source, original in self._imported(module).get(name, ()):
                home = self.home_of(source)
                home.reads[original] = None
                if home.is_first_party and home.namespace.get(original, self) is value:
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
        home = self.home_of(module)
        for written, names, _ in home.text.reading.imports() if home.text is not None else ():
            source = absolute(written, home.namespace)
            for name in names.split():
                original, _, alias = name.partition(":")
                if original == "*" and source in sys.modules:
                    for exported in vars(sys.modules[source]):
                        found[exported].append((source, exported))
                else:
                    found[alias or original].append((source, original))
        return found

    def relative(self, path: str, module: str) -> str | None:
        """``path`` as seen from the project that ``module`` is part of; None where it lies elsewhere."""
        self.inputs.rooted.add(module)
        return self.projects.relative(path, module, self.origins.of_module(module).file)

    def names_project(self, data: bytes, module: str) -> bool:
        """Whether bytes hold the path of the project that ``module`` is part of."""
        roots = self.projects.roots(module, self.origins.of_module(module).file)
        self.inputs.rooted.add(module)
        return any(os.fsencode(root) in data for root in roots)

    def digest_function(self, function: FunctionType, found: FoundFunction | None) -> str:
        """The same for a function of which this is said."""
        if found is not None:
            reading, _, is_sure = found
            return reading.text if is_sure else digest_text(UNSURE, reading.text)
        if function.__code__.co_filename.startswith(_ATTRS):
            return digest_text("attrs", function.__name__)
        encoder = Encoder()
        encoder.mark("code")
        encoder.add(function.__code__)
        return encoder.digest()
