"""Makes an index again that is damaged or gone, from what can be read of it and from the objects. Loads no payload.

Every row is sealed, so whatever of a damaged index still passes can be used. What passes neither there nor as the note
of an object is computed again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra_cached.errors import EntryError, EntryUntrustedError, StoreError
from hydra_cached.store.commit import commit_entry
from hydra_cached.store.database import FILE, FILES
from hydra_cached.store.directory import StoreDirectory
from hydra_cached.store.entry import Entry
from hydra_cached.store.index import DATABASE_ERRORS, identify
from hydra_cached.store.locks import Claims
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.record import (
    ENTRY,
    LATEST,
    LINK,
    USE,
    NewerRecordError,
    row_range,
    unpack_entry,
    unpack_latest,
    unpack_link,
)
from hydra_cached.store.row_shape import require_bytes
from hydra_cached.store.rows import Rows
from hydra_cached.store.seal import Seal

_LOCK = "0" * 64
_LOCK_TIMEOUT_S = 600.0
_BATCH = 500
_HEADER_BYTES = 100
_MOST_SKIPPED = 2**48
_READ = (
    "SELECT rowid, key, tag, size, store_time, value FROM Cache NOT INDEXED"
    " WHERE rowid > ? AND raw = 1 AND mode = 1 AND filename IS NULL ORDER BY rowid"
)
_ANY_USE = "SELECT 1 FROM Cache WHERE key >= ? AND key < ? AND raw = 1 LIMIT 1"
_LOGGER = logging.getLogger("hydra_cached")


def recover_index(
    directory: StoreDirectory, seal: Seal, damaged: tuple[int, int] | None, *, is_durable: bool = False
) -> Rows:
    """The rows of a store whose index is damaged or gone, made again unless another process did so meanwhile.

    Others see the old index until the new one is complete.

    Args:
        damaged: identity of the database file that is damaged; None where there is none.

    Raises:
        StoreError: nothing can be written there.
    """
    with Claims(directory.locks).computing(_LOCK, timeout_s=_LOCK_TIMEOUT_S):
        is_to_do = is_absent(directory.index) if damaged is None else damaged == identify(directory.index)
        if is_to_do:
            _make_again(directory, seal, is_durable=is_durable)
    return Rows(directory, seal, is_durable=is_durable)


def is_absent(folder: Path) -> bool:
    """Whether there is no database in a folder, or one that sqlite takes for empty."""
    try:
        return (folder / FILE).stat().st_size < _HEADER_BYTES
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _make_again(directory: StoreDirectory, seal: Seal, *, is_durable: bool) -> None:
    building = directory.index.with_name(f"{directory.index.name}.new")
    # of a process that died over it
    shutil.rmtree(building, ignore_errors=True)
    rows = Rows(replace(directory, index=building), seal, is_durable=is_durable)
    saved = save_rows(rows, directory.index)
    entered = len(enter_objects(rows))
    rows.index.close()
    old = _move_aside(directory)
    try:
        directory.index.mkdir(mode=0o700, exist_ok=True)
        os.replace(building / FILE, directory.index / FILE)
    except OSError as exc:
        raise StoreError(f'cannot put a new index into "{directory.index}": {exc.strerror or exc}') from exc
    shutil.rmtree(building, ignore_errors=True)
    _tell(directory, old, saved, entered)


def save_rows(rows: Rows, old: Path) -> int:
    """Enter every row of a damaged database that can still be read and passes its seal. Returns their number."""
    count = 0
    waiting: list[tuple[Any, ...]] = []

    def enter() -> None:
        for row_key, tag, size_bytes, stored_s, value in waiting:
            rows.index.set(row_key, value, tag, size_bytes=size_bytes, stored_s=stored_s)

    for row in _read_rows(old):
        restored = _restore(rows.seal, row)
        if restored is not None:
            waiting.append(restored)
            count += 1
        if len(waiting) == _BATCH:
            rows.index.write(enter)
            waiting.clear()
    rows.index.write(enter)
    return count


def enter_objects(rows: Rows, *, progress: Progress = ignore_progress) -> list[str]:
    """Enter the entries that objects tell of and that are not there. Returns the digests of these objects.

    Their recipes do not lead to them: on what that depends was in the index alone. They are found by their call keys.

    Raises:
        StoreError: the index is locked, damaged or cannot be written.
    """
    entered: list[str] = []
    digests = list(rows.objects.digests())
    for done, digest in enumerate(digests):
        progress(done, len(digests))
        if not rows.index.scan(_ANY_USE, row_range(USE + digest)) and enter_object(rows, digest):
            entered.append(digest)
    return entered


def enter_object(rows: Rows, digest: str) -> bool:
    """Enter the entry that an object tells of. Returns whether it does, and has your key's seal.

    Raises:
        StoreError: the index is locked, damaged or cannot be written.
    """
    read = read_note(rows, digest)
    if read is None:
        return False
    entry, body = read
    # it was found whole, but not looked through: the first one who loads it does
    committed = rows.index.write(lambda: commit_entry(rows, entry, body, b"", is_linked=False))
    return committed is not None and committed.object_digest == digest


def read_note(rows: Rows, digest: str) -> tuple[Entry, bytes] | None:
    """The entry that an object tells of, and how its row says it; None where its note does not pass."""
    with contextlib.suppress(EntryError, ValueError, TypeError, LookupError):
        note = rows.objects.read_note(digest)
        # the key is in what the seal covers, and the seal is checked with it
        unchecked = unpack_entry("", rows.seal.body(note)).info
        key = unchecked.call_key or unchecked.recipe_key or ""
        body = rows.seal.unwrap(ENTRY + key, note)
        entry = unpack_entry(key, body)
        if entry.object_digest == digest:
            return entry, body
    return None


def _move_aside(directory: StoreDirectory) -> Path | None:
    """Move the files of a damaged database to a folder of their own under ``aside/``; None where there are none.

    Raises:
        StoreError: they cannot be moved.
    """
    names = [name for name in FILES if (directory.index / name).exists()]
    if not names:
        return None
    folder = directory.aside / f"index.{time.time_ns()}"
    try:
        folder.mkdir(mode=0o700, parents=True)
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                os.replace(directory.index / name, folder / name)
    except OSError as exc:
        raise StoreError(
            f'cannot set the damaged index in "{directory.index}" aside: {exc.strerror or exc}',
            hint="free some space, or choose another cache directory with -c DIR",
        ) from exc
    return folder


def _read_rows(folder: Path) -> Iterator[tuple[Any, ...]]:
    """All rows of a damaged database that sqlite can still read."""
    if not (folder / FILE).exists():
        return
    try:
        connection = sqlite3.connect(folder / FILE)
    except sqlite3.Error:
        return
    with contextlib.closing(connection):
        # texts may be damaged too
        connection.text_factory = bytes
        last, step = 0, 1
        while last < _MOST_SKIPPED:
            try:
                for row in connection.execute(_READ, (last,)):
                    last, step = row[0], 1
                    yield row[1:]
                return
            except DATABASE_ERRORS:
                # the page that holds the next row is broken: try further on
                last, step = last + step, step * 2


def _restore(seal: Seal, row: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """A row as it is to be entered, or None where it does not pass. What is beside its value is made from its value."""
    key, tag, size_bytes, stored_s, value = row
    if type(key) is not bytes or type(value) is not bytes:
        return None
    with contextlib.suppress(EntryError, ValueError, TypeError, LookupError):
        row_key = key.decode("ascii")
        require_bytes(row_key, value)
        tag = tag.decode("utf-8", "replace") if type(tag) is bytes else None
        size_bytes = size_bytes if type(size_bytes) is int else 0
        stored_s = stored_s if type(stored_s) is float else None
        try:
            body = seal.unwrap(row_key, value)
            entry = unpack_entry(row_key[len(ENTRY) :], body) if row_key.startswith(ENTRY) else None
        except (EntryUntrustedError, NewerRecordError):
            # it is whole, and may be another key's, or of a later release
            return row_key, tag, size_bytes, stored_s, value
        if entry is not None:
            tag = entry.info.target.encode("utf-8", "replace").decode()
            size_bytes, stored_s = entry.size_bytes, entry.info.created_s
        elif row_key.startswith(LINK):
            tag = unpack_link(body)[0]
        elif row_key.startswith(LATEST):
            tag = unpack_latest(body)[0]
        elif row_key.startswith(USE):
            tag = row_key[len(USE) + 64 :]
        return row_key, tag, size_bytes, stored_s, value
    return None


def _tell(directory: StoreDirectory, old: Path | None, saved: int, entered: int) -> None:
    if old is None:
        if entered:
            _LOGGER.warning(
                'the index in "%s" was gone: %d results in objects were entered again', directory.index, entered
            )
        return
    _LOGGER.warning(
        'the index in "%s" was damaged and is set aside in "%s": %d of its rows were saved, and %d results entered'
        " again from objects; what is missing is computed again",
        directory.index, old, saved, entered,
    )  # fmt: skip
