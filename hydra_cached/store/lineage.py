"""Follows an entry to what it was computed from, and that to what it was computed from in turn. Loads no payload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra_cached.errors import EntryError
from hydra_cached.store.entry import Entry

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows


@dataclass(frozen=True, slots=True)
class Ancestor:
    """One line of a tree of parents that is told from the top: each stands below the last one of a smaller depth.

    Attributes:
        depth: 0 for the entry that was asked for.
        entry: None when it is no longer stored, or cannot be read.
        is_repeated: it stood further up already; its parents are not told again.
    """

    depth: int
    key: str
    entry: Entry | None
    is_repeated: bool = False


def trace_parents(rows: Rows, key: str) -> list[Ancestor]:
    """An entry and all that it was computed from, each followed by its parents."""
    told: set[str] = set()
    found: list[Ancestor] = []
    waiting = [(0, key)]
    while waiting:
        depth, each = waiting.pop()
        try:
            entry = rows.entry(each)
        except EntryError:
            entry = None
        found.append(Ancestor(depth, each, entry, is_repeated=each in told))
        if entry is not None and each not in told:
            # the last that is put on the heap comes first
            waiting.extend((depth + 1, parent) for parent in dict.fromkeys(reversed(entry.info.parents)))
        told.add(each)
    return found
