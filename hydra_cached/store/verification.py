"""One look at every row and object of a store, in order; see `verify`. Works beside others who use the store."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

from hydra_cached.errors import EntryDamagedError, EntryError, EntryUntrustedError
from hydra_cached.store import references
from hydra_cached.store.index import Cell
from hydra_cached.store.progress import Progress
from hydra_cached.store.record import (
    ENTRY,
    STATISTICS,
    USE,
    NewerRecordError,
    row_range,
    unpack_entry,
    unpack_statistics,
)
from hydra_cached.store.recovery import enter_object, read_note
from hydra_cached.store.removal import HAS_NO_ENTRY, remove_entries
from hydra_cached.store.rows import Rows, sealed_bytes

ProblemKind: TypeAlias = Literal[
    "damaged_index",
    "damaged_row",
    "untrusted_row",
    "foreign_row",
    "dangling_row",
    "missing_row",
    "missing_object",
    "damaged_object",
    "orphan_object",
    "leftover",
]
_PAGE = 500
_ROW_BYTES = 1000
_DIGEST_END = len(USE) + 64
_YOUNG_S = 3600.0
_PATIENCE_S = 1.0
_POLL_S = 0.05
_HEXADECIMAL = re.compile(r"[0-9a-f]+").fullmatch
_COUNT = "SELECT count(*) FROM Cache"
# keys are not compared: a damaged one may have any type
_NEXT = f"SELECT rowid, key, raw, value, mode, filename FROM Cache WHERE rowid > ? ORDER BY rowid LIMIT {_PAGE}"
_DELETE = "DELETE FROM Cache WHERE rowid = ?"
_KEYS = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be.

    Attributes:
        subject: what it is about: the key of a row, the digest of an object, or a file.
        is_mended: whether it is all right now.
    """

    kind: ProblemKind
    subject: str
    detail: str
    is_mended: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at everything came to.

    Attributes:
        rows: number of rows that were looked at.
        objects: number of objects; ``object_bytes`` is their length.
    """

    rows: int
    objects: int
    object_bytes: int
    problems: tuple[Problem, ...]


class Verification:
    """A look at everything.

    Args:
        is_repairing: mend what can be mended.
        progress: called with what was looked at and all there is, in bytes; a row counts as a thousand.
    """

    def __init__(self, rows: Rows, *, is_repairing: bool, progress: Progress) -> None:
        self._rows = rows
        self._is_repairing = is_repairing
        self._progress = progress
        self._problems: list[Problem] = []
        self._objects: dict[str, list[str]] = {}
        """Digests of the objects that entries name, with these entries' keys."""
        self._moved: set[str] = set()
        """Keys of rows that were set aside."""
        self._claimed: set[str] = set()
        """Digests of the objects that entries with another key's seal name."""

    def run(self) -> Verified:
        """Look, and mend where that is wanted.

        Raises:
            StoreError: the index is damaged as a whole, stays locked, or cannot be written.
        """
        digests = list(self._rows.objects.digests())
        sizes = {digest: _size(self._rows.objects.path(digest)) for digest in digests}
        count = int(self._rows.index.scan(_COUNT)[0][0])
        # first of all: what is set aside leaves more of these, which go with it
        self._find_dangling()
        done_bytes, total_bytes = 0, count * _ROW_BYTES + sum(sizes.values())
        for row in self._read_rows():
            self._check_row(*row)
            done_bytes += _ROW_BYTES
            self._progress(done_bytes, total_bytes)
        self._find_unnoted()
        good: list[str] = []
        for digest in digests:
            if self._check_object(digest):
                good.append(digest)
            done_bytes += sizes[digest]
            self._progress(done_bytes, total_bytes)
        self._find_missing(set(digests))
        self._find_orphans(good)
        self._find_leftovers()
        if self._is_repairing:
            # all that has lost its entry
            remove_entries(self._rows, ())
        return Verified(count, len(digests), sum(sizes.values()), tuple(self._problems))

    def _note(self, kind: ProblemKind, subject: str, detail: str, *, is_mended: bool | None = None) -> None:
        mended = self._is_repairing if is_mended is None else is_mended
        self._problems.append(Problem(kind, subject, detail, mended))

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _read_rows(self) -> Iterator[tuple[Any, ...]]:
        last = 0
        while page := self._rows.index.scan(_NEXT, (last,)):
            yield from page
            last = page[-1][0]

    def _check_row(self, rowid: int, key: Any, raw: Any, *cell: Any) -> None:
        found: Cell = (cell[0], cell[1], cell[2])
        if raw != 1 or type(key) is not str or not _HEXADECIMAL(key):
            self._note("foreign_row", str(key)[:80], "its key is none of ours")
            self._set_aside(rowid, f"{rowid:x}", found)
            return
        try:
            value = sealed_bytes(key, found)
        except EntryUntrustedError as exc:
            self._note("foreign_row", key, exc.message)
            self._set_aside(rowid, key, found)
            return
        try:
            self._read_body(key, self._rows.seal.unwrap(key, value))
        except EntryUntrustedError as exc:
            self._note("untrusted_row", key, exc.message, is_mended=False)
            with contextlib.suppress(ValueError, TypeError, LookupError):
                if key.startswith(ENTRY):
                    # unchecked: it only keeps an object from being an orphan
                    entry = unpack_entry(key[len(ENTRY) :], self._rows.seal.body(value))
                    self._claimed.add(entry.object_digest or "")
        except NewerRecordError:
            return
        except (EntryDamagedError, ValueError, TypeError, LookupError) as exc:
            self._note("damaged_row", key, exc.message if isinstance(exc, EntryError) else str(exc))
            self._set_aside(rowid, key, found)

    def _read_body(self, row_key: str, body: bytes) -> None:
        if row_key.startswith(ENTRY):
            entry = unpack_entry(row_key[len(ENTRY) :], body)
            if entry.object_digest is not None:
                self._objects.setdefault(entry.object_digest, []).append(entry.key)
        elif row_key.startswith(STATISTICS):
            unpack_statistics(body)
        else:
            references.references_of(row_key, body)

    def _set_aside(self, rowid: int, name: str, cell: Cell) -> None:
        if not self._is_repairing:
            return

        def move() -> None:
            self._rows.save_aside(name[:80], cell)
            self._rows.index.query(_DELETE, (rowid,))

        self._rows.index.write(move)
        self._moved.add(name)

    def _find_unnoted(self) -> None:
        """Find entries whose use of their object is noted nowhere: it would go with the next entry that shares it."""
        for digest, keys in self._objects.items():
            for key in keys:
                row_key = USE + digest + key
                if self._rows.index.get(row_key) is None and self._rows.index.get(ENTRY + key) is not None:
                    if row_key not in self._moved:
                        self._note("missing_row", key, f"its use of the object {digest[:12]} is not noted")
                    if self._is_repairing:
                        self._rows.index.write(partial(self._rows.put_use, digest, key))

    def _find_dangling(self) -> None:
        for kind, key in {**references.OWNERS, USE: f"substr(Cache.key, {_DIGEST_END + 1})"}.items():
            statement = f"{_KEYS} AND {HAS_NO_ENTRY.format(key=key)}"
            for (row_key,) in self._rows.index.scan(statement, row_range(kind)):
                self._note("dangling_row", row_key, "its entry is gone")

    # --- objects ------------------------------------------------------------------------------------------------------

    def _check_object(self, digest: str) -> bool:
        try:
            self._rows.objects.read(digest)
        except EntryDamagedError as exc:
            if isinstance(exc.__cause__, FileNotFoundError):
                # removed meanwhile
                return False
            is_readable = not isinstance(exc.__cause__, OSError)
            self._note("damaged_object", digest, exc.message, is_mended=self._is_repairing and is_readable)
            if self._is_repairing and is_readable:
                self._rows.set_object_aside(self._objects.pop(digest, []), digest)
            return False
        return True

    def _find_missing(self, digests: set[str]) -> None:
        for digest, keys in self._objects.items():
            if digest in digests or self._rows.objects.has(digest):
                continue
            for key in keys:
                # it may have been removed with its object since
                if self._rows.index.get(ENTRY + key) is not None:
                    self._note("missing_object", key, f"its object {digest[:12]} is gone")
                    if self._is_repairing:
                        self._rows.index.write(partial(self._rows.index.delete, ENTRY + key))

    def _find_orphans(self, digests: list[str]) -> None:
        orphans = [digest for digest in digests if digest not in self._objects and not self._is_used(digest)]
        deadline = time.monotonic() + _PATIENCE_S
        while any(not self._is_old(digest) for digest in orphans) and time.monotonic() < deadline:
            # a writer enters an object right after it has written it
            time.sleep(_POLL_S)
            orphans = [digest for digest in orphans if not self._is_used(digest)]
        for digest in orphans:
            if digest in self._claimed and read_note(self._rows, digest) is None:
                continue
            if self._is_repairing and enter_object(self._rows, digest):
                self._note("orphan_object", digest, "it was in no entry; it was entered")
            elif not self._rows.objects.has(digest):
                # removed meanwhile, or another result of the same call is there already
                continue
            elif self._rows.has_note(digest):
                self._note("orphan_object", digest, "it is in no entry", is_mended=False)
            elif not self._rows.directory.is_shared and self._is_old(digest):
                # nothing tells what it is the result of
                self._note("orphan_object", digest, "it is in no entry, and says of none")
                if self._is_repairing:
                    self._rows.set_object_aside([], digest)

    def _is_used(self, digest: str) -> bool:
        # it may have been entered since
        users = self._rows.index.scan(_KEYS, row_range(USE + digest))
        return any(self._rows.index.get(ENTRY + row_key[_DIGEST_END:]) is not None for (row_key,) in users)

    def _is_old(self, digest: str) -> bool:
        """Whether nobody can be about to enter an object."""
        with contextlib.suppress(OSError):
            return time.time() - os.stat(self._rows.objects.path(digest)).st_mtime > _YOUNG_S
        return False

    def _find_leftovers(self) -> None:
        for path in self._rows.objects.leftovers():
            self._note("leftover", str(path), "its writer died before it was done")
            if self._is_repairing:
                path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
