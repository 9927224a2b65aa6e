"""Removes entries, and with them all that only they need: rows, objects, and what was set aside. Selects nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterable
from functools import partial
from typing import TYPE_CHECKING

from hydra_cached.store import references
from hydra_cached.store.directory import StoreDirectory, measure_folder
from hydra_cached.store.entry import Entry
from hydra_cached.store.objects import ObjectFolder
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.record import CHECK, ENTRY, LINK, PIN, STATISTICS, USE, row_range

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

_BATCH = 1000
_DIGEST_END = len(USE) + 64
HAS_NO_ENTRY = f"NOT EXISTS (SELECT 1 FROM Cache e WHERE e.key = '{ENTRY}' || {{key}} AND e.raw = 1)"
"""SQL that picks the rows of ``Cache`` whose entry is gone, the key of which ``{key}`` gives."""
_DANGLING_USES = (
    "SELECT key FROM Cache WHERE key >= ? AND key < ? AND "
    + HAS_NO_ENTRY.format(key=f"substr(Cache.key, {_DIGEST_END + 1})")
    + f" LIMIT {_BATCH}"
)
_DELETE_OWNED = "DELETE FROM Cache WHERE key >= ? AND key < ? AND " + HAS_NO_ENTRY
_OLD_KEYS = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1 AND store_time < ?"
_DELETE_OLD = "DELETE FROM Cache WHERE key = ? AND raw = 1 AND store_time < ?"
_VALUES = "SELECT key, value FROM Cache WHERE key >= ? AND key < ? AND raw = 1"
_ANY_USE = "SELECT 1 FROM Cache WHERE key >= ? AND key < ? LIMIT 1"


def remove_entries(rows: Rows, keys: Iterable[str], *, progress: Progress = ignore_progress) -> int:
    """Delete entries with everything that only they need. Returns the bytes by which the store became smaller.

    Raises:
        StoreError: the index is locked or cannot be written.
    """
    before_bytes = measure_folder(rows.index.folder)
    wanted = [ENTRY + key for key in keys]
    for first in range(0, len(wanted), _BATCH):
        progress(first, len(wanted))
        rows.index.write(partial(_delete_rows, rows, wanted[first : first + _BATCH]))
    progress(len(wanted), len(wanted))
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
    clear_aside(rows.directory)
    rows.index.shrink()
    return max(0, before_bytes - rows.directory.measure())


def clear_corrupt_store(directory: StoreDirectory) -> int:
    """Delete everything where the index cannot be asked; the next use starts an empty one. Returns the bytes freed."""
    from hydra_cached.store.index import clear_index

    before_bytes = directory.measure()
    clear_index(directory.index)
    ObjectFolder(directory.objects).clear()
    clear_aside(directory)
    return max(0, before_bytes - directory.measure())


def clear_aside(directory: StoreDirectory, *, older_than_s: float = 0.0) -> None:
    """Delete what was set aside, or the part of it that was so longer ago."""
    import shutil

    for path in directory.aside.glob("*"):
        with contextlib.suppress(OSError):
            if path.stat().st_ctime > time.time() - older_than_s:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()


def discard_entry(rows: Rows, entry: Entry) -> None:
    """Forget one entry, and the object that it alone used. Only inside a transaction.

    Links to it stay until the next removal. Its object must not stay: the index could be made again from it.
    """
    for row_key in (ENTRY + entry.key, STATISTICS + entry.key, PIN + entry.key):
        rows.index.delete(row_key)
    if entry.info.recipe_key is not None:
        rows.index.delete(LINK + entry.info.recipe_key)
    if entry.object_digest is not None:
        rows.index.delete(USE + entry.object_digest + entry.key)
        remove_unused_object(rows, entry.object_digest)


def remove_unused_object(rows: Rows, digest: str) -> int:
    """Delete an object that no entry uses. Only inside a transaction. Returns the bytes freed."""
    if rows.index.query(_ANY_USE, row_range(USE + digest)):
        return 0
    rows.index.delete(CHECK + digest)
    return rows.objects.remove(digest)


def _delete_old(rows: Rows, row_keys: list[str], written_before_s: float) -> None:
    for row_key in row_keys:
        # written again since: something new refers to it
        rows.index.query(_DELETE_OLD, (row_key, written_before_s))


def _delete_rows(rows: Rows, row_keys: list[str]) -> None:
    for row_key in row_keys:
        rows.index.delete(row_key)


def _sweep(rows: Rows) -> int:
    """Delete what belonged to entries that are gone. Returns the bytes of the objects."""

    def sweep_uses() -> tuple[int, int]:
        row_keys = [row_key for (row_key,) in rows.index.query(_DANGLING_USES, row_range(USE))]
        for row_key in row_keys:
            rows.index.delete(row_key)
        # inside the transaction: no other process can enter a use of an object that is just being deleted
        digests = {row_key[len(USE) : _DIGEST_END] for row_key in row_keys}
        return len(row_keys), sum(remove_unused_object(rows, digest) for digest in digests)

    def sweep_owned() -> None:
        for kind, key in references.OWNERS.items():
            rows.index.query(_DELETE_OWNED.format(key=key), row_range(kind))

    freed_bytes, count = 0, _BATCH
    while count == _BATCH:
        count, batch_bytes = rows.index.write(sweep_uses)
        freed_bytes += batch_bytes
    rows.index.write(sweep_owned)
    return freed_bytes


def sweep_shared_rows(rows: Rows) -> None:
    """Delete shared rows to which nothing leads, and memos of long ago. Reads all entries.

    Raises:
        StoreError: the index is locked, damaged or cannot be written.
    """
    for kind in references.MEMOS:
        _delete_older(rows, kind, time.time() - references.MEMO_AGE_S)
    needed = _find_needed(rows)
    written_before_s = time.time() - references.SHARED_GRACE_S
    for kind in references.SHARED:
        _delete_older(rows, kind, written_before_s, needed)


def _delete_older(rows: Rows, kind: str, written_before_s: float, needed: Collection[str] = ()) -> None:
    found = rows.index.scan(_OLD_KEYS, (*row_range(kind), written_before_s))
    unneeded = [row_key for (row_key,) in found if row_key not in needed]
    for first in range(0, len(unneeded), _BATCH):
        rows.index.write(partial(_delete_old, rows, unneeded[first : first + _BATCH], written_before_s))


def _find_needed(rows: Rows) -> set[str]:
    needed: set[str] = set()
    referring = (each for kind in references.REFERRING for each in rows.index.iterate(_VALUES, row_range(kind)))
    for row_key, value in referring:
        reached = [(row_key, value)]
        while reached:
            each_key, sealed = reached.pop()
            with contextlib.suppress(ValueError, TypeError, LookupError):
                for row in references.references_of(each_key, rows.seal.body(sealed)):
                    if row not in needed:
                        needed.add(row)
                        cell = rows.index.get(row)
                        reached.extend([] if cell is None else [(row, cell[0])])
    return needed
