"""Encodes what polars makes: frames and series by names, types and values. Never imports polars.

What lies behind a null is anything, and counts for nothing; nor does how a column is cut into chunks. So each part of a
column (where its nulls are, how long its texts are, its values) is digested as a stream of bytes of its own.
"""

from __future__ import annotations

import array
import sys
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.walk import Handler, Walk

_ROWS = 1 << 16
_CODES = {"Int8": "b", "Int16": "h", "Int32": "i", "Int64": "q", "UInt8": "B", "UInt16": "H", "UInt32": "I"}
_CODES |= {"UInt64": "Q", "Float32": "f", "Float64": "d"}


def find_polars_handler(cls: type) -> Handler | None:
    """The handler of a polars class; None where its own pickling will do."""
    polars = sys.modules.get("polars")
    if polars is None:
        return None
    if issubclass(cls, polars.DataFrame):
        return encode_polars_frame
    return encode_polars_series if issubclass(cls, polars.Series) else None


def encode_polars_frame(walk: Walk, value: Any) -> None:
    """A frame by class, height, names, types and values."""
    walk.out += b"l%x;%x;" % (value.width, value.height)
    walk.write_class(type(value))
    for series in value.get_columns():
        walk.write_text(series.name)
        _write_values(walk, series)


def encode_polars_series(walk: Walk, value: Any) -> None:
    """A series by class, name, type and values."""
    walk.out += b"q"
    walk.write_class(type(value))
    walk.write_text(value.name)
    _write_values(walk, value)


def _write_values(walk: Walk, series: Any) -> None:
    dtype = series.dtype
    walk.write_text(repr(dtype))
    walk.out += b"%x;" % len(series)
    if series.null_count():
        walk.out += b"0"
        _write_numbers(walk, series.is_null().arg_true().cast(sys.modules["polars"].UInt64))
        series = series.drop_nulls()
    kind = dtype.base_type().__name__
    write = _WRITERS.get(kind)
    if write is not None:
        write(walk, series)
    elif kind in _CODES or dtype.is_temporal():
        _write_numbers(walk, series.to_physical())
    elif kind != "Null":
        walk.write(series.to_list())


def _write_numbers(walk: Walk, series: Any) -> None:
    hasher = blake3()
    for chunk in series.get_chunks():
        hasher.update(_bytes_of(chunk))
    walk.out += hasher.digest()


def _bytes_of(chunk: Any) -> memoryview:
    try:
        values = chunk.to_numpy()
    except ModuleNotFoundError:
        # polars works without numpy, only slower
        return memoryview(array.array(_CODES[chunk.dtype.base_type().__name__], chunk.to_list())).cast("B")
    return memoryview(values).cast("B") if len(values) else memoryview(b"")


def _write_flags(walk: Walk, series: Any) -> None:
    _write_numbers(walk, series.cast(sys.modules["polars"].UInt8))


def _write_texts(walk: Walk, series: Any) -> None:
    _write_numbers(walk, series.str.len_bytes())
    hasher = blake3()
    for start in range(0, len(series), _ROWS):
        hasher.update(series.slice(start, _ROWS).str.join("").item().encode())
    walk.out += hasher.digest()


def _write_binary(walk: Walk, series: Any) -> None:
    _write_numbers(walk, series.bin.size())
    hasher = blake3()
    for start in range(0, len(series), _ROWS):
        hasher.update(b"".join(series.slice(start, _ROWS).to_list()))
    walk.out += hasher.digest()


def _write_categories(walk: Walk, series: Any) -> None:
    categories = getattr(series.dtype, "categories", None)
    # a named set of categories is another type than the one that all share
    walk.write_text("" if categories is None else repr(categories))
    _write_texts(walk, series.cast(sys.modules["polars"].String))


def _write_lists(walk: Walk, series: Any) -> None:
    lengths = series.list.len()
    _write_numbers(walk, lengths)
    # an empty list would become a null
    _write_values(walk, series.filter(lengths > 0).explode() if len(series) else series.explode())


def _write_rows(walk: Walk, series: Any) -> None:
    _write_lists(walk, series.arr.to_list())


def _write_structs(walk: Walk, series: Any) -> None:
    for field in series.dtype.fields:
        walk.write_text(field.name)
        _write_values(walk, series.struct.field(field.name))


_WRITERS = {
    "Boolean": _write_flags,
    "String": _write_texts,
    "Binary": _write_binary,
    "Categorical": _write_categories,
    "List": _write_lists,
    "Array": _write_rows,
    "Struct": _write_structs,
}
