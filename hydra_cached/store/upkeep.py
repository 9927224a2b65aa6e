"""Listing and removing what a store holds. Selects by what rows say; loads and verifies no payload."""

from __future__ import annotations

import contextlib
import fnmatch
import re
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from hydra_cached.store.directory import StoreDirectory, measure_folder
from hydra_cached.store.entry import EntrySummary
from hydra_cached.store.objects import ObjectFolder
from hydra_cached.store.record import (
    CHECK,
    ENTRY,
    LATEST,
    LINK,
    STATISTICS,
    SUMMARY_BYTES,
    USE,
    row_range,
    unpack_summary,
)

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

_BATCH = 1000
_DIGEST_END = len(USE) + 64
_HEXADECIMAL = re.compile(r"[0-9a-f]*").fullmatch
# the beginning of each entry is enough: payloads are not carried over
_LIST = (
    f"SELECT e.key, e.tag, substr(e.value, 1, {SUMMARY_BYTES}), s.value, s.mode, s.filename FROM Cache e"
    f" LEFT JOIN Cache s ON s.key = '{STATISTICS}' || substr(e.key, 3) AND s.raw = 1"
    " WHERE e.key >= ? AND e.key < ? AND e.raw = 1"
)
_HAS_NO_ENTRY = f"NOT EXISTS (SELECT 1 FROM Cache e WHERE e.key = '{ENTRY}' || {{key}} AND e.raw = 1)"
_DANGLING_USES = (
    "SELECT key FROM Cache WHERE key >= ? AND key < ? AND "
    + _HAS_NO_ENTRY.format(key=f"substr(Cache.key, {_DIGEST_END + 1})")
    + f" LIMIT {_BATCH}"
)
_DELETE_STATISTICS = "DELETE FROM Cache WHERE key >= ? AND key < ? AND " + _HAS_NO_ENTRY.format(
    key="substr(Cache.key, 3)"
)
_DELETE_LINKS = "DELETE FROM Cache WHERE key >= ? AND key < ? AND " + _HAS_NO_ENTRY.format(key="Cache.tag")
_ANY_USE = "SELECT 1 FROM Cache WHERE key >= ? AND key < ? LIMIT 1"


def list_entries(
    rows: Rows, *, target_glob: str | None, key_prefix: str | None, older_than_s: float | None
) -> list[EntrySummary]:
    """Summaries of entries, newest first, whatever their schema. Rows that cannot be read are passed over.

    Raises:
        StoreError: the index is damaged.
    """
    prefix = (key_prefix or "").lower()
    if not _HEXADECIMAL(prefix):
        return []
    is_wanted = None if target_glob is None else re.compile(fnmatch.translate(target_glob)).match
    created_before_s = float("inf") if older_than_s is None else time.time() - older_than_s
    summaries: list[EntrySummary] = []
    for row_key, target, start, value, mode, filename in rows.index.scan(_LIST, row_range(ENTRY + prefix)):
        if is_wanted is not None and not is_wanted(str(target)):
            continue
        # a row that is not ours, or of a later version, is no reason not to show the others
        with contextlib.suppress(ValueError, TypeError):
            key = row_key[len(ENTRY) :]
            statistics = (0, 0.0) if value is None else rows.statistics(key, (value, mode, filename))
            summary = unpack_summary(key, str(target), start, statistics)
            if summary.created_s < created_before_s:
                summaries.append(summary)
    summaries.sort(key=lambda summary: summary.created_s, reverse=True)
    return summaries


def remove_entries(rows: Rows, keys: Iterable[str]) -> int:
    """Delete entries with everything that only they need. Returns the bytes by which the store became smaller.

    Raises:
        StoreError: the index is locked or cannot be written.
    """
    before_bytes = measure_folder(rows.index.folder)
    wanted = list(keys)
    for first in range(0, len(wanted), _BATCH):
        rows.index.write(partial(_delete_entries, rows, wanted[first : first + _BATCH]))
    freed_bytes = _sweep(rows)
    rows.index.shrink()
    return max(0, freed_bytes + before_bytes - measure_folder(rows.index.folder))


def clear_store(rows: Rows) -> int:
    """Delete everything: readable or not, what was set aside, and what dead writers left. Returns the bytes freed.

    Raises:
        StoreError: the index is locked or cannot be written.
    """
    before_bytes = rows.directory.measure()

    def delete_all() -> None:
        rows.index.query("DELETE FROM Cache")
        # inside the transaction: whoever enters an object looks for its file in a transaction too
        rows.objects.clear()

    rows.index.write(delete_all)
    _clear_aside(rows.directory)
    rows.index.shrink()
    return max(0, before_bytes - rows.directory.measure())


def clear_corrupt_store(directory: StoreDirectory) -> int:
    """Delete everything where the index cannot be asked; the next use starts an empty one. Returns the bytes freed."""
    from hydra_cached.store.index import clear_index

    before_bytes = directory.measure()
    clear_index(directory.index)
    ObjectFolder(directory.objects).clear()
    _clear_aside(directory)
    return max(0, before_bytes - directory.measure())


def _clear_aside(directory: StoreDirectory) -> None:
    for path in directory.aside.glob("*"):
        with contextlib.suppress(OSError):
            path.unlink()


def remove_unused_object(rows: Rows, digest: str) -> int:
    """Delete an object that no entry uses. Only inside a transaction. Returns the bytes freed."""
    if rows.index.query(_ANY_USE, row_range(USE + digest)):
        return 0
    rows.index.delete(CHECK + digest)
    return rows.objects.remove(digest)


def _delete_entries(rows: Rows, keys: list[str]) -> None:
    for key in keys:
        rows.index.delete(ENTRY + key)


def _sweep(rows: Rows) -> int:
    """Delete uses, objects, statistics and links of entries that are gone. Returns the bytes of the objects."""

    def sweep_uses() -> tuple[int, int]:
        row_keys = [row_key for (row_key,) in rows.index.query(_DANGLING_USES, row_range(USE))]
        for row_key in row_keys:
            rows.index.delete(row_key)
        # inside the transaction: no other process can enter a use of an object that is just being deleted
        digests = {row_key[len(USE) : _DIGEST_END] for row_key in row_keys}
        return len(row_keys), sum(remove_unused_object(rows, digest) for digest in digests)

    def sweep_rest() -> None:
        rows.index.query(_DELETE_STATISTICS, row_range(STATISTICS))
        rows.index.query(_DELETE_LINKS, row_range(LINK))
        rows.index.query(_DELETE_LINKS, row_range(LATEST))

    freed_bytes, count = 0, _BATCH
    while count == _BATCH:
        count, batch_bytes = rows.index.write(sweep_uses)
        freed_bytes += batch_bytes
    rows.index.write(sweep_rest)
    return freed_bytes
