"""What diskcache may put into a row and take out of one: bytes under hexadecimal keys. Refuses pickles and files.

diskcache's own Disk unpickles keys and values, follows file names found in rows, and deletes the files they name:
whoever can write to the index could run code or remove files. This one does none of it. Imports diskcache.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import diskcache
from diskcache.core import MODE_RAW

from hydra_cached.store.row_shape import require_bytes


class ByteDisk(diskcache.Disk):  # type: ignore[misc]
    """A Disk for sealed bytes under hexadecimal keys, all of them inside the row."""

    def __init__(self, directory: str, **settings: Any) -> None:
        # settings come from a table that others may have written to: none is taken
        super().__init__(directory)

    def put(self, key: Any) -> tuple[str, bool]:
        require_bytes(key, b"")
        return key, True

    def get(self, key: Any, raw: Any) -> str:
        if not raw:
            raise TypeError("a row's key is never pickled")
        return self.put(key)[0]

    def store(self, value: Any, read: Any, key: Any = None) -> tuple[int, int, None, sqlite3.Binary]:
        if type(value) is not bytes or read:
            raise TypeError("a row's value is bytes")
        return 0, MODE_RAW, None, sqlite3.Binary(value)

    def fetch(self, mode: Any, filename: Any, value: Any, read: Any) -> bytes:
        if mode != MODE_RAW or filename is not None or type(value) is not bytes or read:
            raise TypeError("a row's value is bytes, inside the row")
        return value

    def filename(self, key: Any = None, value: Any = None) -> tuple[str, str]:
        raise TypeError("rows have no files")

    def remove(self, file_path: Any) -> None:
        """Do nothing: a file name in a row is not ours."""
