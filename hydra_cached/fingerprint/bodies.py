"""Digests the text of single functions and classes, as loaded. Follows nothing they use."""

from __future__ import annotations

from typing import Any

from hydra_cached.fingerprint.definition import digest_text
from hydra_cached.fingerprint.distribution import Origins
from hydra_cached.fingerprint.project import Projects
from hydra_cached.fingerprint.source import Found, Sources
from hydra_cached.fingerprint.syntax import normalise
from hydra_cached.fingerprint.values import Encoder


class Bodies:
    """Texts of definitions, each read once.

    Attributes:
        origins: whose code a module is.
        sources: files as read.
        projects: where the user's projects lie.
    """

    def __init__(self) -> None:
        self.origins = Origins()
        self.sources = Sources()
        self.projects = Projects()
        # by identity; the object is kept, so that its id stays its own
        self._found: dict[int, tuple[Any, Found | None]] = {}
        self._digests: dict[int, tuple[Any, str]] = {}

    def is_first_party(self, target: Any) -> bool:
        """Whether ``target`` (function, class, module or module name) is the user's own."""
        return self.origins.of(target).is_first_party

    def find(self, target: Any) -> Found | None:
        """Where a first-party function or class is defined; None without source, or where the source is another."""
        known = self._found.get(id(target))
        if known is None:
            found = None
            if self.is_first_party(target):
                find = self.sources.find_class if isinstance(target, type) else self.sources.find_function
                found = find(target)
            known = self._found[id(target)] = (target, found)
        return known[1]

    def digest(self, target: Any) -> str:
        """64 hexadecimal digits for a definition's text; where there is none, for its code, and "" for a class."""
        known = self._digests.get(id(target))
        if known is None:
            known = self._digests[id(target)] = (target, self._read(target))
        return known[1]

    def relative(self, path: str, module: str) -> str | None:
        """``path`` as seen from the project that ``module`` is part of; None where it lies elsewhere."""
        return self.projects.relative(path, module, self.origins.of_module(module).file)

    def _read(self, target: Any) -> str:
        found = self.find(target)
        if found is not None:
            try:
                return digest_text("text", normalise(found.node, is_in_decorated_class=found.is_in_decorated_class))
            except RecursionError:
                pass
        if isinstance(target, type):
            return ""
        encoder = Encoder()
        encoder.mark("code")
        encoder.add(target.__code__)
        return encoder.digest()
