"""Values to bytes and back: pickle protocol 5 with large buffers out of band. Trusts its input; touches no files.

A payload is a list of chunks: first the pickle stream, then one chunk per large buffer. Its digest is blake3 over the
chunks' lengths and digests, so the stream can be checked without reading the buffers.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
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


class Payload:
    """A value as bytes, ready to be stored. Chunks may be views of the value's own memory.

    Attributes:
        codec: names of the serializers that it needs.
        chunks: the pickle stream, then the out-of-band buffers.
        lengths: of the chunks, in bytes.
        draft: an object file that is being written while the chunks are digested, or None.
    """

    __slots__ = ("_addresses", "_chunk_digests", "_digest", "chunks", "codec", "draft", "lengths")

    def __init__(self, codec: str, chunks: tuple[Chunk, ...]) -> None:
        self.codec = codec
        self.chunks = chunks
        self.lengths = tuple([memoryview(chunk).nbytes for chunk in chunks])
        self.draft: Draft | None = None
        self._chunk_digests: list[bytes | None] = [None] * len(chunks)
        self._digest: str | None = None
        self._addresses: dict[tuple[int, int], int] | None = None

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
        return None not in self._chunk_digests

    @property
    def chunk_digests(self) -> tuple[bytes, ...]:
        """blake3 of each chunk, 32 bytes each."""
        return tuple(map(self._digest_chunk, range(len(self.chunks))))

    @property
    def digest(self) -> str:
        """blake3 over the chunks' lengths and digests, 64 hexadecimal digits."""
        if self._digest is None:
            self._digest = digest_table(pack_table(self.lengths, self.chunk_digests))
        return self._digest

    def sharing_digests(self) -> AbstractContextManager[None]:
        """Digests of buffers that are made meanwhile, in this thread, are made once for both."""
        return share_digests(self.find_digest) if len(self.chunks) > 1 else nullcontext()

    def find_digest(self, data: memoryview) -> bytes | None:
        """The digest of a run of bytes that is one of the buffers, so that it need not be read twice."""
        if self._addresses is None:
            places = [address_of(memoryview(chunk)) for chunk in self.chunks]
            self._addresses = {(place, self.lengths[i]): i for i, place in enumerate(places) if place is not None}
        place = address_of(data)
        index = None if place is None else self._addresses.get((place, data.nbytes))
        return None if index is None else self._digest_chunk(index)

    def _digest_chunk(self, index: int) -> bytes:
        found = self._chunk_digests[index]
        if found is None:
            found = self._chunk_digests[index] = hash_bytes(self.chunks[index])
        return found

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


def pack_table(lengths: Sequence[int], digests: Sequence[bytes]) -> bytes:
    """Lengths and digests of chunks, as they stand in an object file."""
    return b"".join(map(CHUNK_ROW.pack, lengths, digests))


def digest_table(table: bytes) -> str:
    """The digest of the payload whose chunks a table lists, 64 hexadecimal digits."""
    return blake3(table).hexdigest()


def _describe(exc: BaseException) -> str:
    text = str(exc).strip()
    return f"{type(exc).__name__}: {text.splitlines()[0]}" if text else type(exc).__name__


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
