"""Values to bytes and back: pickle protocol 5 with large buffers out of band. Trusts its input; touches no files.

A payload is a list of chunks: first the pickle stream, then one chunk per large buffer. Its digest is blake3 over the
chunks' lengths and digests, so the stream can be checked without reading the buffers.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from blake3 import blake3

from hydra_cached.errors import EntryUnreadableError, NotSerializableError
from hydra_cached.fingerprint.depth import call_deep
from hydra_cached.fingerprint.hashing import digest_bytes
from hydra_cached.store.serializers import Reducers, StartAgain, require

Chunk: TypeAlias = bytes | memoryview

INLINE_BYTES = 32 * 1024
"""Payloads up to this size lie in their entry. Only larger buffers go out of band, so such a payload is one chunk."""

CHUNK_ROW = struct.Struct("<Q32s")


@dataclass(frozen=True, slots=True)
class Payload:
    """A value as bytes, ready to be stored. Chunks may be views of the value's own memory.

    Attributes:
        codec: names of the serializers that it needs.
        chunks: the pickle stream, then the out-of-band buffers.
        chunk_digests: blake3 of each chunk, 32 bytes each.
        size_bytes: length of all chunks.
        digest: blake3 over the chunks' lengths and digests, 64 hexadecimal digits.
    """

    codec: str
    chunks: tuple[Chunk, ...] = field(repr=False)
    chunk_digests: tuple[bytes, ...] = field(repr=False)
    size_bytes: int
    digest: str

    @property
    def is_inline(self) -> bool:
        """Whether it is small enough to lie in its entry."""
        return len(self.chunks) == 1 and self.size_bytes <= INLINE_BYTES


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
    digests = tuple(digest_chunk(chunk) for chunk in chunks)
    lengths = [memoryview(chunk).nbytes for chunk in chunks]
    return Payload(codec, chunks, digests, sum(lengths), digest_table(pack_table(lengths, digests)))


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
    require(codec)
    try:
        return pickle.loads(chunks[0], buffers=chunks[1:])
    except Exception as exc:
        missing = exc.name if isinstance(exc, ModuleNotFoundError) else None
        hint = f"pip install {missing.partition('.')[0]}, if it is a package" if missing else None
        raise EntryUnreadableError(f"the stored result does not load: {_describe(exc)}", hint=hint) from exc


def digest_chunk(chunk: Chunk) -> bytes:
    """blake3 of a chunk, 32 bytes."""
    return digest_bytes(chunk)


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
