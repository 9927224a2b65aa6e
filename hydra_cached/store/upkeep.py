"""Looking after a store: what `hydra-cached cache` does beyond listing and clearing. Computes and loads nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hydra_cached.errors import UsageError
from hydra_cached.store.archive import Archive, Exported, Imported, write_archive
from hydra_cached.store.collection import Freed, collect_garbage
from hydra_cached.store.entry import EntrySummary
from hydra_cached.store.garbage import Limits, choose_garbage
from hydra_cached.store.lineage import Ancestor, trace_parents
from hydra_cached.store.listing import Filter, TargetTotals, count_entries, find_keys, read_statistics, sum_by_target
from hydra_cached.store.pins import pinned_keys, set_pins
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.record import CLOSURE
from hydra_cached.store.store import Store
from hydra_cached.store.verification import Verified
from hydra_cached.store.verify import verify_store


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
        keys: list[str] = self._store.ask(lambda rows: find_keys(rows, prefix), [])
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
        return self._store.ask(lambda rows: count_entries(rows, wanted), TargetTotals("", 0, 0))

    def totals(self) -> Totals:
        """What the store holds, in all and by target.

        Raises:
            StoreError: the index is damaged.
        """
        targets: list[TargetTotals] = self._store.ask(sum_by_target, [])
        return Totals(
            entries=sum(each.entries for each in targets),
            size_bytes=sum(each.size_bytes for each in targets),
            disk_bytes=self._store.size_on_disk(),
            pinned=len(self.pinned()),
            hits=sum(each.hits for each in targets),
            seconds_saved=sum((each.seconds_saved for each in targets), 0.0),
            targets=tuple(targets),
        )

    def statistics(self, key: str) -> tuple[int, float]:
        """How often an entry was found, and the seconds that saved."""
        return self._store.ask(lambda rows: read_statistics(rows, key), (0, 0.0))

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
        return self._store.ask(lambda rows: trace_parents(rows, key), [])

    def pinned(self) -> set[str]:
        """Keys of pinned entries.

        Raises:
            StoreError: the index is damaged.
        """
        return self._store.ask(pinned_keys, set())

    def pin(self, keys: Iterable[str], *, is_pinned: bool = True) -> None:
        """Keep entries whatever is collected, or no longer.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        wanted = list(keys)
        if wanted:
            self._store.change(lambda rows: set_pins(rows, wanted, is_pinned=is_pinned))

    def choose(self, limits: Limits) -> list[EntrySummary]:
        """Entries that exceed limits, the cheapest to compute again per byte first.

        Raises:
            StoreError: the index is damaged.
        """
        return self._store.ask(lambda rows: choose_garbage(rows, limits), [])

    def collect(self, limits: Limits, *, progress: Progress = ignore_progress) -> Freed:
        """Drop what exceeds limits, and what writers left that died before they were done.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        if self._store.rows() is None:
            return Freed(0, 0, 0)
        return self._store.change(partial(collect_garbage, limits=limits, progress=progress))

    def export(self, path: Path, keys: Iterable[str], *, progress: Progress = ignore_progress) -> Exported:
        """Write entries with all that they need to an archive.

        Args:
            progress: called with the number of entries that are done, and of all.

        Raises:
            UsageError: the file cannot be written.
            StoreError: the index cannot be opened, or stays locked.
        """
        wanted = list(keys)
        return self._store.ask(lambda rows: write_archive(rows, path, wanted, progress=progress), Exported(0, 0, 0))

    def enter_archive(self, archive: Archive, *, progress: Progress = ignore_progress) -> Imported:
        """Enter what is in an archive. What is here already stays.

        Args:
            progress: called with the bytes that are read, and all of them.

        Raises:
            UsageError: the archive ends too early.
            StoreError: it cannot be written.
        """
        return self._store.change(lambda rows: archive.enter_all(rows, progress=progress))

    def verify(self, *, is_repairing: bool, progress: Progress = ignore_progress) -> Verified:
        """Check the index, every row, and every byte of every object.

        Args:
            is_repairing: mend what can be mended.
            progress: called with what was looked at and all there is, in bytes.

        Raises:
            StoreError: the index cannot be opened, stays locked, or cannot be written.
        """
        return verify_store(self._store.access, is_repairing=is_repairing, progress=progress)


def _name_some(keys: list[str], prefix: str) -> str:
    shown = ", ".join(key[: max(len(prefix) + 4, 12)] for key in keys[:5])
    return f"{shown}, ..." if len(keys) > 5 else shown
