"""The memo of code fingerprints that rooms above hand around. Owns no rule of its own."""

from __future__ import annotations

from typing import Any

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.closure import Closures
from hydra_cached.fingerprint.definition import Definition, digest_text
from hydra_cached.fingerprint.marked import version_marks
from hydra_cached.fingerprint.memo import Memo
from hydra_cached.fingerprint.rows import Rows


class CodeFingerprints:
    """Fingerprints of code, each computed once: as loaded, as far as static reading reaches.

    >>> import json
    >>> code = CodeFingerprints()
    >>> code.is_first_party(json.loads), code.distribution(json.loads)
    (False, None)
    """

    def __init__(self, memo: Memo | None = None) -> None:
        self._rows = Rows(memo)
        self._bodies = Bodies(self._rows)
        self._closures = Closures(self._bodies, self._rows)
        # by identity; the object is kept, so that its id stays its own
        self._digests: dict[int, tuple[Any, str]] = {}
        self._called: dict[int, tuple[Any, str]] = {}
        self._importers: dict[int, tuple[Any, bool]] = {}

    def of(self, target: Any) -> str:
        """64 hexadecimal digits for a callable's or class's code and all first-party code it reaches.

        Third-party code counts as its name and its distribution's name and version.
        """
        known = self._digests.get(id(target))
        if known is None:
            marks, digest = version_marks(target), self.of_called(target)
            if marks is not None:
                digest = digest_text("version", marks.version, digest)
            known = self._digests[id(target)] = (target, digest)
        return known[1]

    def of_called(self, target: Any) -> str:
        """The same for the target of a call, without its own version: that is another one where a config says so."""
        known = self._called.get(id(target))
        if known is None:
            known = self._called[id(target)] = (target, self._closures.digest(target))
        return known[1]

    def collect(self, target: Any, *, is_called: bool = False) -> tuple[Definition, ...]:
        """Every definition that counts for ``target``, sorted by id; ``is_called`` leaves out its own version."""
        return self._closures.collect(target, is_called=is_called)

    def named(self, text: str, *, may_import: bool = True) -> Any | None:
        """The first-party code that a dotted text names, for `of`: a function, class, module or other value, or None.

        A module is imported for this only if its text defines the rest of the name at its top level. One that is named
        as a whole is not imported, and counts by its text and the first-party texts that it imports.

        Args:
            may_import: False gives the module in which the name is defined, as one that is named as a whole.
        """
        return self._closures.named(text, may_import=may_import)

    def named_module(self, word: str, target: Any) -> Any | None:
        """The first-party module that a word names, for `of`, where ``target`` imports modules by name; else None.

        Any word could be the name of a module, so it counts only for code that may import it.
        """
        found = self._closures.named_module(word)
        if found is None:
            return None
        known = self._importers.get(id(target))
        if known is None:
            known = self._importers[id(target)] = (target, self._closures.imports_by_name(target))
        return found if known[1] else None

    def flush(self) -> None:
        """Hand what was learnt of files to the memo. To be called once, at the end."""
        self._closures.flush()
        self._rows.flush()

    def read_ahead(self) -> None:
        """Read the values that code holds, for `settle`. To be called before calls are made in this process."""
        self._closures.read_ahead()

    def settle(self) -> None:
        """Note what a run changed in values that code holds. To be called once after a run, before somebody else may.

        A later run in this process takes these values for what they were before: memos that functions fill, models kept
        from their first use, counters. Another process begins without them, and so keys are the same in both.
        """
        self._closures.settle()

    def is_first_party(self, target: Any) -> bool:
        """Whether a function, class, module or module name is neither the standard library's nor installed."""
        return self._bodies.is_first_party(target)

    def distribution(self, target: Any) -> tuple[str, str] | None:
        """Name and version of the installed distribution that a function, class or module (or its name) belongs to."""
        return self._bodies.origins.of(target).distribution

    def file(self, name: str) -> str | None:
        """The file of a module, imported or not; None without one."""
        return self._bodies.origins.of_module(name).file

    def reference(self, target: Any) -> str | None:
        """Hex digest of first-party code met in a value; None for other code, whose name is enough."""
        return self.of(target) if self._bodies.is_first_party(target) else None

    def body(self, target: Any) -> str:
        """Hex digest of one function's or class's own text; "" for a class without source."""
        return self._bodies.digest(target)
