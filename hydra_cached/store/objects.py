"""Object files: one per large payload, named by its digest. Written whole or not at all, read mapped and checked.

Layout, little-endian: ``magic, u32 chunk count, u32 slack, u64 length of the note``, then per chunk ``u64 length,
32 bytes blake3``, then ``32 bytes blake3 of the note, note``, then as many zero bytes as the slack says (room that was
left when the length of the note was not known yet), then the chunks, each at a multiple of 64 bytes.
The note is the sealed record of the entry for which the file was written, so the index can be rebuilt from the files.
"""

from __future__ import annotations

import contextlib
import hmac
import mmap
import os
import re
import secrets
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.drafts import ALIGNMENT, HEAD_BYTES, UNFINISHED, Draft, write_all
from hydra_cached.store.exclusive import sync_folder
from hydra_cached.store.locks import is_being_written, mark_as_written
from hydra_cached.store.payload import CHUNK_ROW, Payload, digest_chunk, digest_table, pack_table
from hydra_cached.store.record import pack_state

CHECK_ONCE_BYTES = 64 * 1024 * 1024
"""Buffers of larger files are checked once per state of the file, those of smaller ones at every load."""

_MAGIC = b"HCOBJ\x01\r\n"
_HEAD = struct.Struct("<8sIIQ")
_DIGEST_BYTES = 32
_MAP_BYTES = 256 * 1024
_LEFTOVER_S = 24 * 3600.0
_DRAFT_BYTES = 4 * 1024 * 1024
_WRITE_ATTEMPTS = 5
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch


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
    """The folder ``objects/``. Safe to use from several processes; knows nothing of the index.

    Args:
        is_durable: what is written is on the disk, file and folder, before `write` returns.
    """

    __slots__ = ("folder", "is_durable")

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        self.folder = folder
        self.is_durable = is_durable

    def path(self, digest: str) -> Path:
        """Where the object of a digest lies."""
        return self.folder / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Whether there is a file of that name; its content is not looked at."""
        return self.path(digest).exists()

    def begin(self, payload: Payload) -> None:
        """Begin to write a large payload in the background, so that it is there when `write` knows its digest.

        Whoever does not call `write` then must call the payload's `discard_draft`. Trouble is left to `write` to tell.
        """
        if payload.size_bytes >= _DRAFT_BYTES and payload.draft is None:
            with contextlib.suppress(OSError):
                payload.draft = Draft(self.folder, payload.chunks)

    def write(self, payload: Payload, note: bytes) -> bytes:
        """Make sure that the object of `payload` is there and right; equal content is written once.

        Returns:
            The state of the file, as a check's body.

        Raises:
            StoreError: there is no room or no right to write it.
        """
        if not payload.is_digested:
            self.begin(payload)
        path = self.path(payload.digest)
        try:
            with contextlib.suppress(EntryDamagedError):
                # a damaged file is replaced; those who have it mapped keep what they have
                return self.read(payload.digest).state
            draft = payload.draft
            if draft is not None and draft.folder == self.folder:
                payload.draft = None
                # taken for a leftover before it was locked, and deleted
                with contextlib.suppress(FileNotFoundError):
                    if _finish(draft, path, payload, note, is_durable=self.is_durable):
                        return _state(os.stat(path))
            return _write_file(path, payload, note, is_durable=self.is_durable)
        except OSError as exc:
            raise StoreError(
                f'cannot write a result of {payload.size_bytes:,} bytes to "{self.folder}": {exc.strerror or exc}',
                hint="free some space, or choose another cache directory with -c DIR",
            ) from exc
        finally:
            payload.discard_draft()

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

    def read_note(self, digest: str) -> bytes:
        """The note of an object: whole, but not trusted. The content is not looked at.

        Raises:
            EntryDamagedError: the beginning of the file changed since it was written, or it is gone.
        """
        try:
            with open(self.path(digest), "rb") as file:
                return _read_note(file, digest)
        except (OSError, ValueError, struct.error) as exc:
            raise EntryDamagedError(f"the stored object {digest[:12]} is damaged: {exc}") from exc

    def digests(self) -> Iterator[str]:
        """Digests of all objects, as the names of the files say."""
        for path in self.folder.glob("??/*"):
            if _DIGEST(path.name) and path.name[:2] == path.parent.name:
                yield path.name

    def clear(self) -> None:
        """Delete all objects, and what writers that died have left."""
        for path in self.folder.glob("??/*"):
            if not path.name.endswith(UNFINISHED):
                # some systems do not delete a file that is mapped: it goes next time
                with contextlib.suppress(OSError):
                    path.unlink()
        self.remove_leftovers()

    def leftovers(self) -> list[Path]:
        """Files that writers left which died before they were done. Those of living ones are not among them."""
        return [path for path in self.folder.glob(f"??/*{UNFINISHED}") if _is_abandoned(path)]

    def remove_leftovers(self) -> tuple[int, int]:
        """Delete them. Returns their number and bytes."""
        count = size_bytes = 0
        for path in self.leftovers():
            with contextlib.suppress(OSError):
                length = path.stat().st_size
                path.unlink()
                count, size_bytes = count + 1, size_bytes + length
        return count, size_bytes


def _is_abandoned(path: Path) -> bool:
    try:
        is_written = is_being_written(path)
        if is_written is None:
            # this file system has no locks: time tells
            return path.stat().st_mtime < time.time() - _LEFTOVER_S
    except OSError:
        # finished meanwhile, or not ours
        return False
    return not is_written


def _write_file(path: Path, payload: Payload, note: bytes, *, is_durable: bool) -> bytes:
    for _ in range(_WRITE_ATTEMPTS - 1):
        # between being made and being locked a file looks like a leftover, and so does the folder that it is made in
        with contextlib.suppress(FileNotFoundError):
            return _write_once(path, payload, note, is_durable=is_durable)
    return _write_once(path, payload, note, is_durable=is_durable)


def _write_once(path: Path, payload: Payload, note: bytes, *, is_durable: bool) -> bytes:
    head = _pack_head(payload, note, slack=0)
    temporary = path.with_name(f".{payload.digest}.{os.getpid()}.{secrets.token_hex(4)}{UNFINISHED}")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(handle, "wb", buffering=0) as file:
            mark_as_written(handle)
            write_all(file, head)
            written = len(head)
            for chunk, length in zip(payload.chunks, payload.lengths, strict=True):
                gap = -written % ALIGNMENT
                write_all(file, bytes(gap))
                write_all(file, chunk)
                written += gap + length
            if is_durable:
                os.fsync(handle)
            if sys.platform != "win32":
                # while it is locked; elsewhere an open file cannot be renamed, nor be taken for a leftover
                os.replace(temporary, path)
        if sys.platform == "win32":
            os.replace(temporary, path)
        if is_durable:
            sync_folder(path.parent)
            sync_folder(path.parent.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return _state(os.stat(path))


def _finish(draft: Draft, path: Path, payload: Payload, note: bytes, *, is_durable: bool) -> bool:
    """Make an object of a draft; False where its head has no room."""
    slack = HEAD_BYTES - len(_pack_head(payload, note, slack=0))
    if slack < ALIGNMENT:
        draft.discard()
        return False
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft.finish(_pack_head(payload, note, slack=slack), path, is_durable=is_durable)
    if is_durable:
        sync_folder(path.parent)
        sync_folder(path.parent.parent)
    return True


def _pack_head(payload: Payload, note: bytes, *, slack: int) -> bytes:
    table = pack_table(payload.lengths, payload.chunk_digests)
    return _HEAD.pack(_MAGIC, len(payload.chunks), slack, len(note)) + table + digest_chunk(note) + note


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


def _read_note(file: Any, digest: str) -> bytes:
    size_bytes = os.fstat(file.fileno()).st_size
    magic, count, _, note_bytes = _HEAD.unpack(file.read(_HEAD.size))
    table_bytes = count * CHUNK_ROW.size
    if magic != _MAGIC or not count or _HEAD.size + table_bytes + _DIGEST_BYTES + note_bytes > size_bytes:
        raise ValueError("its head changed")
    if not hmac.compare_digest(digest_table(file.read(table_bytes)), digest):
        raise ValueError("its table changed")
    expected, note = file.read(_DIGEST_BYTES), bytes(file.read(note_bytes))
    if digest_chunk(note) != expected:
        raise ValueError("its head changed")
    return note


def _check(view: memoryview, digest: str, *, is_known: bool) -> tuple[memoryview, ...]:
    """The chunks of a file's view. Every byte of the file counts, gaps included, unless `is_known`."""
    if len(view) < _HEAD.size:
        raise ValueError("it is too short")
    magic, count, slack, note_bytes = _HEAD.unpack_from(view)
    table_end = _HEAD.size + count * CHUNK_ROW.size
    if magic != _MAGIC or not count or table_end > len(view):
        raise ValueError("its head changed")
    table = bytes(view[_HEAD.size : table_end])
    if not hmac.compare_digest(digest_table(table), digest):
        raise ValueError("its table changed")
    rows: Sequence[tuple[int, bytes]] = list(CHUNK_ROW.iter_unpack(table))
    note_start = table_end + _DIGEST_BYTES
    position = note_start + note_bytes
    if slack and (slack < ALIGNMENT or (position + slack) % ALIGNMENT):
        raise ValueError("its head changed")
    spans: list[tuple[int, int]] = []
    for length, _ in rows:
        start = position + slack
        start += -start % ALIGNMENT
        spans.append((position, start))
        position, slack = start + length, 0
    if position != len(view):
        raise ValueError("its length changed")
    note = view[note_start : note_start + note_bytes]
    gaps = b"".join([view[end:start] for end, start in spans])
    if digest_chunk(note) != view[table_end:note_start] or gaps.strip(b"\0"):
        raise ValueError("its head changed")
    chunks = tuple(view[start : start + length] for (_, start), (length, _) in zip(spans, rows, strict=True))
    checked = 1 if is_known else count
    for chunk, (_, expected) in zip(chunks[:checked], rows[:checked], strict=True):
        if digest_chunk(chunk) != expected:
            raise ValueError("its content changed")
    return chunks
