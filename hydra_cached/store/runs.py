"""Rows about past runs: kept in order, bounded in number and size. Knows bytes; what a run is, history.py knows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hydra_cached.store.record import RUN, row_range

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows
    from hydra_cached.store.store import Store

# a run has two rows with one number: a list of runs reads the heads alone
_HEAD, _BODY = "0", "1"
_NUMBER_DIGITS = 24
_LIST = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1 AND substr(key, -1) = ? ORDER BY key DESC"
# sqlite knows a value's length without reading it
_TOTAL = "SELECT count(*), sum(length(value)) FROM Cache WHERE key >= ? AND key < ? AND raw = 1"
_DELETE_OLDEST = (
    "DELETE FROM Cache WHERE key >= ? AND key <"
    " (SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1 ORDER BY key DESC LIMIT 1 OFFSET ?)"
)
_SIZES = "SELECT key, length(value) FROM Cache WHERE key >= ? AND key < ? AND raw = 1 ORDER BY key DESC"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as it was written. ``number`` is for `read_run`."""

    number: str
    head: bytes


def add_run(store: Store, created_s: float, head: bytes, body: bytes, *, keep: int, keep_bytes: int) -> None:
    """Write down a run, and forget the oldest ones beyond ``keep`` runs or ``keep_bytes`` in all.

    Nothing is written down in a store that cannot be written: the run has said so already.

    Raises:
        StoreError: it cannot be written.
    """
    if not store.is_writable or store.access.has_write_failed:
        return
    # in the order of time; two runs may begin in the same nanosecond on a coarse clock
    number = f"{int(created_s * 1e9):016x}{secrets.token_hex(4)}"

    def add(rows: Rows) -> None:
        rows.put(RUN + number + _HEAD, head)
        rows.put(RUN + number + _BODY, body)
        _forget(rows, keep, keep_bytes)

    store.change(lambda rows: rows.index.write(partial(add, rows)))


def list_runs(store: Store, *, limit: int | None = None) -> list[RunRow]:
    """Heads of runs, the newest first. Rows that fail are passed over.

    Raises:
        StoreError: the index is damaged.
    """
    return store.ask(partial(_list, limit=limit), [])


def _list(rows: Rows, *, limit: int | None) -> list[RunRow]:
    found: list[RunRow] = []
    for (row_key,) in rows.index.scan(_LIST, (*row_range(RUN), _HEAD)):
        head = rows.peek(row_key)
        if head is not None:
            found.append(RunRow(row_key[len(RUN) : -1], head))
            if len(found) == limit:
                break
    return found


def read_run(store: Store, number: str) -> bytes | None:
    """The body of a run; None when it is gone or damaged."""
    return store.ask(lambda rows: rows.peek(RUN + number + _BODY), None)


def _forget(rows: Rows, keep: int, keep_bytes: int) -> None:
    first, end = row_range(RUN)
    [(row_count, total_bytes)] = rows.index.query(_TOTAL, (first, end))
    if row_count > 2 * keep:
        rows.index.query(_DELETE_OLDEST, (first, first, end, 2 * keep - 1))
    if total_bytes <= keep_bytes:
        return
    size_bytes, newest = 0, ""
    for row_key, length in rows.index.query(_SIZES, (first, end)):
        number = row_key[: len(RUN) + _NUMBER_DIGITS]
        newest = newest or number
        size_bytes += length
        # the newest is kept however large it is
        if size_bytes > keep_bytes and number != newest:
            for half in (_HEAD, _BODY):
                rows.index.delete(number + half)
