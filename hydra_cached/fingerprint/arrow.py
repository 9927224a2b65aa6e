"""Encodes what pyarrow makes: tables and arrays by names, types and values. Never imports pyarrow.

What lies behind a null or outside a slice is anything, and counts for nothing; nor does how a column is cut into
chunks. So each part of a column (where its nulls are, how long its texts are, its values) is a stream of bytes of its
own, fed chunk by chunk without a copy.
"""

from __future__ import annotations

import sys
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.walk import Handler, Walk


def find_arrow_handler(cls: type) -> Handler | None:
    """The handler of a pyarrow class; None where its own pickling will do."""
    arrow = sys.modules.get("pyarrow")
    if arrow is None:
        return None
    for base, handler in (
        ((arrow.Table, arrow.RecordBatch), encode_arrow_table),
        ((arrow.Array, arrow.ChunkedArray), encode_arrow_array),
        (arrow.Scalar, encode_arrow_scalar),
        (arrow.Buffer, encode_arrow_buffer),
    ):
        if issubclass(cls, base):
            return handler
    return None


def encode_arrow_table(walk: Walk, value: Any) -> None:
    """A table or batch by class, schema with metadata, and values."""
    walk.out += b"y%x;" % value.num_columns
    walk.write_class(type(value))
    walk.write(value.schema.metadata)
    for field, column in zip(value.schema, value.columns, strict=True):
        _write_field(walk, field)
        _write_column(walk, column)


def encode_arrow_array(walk: Walk, value: Any) -> None:
    """An array by class, type and values."""
    walk.out += b"z"
    # of each type there is a class; of chunked arrays only one
    walk.write_class(type(value))
    _write_column(walk, value)


def encode_arrow_scalar(walk: Walk, value: Any) -> None:
    """A single value as the array that holds only it."""
    arrow = sys.modules["pyarrow"]
    walk.out += b"K"
    walk.write_class(type(value))
    _write_column(walk, arrow.repeat(value, 1))


def encode_arrow_buffer(walk: Walk, value: Any) -> None:
    """A buffer by its bytes."""
    walk.out += b"W"
    walk.write_buffer(b"b", memoryview(value))


def _write_column(walk: Walk, array: Any) -> None:
    chunks = [array]
    if hasattr(array, "chunks"):
        chunks = array.unify_dictionaries().chunks if array.num_chunks > 1 else array.chunks
    part = _Part(array.type)
    for chunk in chunks:
        part.feed(chunk)
    part.write_to(walk)


def _write_field(walk: Walk, field: Any) -> None:
    walk.write_text(field.name)
    walk.write((bool(field.nullable), field.metadata))


