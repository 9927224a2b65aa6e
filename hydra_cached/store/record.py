"""What rows of the index look like: their keys by kind, their bodies. Bytes in, bytes out; no I/O, no seal.

A row key is two digits for the kind, then hexadecimal digits, so that rows of one kind, and keys with one prefix,
are a range of the index:

    01 entry key                    entry: head and path for listings, object digest, EntryInfo as JSON, small
                                    payload; the target is also in the row's tag
    02 entry key                    statistics: hits and seconds saved
    03 recipe key                   link: the entry key, the digest of its conditions if any; the key also in the tag
    04 object digest + entry key    use of an object by an entry; the entry key is also in the row's tag
    05 object digest                check: the state of the object's file when it was last read in full
    06 blake3 of target and path    latest: the entry keys of the last results of that place; the first also in the tag
    07 digest                       conditions: outside inputs and outputs on which links depend
    08 code fingerprint             closure: the definitions that it is made of
    09 digest of a definition       its text
    0a time, a random number, 0|1   run: its summary, and its nodes
    0b entry key                    pin: the entry is dropped only when it is named
    0d blake3 of a path             file memo: the digest of a file in one state of it
    0e digest                       code memo: what was read of a source file
    1a digest                       outputs: what a call wrote when it last ran

Of an entry's row the columns beside its value say what listings select by: tag the target, store_time when it was
created, size the length of its payload.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import MISSING, fields
from functools import partial
from operator import attrgetter
from typing import Any

from blake3 import blake3

from hydra_cached.store.entry import Entry, EntryInfo, EntrySummary, defer_info
from hydra_cached.store.serializers import PICKLE

ENTRY = "01"
STATISTICS = "02"
LINK = "03"
USE = "04"
CHECK = "05"
LATEST = "06"
CONDITIONS = "07"
CLOSURE = "08"
TEXT = "09"
RUN = "0a"
PIN = "0b"
FILE_MEMO = "0d"
CODE_MEMO = "0e"
OUTPUTS = "1a"
UNSTORED = "1b"

SUMMARY_BYTES = 1200
"""How much of an entry's body `unpack_summary` wants at most; of a longer path it shows the beginning."""

_VERSION = 1
_PATH_BYTES = 1000
# version, has an object, bytes of path, bytes of notes, schema, seconds, created_s, size_bytes
_HEAD = struct.Struct("<BBHIqddQ")
_CHECKSUM = struct.Struct("<I")
_PATH_START = _HEAD.size + _CHECKSUM.size
_STATISTICS = struct.Struct("<Qd")
_STATE = struct.Struct("<QQqq")
_DIGEST_BYTES = 32
_KEPT_LATEST = 8
# every field but the key, by position: fields are only ever appended, so that records of other releases stay readable
_NOTED = tuple(field.name for field in fields(EntryInfo))[1:]
_DEFAULTS = tuple(None if field.default is MISSING else field.default for field in fields(EntryInfo))[1:]
_LISTS = tuple(at for at, value in enumerate(_DEFAULTS) if value == ())
_noted_of = attrgetter(*_NOTED)
_PICKLED = f'["{PICKLE}",'.encode()
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


class NewerRecordError(ValueError):
    """A record of a version that this one does not know."""


def row_range(prefix: str) -> tuple[str, str]:
    """First row key with a hexadecimal prefix, and the first one past them."""
    return prefix, prefix + "g"


def latest_row(target: str, path: str) -> str:
    """The key of the row that names the last result of a place."""
    return LATEST + blake3(f"{len(target)}:{target}{path}".encode("utf-8", "surrogatepass")).hexdigest()


def pack_entry(info: EntryInfo, codec: str, size_bytes: int, payload: bytes | None, object_digest: str | None) -> bytes:
    """The body of an entry's row."""
    notes = _encode((codec, _noted_of(info))).encode("ascii")
    path = info.path.encode("utf-8", "replace")[:_PATH_BYTES]
    has_object = object_digest is not None
    head = _HEAD.pack(
        _VERSION, has_object, len(path), len(notes), info.schema, info.seconds, info.created_s, size_bytes
    )
    checksum = _CHECKSUM.pack(zlib.crc32(head + path))
    return b"".join((head, checksum, path, bytes.fromhex(object_digest or ""), notes, payload or b""))


