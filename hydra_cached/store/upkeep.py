"""Looking after a store: what `hydra-cached cache` does beyond listing and clearing. Computes and loads nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from hydra_cached.errors import UsageError
from hydra_cached.store.entry import EntrySummary
from hydra_cached.store.garbage import Limits, choose_garbage, measure_used
from hydra_cached.store.lineage import Ancestor, trace_parents
from hydra_cached.store.listing import Filter, TargetTotals, count_entries, find_keys, sum_by_target
from hydra_cached.store.pins import pinned_keys, set_pins
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.record import CLOSURE, STATISTICS
from hydra_cached.store.removal import sweep_shared_rows
from hydra_cached.store.store import Store

_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Totals:
    """What a store holds in all.

    Attributes:
        size_bytes: length of the results; what several entries share on disk counts for each.
        disk_bytes: length of all its files.
        targets: the same by target, the largest first.
    """

    entries: int
    size_bytes: int
    disk_bytes: int
    pinned: int
    hits: int
    seconds_saved: float
    targets: tuple[TargetTotals, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """One of the definitions that counted as code of a target: what, its id, and where it was written."""

    kind: str
    id: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Freed:
    """What a collection of garbage came to.

    Attributes:
        entries: number of entries that were dropped.
        leftovers: number of files of dead writers.
        disk_bytes: by how much the store became smaller.
    """

    entries: int
    leftovers: int
    disk_bytes: int


class Upkeep:
    """Upkeep of one store; one that is not there is empty."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find_key(self, prefix: str) -> str:
        """The key of the one entry that a prefix means: of its own key, else of a recipe key that leads to it.

        Raises:
            UsageError: there is none, or more than one.
            StoreError: the index is damaged.
        """
        rows = self._store.rows()
        keys = [] if rows is None else find_keys(rows, prefix)
        if not keys:
            raise UsageError(f'there is no result "{prefix}"', hint="keys are listed by: hydra-cached cache ls")
        if len(keys) > 1:
            raise UsageError(f'"{prefix}" means several results', hint=f"give more digits: {_name_some(keys, prefix)}")
        return keys[0]

    def count(self, wanted: Filter) -> TargetTotals:
        """Number and length of entries. Much faster than listing them.

        Raises:
            StoreError: the index is damaged.
        """
        rows = self._store.rows()
        return TargetTotals("", 0, 0) if rows is None else count_entries(rows, wanted)

    def totals(self) -> Totals:
        """What the store holds, in all and by target.

        Raises:
            StoreError: the index is damaged.
        """
        rows = self._store.rows()
        targets = [] if rows is None else sum_by_target(rows)
        return Totals(
            entries=sum(each.entries for each in targets),
            size_bytes=sum(each.size_bytes for each in targets),
            disk_bytes=self._store.size_on_disk(),
            pinned=len(self.pinned()),
            hits=sum(each.hits for each in targets),
            seconds_saved=sum(each.seconds_saved for each in targets),
            targets=tuple(targets),
        )

    def statistics(self, key: str) -> tuple[int, float]:
        """How often an entry was found, and the seconds that saved."""
        rows = self._store.rows()
        cell = None if rows is None else rows.index.get(STATISTICS + key)
        return (0, 0.0) if rows is None or cell is None else rows.statistics(key, cell)

    def definitions(self, code: str) -> list[Definition]:
        """What a code fingerprint was made of, as far as it was written down."""
        body = self._store.recall(CLOSURE, [code]).get(code) if code else None
        try:
            rows = json.loads(body) if body is not None else []
            return [
                Definition(str(kind), str(name), str(file or ""), int(line or 0)) for kind, name, _, file, line in rows
            ]
        except (ValueError, TypeError, LookupError):
            # of another release; it only explains
            return []

    def trace(self, key: str) -> list[Ancestor]:
        """An entry and all that it was computed from, as a tree that is told from the top."""
        rows = self._store.rows()
        return [] if rows is None else trace_parents(rows, key)

    def pinned(self) -> set[str]:
        """Keys of pinned entries.

        Raises:
            StoreError: the index is damaged.
        """
        rows = self._store.rows()
        return set() if rows is None else pinned_keys(rows)

    def pin(self, keys: Iterable[str], *, is_pinned: bool = True) -> None:
        """Keep entries whatever is collected, or no longer.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        rows = self._store.rows()
        if rows is not None:
            set_pins(rows, keys, is_pinned=is_pinned)

    def choose(self, limits: Limits) -> list[EntrySummary]:
        """Entries that exceed limits, the cheapest to compute again per byte first.

        Raises:
            StoreError: the index is damaged.
        """
        rows = self._store.rows()
        return [] if rows is None else choose_garbage(rows, limits)

    def collect(self, limits: Limits, *, progress: Progress = ignore_progress) -> Freed:
        """Drop what exceeds limits, and what writers left that died before they were done.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        rows = self._store.rows()
        if rows is None:
            return Freed(0, 0, 0)
        before_bytes = measure_used(rows)
        leftovers, _ = rows.objects.remove_leftovers()
        entries = 0
        for _ in range(_ROUNDS):
            # estimates of what an entry frees may fall short
            chosen = choose_garbage(rows, limits)
            self._store.remove((summary.key for summary in chosen), progress=progress)
            entries += len(chosen)
            if not chosen:
                break
        sweep_shared_rows(rows)
        rows.index.shrink()
        return Freed(entries, leftovers, max(0, before_bytes - measure_used(rows)))


def _name_some(keys: list[str], prefix: str) -> str:
    shown = ", ".join(key[: max(len(prefix) + 4, 12)] for key in keys[:5])
    return f"{shown}, ..." if len(keys) > 5 else shown
