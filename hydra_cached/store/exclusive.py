"""Writes a small file once, whole, whoever else tries at the same moment. Never replaces one that is there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_once(path: Path, data: bytes, *, mode: int = 0o600, is_durable: bool = False) -> None:
    """Create `path` with `data` unless it exists; a reader never sees a part of it.

    Of several callers one wins; each should read the file back to learn whose data is in it.

    Raises:
        OSError: the folder cannot be written.
    """
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(8)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(handle)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except (OSError, AttributeError, NotImplementedError):
            # no hard links on this file system: a rename is whole too, only not exclusive
            if not path.exists():
                os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def sync_folder(folder: Path) -> None:
    """Put on the disk what a folder says of its files: names that are new to it survive a power cut then.

    Raises:
        OSError: it cannot be written.
    """
    if os.name != "posix":
        # elsewhere folders cannot be opened, and need not be
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
