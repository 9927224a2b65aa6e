"""Encodes what polars and pyarrow make: tables and columns by names, types and values. Never imports either."""

from __future__ import annotations

import sys
from typing import Any

from hydra_cached.fingerprint.walk import Handler, Walk


def find_polars_handler(cls: type) -> Handler | None:
    """The handler of a polars class; None where its own pickling will do."""
    polars = sys.modules.get("polars")
    if polars is None:
        return None
    if issubclass(cls, polars.DataFrame):
        return encode_polars_frame
    return encode_polars_series if issubclass(cls, polars.Series) else None


def find_arrow_handler(cls: type) -> Handler | None:
    """The handler of a pyarrow class; None where its own pickling will do."""
    arrow = sys.modules.get("pyarrow")
    if arrow is None:
        return None
    if issubclass(cls, (arrow.Table, arrow.RecordBatch)):
        return encode_arrow_table
    return encode_arrow_array if issubclass(cls, (arrow.Array, arrow.ChunkedArray)) else None


def encode_polars_frame(walk: Walk, value: Any) -> None:
    """A polars frame by class, names, dtypes and values."""
    walk.out += b"l%x;" % len(value.columns)
    walk.write_class(type(value))
    for series in value.get_columns():
        _write_series(walk, series)


def encode_polars_series(walk: Walk, value: Any) -> None:
    """A polars series by class, name, dtype and values."""
    walk.out += b"q"
    walk.write_class(type(value))
    _write_series(walk, value)


def encode_arrow_table(walk: Walk, value: Any) -> None:
    """An arrow table or batch by class, schema with metadata, and values; how it is cut into chunks does not count."""
    walk.out += b"y%x;" % value.num_columns
    walk.write_class(type(value))
    walk.write_text(
        value.schema.to_string(show_schema_metadata=True, show_field_metadata=True, truncate_metadata=False)
    )
    for column in value.columns:
        _write_arrow(walk, column)


def encode_arrow_array(walk: Walk, value: Any) -> None:
    """An arrow array by class, type and values; how it is cut into chunks does not count."""
    walk.out += b"z"
    walk.write_class(type(value))
    _write_arrow(walk, value)


def _write_series(walk: Walk, series: Any) -> None:
    dtype = series.dtype
    walk.write_text(series.name)
    walk.write_text(repr(dtype))
    # bits behind the end and values behind a null are anything: neither may count
    if (dtype.is_numeric() or dtype.is_temporal()) and not repr(dtype).startswith(("Decimal", "Int128", "UInt128")):
        walk.write(series.is_null().to_numpy() if series.null_count() else None)
        walk.write(series.to_physical().fill_null(0).to_numpy())
    elif repr(dtype).startswith(("Categorical", "Enum")):
        walk.write(series.cast(sys.modules["polars"].String).to_list())
    else:
        walk.write(series.to_list())
        if dtype.is_nested():
            # Python's own dates know no nanoseconds
            walk.write(series.to_physical().to_list())


def _write_arrow(walk: Walk, array: Any) -> None:
    arrow = sys.modules["pyarrow"]
    kind = array.type
    walk.write_text(str(kind))
    walk.write(len(array))
    if isinstance(array, arrow.ChunkedArray):
        array = array.combine_chunks()
    if isinstance(array, arrow.ChunkedArray):  # older versions keep a chunk of an empty array
        array = array.chunk(0) if array.num_chunks else arrow.array([], kind)
    types = arrow.types
    if (types.is_integer(kind) or types.is_floating(kind) or types.is_temporal(kind)) and not types.is_interval(kind):
        walk.write(array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None)
        bits = array.view(f"int{kind.bit_width}")
        walk.write(bits.fill_null(0).to_numpy(zero_copy_only=False))
    elif types.is_nested(kind) or types.is_dictionary(kind) or isinstance(array, arrow.ExtensionArray):
        stream = arrow.BufferOutputStream()
        with arrow.ipc.new_stream(stream, arrow.schema([("", kind)])) as writer:
            writer.write_batch(arrow.record_batch([array], names=[""]))
        walk.write_buffer(b"b", memoryview(stream.getvalue()))
    else:
        walk.write(array.to_pylist())
