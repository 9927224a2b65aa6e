"""Encodes what polars and pyarrow make through their own files in memory. Never imports either."""

from __future__ import annotations

import io
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
    """A polars frame by class, schema and values."""
    walk.out += b"l"
    walk.write_class(type(value))
    walk.write([(name, repr(dtype)) for name, dtype in value.schema.items()])
    if _holds_objects(value):
        for name in value.columns:
            walk.write(value.get_column(name).to_list())
        return
    stream = io.BytesIO()
    value.rechunk().write_ipc(stream, compression="uncompressed")
    walk.write_buffer(b"b", stream.getbuffer())


def encode_polars_series(walk: Walk, value: Any) -> None:
    """A polars series by class, name, dtype and values."""
    walk.out += b"q"
    walk.write_class(type(value))
    walk.write(value.to_frame())


def encode_arrow_table(walk: Walk, value: Any) -> None:
    """An arrow table or batch by class, schema with metadata, and values; how it is cut into chunks does not count."""
    arrow = sys.modules["pyarrow"]
    walk.out += b"y"
    walk.write_class(type(value))
    table = arrow.Table.from_batches([value]) if isinstance(value, arrow.RecordBatch) else value
    stream = arrow.BufferOutputStream()
    with arrow.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    walk.write_buffer(b"b", memoryview(stream.getvalue()))


def encode_arrow_array(walk: Walk, value: Any) -> None:
    """An arrow array by class, type and values; how it is cut into chunks does not count."""
    arrow = sys.modules["pyarrow"]
    walk.out += b"z"
    walk.write_class(type(value))
    walk.write(arrow.table({"": value}))


def _holds_objects(frame: Any) -> bool:
    return any(repr(dtype) == "Object" for dtype in frame.dtypes)
