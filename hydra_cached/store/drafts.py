"""Large payloads on their way into an object file: their chunks are written in the background while they are digested.

The digests, of which the file's name and head are made, come last: the head is written into the room left for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import secrets
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra_cached.store.locks import mark_as_written

ALIGNMENT = 64
"""Every chunk begins at a multiple of this."""

HEAD_BYTES = 32 * 1024
"""Where the first chunk of a draft begins."""

UNFINISHED = ".tmp"
"""How the name of a file ends that is not finished."""

_PIECE_BYTES = 64 * 1024 * 1024


class Draft:
    """A file that is being written.

    Args:
        folder: of all objects.
        chunks: what to write; they must stay as they are until the draft is finished or discarded.

    Raises:
        OSError: there is no room or no right for a file.
    """

    __slots__ = ("_path", "_thread", "_writer", "folder")

    def __init__(self, folder: Path, chunks: Sequence[bytes | memoryview]) -> None:
        self.folder = folder
        self._path = folder / secrets.token_hex(1) / f".{os.getpid()}.{secrets.token_hex(8)}{UNFINISHED}"
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        # the thread must not keep the draft alive
        self._writer = _Writer(self._path, tuple(chunks))
        self._thread = threading.Thread(target=self._writer.write, name="hydra_cached-draft")
        self._thread.start()

    @property
    def is_being_written(self) -> bool:
        """Whether its thread is still at work."""
        return self._thread.is_alive()

    def finish(self, head: bytes, path: Path, *, is_durable: bool) -> None:
        """Write ``head`` before the chunks, and give the file its name.

        Raises:
            OSError: something could not be written; nothing is left.
        """
        assert len(head) <= HEAD_BYTES, "callers look first"
        file = self._writer.file
        try:
            self._thread.join()
            if self._writer.trouble is not None:
                raise self._writer.trouble
            file.seek(0)
            write_all(file, head)
            if is_durable:
                os.fsync(file.fileno())
            if os.name == "posix":
                # while it is locked; elsewhere an open file cannot be renamed, nor be taken for a leftover
                os.replace(self._path, path)
            file.close()
            if os.name != "posix":
                os.replace(self._path, path)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Stop writing, and remove the file."""
        self._writer.was_stopped = True
        self._thread.join()
        self._writer.file.close()
        with contextlib.suppress(OSError):
            os.unlink(self._path)

    def __del__(self) -> None:
        writer = getattr(self, "_writer", None)
        if writer is not None and not writer.file.closed:
            self.discard()


class _Writer:
    """What the thread does, and what came of it."""

    __slots__ = ("_chunks", "file", "trouble", "was_stopped")

    def __init__(self, path: Path, chunks: tuple[bytes | memoryview, ...]) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self.file = open(os.open(path, flags, 0o600), "wb", buffering=0)  # noqa: SIM115  (closed when done)
        mark_as_written(self.file.fileno())
        self._chunks = chunks
        self.trouble: BaseException | None = None
        self.was_stopped = False

    def write(self) -> None:
        try:
            reserve(self.file.fileno(), HEAD_BYTES + sum(memoryview(each).nbytes + ALIGNMENT for each in self._chunks))
            self.file.seek(HEAD_BYTES)
            written = HEAD_BYTES
            for chunk in self._chunks:
                gap = -written % ALIGNMENT
                write_all(self.file, bytes(gap))
                view = memoryview(chunk)
                for start in range(0, view.nbytes, _PIECE_BYTES):
                    if self.was_stopped:
                        return
                    write_all(self.file, view[start : start + _PIECE_BYTES])
                written += gap + view.nbytes
        except BaseException as exc:  # handed to the caller's thread, where it is raised
            self.trouble = exc


def reserve(handle: int, size_bytes: int) -> None:
    """Have room set aside for a file, which makes writing it quicker; where that cannot be done, nothing.

    Raises:
        OSError: there is no room.
    """
    if _fallocate is None:
        return
    # not os.posix_fallocate: where the file system cannot do it, that writes all of the file instead
    if _fallocate(handle, _KEEP_SIZE, 0, size_bytes) and ctypes.get_errno() in (errno.ENOSPC, errno.EDQUOT):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _find_fallocate() -> Any:
    if sys.platform != "linux" or ctypes.sizeof(ctypes.c_long) != 8:
        return None
    try:
        found = ctypes.CDLL(None, use_errno=True).fallocate
    except (OSError, AttributeError):
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return found


_fallocate = _find_fallocate()
_KEEP_SIZE = 1


def write_all(file: object, data: bytes | memoryview) -> None:
    """Write all of ``data`` to an unbuffered file."""
    view = memoryview(data)
    done = 0
    while done < view.nbytes:
        # one call writes at most 2 GiB on Linux
        done += file.write(view[done : done + _PIECE_BYTES])  # type: ignore[attr-defined]
