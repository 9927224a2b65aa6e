"""Object files: one per large payload, named by its digest. Written whole or not at all, read mapped and checked.

Layout, little-endian: ``magic, u32 chunk count, u32 zero, u64 length of the note``, then per chunk ``u64 length,
32 bytes blake3``, then ``32 bytes blake3 of the note, note``, then the chunks, each at a multiple of 64 bytes.
The note is the sealed record of the entry for which the file was written, so the index can be rebuilt from the files.
"""

from __future__ import annotations

import contextlib
import hmac
import mmap
import os
import secrets
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.payload import CHUNK_ROW, Chunk, Payload, digest_chunk, digest_table, pack_table
from hydra_cached.store.record import pack_state

CHECK_ONCE_BYTES = 64 * 1024 * 1024
"""Buffers of larger files are checked once per state of the file, those of smaller ones at every load."""

_MAGIC = b"HCOBJ\x01\r\n"
_HEAD = struct.Struct("<8sIIQ")
_DIGEST_BYTES = 32
_ALIGNMENT = 64
_MAP_BYTES = 256 * 1024
_WRITE_BYTES = 1 << 30
_LEFTOVER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class ObjectChunks:
    """The chunks of an object file, as views of its mapping.

    Attributes:
        state: the file's inode, size and times, as a check's body.
        is_large: whether its buffers are checked once per state only.
    """

    chunks: tuple[memoryview, ...]
    state: bytes
    is_large: bool


class ObjectFolder:
    """The folder ``objects/``. Safe to use from several processes; knows nothing of the index."""

    __slots__ = ("folder",)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, digest: str) -> Path:
        """Where the object of a digest lies."""
        return self.folder / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Whether there is a file of that name; its content is not looked at."""
        return self.path(digest).exists()

    def write(self, payload: Payload, note: bytes) -> bytes:
        """Make sure that the object of `payload` is there and right; equal content is written once.

        Returns:
            The state of the file, as a check's body.

        Raises:
            StoreError: there is no room or no right to write it.
        """
        path = self.path(payload.digest)
        try:
            with contextlib.suppress(EntryDamagedError):
                # a damaged file is replaced; those who have it mapped keep what they have
                return self.read(payload.digest).state
            path.parent.mkdir(mode=0o700, exist_ok=True)
            return _write_file(path, payload, note)
        except OSError as exc:
            raise StoreError(
                f'cannot write a result of {payload.size_bytes:,} bytes to "{self.folder}": {exc.strerror or exc}',
                hint="free some space, or choose another cache directory with -c DIR",
            ) from exc

    def read(self, digest: str, *, checked_state: bytes | None = None) -> ObjectChunks:
        """The chunks of an object, checked.

        Args:
            checked_state: the state in which the file was found right before. Only the buffers of a large file are
                spared another check by it; the layout and the pickle stream are checked always.

        Raises:
            EntryDamagedError: the file changed since it was written, or is gone (then ``__cause__`` is an OSError).
        """
        try:
            with open(self.path(digest), "rb") as file:
                status = os.fstat(file.fileno())
                view = _view_file(file, status.st_size)
        except (OSError, ValueError) as exc:
            reason = "is gone" if isinstance(exc, FileNotFoundError) else f"cannot be read: {exc}"
            raise EntryDamagedError(f"the stored object {digest[:12]} {reason}") from exc
        state = _state(status)
        is_large = status.st_size > CHECK_ONCE_BYTES
        try:
            chunks = _check(view, digest, is_known=is_large and checked_state == state)
        except ValueError as exc:
            raise EntryDamagedError(f"the stored object {digest[:12]} is damaged: {exc}") from None
        return ObjectChunks(chunks, state, is_large)

    def remove(self, digest: str) -> int:
        """Delete an object. Returns the bytes freed, 0 when there was none."""
        path = self.path(digest)
        try:
            size_bytes = path.stat().st_size
            path.unlink()
        except FileNotFoundError:
            return 0
        except OSError as exc:
            raise StoreError(f'cannot delete "{path}": {exc.strerror or exc}') from exc
        return size_bytes

    def clear(self) -> None:
        """Delete all objects, and what writers that died have left a day ago or more."""
        for path in self.folder.glob("??/*"):
            # some systems do not delete a file that is mapped: it goes next time
            with contextlib.suppress(OSError):
                if not path.name.endswith(".tmp") or path.stat().st_mtime < time.time() - _LEFTOVER_S:
                    path.unlink()


def _write_file(path: Path, payload: Payload, note: bytes) -> bytes:
    lengths = [memoryview(chunk).nbytes for chunk in payload.chunks]
    table = pack_table(lengths, payload.chunk_digests)
    head = _HEAD.pack(_MAGIC, len(lengths), 0, len(note)) + table + digest_chunk(note) + note
    temporary = path.with_name(f".{payload.digest}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(handle, "wb", buffering=0) as file:
            _write_all(file, head)
            written = len(head)
            for chunk, length in zip(payload.chunks, lengths, strict=True):
                gap = -written % _ALIGNMENT
                _write_all(file, bytes(gap))
                _write_all(file, chunk)
                written += gap + length
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return _state(os.stat(path))


def _write_all(file: Any, data: Chunk) -> None:
    view = memoryview(data)
    done = 0
    while done < view.nbytes:
        # one call writes at most 2 GiB on Linux
        done += file.write(view[done : done + _WRITE_BYTES])


def _view_file(file: Any, size_bytes: int) -> memoryview:
    if size_bytes < _MAP_BYTES:
        # reading costs less than mapping, and holds no file handle
        buffer = bytearray(size_bytes)
        if file.readinto(buffer) != size_bytes:
            raise ValueError("the file became shorter")
        return memoryview(buffer)
    if sys.version_info >= (3, 13):
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY, trackfd=False))
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))


def _state(status: os.stat_result) -> bytes:
    return pack_state(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _check(view: memoryview, digest: str, *, is_known: bool) -> tuple[memoryview, ...]:
    """The chunks of a file's view. Every byte of the file counts, gaps included, unless `is_known`."""
    if len(view) < _HEAD.size:
        raise ValueError("it is too short")
    magic, count, zero, note_bytes = _HEAD.unpack_from(view)
    table_end = _HEAD.size + count * CHUNK_ROW.size
    if magic != _MAGIC or zero or not count or table_end > len(view):
        raise ValueError("its head changed")
    table = bytes(view[_HEAD.size : table_end])
    if not hmac.compare_digest(digest_table(table), digest):
        raise ValueError("its table changed")
    rows: Sequence[tuple[int, bytes]] = list(CHUNK_ROW.iter_unpack(table))
    note_start = table_end + _DIGEST_BYTES
    position = note_start + note_bytes
    spans: list[tuple[int, int]] = []
    for length, _ in rows:
        start = position + -position % _ALIGNMENT
        spans.append((position, start))
        position = start + length
    if position != len(view):
        raise ValueError("its length changed")
    note = view[note_start : note_start + note_bytes]
    if digest_chunk(note) != view[table_end:note_start] or any(any(view[end:start]) for end, start in spans):
        raise ValueError("its head changed")
    chunks = tuple(view[start : start + length] for (_, start), (length, _) in zip(spans, rows, strict=True))
    checked = 1 if is_known else count
    for chunk, (_, expected) in zip(chunks[:checked], rows[:checked], strict=True):
        if digest_chunk(chunk) != expected:
            raise ValueError("its content changed")
    return chunks
