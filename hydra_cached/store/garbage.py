"""Chooses what a store can do without: what is old, superseded, or cheap to compute again. Deletes nothing."""

from __future__ import annotations

import contextlib
import heapq
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra_cached.store.directory import measure_folder
from hydra_cached.store.entry import EntrySummary
from hydra_cached.store.pins import pinned_keys
from hydra_cached.store.record import (
    ENTRY,
    LATEST,
    STATISTICS,
    SUMMARY_BYTES,
    USE,
    row_range,
    unpack_entry,
    unpack_summary,
)

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

_DIGEST_END = len(USE) + 64
# of an entry, beside its value: its other columns, its place in two indices, and the link to it
_ROW_OVERHEAD_BYTES = 700
_ALL = (
    f"SELECT Cache.key, Cache.tag, substr(Cache.value, 1, {SUMMARY_BYTES}), length(Cache.value),"
    " s.value, s.mode, s.filename, s.store_time FROM Cache"
    f" LEFT JOIN Cache s ON s.key = '{STATISTICS}' || substr(Cache.key, 3) AND s.raw = 1"
    " WHERE Cache.key >= ? AND Cache.key < ? AND Cache.raw = 1"
)
_USES = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1"
_LATEST_KEYS = "SELECT tag FROM Cache WHERE key >= ? AND key < ? AND raw = 1"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store may keep. Each limit drops what exceeds it; pinned entries and those in ``kept`` always stay.

    Attributes:
        max_size_bytes: length of the whole directory on disk.
        max_age_s: seconds since an entry was made or last found.
        is_unreferenced_dropped: drop what is neither the last result of its place in a pipeline, nor something that
            such a result was computed from.
        kept: keys of entries that stay; without any other limit, everything else goes.
    """

    max_size_bytes: int | None = None
    max_age_s: float | None = None
    is_unreferenced_dropped: bool = False
    kept: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    summary: EntrySummary
    row_bytes: int
    used_s: float


def choose_garbage(rows: Rows, limits: Limits) -> list[EntrySummary]:
    """Entries to be dropped, in the order of their cost: the cheapest to compute again per byte first.

    Raises:
        StoreError: the index is damaged.
    """
    protected = pinned_keys(rows) | (limits.kept or frozenset())
    candidates = {each.summary.key: each for each in _list_candidates(rows)}
    free = {key: each for key, each in candidates.items() if key not in protected}
    dropped: set[str] = set()
    if limits.max_age_s is not None:
        used_before_s = time.time() - limits.max_age_s
        dropped.update(key for key, each in free.items() if each.used_s < used_before_s)
    if limits.is_unreferenced_dropped:
        dropped.update(free.keys() - _find_referenced(rows))
    if limits.kept is not None and limits == Limits(kept=limits.kept):
        dropped.update(free)
    groups = _group_by_object(rows, candidates)
    if limits.max_size_bytes is not None:
        excess_bytes = measure_used(rows) - limits.max_size_bytes
        dropped |= _drop_cheapest(candidates, groups, dropped, set(free), excess_bytes)
    return sorted((candidates[key].summary for key in dropped), key=_cost)


def measure_used(rows: Rows) -> int:
    """Bytes that entries and objects take on disk once nobody has the store open.

    What was set aside does not count: it goes before any of them. Nor do the files of the index as they are, which
    readers keep long.

    Raises:
        StoreError: the index is damaged.
    """
    return rows.index.used_bytes() + measure_folder(rows.directory.objects)


def _list_candidates(rows: Rows) -> Iterable[_Candidate]:
    for row_key, target, start, row_bytes, value, mode, filename, found_s in rows.index.iterate(_ALL, row_range(ENTRY)):
        # what cannot be read is no entry: `verify` deals with it
        with contextlib.suppress(ValueError, TypeError):
            key = row_key[len(ENTRY) :]
            statistics = (0, 0.0) if value is None else rows.statistics(key, (value, mode, filename))
            summary = unpack_summary(key, str(target), start, statistics)
            # its statistics are written when it is found
            used_s = max(summary.created_s, found_s or 0.0)
            yield _Candidate(summary, row_bytes + _ROW_OVERHEAD_BYTES, used_s)


def _find_referenced(rows: Rows) -> set[str]:
    """The last results of all places, and what they were computed from."""
    waiting = [str(tag) for (tag,) in rows.index.scan(_LATEST_KEYS, row_range(LATEST))]
    found: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key in found:
            continue
        found.add(key)
        cell = rows.index.get(ENTRY + key)
        if cell is not None and type(cell[0]) is bytes:
            # unchecked: a forged parent only keeps something
            with contextlib.suppress(ValueError, TypeError):
                waiting.extend(unpack_entry(key, rows.seal.body(cell[0])).info.parents)
    return found


def _group_by_object(rows: Rows, candidates: Mapping[str, _Candidate]) -> dict[str, list[str]]:
    """Keys of the entries by the object that they share; its space is free only when all of them are gone."""
    groups: dict[str, list[str]] = {}
    for (row_key,) in rows.index.scan(_USES, row_range(USE)):
        digest, key = row_key[len(USE) : _DIGEST_END], row_key[_DIGEST_END:]
        if key in candidates:
            groups.setdefault(digest, []).append(key)
    return groups


def _drop_cheapest(
    candidates: Mapping[str, _Candidate],
    groups: Mapping[str, list[str]],
    dropped: set[str],
    free: set[str],
    excess_bytes: int,
) -> set[str]:
    """Keys to be dropped beside ``dropped``, so that the store shrinks by ``excess_bytes`` in all."""
    grouped = {key for keys in groups.values() for key in keys}
    waiting: list[tuple[float, float, list[str], int]] = []
    for keys in [*groups.values(), *([key] for key in candidates if key not in grouped)]:
        left = [key for key in keys if key not in dropped]
        object_bytes = candidates[keys[0]].summary.size_bytes if keys[0] in grouped else 0
        excess_bytes -= sum(candidates[key].row_bytes for key in keys if key in dropped)
        if not left:
            excess_bytes -= object_bytes
        elif free.issuperset(left):
            waiting.append(_weigh([candidates[key] for key in left], object_bytes))
        else:
            # the object stays with those that are kept: the others free their rows only
            waiting.extend(_weigh([candidates[key]], 0) for key in left if key in free)
    heapq.heapify(waiting)
    chosen: set[str] = set()
    while excess_bytes > 0 and waiting:
        _, _, keys, size_bytes = heapq.heappop(waiting)
        chosen.update(keys)
        excess_bytes -= size_bytes
    return chosen


def _weigh(members: list[_Candidate], object_bytes: int) -> tuple[float, float, list[str], int]:
    """Seconds per byte and last use of what would go together, its keys, and the bytes that it would free."""
    size_bytes = object_bytes + sum(each.row_bytes for each in members)
    seconds = sum(each.summary.seconds for each in members)
    return (
        seconds / size_bytes,
        max(each.used_s for each in members),
        [each.summary.key for each in members],
        size_bytes,
    )


def _cost(summary: EntrySummary) -> tuple[float, float]:
    return summary.seconds / max(1, summary.size_bytes), summary.created_s