def unpack_entry(key: str, body: bytes) -> Entry:
    """The entry of a body whose seal was checked. Its info is read when it is asked for.

    Raises:
        NewerRecordError: a later release wrote it.
        ValueError: it is no entry.
    """
    has_object, path_end, notes_start, notes_end, _, _, _, size_bytes = _measure(body)
    notes = body[notes_start:notes_end]
    codec = PICKLE if notes.startswith(_PICKLED) else _decode(notes.decode("ascii"))[0][0]
    info = defer_info(key, partial(_read_notes, notes))
    if has_object:
        return Entry(info, codec, size_bytes, None, body[path_end:notes_start].hex())
    return Entry(info, codec, size_bytes, body[notes_end:], None)


def _read_notes(notes: bytes) -> list[Any]:
    """Values of all fields of an `EntryInfo` but the key, in their order.

    Raises:
        ValueError: these are no notes.
    """
    values: list[Any] = _decode(notes.decode("ascii"))[0][1]
    # of a release that knew fewer fields, or more
    values.extend(_DEFAULTS[len(values) :])
    del values[len(_DEFAULTS) :]
    for at in _LISTS:
        # most are empty
        values[at] = _freeze(values[at]) if values[at] else ()
    return values


def unpack_summary(key: str, target: str, start: bytes, statistics: tuple[int, float]) -> EntrySummary:
    """What `cache ls` shows, from the first bytes of an entry's row; the seal is not checked, only a checksum of these.

    Raises:
        ValueError: it is no entry.
    """
    _, path_end, _, _, schema, seconds, created_s, size_bytes = _measure(start)
    path_bytes = start[_PATH_START:path_end]
    if zlib.crc32(start[: _HEAD.size] + path_bytes) != _CHECKSUM.unpack_from(start, _HEAD.size)[0]:
        raise ValueError("the head of the record changed")
    path = path_bytes.decode("utf-8", "replace")
    hits, seconds_saved = statistics
    return EntrySummary(key, target, path, size_bytes, seconds, created_s, hits, seconds_saved, schema)


def _freeze(values: list[Any]) -> tuple[Any, ...]:
    return tuple(map(tuple, values)) if values and type(values[0]) is list else tuple(values)


def _measure(body: bytes) -> tuple[int, int, int, int, int, float, float, int]:
    if len(body) < _PATH_START:
        raise ValueError("the record is too short")
    version, has_object, path_bytes, notes_bytes, schema, seconds, created_s, size_bytes = _HEAD.unpack_from(body)
    if version != _VERSION:
        raise NewerRecordError(f"the record has version {version}")
    path_end = _PATH_START + path_bytes
    notes_start = path_end + _DIGEST_BYTES * has_object
    notes_end = notes_start + notes_bytes
    return has_object, path_end, notes_start, notes_end, schema, seconds, created_s, size_bytes


def pack_link(key: str, conditions: str = "") -> bytes:
    """The body of a row that leads to the entry `key`, on conditions if any."""
    return bytes.fromhex(key) + bytes.fromhex(conditions)


def unpack_link(body: bytes) -> tuple[str, str]:
    """The entry key that such a body names, and the digest of the conditions, "" for none."""
    return body[:_DIGEST_BYTES].hex(), body[_DIGEST_BYTES:].hex()


def pack_latest(keys: list[str]) -> bytes:
    """The body of a row that leads to the last results of a place, the newest first; older ones are left out."""
    return bytes.fromhex("".join(keys[:_KEPT_LATEST]))


def unpack_latest(body: bytes) -> list[str]:
    """The entry keys in such a body."""
    return [body[start : start + _DIGEST_BYTES].hex() for start in range(0, len(body), _DIGEST_BYTES)]


def pack_statistics(hits: int, seconds_saved: float) -> bytes:
    """The body of an entry's statistics."""
    return _STATISTICS.pack(hits, seconds_saved)


def unpack_statistics(body: bytes) -> tuple[int, float]:
    """Hits and seconds saved.

    Raises:
        ValueError: these are no statistics.
    """
    if len(body) < _STATISTICS.size:
        raise ValueError("the statistics are too short")
    hits, seconds_saved = _STATISTICS.unpack_from(body)
    return hits, seconds_saved


def pack_state(inode: int, size_bytes: int, mtime_ns: int, ctime_ns: int) -> bytes:
    """The body of a check: the state of a file whose content was found right."""
    return _STATE.pack(inode & 0xFFFF_FFFF_FFFF_FFFF, size_bytes, mtime_ns, ctime_ns)
