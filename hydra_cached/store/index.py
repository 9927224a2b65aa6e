"""The index: rows of sealed bytes in a diskcache.Cache. Knows rows, transactions and locks; not what rows mean.

Waiting is bounded. A read that still finds the index locked comes back empty, without a warning: a miss costs time,
never correctness. A write that still finds it locked, or has no room or right, raises StoreError.

diskcache gives the database its shape, its settings and a connection per thread. Rows are read and written with plain
statements on its table, because its get() and set() do not tell a foreign row from none, take a query per row, and
cannot put several rows into one transaction without hiding why that failed. Columns: ``Cache(key, raw, store_time,
expire_time, access_time, access_count, tag, size, mode, filename, value)``; rows of ours have raw = 1, mode = 1 (bytes
inside the row) and no file name. One index of our own, over entries by time, lets a listing read no more than it shows.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.database import FILE, open_database
from hydra_cached.store.faults import CorruptIndexError
from hydra_cached.store.record import ENTRY
from hydra_cached.store.row_shape import require_bytes

T = TypeVar("T")
Cell: TypeAlias = tuple[Any, Any, Any]
"""Value, mode and file name of a row, as found."""

BUSY_TIMEOUT_S = 10.0
_ATTEMPTS = 3
_SHRINK_TIMEOUT_MS = 200
_GET = "SELECT value, mode, filename FROM Cache WHERE key = ? AND raw = 1"
# one statement where diskcache's set() takes two
_SET = (
    "INSERT INTO Cache(key, raw, store_time, expire_time, access_time, access_count, tag, size, mode, filename, value)"
    " VALUES (?, 1, ?, NULL, ?, 0, ?, ?, 1, NULL, ?)"
    " ON CONFLICT(key, raw) DO UPDATE SET store_time = excluded.store_time, expire_time = NULL,"
    " access_time = excluded.access_time, access_count = 0, tag = excluded.tag, size = excluded.size,"
    " mode = excluded.mode, filename = excluded.filename, value = excluded.value"
)
IS_ENTRY = f"Cache.key >= '{ENTRY}' AND Cache.key < '{ENTRY}g'"
"""SQL that picks entries out of ``Cache``. Sqlite uses the index over them only for a query in these very words."""
ENTRIES_BY_TIME = "HydraCachedEntries"
# with the key, so that sqlite need not look into the rows to see that they are entries
_INDEX_ENTRIES = (
    f"CREATE INDEX IF NOT EXISTS {ENTRIES_BY_TIME} ON Cache(store_time, tag, size, key)"
    f" WHERE {IS_ENTRY.replace('Cache.', '')}"
)
# of the row itself, where the index over keys leads to it
_OWN_KEY = "SELECT t.key FROM Cache i CROSS JOIN Cache t ON t.rowid = i.rowid WHERE i.key = ? AND i.raw = 1"
_FOLLOW = (
    "SELECT l.value, e.value FROM Cache l LEFT JOIN Cache e"
    f" ON e.key = '{ENTRY}' || l.tag AND e.raw = 1 WHERE l.key = ? AND l.raw = 1"
)

# connections must not be closed by a forked child: it would take part in its parent's locks
_abandoned: list[Index] = []
# the second comes of texts in a damaged database, error messages of sqlite's included
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
# what sqlite says of statements that are right, about a table that is not ours any more
_WRONG_SHAPE = ("no such", "has no column", "malformed", "Could not decode", "syntax error", "unsupported file")
_WRITE_VERSION_AT = 18


class Index:
    """The rows of one store. Usable from any thread; a forked process must `abandon` it and open another.

    Args:
        folder: where the database lies; it is made when it can be.
        is_durable: what is written is on the disk, and survives a power cut, when `write` returns.

    Raises:
        CorruptIndexError: the database is no database any more, or a broken one.
        StoreError: it cannot be opened.
    """

    def __init__(self, folder: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, is_durable: bool = False) -> None:
        if os.path.expandvars(str(folder)) != str(folder):
            # diskcache expands variables in its path, and cannot be told not to
            raise StoreError(
                f'the cache directory "{folder.parent}" contains the name of an environment variable',
                hint="choose another cache directory with -c DIR",
            )
        self.folder = folder
        self._busy_timeout_s = busy_timeout_s
        self.identity = identify(folder)
        """Of the file that is open; of one that could not be opened, it is in the error."""
        try:
            self._database = open_database(folder, busy_timeout_s=busy_timeout_s, is_durable=is_durable)
            self._connect, self._cursor = self._database.connect, self._database.cursor
            if self._database.is_writable:
                self._execute(_INDEX_ENTRIES, ())
        except Exception as exc:  # the database is not ours alone: anything may be in it
            raise self._failed(exc) from exc
        self.identity = identify(folder)

    @property
    def is_writable(self) -> bool:
        return self._database.is_writable

    @property
    def is_replaced(self) -> bool:
        """Whether the file that is open is no longer the one that lies there."""
        return self.identity != identify(self.folder)

    def abandon(self) -> None:
        """Let go of an index that this process inherited by a fork, without closing its connections."""
        _abandoned.append(self)

    def close(self) -> None:
        """Close this thread's connection; one to a file that was replaced is left open until the process ends."""
        if self.is_replaced:
            # sqlite would delete the write-ahead log of that name, which is another file's now
            _abandoned.append(self)
            keep_for_good(self)
        else:
            self._database.close()

    def get(self, row_key: str) -> Cell | None:
        """The row of a key, or None; also None while the index is locked.

        Raises:
            EntryDamagedError: the database is damaged there.
        """
        rows = self._read(_GET, (row_key,))
        return rows[0] if rows else None

    def is_mixed_up(self, row_key: str) -> bool:
        """Whether the row that sqlite finds for a key is another one's, so that its index over keys is damaged."""
        return any(key != row_key for (key,) in self._read(_OWN_KEY, (row_key,)))

    def follow(self, row_key: str) -> tuple[Any, Any] | None:
        """The values in a row and in that of the entry that its tag names, of whatever type they are.

        None where there is no such row, and while it is locked.

        Raises:
            EntryDamagedError: the database is damaged there.
        """
        try:
            rows = self._cursor().execute(_FOLLOW, (row_key,)).fetchall()
        except DATABASE_ERRORS as exc:
            rows = self._read_again(_FOLLOW, (row_key,), exc)
        return rows[0] if rows else None

    def scan(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query.

        Raises:
            StoreError: the database is damaged or stays locked.
        """
        try:
            return self._execute(statement, values)
        except DATABASE_ERRORS as exc:
            raise self._failed(exc) from exc

    def iterate(
        self, statement: str, values: Sequence[Any] = (), *, is_wanted: Callable[[str], object] | None = None
    ) -> Iterator[Any]:
        """The rows of a query, read as they are asked for.

        Args:
            is_wanted: what the statement calls ``is_wanted(tag)``.

        Raises:
            StoreError: the database is damaged or stays locked.
        """
        try:
            if is_wanted is not None:
                self._connect().create_function("is_wanted", 1, lambda tag: bool(is_wanted(str(tag))))
            yield from self._connect().execute(statement, values)
        except DATABASE_ERRORS as exc:
            raise self._failed(exc) from exc

    def query(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement inside `write`."""
        return self._execute(statement, values)

    def set(
        self, row_key: str, value: bytes, tag: str | None = None, *, size_bytes: int = 0, stored_s: float | None = None
    ) -> None:
        """Enter a row inside `write`.

        Args:
            tag: text to select it by.
            size_bytes: length to sum up.
            stored_s: seconds since the epoch to sort it by; now by default.
        """
        require_bytes(row_key, value)
        now_s = time.time()
        time_s = now_s if stored_s is None else stored_s
        self._execute(_SET, (row_key, time_s, now_s, tag, size_bytes, value))

    def set_all(self, rows: Sequence[tuple[str, bytes, str | None]]) -> None:
        """Enter several rows inside `write`, each with its key, value and tag."""
        now_s = time.time()
        for row_key, value, _ in rows:
            require_bytes(row_key, value)
        self._cursor().executemany(_SET, [(row_key, now_s, now_s, tag, 0, value) for row_key, value, tag in rows])

    def delete(self, row_key: str) -> None:
        """Delete a row inside `write`."""
        self._execute("DELETE FROM Cache WHERE key = ? AND raw = 1", (row_key,))

    def write(self, operation: Callable[[], T]) -> T:
        """Call `operation` in one transaction, again when the index was locked.

        Raises:
            StoreError: it stays locked, or there is no room or right to write.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._transaction():
                    return operation()
            except (*DATABASE_ERRORS, OSError, EntryDamagedError) as exc:
                if _is_corrupt(exc, self.folder):
                    raise self._failed(exc) from exc
                if not _is_busy(exc):
                    raise self._unwritable(exc) from exc
                if attempt == _ATTEMPTS - 1:
                    raise self._locked() from exc
                time.sleep(0.01 * (attempt + 1))
        raise AssertionError("unreachable")

    def used_bytes(self) -> int:
        """Length of the pages in use: what the database comes to when it is shrunk, whoever reads it now.

        Raises:
            StoreError: the database is damaged or stays locked.
        """
        pages, free, size_bytes = (
            self.scan(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size_bytes)

    def shrink(self) -> None:
        """Give free pages back to the file system, as far as readers allow it now."""
        with contextlib.suppress(*DATABASE_ERRORS):
            # as a script: execute() would free a single page
            self._connect().executescript("PRAGMA incremental_vacuum")
            # readers may stay long, and this is no reason to wait for them
            self._execute(f"PRAGMA busy_timeout = {_SHRINK_TIMEOUT_MS}", ())
            try:
                self._execute("PRAGMA wal_checkpoint(TRUNCATE)", ())
            finally:
                self._execute(f"PRAGMA busy_timeout = {int(self._busy_timeout_s * 1000)}", ())

    def _execute(self, statement: str, values: Sequence[Any]) -> list[Any]:
        return self._cursor().execute(statement, values).fetchall()

    def _read(self, statement: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._execute(statement, values)
        except DATABASE_ERRORS as exc:
            return self._read_again(statement, values, exc)

    def _read_again(self, statement: str, values: Sequence[Any], error: Exception) -> list[Any]:
        for attempt in range(1, _ATTEMPTS + 1):
            if _is_corrupt(error, self.folder):
                raise self._failed(error) from error
            if not _is_busy(error):
                raise EntryDamagedError(f'the index in "{self.folder}" cannot be read: {error}') from error
            if attempt < _ATTEMPTS:
                time.sleep(0.01 * attempt)
                try:
                    return self._execute(statement, values)
                except DATABASE_ERRORS as exc:
                    error = exc
        return []

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        connection = self._connect()
        try:
            # diskcache's transact() hides why it cannot begin, and stays open after an unlucky interrupt
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.rollback()

    def _failed(self, error: Exception) -> StoreError:
        if _is_busy(error):
            return self._locked()
        if isinstance(error, (sqlite3.OperationalError, OSError)) and not _is_corrupt(error, self.folder):
            return StoreError(
                f'cannot open the index in "{self.folder}": {error}',
                hint="see who may read and write it, or choose another cache directory with -c DIR",
            )
        return CorruptIndexError(
            f'the index in "{self.folder}" is corrupt: {str(error) or type(error).__name__}',
            hint=f'delete all of it: hydra-cached cache clear --all -c "{self.folder.parent}"',
            identity=self.identity,
        )

    def mixed_up(self) -> StoreError:
        """The error for an index over keys that leads to other rows."""
        return self._failed(sqlite3.DatabaseError("rows are found under other keys than their own"))

    def _locked(self) -> StoreError:
        return StoreError(f'the index in "{self.folder}" is locked by another process', hint="try again later")

    def _unwritable(self, error: BaseException) -> StoreError:
        return StoreError(
            f'cannot write to the index in "{self.folder}": {error}',
            hint="free some space, or choose another cache directory with -c DIR",
        )


def keep_for_good(thing: object) -> None:
    """Never let an object be destroyed, not even when the interpreter ends."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def identify(folder: Path) -> tuple[int, int]:
    """What tells the database file in a folder from another that lies there later; zeros where there is none."""
    try:
        status = os.stat(folder / FILE)
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def clear_index(folder: Path) -> None:
    """Delete the database of an index, whatever state it is in. Who has it open goes on with what is not there."""
    for path in folder.glob("*"):
        with contextlib.suppress(OSError):
            path.unlink()


def _is_corrupt(error: Exception, folder: Path) -> bool:
    # its subclasses are for statements that fail on a good database
    if not isinstance(error, sqlite3.OperationalError):
        return type(error) in (sqlite3.DatabaseError, UnicodeDecodeError)
    if any(words in str(error) for words in _WRONG_SHAPE):
        return True
    return "readonly" in str(error) and not _may_be_written(folder)


def _may_be_written(folder: Path) -> bool:
    """Whether the database says of itself that this sqlite can write it. https://sqlite.org/fileformat2.html"""
    try:
        with open(folder / FILE, "rb") as file:
            head = file.read(_WRITE_VERSION_AT + 1)
    except OSError:
        return True
    return len(head) <= _WRITE_VERSION_AT or head[_WRITE_VERSION_AT] in (1, 2)


def _is_busy(error: Exception) -> bool:
    return isinstance(error, sqlite3.OperationalError) and ("locked" in str(error) or "busy" in str(error))
