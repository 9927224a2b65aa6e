"""Tells what a store holds: lists, sums and finds entries by what their rows say. Loads and verifies no payload."""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra_cached.store.entry import EntrySummary
from hydra_cached.store.index import ENTRIES_BY_TIME, IS_ENTRY
from hydra_cached.store.record import ENTRY, LINK, STATISTICS, SUMMARY_BYTES, row_range, unpack_summary

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

_HEXADECIMAL = re.compile(r"[0-9a-f]*").fullmatch
# the beginning of each entry is enough: payloads are not carried over
_LIST = (
    f"SELECT Cache.key, Cache.tag, substr(Cache.value, 1, {SUMMARY_BYTES}), s.value, s.mode, s.filename"
    " FROM Cache {by}"
    f" LEFT JOIN Cache s ON s.key = '{STATISTICS}' || substr(Cache.key, 3) AND s.raw = 1"
)
_SUMS = "SELECT tag, count(*), total(size) FROM Cache {by}"
_TARGETS = f"SELECT key, tag FROM Cache INDEXED BY {ENTRIES_BY_TIME} WHERE {IS_ENTRY}"
_ROWS = "SELECT key, value, mode, filename FROM Cache WHERE key >= ? AND key < ? AND raw = 1"
_KEYS = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1"
_LINKS = "SELECT tag FROM Cache WHERE key >= ? AND key < ? AND raw = 1"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are meant: those that fit everything that is given.

    Attributes:
        target_glob: shell pattern for target ids.
        key_prefix: first digits of an entry's key.
        older_than_s: only entries created more than so many seconds ago.
    """

    target_glob: str | None = None
    key_prefix: str | None = None
    older_than_s: float | None = None


@dataclass(frozen=True, slots=True)
class TargetTotals:
    """What a store holds of one target, or in all (then ``target`` is "").

    Attributes:
        size_bytes: length of the results; what several entries share on disk counts for each.
    """

    target: str
    entries: int
    size_bytes: int
    hits: int = 0
    seconds_saved: float = 0.0


def list_entries(rows: Rows, wanted: Filter, *, limit: int | None = None) -> list[EntrySummary]:
    """Summaries of entries, newest first, whatever their schema. Rows that cannot be read are passed over.

    Reads no more than it gives, or what `wanted` leaves over.

    Raises:
        StoreError: the index is damaged.
    """
    summaries: list[EntrySummary] = []
    if limit == 0:
        return summaries
    for row_key, target, start, value, mode, filename in _select(rows, _LIST, wanted, order="Cache.store_time DESC"):
        # a row that is not ours, or of a later version, is no reason not to show the others
        with contextlib.suppress(ValueError, TypeError):
            key = row_key[len(ENTRY) :]
            statistics = (0, 0.0) if value is None else rows.statistics(key, (value, mode, filename))
            summaries.append(unpack_summary(key, str(target), start, statistics))
            if len(summaries) == limit:
                break
    summaries.sort(key=lambda summary: summary.created_s, reverse=True)
    return summaries


def count_entries(rows: Rows, wanted: Filter) -> TargetTotals:
    """Number and length of entries, without what they saved. Reads the index over them alone.

    Raises:
        StoreError: the index is damaged.
    """
    sums = list(_select(rows, _SUMS, wanted))
    return TargetTotals("", sum(row[1] for row in sums), int(sum(row[2] for row in sums)))


def sum_by_target(rows: Rows) -> list[TargetTotals]:
    """What the store holds of each target, the largest first.

    Raises:
        StoreError: the index is damaged.
    """
    targets = {_number_of(key): str(tag) for key, tag in rows.index.iterate(_TARGETS)}
    hits: dict[str, tuple[int, float]] = {}
    for row_key, *cell in rows.index.iterate(_ROWS, row_range(STATISTICS)):
        target = targets.get(_number_of(row_key))
        if target is not None:
            count, seconds = rows.statistics(row_key[len(STATISTICS) :], (cell[0], cell[1], cell[2]))
            before_count, before_seconds = hits.get(target, (0, 0.0))
            hits[target] = (before_count + count, before_seconds + seconds)
    totals = [
        TargetTotals(str(target), count, int(size_bytes), *hits.get(str(target), (0, 0.0)))
        for target, count, size_bytes in _select(rows, _SUMS, Filter(), group="tag")
    ]
    return sorted(totals, key=lambda each: (-each.size_bytes, each.target))


def _number_of(row_key: str) -> int:
    """The beginning of the key in a row key, which is as good as all of it and takes less memory; -1 for no key."""
    try:
        return int(row_key[2:18], 16)
    except ValueError:
        # `verify` deals with it
        return -1


def read_statistics(rows: Rows, key: str) -> tuple[int, float]:
    """How often an entry was found, and the seconds that saved."""
    cell = rows.index.get(STATISTICS + key)
    return (0, 0.0) if cell is None else rows.statistics(key, cell)


def find_keys(rows: Rows, prefix: str, *, limit: int = 20) -> list[str]:
    """Keys of the entries that a prefix means: entries' own keys, else recipe keys that lead to them. At most `limit`.

    Raises:
        StoreError: the index is damaged.
    """
    if not _HEXADECIMAL(prefix):
        return []
    own = [key[len(ENTRY) :] for (key,) in rows.index.scan(f"{_KEYS} LIMIT {limit}", row_range(ENTRY + prefix))]
    if own:
        return own
    linked = [str(tag) for (tag,) in rows.index.scan(f"{_LINKS} LIMIT {limit}", row_range(LINK + prefix))]
    return [key for key in dict.fromkeys(linked) if rows.index.get(ENTRY + key) is not None]


def _select(
    rows: Rows, statement: str, wanted: Filter, *, order: str | None = None, group: str | None = None
) -> Iterator[Any]:
    """Rows of `statement` over the entries that are wanted."""
    conditions = [IS_ENTRY]
    # left to itself, sqlite reads all entries by key and sorts them
    by = f"INDEXED BY {ENTRIES_BY_TIME}"
    values: list[Any] = []
    is_wanted: Callable[[str], object] | None = None
    if wanted.key_prefix:
        prefix = wanted.key_prefix.lower()
        if not _HEXADECIMAL(prefix):
            return
        by = ""
        conditions.append("Cache.key >= ? AND Cache.key < ?")
        values.extend(row_range(ENTRY + prefix))
    if wanted.older_than_s is not None:
        conditions.append("Cache.store_time < ?")
        values.append(time.time() - wanted.older_than_s)
    if wanted.target_glob is not None:
        conditions.append("is_wanted(Cache.tag)")
        # there are few targets and many entries
        is_wanted = functools.lru_cache(re.compile(fnmatch.translate(wanted.target_glob)).match)
    statement = f"{statement.format(by=by)} WHERE {' AND '.join(conditions)}"
    statement += f" GROUP BY {group}" if group else ""
    statement += f" ORDER BY {order}" if order else ""
    yield from rows.index.iterate(statement, values, is_wanted=is_wanted)
