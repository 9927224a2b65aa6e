"""The form of object files: written whole or not at all, copied without being held, mapped and checked.

Layout, little-endian: ``magic, u32 row count, u32 slack, u64 length of the note``, then the table: a row ``u64 length,
32 bytes blake3`` per chunk, or per piece of it (the length of all but the last has its highest bit set), then
``32 bytes blake3 of the note, note``, then as many zero bytes as the slack says (room that was left when the length of
the note was not known yet), then the chunks, each at a multiple of 64 bytes.
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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, starmap
from pathlib import Path
from typing import IO, Any, TypeAlias

from blake3 import blake3

from hydra_cached.store.drafts import ALIGNMENT, HEAD_BYTES, UNFINISHED, Draft, write_all
from hydra_cached.store.exclusive import sync_folder
from hydra_cached.store.locks import mark_as_written
from hydra_cached.store.payload import CHUNK_ROW, GOES_ON, Payload, digest_chunk, digest_table

Piece: TypeAlias = tuple[int, bytes]
"""Length and blake3 of a piece of a chunk."""

_MAGIC = b"HCOBJ\x01\r\n"
_HEAD = struct.Struct("<8sIIQ")
_DIGEST_BYTES = 32
_MAP_BYTES = 256 * 1024
_PIECE_BYTES = 4 * 1024 * 1024
_MOST_ROWS = 1 << 20
_LONGEST_NOTE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Layout:
    """The beginning of an object file.

    Attributes:
        table: lengths and digests of the chunks or their pieces; its own digest is the name of the object.
        note: what the file says of itself.
        slack: number of zero bytes behind it.
    """

    table: bytes
    note: bytes
    slack: int = 0

    @property
    def chunks(self) -> list[list[Piece]]:
        """Length and digest of each piece of each chunk."""
        return _read_table(self.table)

    def pack(self) -> bytes:
        """The bytes of it, without the slack."""
        count = len(self.table) // CHUNK_ROW.size
        head = _HEAD.pack(_MAGIC, count, self.slack, len(self.note))
        return head + self.table + digest_chunk(self.note) + self.note


def write_payload(path: Path, payload: Payload, note: bytes, *, is_durable: bool) -> None:
    """Write the file of a payload.

    Raises:
        OSError: it cannot be written; FileNotFoundError when it was taken for a leftover.
    """
    chunks = zip(payload.lengths, ([chunk] for chunk in payload.chunks), strict=True)
    _write(path, layout_of(payload, note), chunks, is_durable=is_durable)


def finish_draft(draft: Draft, path: Path, payload: Payload, note: bytes, *, is_durable: bool) -> bool:
    """Make the file of a payload out of a draft; False where its head has no room there.

    Raises:
        OSError: it cannot be written; FileNotFoundError when it was taken for a leftover.
    """
    slack = HEAD_BYTES - len(layout_of(payload, note).pack())
    if slack < ALIGNMENT:
        draft.discard()
        return False
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft.finish(layout_of(payload, note, slack=slack).pack(), path, is_durable=is_durable)
    if is_durable:
        sync_folder(path.parent)
        sync_folder(path.parent.parent)
    return True


def layout_of(payload: Payload, note: bytes, *, slack: int = 0) -> Layout:
    """The beginning of the file of a payload."""
    return Layout(payload.table, note, slack)


def copy_object(path: Path, source: IO[bytes], digest: str, note: bytes, *, is_durable: bool) -> None:
    """Write the object that another file is, with another note. Neither is held in memory.

    Args:
        source: read from where it stands, to its end.

    Raises:
        ValueError: the other file is damaged, or is another object.
        OSError: it cannot be written.
    """
    before = read_layout(source, digest)
    position = len(before.pack())
    if any(_read_exactly(source, before.slack)):
        raise ValueError("its head changed")
    position += before.slack

    def pieces(length: int, expected: bytes) -> Iterator[bytes]:
        hasher = blake3()
        while length:
            piece = source.read(min(length, _PIECE_BYTES))
            if not piece:
                raise ValueError("it is too short")
            hasher.update(piece)
            length -= len(piece)
            yield piece
        if hasher.digest() != expected:
            raise ValueError("its content changed")

    def chunks() -> Iterator[tuple[int, Iterable[bytes]]]:
        nonlocal position
        for rows in before.chunks:
            gap = -position % ALIGNMENT
            if any(_read_exactly(source, gap)):
                raise ValueError("its head changed")
            length = sum(each for each, _ in rows)
            yield length, chain.from_iterable(starmap(pieces, rows))
            position += gap + length
        if source.read(1):
            raise ValueError("its length changed")

    _write(path, Layout(before.table, note), chunks(), is_durable=is_durable)


def read_layout(source: IO[bytes], digest: str) -> Layout:
    """The beginning of an object file, whole; the content is not looked at.

    Raises:
        ValueError: it is damaged, or is another object.
    """
    magic, count, slack, note_bytes = _HEAD.unpack(_read_exactly(source, _HEAD.size))
    if magic != _MAGIC or slack > HEAD_BYTES or not 0 < count <= _MOST_ROWS or note_bytes > _LONGEST_NOTE:
        raise ValueError("its head changed")
    table = _read_exactly(source, count * CHUNK_ROW.size)
    if not hmac.compare_digest(digest_table(table), digest):
        raise ValueError("its table changed")
    expected, note = _read_exactly(source, _DIGEST_BYTES), _read_exactly(source, note_bytes)
    if digest_chunk(note) != expected:
        raise ValueError("its head changed")
    return Layout(table, note, slack)


def view_file(file: Any, size_bytes: int) -> memoryview:
    """The content of a file that is open, mapped when it is large; changes to it stay in memory.

    Raises:
        ValueError: the file became shorter.
        OSError: it cannot be read.
    """
    if size_bytes < _MAP_BYTES:
        # reading costs less than mapping, and holds no file handle
        buffer = bytearray(size_bytes)
        if file.readinto(buffer) != size_bytes:
            raise ValueError("the file became shorter")
        return memoryview(buffer)
    if sys.version_info >= (3, 13):
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY, trackfd=False))
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))


def check_chunks(view: memoryview, digest: str, *, is_known: bool) -> tuple[memoryview, ...]:
    """The chunks of a file's view. Every byte of the file counts, gaps included.

    Args:
        is_known: the content was found right before: check all but the buffers.

    Raises:
        ValueError: it changed since it was written.
    """
    if len(view) < _HEAD.size:
        raise ValueError("it is too short")
    magic, count, slack, note_bytes = _HEAD.unpack_from(view)
    table_end = _HEAD.size + count * CHUNK_ROW.size
    if magic != _MAGIC or not count or table_end > len(view):
        raise ValueError("its head changed")
    table = bytes(view[_HEAD.size : table_end])
    if not hmac.compare_digest(digest_table(table), digest):
        raise ValueError("its table changed")
    rows = _read_table(table)
    note_start = table_end + _DIGEST_BYTES
    position = note_start + note_bytes
    if slack and (slack < ALIGNMENT or (position + slack) % ALIGNMENT):
        raise ValueError("its head changed")
    gaps = bytearray()
    chunks: list[memoryview] = []
    for pieces in rows:
        start = position + slack
        start += -start % ALIGNMENT
        gaps += view[position:start]
        position, slack = start + sum(length for length, _ in pieces), 0
        chunks.append(view[start:position])
    if position != len(view):
        raise ValueError("its length changed")
    note = view[note_start : note_start + note_bytes]
    if digest_chunk(note) != view[table_end:note_start] or gaps.strip(b"\0"):
        raise ValueError("its head changed")
    checked = 1 if is_known else len(chunks)
    for chunk, pieces in zip(chunks[:checked], rows[:checked], strict=True):
        end = 0
        for length, expected in pieces:
            if digest_chunk(chunk[end : end + length]) != expected:
                raise ValueError("its content changed")
            end += length
    return tuple(chunks)


def _read_table(table: bytes) -> list[list[Piece]]:
    """Length and digest of each piece, chunk by chunk."""
    chunks: list[list[Piece]] = []
    is_begun = False
    for marked, digest in CHUNK_ROW.iter_unpack(table):
        piece = (marked & ~GOES_ON, digest)
        if is_begun:
            chunks[-1].append(piece)
        else:
            chunks.append([piece])
        is_begun = marked >= GOES_ON
    return chunks


def _write(
    path: Path, layout: Layout, chunks: Iterable[tuple[int, Iterable[bytes | memoryview]]], *, is_durable: bool
) -> None:
    """Write a file beside ``path``, and put it in its place.

    Args:
        chunks: the length and the pieces of each.
    """
    digest = path.name
    temporary = path.with_name(f".{digest}.{os.getpid()}.{secrets.token_hex(4)}{UNFINISHED}")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(handle, "wb", buffering=0) as file:
            mark_as_written(handle)
            head = layout.pack()
            write_all(file, head)
            written = len(head)
            for length, pieces in chunks:
                gap = -written % ALIGNMENT
                write_all(file, bytes(gap))
                for piece in pieces:
                    write_all(file, piece)
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


def _read_exactly(source: IO[bytes], length: int) -> bytes:
    data = source.read(length)
    if len(data) != length:
        raise ValueError("it is too short")
    return data
