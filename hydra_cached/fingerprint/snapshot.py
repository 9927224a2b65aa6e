"""Remembers fingerprints with all that they were made from, and believes them only while all of that is the same.

A snapshot is of a process in which nothing has run yet. It says which names of which modules were looked at and what
they were (as signatures), which files, installed packages and other modules there were. Any difference makes it
worthless, and everything is read again.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

from blake3 import blake3

from hydra_cached.fingerprint.bodies import Bodies, Home
from hydra_cached.fingerprint.definition import module_label, qualified_name
from hydra_cached.fingerprint.distribution import find_spec
from hydra_cached.fingerprint.held import has_changes
from hydra_cached.fingerprint.nodes import Nodes
from hydra_cached.fingerprint.rows import Rows
from hydra_cached.fingerprint.scope import label, load_module
from hydra_cached.fingerprint.signing import Signer

Batch: TypeAlias = tuple[str, str, str]
"""A module, names in it with spaces between them, and the signature of what it has under them."""


class Snapshot:
    """Fingerprints of the targets of one pipeline, found by the first of them that is asked for.

    Args:
        bodies: texts and modules.
        nodes: what was read of them.
        rows: of the memo.
        named: what a dotted text names.
    """

    def __init__(self, bodies: Bodies, nodes: Nodes, rows: Rows, named: Callable[[str], Any]) -> None:
        self._bodies = bodies
        self._nodes = nodes
        self._rows = rows
        self._named = named
        self._signer = Signer(bodies, bodies.inputs.classes)
        self._row_name = ""
        # what was believed
        self._known: Mapping[str, Any] = {}
        self._digests: dict[str, str] = {}
        self._batches: list[Batch] = []
        self._signed: dict[str, set[str]] = {}
        self._is_new = False
        # values that a run changed count as they were before, and are signed as they are
        self._is_open = rows.is_kept and not has_changes()

    def recall(self, target: Any) -> str | None:
        """The fingerprint of a target, if it is remembered and nothing has changed."""
        name = self._name(target) if self._is_open or self._digests else None
        if name is None:
            return None
        if not self._row_name:
            self._row_name = f"snapshot {name} {self._bodies.origins.of(target).file}"
            known = self._rows.get(self._row_name)
            if known is not None:
                self._believe(known)
        return self._digests.get(name)

    def _believe(self, known: Mapping[str, Any]) -> None:
        """Take a row for true, if it is."""
        classes = self._bodies.inputs.classes
        before = dict(classes)
        classes.update(known["classes"])
        if self._is_same(known):
            self._known = known
            self._digests = dict(known["digests"])
            self._add_batches(known["batches"])
        else:
            # what was signed so far belongs to nothing
            classes.clear()
            classes.update(before)
            self._signer = Signer(self._bodies, classes)

    def note(self, target: Any, digest: str) -> None:
        """A fingerprint was made of what there is now."""
        name = self._name(target) if self._is_open and self._row_name else None
        if name is None:
            return
        for home in self._bodies.homes():
            signed = self._signed.get(home.name, ())
            names = [each for each in home.reads if each not in signed]
            if names and home.is_module:
                signature = self._signer.sign(home.namespace, home.name, names)
                self._add_batches([(home.name, " ".join(names), signature)])
        self._digests[name] = digest
        self._is_new = True

    def close(self) -> None:
        """Calls begin in this process: what is read from now on may be what they have left behind."""
        self._is_open = False

    def write(self) -> None:
        """Remember all fingerprints that were noted, unless something they were made of cannot be looked at again."""
        if self._is_new and self._is_complete():
            self._is_new = False
            # without file handles nothing can be looked at, and nothing is remembered
            with contextlib.suppress(OSError):
                self._rows.put(self._row_name, self._row())

    def _add_batches(self, batches: Iterable[Any]) -> None:
        for name, names, signature in batches:
            self._batches.append((name, names, signature))
            self._signed.setdefault(name, set()).update(names.split(" "))

    def _name(self, target: Any) -> str | None:
        """Module and name of a target of the user's own that is found under them, and else None."""
        function = target.__func__ if isinstance(target, MethodType) else target
        if not isinstance(function, (FunctionType, type)):
            return None
        module = module_label(function.__module__)
        first, *rest = function.__qualname__.split(".")
        loaded = sys.modules.get(module)
        if not isinstance(loaded, ModuleType) or not self._bodies.is_first_party(function):
            return None
        found = vars(loaded).get(first)
        for part in rest:
            found = getattr(found, part, None) if isinstance(found, type) else None
        # a bound method is made anew each time
        if found is None or not (found is target or (type(found) is MethodType and found == target)):
            return None
        self._bodies.home(vars(loaded)).reads[first] = None
        return f"{module}:{function.__qualname__}"

    # --- what is remembered -------------------------------------------------------------------------------------------

    def _row(self) -> dict[str, Any]:
        bodies, inputs, known = self._bodies, self._bodies.inputs, self._known
        projects, origins = bodies.projects, bodies.origins
        homes = [home for home in self._new_homes() if home.is_module]
        files = {home.name: [] if home.text is None else home.text.stamps() for home in homes}
        return {
            "made by": _own_digest(),
            "digests": self._digests,
            "batches": self._batches,
            "classes": inputs.classes,
            "files": {**known.get("files", {}), **files},
            "owners": {**known.get("owners", {}), **origins.summary()},
            "absent": sorted({*known.get("absent", ()), *inputs.absent}),
            "missing": sorted({*known.get("missing", ()), *inputs.missing}),
            "imported": [*dict.fromkeys((*known.get("imported", ()), *inputs.imported))],
            "foreign": {**known.get("foreign", {}), **inputs.foreign},
            "texts": {**known.get("texts", {}), **{text: _label(self._named(text)) for text in inputs.texts}},
            "roots": {
                **known.get("roots", {}),
                **{name: projects.roots(name, origins.of_module(name).file) for name in inputs.rooted},
            },
        }

    def _new_homes(self) -> list[Home]:
        """Modules that were looked at, and not already for what was believed."""
        files = self._known.get("files", {})
        return [home for home in self._bodies.homes() if home.name not in files and home.is_used]

    def _is_complete(self) -> bool:
        """Whether everything that fingerprints were made of is in the row."""
        if not self._bodies.inputs.is_whole or not all(signature for _, _, signature in self._batches):
            return False
        for home in self._new_homes():
            if isinstance(home.namespace.get("__file__"), str) and not (
                home.is_module and home.text is not None and home.text.is_sure
            ):
                return False
        return all(
            self._is_signed(node.target) for node in self._nodes.described() if node.kind in ("function", "class")
        )

    def _is_signed(self, target: Any) -> bool:
        return id(target) in self._signer.seen

    # --- whether it is the same ---------------------------------------------------------------------------------------

    def _is_same(self, known: Mapping[str, Any]) -> bool:
        try:
            return self._has_same_inputs(known)
        except OSError:
            # nothing can be looked at: no file handles are left
            return False

    def _has_same_inputs(self, known: Mapping[str, Any]) -> bool:
        if known.get("made by") != _own_digest():
            return False
        bodies = self._bodies
        # imports last: only if the text is the same that makes them
        files = known["files"]
        late = {name for name in known["imported"] if name not in sys.modules}
        return (
            not any(name in sys.modules for name in known["absent"] if name not in late)
            and not any(name in sys.modules or find_spec(name) is not None for name in known["missing"])
            and all(self._has_file(name, files[name]) for name in files if name in sys.modules)
            and all(bodies.origins.owner(name) == tuple(owner) for name, owner in known["owners"].items())
            and all(
                bodies.projects.roots(name, bodies.origins.of_module(name).file) == tuple(roots)
                for name, roots in known["roots"].items()
            )
            and all(load_module(self._nodes, name) is not None for name in known["imported"] if name in late)
            and all(self._has_file(name, files[name]) for name in files if name in late or name not in sys.modules)
            and all(_has_label(place, then) for place, then in known["foreign"].items())
            and self._has_signatures(known)
            and all(self._names_same(text, then) for text, then in known["texts"].items())
        )

    def _has_file(self, name: str, stamps: list[Any]) -> bool:
        loaded = sys.modules.get(name)
        if not isinstance(loaded, ModuleType) or not self._bodies.home(vars(loaded)).is_first_party:
            return False
        return self._bodies.sources.has_stamps(stamps, vars(loaded))

    def _has_signatures(self, known: Mapping[str, Any]) -> bool:
        return all(
            name in sys.modules and self._signer.sign(vars(sys.modules[name]), name, names.split(" ")) == signature
            for name, names, signature in known["batches"]
        )

    def _names_same(self, text: str, then: str) -> bool:
        found = self._named(text)
        return _label(found) == then and (not then or isinstance(found, ModuleType) or self._is_signed(found))


def _label(found: Any) -> str:
    """What was found under a text, as far as it matters."""
    return qualified_name(found) if isinstance(found, (FunctionType, type, ModuleType)) else ""


def _has_label(place: str, then: str) -> bool:
    """Whether an attribute of a module that is not the user's is still whose it was."""
    name, _, attribute = place.partition(":")
    loaded = sys.modules.get(name)
    return loaded is not None and label(vars(loaded).get(attribute)) == then


@lru_cache(maxsize=1)
def _own_digest() -> str:
    """Changes with this package: another version of it may find other things in the same code."""
    hasher = blake3()
    with os.scandir(os.path.dirname(__file__)) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            if entry.name.endswith((".py", ".pyc")):
                status = entry.stat()
                hasher.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return hasher.hexdigest()
