"""Opens the database of an index: through diskcache, or where it cannot be written as it is. Runs no statement of ours.

diskcache gives the database its shape and its settings. It writes whenever it opens one, so that a directory that
cannot be written is opened without it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import urllib.parse
from pathlib import Path
from typing import Any, Protocol

FILE = "cache.db"
FILES = (f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal", FILE)
"""The files of a database, the one that makes it a database last."""


class Database(Protocol):
    """A database that is open; every thread has a connection of its own."""

    is_writable: bool

    def connect(self) -> sqlite3.Connection:
        """The connection of this thread."""

    def cursor(self) -> sqlite3.Cursor:
        """A cursor of this thread, for statements whose rows are fetched at once."""

    def close(self) -> None:
        """Close the connection of this thread."""


def open_database(folder: Path, *, busy_timeout_s: float, is_durable: bool) -> Database:
    """The database in a folder, which is made when it can be.

    Raises:
        sqlite3.Error: it is damaged, locked, or cannot be opened. What else it raises comes of what is in it.
    """
    path = folder / FILE
    if _is_writable(folder, path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            # sqlite would let everybody read it, and gives its other files the same rights; it says what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return _WrittenDatabase(folder, busy_timeout_s, is_durable)
    return _ReadDatabase(path, busy_timeout_s)


def _is_writable(folder: Path, path: Path) -> bool:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    return os.access(existing, os.W_OK | os.X_OK) and (not path.exists() or os.access(path, os.W_OK))


class _WrittenDatabase:
    """A database as diskcache opens it."""

    is_writable = True

    def __init__(self, folder: Path, busy_timeout_s: float, is_durable: bool) -> None:
        # diskcache costs 20 ms to import: only now
        from diskcache import Cache

        from hydra_cached.store.disk import ByteDisk

        self._cache: Any = Cache.__new__(Cache)
        try:
            self._cache.__init__(str(folder), **_settings(busy_timeout_s, ByteDisk))
        except BaseException:
            # what it has opened until then would stay open as long as the exception lives
            with contextlib.suppress(Exception):
                self._cache.close()
            raise
        self._is_durable = is_durable
        self._local = threading.local()

    def connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # asked for each time, diskcache's own would cost as much as a small query
            connection = self._local.connection = self._cache._con
            if self._is_durable:
                # the write-ahead log is synced with each transaction, and not only before it is moved
                connection.execute("PRAGMA synchronous = FULL")
        return connection

    def cursor(self) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self.connect().cursor()
        return cursor

    def close(self) -> None:
        self._local.connection = self._local.cursor = None
        self._cache.close()


def _settings(busy_timeout_s: float, disk: type) -> dict[str, Any]:
    return {
        "timeout": busy_timeout_s,
        "disk": disk,
        "eviction_policy": "none",
        "cull_limit": 0,
        "size_limit": 2**62,
        "statistics": 0,
        "tag_index": 0,
        "disk_min_file_size": 2**62,
        "sqlite_auto_vacuum": 2,
        "sqlite_mmap_size": 0,
    }


class _ReadDatabase:
    """A database in a folder that cannot be written.

    Where its write-ahead log cannot be shared either, it is read as if nobody wrote to it: what somebody does write
    meanwhile may read as damaged, which is a miss, but never as something else, since every row is sealed.
    """

    is_writable = False

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self._name = urllib.parse.quote(str(path))
        self._busy_timeout_s = busy_timeout_s
        self._local = threading.local()
        self._options = "mode=ro"
        try:
            self._probe()
        except sqlite3.OperationalError:
            self.close()
            self._options = "mode=ro&immutable=1"
            self._probe()

    def _probe(self) -> None:
        self.connect().execute("SELECT count(*) FROM (SELECT 1 FROM Cache LIMIT 1)").fetchone()

    def connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(
                f"file:{self._name}?{self._options}", uri=True, timeout=self._busy_timeout_s, isolation_level=None
            )
        return connection

    def cursor(self) -> sqlite3.Cursor:
        return self.connect().cursor()

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()
