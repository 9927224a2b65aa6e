"""Sealed rows: the index seen through the seal. A row that fails goes to ``aside/``; none is used unchecked."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra_cached.errors import EntryDamagedError, EntryError, EntryUnreadableError, EntryUntrustedError, StoreError
from hydra_cached.store.directory import StoreDirectory
from hydra_cached.store.entry import Entry, EntryInfo
from hydra_cached.store.index import ENTRIES_BY_TIME, IS_ENTRY, Cell, Index
from hydra_cached.store.objects import ObjectFolder
from hydra_cached.store.record import (
    CHECK,
    ENTRY,
    LINK,
    STATISTICS,
    USE,
    NewerRecordError,
    latest_row,
    pack_latest,
    pack_link,
    pack_statistics,
    unpack_entry,
    unpack_latest,
    unpack_link,
    unpack_statistics,
)
from hydra_cached.store.seal import Seal

_RAW_MODE = 1
_BATCH = 500
_CELL = "key, value, mode, filename"
_GET_MANY = "SELECT key, value, mode, filename FROM Cache WHERE raw = 1 AND key IN ({})"
_OF_TARGET = f"SELECT key, value, mode, filename FROM Cache INDEXED BY {ENTRIES_BY_TIME} WHERE {IS_ENTRY} AND tag = ?"


class Rows:
    """The rows of one store by kind.

    Attributes:
        directory: where all of it lies.
        index: for transactions and queries.
        objects: the folder of large payloads.
        seal: for whoever writes a record of its own.
    """

    __slots__ = ("directory", "index", "objects", "seal")

    def __init__(self, directory: StoreDirectory, seal: Seal, *, is_durable: bool = False) -> None:
        self.index = Index(directory.index, is_durable=is_durable)
        self.objects = ObjectFolder(directory.objects, is_durable=is_durable)
        self.seal = seal
        self.directory = directory

    def follow(self, row_key: str) -> Entry | None:
        """The entry that a link or a latest row leads to, in one query.

        Raises:
            EntryDamagedError: the row or the entry changed since it was written; it was set aside.
            EntryUntrustedError: it has another key's seal. It stays, for whoever has that key, until the next put.
            EntryUnreadableError: a later release wrote it.
        """
        found = self.index.follow(row_key)
        if found is None:
            return None
        value, entry_value = found
        body = self.seal.open(row_key, value) if type(value) is bytes else None
        if body is None:
            cell = self.index.get(row_key)
            if cell is None:
                return None
            body = self._unwrap(row_key, cell)
        key, conditions = unpack_link(body)
        entry_body = self.seal.open(ENTRY + key, entry_value) if type(entry_value) is bytes else None
        # the tag is not sealed: where it leads elsewhere, only the link counts
        entry = self.entry(key) if entry_body is None else self._unpack(key, entry_body)
        return replace(entry, conditions=conditions) if conditions and entry is not None else entry

    def entry(self, key: str) -> Entry | None:
        """The entry of a primary key.

        Raises:
            EntryError: it is bad, as for `follow`.
        """
        cell = self.index.get(ENTRY + key)
        body = None if cell is None else self.open_cell(ENTRY + key, cell)
        # what does not pass is looked at again, to say why
        return self._read_entry(key, cell) if body is None else self._read_body(key, body, cell)

    def entry_to_keep(self, key: str) -> Entry | None:
        """The entry of a key if it passes and has its object; else it may be overwritten. Only inside a transaction."""
        cell = self.index.get(ENTRY + key)
        if cell is None:
            return None
        body = self.open_cell(ENTRY + key, cell)
        if body is None:
            self.save_aside(ENTRY + key, cell)
            return None
        with contextlib.suppress(ValueError):
            entry = unpack_entry(key, body)
            if entry.object_digest is None or self.objects.has(entry.object_digest):
                return entry
        return None

    def peek(self, row_key: str) -> bytes | None:
        """The body of a row if it passes; sets nothing aside."""
        cell = self.index.get(row_key)
        return None if cell is None else self.open_cell(row_key, cell)

    def open_cell(self, row_key: str, cell: Cell) -> bytes | None:
        """The body in a cell if it passes."""
        value, mode, filename = cell
        if type(value) is not bytes or mode != _RAW_MODE or filename is not None:
            return None
        return self.seal.open(row_key, value)

    def put(self, row_key: str, body: bytes, tag: str | None = None) -> None:
        """Seal and enter a row. Only inside a transaction."""
        self.index.set(row_key, self.seal.wrap(row_key, body), tag)

    def put_entry(self, entry: Entry, body: bytes) -> None:
        """Seal and enter the row of an entry. Only inside a transaction."""
        info, row_key = entry.info, ENTRY + entry.key
        self.index.set(
            row_key,
            self.seal.wrap(row_key, body),
            # sqlite takes no lone surrogates
            info.target.encode("utf-8", "replace").decode(),
            size_bytes=entry.size_bytes,
            stored_s=info.created_s,
        )

    def put_link(self, recipe_key: str, key: str, conditions: str = "") -> None:
        """Lead from a recipe to an entry. Only inside a transaction."""
        self.put(LINK + recipe_key, pack_link(key, conditions), key)

    def put_links(self, links: Mapping[str, tuple[str, str]]) -> None:
        """Lead from several recipes to entries, each on its conditions. Only inside a transaction."""
        rows = {LINK + recipe: (pack_link(key, conditions), key) for recipe, (key, conditions) in links.items()}
        self._put_changed(rows)

    def put_latest(self, target: str, path: str, key: str) -> None:
        """Lead from a place to its last entry, and to some before it. Only inside a transaction."""
        row_key = latest_row(target, path)
        keys = dict.fromkeys((key, *unpack_latest(self.peek(row_key) or b"")))
        self.put(row_key, pack_latest(list(keys)), key)

    def latest(self, target: str, path: str) -> list[EntryInfo]:
        """What is known of the last results of a place, the newest first. Bad records are passed over."""
        found: list[EntryInfo] = []
        for key in unpack_latest(self.peek(latest_row(target, path)) or b""):
            # no explanation is worth a failure; a bad record is reported by follow and entry
            with contextlib.suppress(EntryError):
                entry = self.entry(key)
                if entry is not None:
                    found.append(entry.info)
        return found

    def put_use(self, digest: str, key: str) -> None:
        """Note that an entry uses an object. Only inside a transaction."""
        self.put(USE + digest + key, b"", key)

    def add_hits(self, hits: Mapping[str, tuple[int, float]]) -> None:
        """Add to the statistics of entries; keys of none are passed over. Only inside a transaction."""
        there = {row_key for (row_key,) in self._select("key", [ENTRY + key for key in hits])}
        counted = [key for key in hits if ENTRY + key in there]
        cells = {row_key: cell for row_key, *cell in self._select(_CELL, [STATISTICS + key for key in counted])}
        rows: dict[str, tuple[bytes, str | None]] = {}
        for key in counted:
            row_key, (count, seconds_saved) = STATISTICS + key, hits[key]
            before = cells.get(row_key)
            before_hits, before_s = (0, 0.0) if before is None else self.statistics(key, (before[0], *before[1:]))
            rows[row_key] = (pack_statistics(before_hits + count, before_s + seconds_saved), None)
        self._put_several(rows)

    def put_all(self, kind: str, items: Mapping[str, bytes]) -> None:
        """Seal and enter several rows of a kind. Only inside a transaction."""
        self._put_several({kind + key: (body, None) for key, body in items.items()})

    def _put_several(self, rows: Mapping[str, tuple[bytes, str | None]]) -> None:
        wrap = self.seal.wrap
        self.index.set_all([(row_key, wrap(row_key, body), tag) for row_key, (body, tag) in rows.items()])

    def _put_changed(self, rows: Mapping[str, tuple[bytes, str | None]]) -> None:
        """Enter those of several rows that are not there yet as they are."""
        wrap = self.seal.wrap
        wanted = {row_key: (wrap(row_key, body), tag) for row_key, (body, tag) in rows.items()}
        there = {row_key: cell for row_key, *cell in self._select(f"{_CELL}, tag", list(wanted))}
        self.index.set_all(
            [
                (row_key, value, tag)
                for row_key, (value, tag) in wanted.items()
                if there.get(row_key) != [value, _RAW_MODE, None, tag]
            ]
        )

    def _select(self, columns: str, row_keys: Sequence[str]) -> Iterator[Any]:
        """Columns of several rows, as far as there are such rows. Only inside a transaction."""
        for first in range(0, len(row_keys), _BATCH):
            some = row_keys[first : first + _BATCH]
            marks = ",".join("?" * len(some))
            yield from self.index.query(f"SELECT {columns} FROM Cache WHERE raw = 1 AND key IN ({marks})", some)

    def statistics(self, key: str, cell: Cell) -> tuple[int, float]:
        """Hits and seconds saved of a statistics row; bad ones start again from nothing."""
        body = self.open_cell(STATISTICS + key, cell)
        if body is not None:
            with contextlib.suppress(ValueError):
                return unpack_statistics(body)
        return 0, 0.0

    def recall(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Bodies of rows of one kind by their keys; those that are absent or fail are left out."""
        found: dict[str, bytes] = {}
        for first in range(0, len(keys), _BATCH):
            row_keys = [kind + key for key in keys[first : first + _BATCH]]
            for row_key, *cell in self.index.scan(_GET_MANY.format(",".join("?" * len(row_keys))), row_keys):
                body = self.open_cell(row_key, tuple(cell))
                if body is not None:
                    found[row_key[len(kind) :]] = body
        return found

    def entries_of(self, target: str) -> list[EntryInfo]:
        """What is known of the results of a target, the newest first. Bad records are passed over."""
        found: list[EntryInfo] = []
        for row_key, *cell in self.index.scan(_OF_TARGET, (target,)):
            body = self.open_cell(row_key, tuple(cell))
            if body is not None:
                with contextlib.suppress(ValueError):
                    found.append(unpack_entry(row_key[len(ENTRY) :], body).info)
        return sorted(found, key=lambda info: info.created_s, reverse=True)

    def set_object_aside(self, keys: Sequence[str], digest: str) -> None:
        """Move a damaged object to ``aside/`` and forget the entries that it was found by."""

        def move() -> None:
            with contextlib.suppress(FileNotFoundError):
                os.replace(self.objects.path(digest), self._aside_path(digest))
            for key in keys:
                self.index.delete(ENTRY + key)
                self.index.delete(USE + digest + key)
            self.index.delete(CHECK + digest)

        with contextlib.suppress(StoreError):
            self.index.write(move)

    def has_note(self, digest: str) -> bool:
        """Whether an object says of which entry it is, sealed with whatever key."""
        try:
            return bool(self.objects.read_note(digest))
        except EntryDamagedError:
            return False

    def _read_entry(self, key: str, cell: Cell | None) -> Entry | None:
        if cell is None:
            return None
        return self._read_body(key, self._unwrap(ENTRY + key, cell), cell)

    def _read_body(self, key: str, body: bytes, cell: Cell | None) -> Entry:
        try:
            return self._unpack(key, body)
        except EntryDamagedError:
            if cell is not None:
                self._set_aside(ENTRY + key, cell)
            raise

    def _unpack(self, key: str, body: bytes) -> Entry:
        try:
            return unpack_entry(key, body)
        except NewerRecordError as exc:
            raise EntryUnreadableError(
                f"result {key[:12]} was written by a later hydra-cached", hint="upgrade hydra-cached to reuse it"
            ) from exc
        except ValueError as exc:
            raise EntryDamagedError(f"the record of result {key[:12]} is damaged: {exc}") from exc

    def _unwrap(self, row_key: str, cell: Cell) -> bytes:
        try:
            return self.seal.unwrap(row_key, sealed_bytes(row_key, cell))
        except EntryDamagedError:
            self._set_aside(row_key, cell)
            raise
        except EntryUntrustedError:
            if self.index.is_mixed_up(row_key):
                raise self.index.mixed_up() from None
            raise

    def _set_aside(self, row_key: str, cell: Cell) -> None:
        def move() -> None:
            # gone or mended meanwhile: nothing to do
            if self.index.get(row_key) == cell:
                self.save_aside(row_key, cell)
                self.index.delete(row_key)

        # where nothing can be written, the next put overwrites it or fails with its own message
        with contextlib.suppress(StoreError):
            self.index.write(move)

    def save_aside(self, row_key: str, cell: Cell) -> None:
        """Keep what was in a row, as a file, for inspection."""
        value = cell[0]
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        self._aside_path(row_key).write_bytes(data)

    def _aside_path(self, name: str) -> Path:
        aside = self.directory.aside
        aside.mkdir(mode=0o700, exist_ok=True)
        return aside / f"{name}.{time.time_ns()}"


def sealed_bytes(row_key: str, cell: Cell) -> bytes:
    """The bytes in a cell, whose seal is still to be checked.

    Raises:
        EntryUntrustedError: they are in another form than ours.
    """
    value, mode, filename = cell
    if type(value) is not bytes or mode != _RAW_MODE or filename is not None:
        # whatever it holds is not looked at: another mode would mean a pickle or a file
        raise EntryUntrustedError(f"record {row_key[2:14]} of the store was not written by hydra-cached")
    return value