class _Part:
    """A column, or a column within one (the items of its lists, a field of its structs): what it holds, as streams."""

    __slots__ = ("_children", "_dictionary", "_feed", "_length", "_lengths", "_nulls", "_objects", "_type", "_values")

    def __init__(self, kind: Any) -> None:
        types = sys.modules["pyarrow"].types
        self._type = kind
        self._length = 0
        self._nulls, self._lengths, self._values = blake3(), blake3(), blake3()
        self._objects: list[Any] | None = None
        self._dictionary: Any = None
        self._children: list[_Part] = []
        self._feed: Any = self._feed_fixed
        if isinstance(kind, sys.modules["pyarrow"].BaseExtensionType):
            self._children, self._feed = [_Part(kind.storage_type)], self._feed_extension
        elif types.is_dictionary(kind):
            self._children, self._feed = [_Part(kind.index_type), _Part(kind.value_type)], self._feed_dictionary
        elif types.is_struct(kind):
            self._children, self._feed = [_Part(kind.field(i).type) for i in range(kind.num_fields)], self._feed_struct
        elif types.is_map(kind):
            self._children, self._feed = [_Part(kind.key_type), _Part(kind.item_type)], self._feed_map
        elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            self._children, self._feed = [_Part(kind.value_type)], self._feed_list
        elif _is_text(kind):
            self._feed = self._feed_text
        elif types.is_null(kind):
            self._feed = _feed_nothing
        elif not _is_fixed(kind):
            self._objects, self._feed = [], self._feed_objects

    def feed(self, array: Any) -> None:
        """Add the next chunk."""
        if array.null_count:
            compute = _compute()
            where = compute.indices_nonzero(array.is_null())
            self._nulls.update(_bytes_of(compute.add(where, self._length).cast("uint64"), 8))
        length = len(array)
        if _is_view(array.type):
            # whose items lie anywhere
            array = array.cast("large_binary" if "binary" in str(array.type) else "large_string")
        if self._feed == self._feed_dictionary:
            self._note_dictionary(array.dictionary)
        self._feed(array.drop_null() if array.null_count else array)
        self._length += length

    def write_to(self, walk: Walk) -> None:
        """Append type and content."""
        kind = self._type
        walk.write_text(str(kind))
        for i in range(kind.num_fields):
            _write_field(walk, kind.field(i))
        if self._feed == self._feed_extension:
            walk.write_text(kind.extension_name)
            walk.write(kind.__arrow_ext_serialize__() if hasattr(kind, "__arrow_ext_serialize__") else None)
        walk.out += b"%x;" % self._length
        for stream in (self._nulls, self._lengths, self._values):
            walk.out += stream.digest()
        walk.write(self._objects)
        for child in self._children:
            child.write_to(walk)

    def _feed_fixed(self, array: Any) -> None:
        types = sys.modules["pyarrow"].types
        if types.is_boolean(array.type):
            # a slice of bits may begin inside a byte
            array = array.cast("uint8")
        self._values.update(_bytes_of(array, array.type.bit_width // 8))

    def _feed_text(self, array: Any) -> None:
        self._lengths.update(_bytes_of(_compute().binary_length(array).cast("int64"), 8))
        _, offsets, values = array.buffers()
        if len(array) and values is not None:
            plain = memoryview(offsets).cast("B")
            ends = plain.cast("q") if "large" in str(array.type) else plain.cast("i")
            first, last = ends[array.offset], ends[array.offset + len(array)]
            self._values.update(memoryview(values).cast("B")[first:last])

    def _feed_list(self, array: Any) -> None:
        if hasattr(array, "offsets"):
            self._feed_lengths(array.offsets)
        self._children[0].feed(array.flatten())

    def _feed_map(self, array: Any) -> None:
        ends = array.offsets
        self._feed_lengths(ends)
        for child, values in zip(self._children, (array.keys, array.items), strict=True):
            child.feed(values[ends[0].as_py() : ends[-1].as_py()])

    def _feed_lengths(self, ends: Any) -> None:
        self._lengths.update(_bytes_of(_compute().subtract(ends[1:], ends[:-1]).cast("int64"), 8))

    def _feed_struct(self, array: Any) -> None:
        for child, values in zip(self._children, array.flatten(), strict=True):
            child.feed(values)

    def _feed_dictionary(self, array: Any) -> None:
        # unified dictionaries may come with narrower indices
        self._children[0].feed(array.indices.cast(self._type.index_type))

    def _note_dictionary(self, dictionary: Any) -> None:
        if self._dictionary is None or not dictionary.equals(self._dictionary):
            self._lengths.update(b"%x;" % self._length)
            self._dictionary = dictionary
            self._children[1].feed(dictionary)

    def _feed_extension(self, array: Any) -> None:
        self._children[0].feed(array.storage)

    def _feed_objects(self, array: Any) -> None:
        assert self._objects is not None
        self._objects.extend(array.to_pylist())


def _feed_nothing(array: Any) -> None:
    """All values are null."""


def _is_text(kind: Any) -> bool:
    types = sys.modules["pyarrow"].types
    found = types.is_string(kind) or types.is_binary(kind) or types.is_large_string(kind) or types.is_large_binary(kind)
    return found or _is_view(kind)


def _is_view(kind: Any) -> bool:
    return str(kind) in {"string_view", "binary_view"}


def _is_fixed(kind: Any) -> bool:
    types = sys.modules["pyarrow"].types
    if types.is_nested(kind):
        return False
    try:
        return kind.bit_width in (1, 8, 16, 32, 64, 128, 256) or types.is_fixed_size_binary(kind)
    except ValueError:
        return False


def _bytes_of(array: Any, width: int) -> memoryview | bytes:
    """The values of an array of ``width`` bytes each, without a copy."""
    values = array.buffers()[1]
    if values is None or not len(array):
        return b""
    return memoryview(values).cast("B")[array.offset * width : (array.offset + len(array)) * width]


def _compute() -> Any:
    import importlib

    # part of pyarrow, and not loaded by it
    return importlib.import_module(f"{sys.modules['pyarrow'].__name__}.compute")
