"""Encodes single values of the standard library: numbers, text, dates, paths. Each by type and exact content."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import PurePath
from types import NotImplementedType
from typing import Any

from hydra_cached.fingerprint.walk import Walk, Writer, write_raw

_pack_double = struct.Struct("<d").pack
_pack_complex = struct.Struct("<dd").pack


def _write_none(out: bytearray, value: None) -> None:
    out += b"N"


def _write_bool(out: bytearray, value: bool) -> None:
    out += b"T" if value else b"F"


def _write_int(out: bytearray, value: int) -> None:
    # hexadecimal: decimal text of a big int takes quadratic time, and Python limits its length
    out += b"i%x;" % value


def _write_float(out: bytearray, value: float) -> None:
    out += b"f" + _pack_double(value)


def _write_complex(out: bytearray, value: complex) -> None:
    out += b"c" + _pack_complex(value.real, value.imag)


def _write_str(out: bytearray, value: str) -> None:
    raw = value.encode("utf-8", "surrogatepass")
    size = len(raw)
    if size > 1024:
        write_raw(out, b"s", raw)
    else:
        out += b"s%x:" % size
        out += raw


def _write_bytes(out: bytearray, value: bytes) -> None:
    write_raw(out, b"b", value)


def _write_bytearray(out: bytearray, value: bytearray) -> None:
    write_raw(out, b"B", value)


def _write_ellipsis(out: bytearray, value: Any) -> None:
    out += b"."


def _write_not_implemented(out: bytearray, value: Any) -> None:
    out += b"!"


SIMPLE: Mapping[type, Writer] = {
    type(None): _write_none,
    bool: _write_bool,
    int: _write_int,
    float: _write_float,
    complex: _write_complex,
    str: _write_str,
    bytes: _write_bytes,
    bytearray: _write_bytearray,
    type(Ellipsis): _write_ellipsis,
    NotImplementedType: _write_not_implemented,
}


def encode_path(walk: Walk, value: PurePath) -> None:
    """A path by class and text; what a subclass adds in its ``__dict__`` counts too."""
    walk.out += b"p"
    walk.write_class(type(value))
    walk.write(str(value))
    walk.write(getattr(value, "__dict__", None))


def encode_memoryview(walk: Walk, value: memoryview) -> None:
    """A view by format, shape and bytes, and whether it can be written to."""
    walk.out += b"v"
    walk.write(value.readonly)
    walk.write(value.format)
    walk.write(value.shape)
    walk.write_buffer(b"b", value.tobytes())


def encode_array(walk: Walk, value: Any) -> None:
    """An `array.array` by type code and bytes."""
    walk.out += b"a"
    walk.write(value.typecode)
    walk.write_buffer(b"b", memoryview(value).cast("B") if value else b"")


def encode_struct(walk: Walk, value: struct.Struct) -> None:
    """A compiled format of `struct` by its text."""
    walk.out += b"S"
    walk.write(value.format)


def encode_range(walk: Walk, value: range) -> None:
    """A range by its three numbers: two ranges of equal items may differ in them, and show it."""
    walk.out += b"r"
    for number in (value.start, value.stop, value.step):
        walk.write(number)


def encode_slice(walk: Walk, value: slice) -> None:
    """A slice by its three parts, which may be anything."""
    walk.out += b":"
    for part in (value.start, value.stop, value.step):
        walk.write(part)
