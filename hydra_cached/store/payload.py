"""Values to bytes and back: pickle protocol 5 with large buffers out of band. Trusts its input; touches no files.

A payload is a list of chunks: first the pickle stream, then one chunk per large buffer. Its digest is blake3 over the
chunks' lengths and digests, so the stream can be checked without reading the buffers. A buffer whose pieces were
digested for keys, such as the columns of a frame, is digested by these pieces: none of it is read twice.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

from blake3 import blake3

from hydra_cached.errors import EntryUnreadableError, NotSerializableError
from hydra_cached.fingerprint.depth import call_deep
from hydra_cached.fingerprint.hashing import hash_bytes, share_digests
from hydra_cached.store.serializers import PICKLE, Reducers, StartAgain, require

if TYPE_CHECKING:
    from hydra_cached.store.drafts import Draft

Chunk: TypeAlias = bytes | memoryview

INLINE_BYTES = 32 * 1024
"""Payloads up to this size lie in their entry. Only larger buffers go out of band, so such a payload is one chunk."""

CHUNK_ROW = struct.Struct("<Q32s")
GOES_ON = 1 << 63
"""Added to the length of a piece that the next one goes on from."""

_MOST_PIECES = 256


class Payload:
    """A value as bytes, ready to be stored. Chunks may be views of the value's own memory.

    Attributes:
        codec: names of the serializers that it needs.
        chunks: the pickle stream, then the out-of-band buffers.
        lengths: of the chunks, in bytes.
        draft: an object file that is being written while the chunks are digested, or None.
    """

    __slots__ = ("_addresses", "_chunk_digests", "_digest", "_pieces", "chunks", "codec", "draft", "lengths")

    def __init__(self, codec: str, chunks: tuple[Chunk, ...]) -> None:
        self.codec = codec
        self.chunks = chunks
        self.lengths = tuple([memoryview(chunk).nbytes for chunk in chunks])
        self.draft: Draft | None = None
        self._chunk_digests: list[bytes | None] = [None] * len(chunks)
        self._pieces: list[dict[tuple[int, int], bytes]] = [{} for _ in chunks]
        self._digest: str | None = None
        self._addresses: list[tuple[int, int]] | None = None

    @property
    def size_bytes(self) -> int:
        """Length of all chunks."""
        return sum(self.lengths)

    @property
    def is_inline(self) -> bool:
        """Whether it is small enough to lie in its entry."""
        return len(self.chunks) == 1 and self.lengths[0] <= INLINE_BYTES

    @property
    def is_digested(self) -> bool:
        """Whether its digests are known already."""
        return all(map(self._known_rows, range(len(self.chunks))))

    @property
    def table(self) -> bytes:
        """Lengths and blake3 digests of its chunks or of their pieces, as they stand in an object file."""
        return b"".join(map(self._write_rows, range(len(self.chunks))))

    @property
    def digest(self) -> str:
        """blake3 over the table, 64 hexadecimal digits."""
        if self._digest is None:
            self._digest = digest_table(self.table)
        return self._digest

    def sharing_digests(self) -> AbstractContextManager[None]:
        """Digests of buffers, or pieces of them, that are made meanwhile in this thread are made once for both."""
        return share_digests(self.find_digest) if len(self.chunks) > 1 else nullcontext()

    def find_digest(self, data: memoryview) -> bytes | None:
        """The digest of a run of bytes that lies in one of the buffers, so that it need not be read twice."""
        if self._addresses is None:
            places = [address_of(memoryview(chunk)) for chunk in self.chunks]
            self._addresses = sorted((place, i) for i, place in enumerate(places) if place is not None)
        place = address_of(data)
        if place is None:
            return None
        found = bisect_right(self._addresses, (place, len(self.chunks))) - 1
        if found < 0:
            return None
        start, index = self._addresses[found]
        offset, length = place - start, data.nbytes
        if offset + length > self.lengths[index]:
            return None
        if length == self.lengths[index]:
            return self._digest_chunk(index)
        pieces = self._pieces[index]
        if (offset, length) not in pieces:
            pieces[offset, length] = self._hash(data)
        return pieces[offset, length]

    def _write_rows(self, index: int) -> bytes:
        return self._known_rows(index) or CHUNK_ROW.pack(self.lengths[index], self._digest_chunk(index))

    def _known_rows(self, index: int) -> bytes:
        """What the table says of a chunk, as far as nothing is left to be digested; else nothing."""
        whole = self._chunk_digests[index]
        if whole is not None:
            return CHUNK_ROW.pack(self.lengths[index], whole)
        pieces = sorted(self._pieces[index].items())
        end = 0
        for (offset, length), _ in pieces:
            if offset != end:
                return b""
            end += length
        if not pieces or end != self.lengths[index] or len(pieces) > _MOST_PIECES:
            return b""
        rows = [CHUNK_ROW.pack(length | GOES_ON, digest) for (_, length), digest in pieces[:-1]]
        (_, length), digest = pieces[-1]
        return b"".join([*rows, CHUNK_ROW.pack(length, digest)])

    def _digest_chunk(self, index: int) -> bytes:
        found = self._chunk_digests[index]
        if found is None:
            found = self._chunk_digests[index] = self._hash(self.chunks[index])
        return found

    def _hash(self, data: Chunk) -> bytes:
        # the thread that writes needs a processor too
        return hash_bytes(data, busy_threads=1 if self.draft is not None and self.draft.is_being_written else 0)

    def discard_draft(self) -> None:
        """Remove the file that is being written."""
        draft, self.draft = self.draft, None
        if draft is not None:
            draft.discard()


def dump_value(value: Any) -> Payload:
    """The payload of a value. Arrays and frames are not copied.

    Raises:
        NotSerializableError: it cannot be pickled, or is an iterator, which its first reader would consume.
    """
    kind = type(value)
    if hasattr(kind, "__next__"):
        raise NotSerializableError(
            f"a {_name(kind)} cannot be stored: an iterator is consumed by its first reader",
            hint="return a list, or an object that can be iterated again",
        )
    try:
        codec, chunks = call_deep(lambda: _pickle(value))
    except RecursionError:
        # the traceback of a thousand equal frames helps nobody
        raise NotSerializableError(f"a {_name(kind)} cannot be stored: it is nested too deep") from None
    except Exception as exc:
        raise NotSerializableError(f"a {_name(kind)} cannot be stored: {_describe(exc)}") from exc
    return Payload(codec, chunks)


def _pickle(value: Any) -> tuple[str, tuple[Chunk, ...]]:
    """The codec and the chunks of a value: the pickle stream and the buffers out of it."""
    reducers = Reducers()
    while True:
        buffers: list[memoryview] = []
        try:
            stream = _write_stream(value, reducers, buffers)
        except StartAgain:
            reducers.start_again()
            continue
        return reducers.codec, (stream, *buffers)


def _write_stream(value: Any, reducers: Reducers, buffers: list[memoryview]) -> bytes:
    def keep(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes <= INLINE_BYTES:
            return True
        buffers.append(raw)
        return False

    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5, buffer_callback=keep)
    pickler.dispatch_table = reducers
    pickler.dump(value)
    return stream.getvalue()


def load_value(codec: str, chunks: Sequence[Chunk]) -> Any:
    """The value of chunks whose seal and digests were checked. Arrays are views of the buffers.

    Raises:
        EntryUnreadableError: they do not load any more.
    """
    if codec != PICKLE:
        require(codec)
    try:
        return pickle.loads(chunks[0], buffers=chunks[1:])
    except Exception as exc:
        missing = exc.name if isinstance(exc, ModuleNotFoundError) else None
        hint = f"pip install {missing.partition('.')[0]}, if it is a package" if missing else None
        raise EntryUnreadableError(f"the stored result does not load: {_describe(exc)}", hint=hint) from exc


def address_of(data: memoryview) -> int | None:
    """Where bytes lie in memory; None where that cannot be told."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not data.nbytes or not data.c_contiguous:
        return None
    address: int = numpy.frombuffer(data, numpy.uint8).__array_interface__["data"][0]
    return address


def digest_chunk(chunk: Chunk) -> bytes:
    """blake3 of a chunk, 32 bytes."""
    return hash_bytes(chunk)


def digest_table(table: bytes) -> str:
    """The digest of the payload whose chunks a table lists, 64 hexadecimal digits."""
    return blake3(table).hexdigest()


def _describe(exc: BaseException) -> str:
    text = str(exc).strip()
    return f"{type(exc).__name__}: {text.splitlines()[0]}" if text else type(exc).__name__


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
