"""Says what the text of a file says as a whole, imported or not: its digest, its imports, the names it defines."""

from __future__ import annotations

import ast
import os
import time
import tokenize
from typing import Any, NamedTuple

from hydra_cached.fingerprint.definition import digest_text
from hydra_cached.fingerprint.effects import find_assignments
from hydra_cached.fingerprint.loaded import changed_ns
from hydra_cached.fingerprint.rows import Rows
from hydra_cached.fingerprint.syntax import normalise

# what changed so shortly before it was read may change again within one tick of the clock
_SETTLED_NS = 2_000_000_000


class Glance(NamedTuple):
    """A text as a whole.

    Attributes:
        digest: of what counts of it.
        imports: modules as written, with leading dots, and names that are taken from each.
        names: that it defines at its top level.
    """

    digest: str
    imports: list[tuple[str, list[str]]]
    names: frozenset[str]


class Glances:
    """Texts of files, each looked at once, and not again while a memo knows the file as it is.

    Args:
        rows: of the memo.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[str, Glance] = {}

    def of(self, file: str) -> Glance:
        """What a file says; what cannot be read says nothing."""
        known = self._known.get(file)
        if known is None:
            known = self._known[file] = self._look_at(file)
        return known

    def _look_at(self, file: str) -> Glance:
        try:
            status = os.stat(file)
        except OSError:
            return Glance(digest_text("unreadable"), [], frozenset())
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        row = self._rows.get(f"glance {file}")
        if row is not None and row[0] == stamp:
            _, digest, imports, names = row
            return Glance(digest, imports, frozenset(names))
        found = _read(file)
        if changed_ns(status) < time.time_ns() - _SETTLED_NS:
            self._rows.put(f"glance {file}", [stamp, found.digest, found.imports, sorted(found.names)])
        return found


def _read(file: str) -> Glance:
    try:
        with tokenize.open(file) as stream:
            tree = ast.parse(stream.read(), file)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return Glance(digest_text("unreadable"), [], frozenset())
    try:
        digest = digest_text("module", normalise(tree))
    except RecursionError:
        digest = digest_text("too deep")
    return Glance(digest, _imports(tree), _defined_names(tree))


def _imports(tree: ast.Module) -> list[tuple[str, list[str]]]:
    """All imports, those inside definitions too."""
    found: list[tuple[str, list[str]]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.extend((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.append(("." * node.level + (node.module or ""), [alias.name for alias in node.names]))
    return found


def _defined_names(tree: ast.Module) -> frozenset[str]:
    found: set[Any] = {name for name, _ in find_assignments(tree)}
    if "__getattr__" in found:
        # it makes names as they are asked for
        found.update(
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is str
        )
    return frozenset(found)
