"""Encodes what pandas makes: frames, series and indexes by labels, dtypes and values, however they lie in memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.arrays import write_bytes_of
from hydra_cached.fingerprint.walk import Handler, Undigestible, Walk

_NUMBERS = frozenset("biufc")
_NARROW_BYTES = 1 << 20
"""Columns of numbers up to this length are digested together, for each one by itself costs more than its bytes."""

_PIECE_BYTES = 4 << 20
_TILE_ROWS = 8192


def find_pandas_handler(cls: type) -> Handler | None:
    """The handler of a pandas class or a class derived from one; None where its own pickling will do."""
    import pandas as pd  # type: ignore[import-untyped]

    for base, handler in (
        (pd.DataFrame, encode_frame),
        (pd.Series, encode_series),
        (pd.RangeIndex, encode_range_index),
        (pd.MultiIndex, encode_multi_index),
        (pd.Index, encode_index),
        (pd.api.extensions.ExtensionArray, encode_extension_array),
    ):
        if issubclass(cls, base):
            return handler
    return None


def encode_frame(walk: Walk, value: Any) -> None:
    """A frame by class, columns, index, attributes and each column's dtype and values."""
    walk.out += b"J"
    walk.write_class(type(value))
    walk.write(value.columns)
    walk.write(value.index)
    _write_notes(walk, value)
    for dtype, first, last in _find_runs(value):
        if dtype is not None and len(value) * dtype.itemsize <= _NARROW_BYTES:
            _write_narrow(walk, dtype, value.iloc[:, first:last])
        elif dtype is not None:
            _write_tall(walk, dtype, [value.iloc[:, position].to_numpy() for position in range(first, last)])
        else:
            try:
                _write_column(walk, value.iloc[:, first].array)
            except Undigestible as stop:
                raise stop.below(f"[{value.columns[first]!r:.60}]") from None


def encode_series(walk: Walk, value: Any) -> None:
    """A series by class, name, index, attributes, dtype and values."""
    walk.out += b"H"
    walk.write_class(type(value))
    walk.write(value.name)
    walk.write(value.index)
    _write_notes(walk, value)
    _write_column(walk, value.array)


def encode_range_index(walk: Walk, value: Any) -> None:
    """A counted index by its three numbers."""
    walk.out += b"R"
    walk.write_class(type(value))
    walk.write((value.start, value.stop, value.step))
    walk.write(value.name)


def encode_multi_index(walk: Walk, value: Any) -> None:
    """An index of several levels: names, levels and codes."""
    walk.out += b"X"
    walk.write_class(type(value))
    walk.write(list(value.names))
    walk.write(list(value.levels))
    for codes in value.codes:
        _write_column(walk, codes)


def encode_index(walk: Walk, value: Any) -> None:
    """An index by class, name, dtype and values; of dates, with its frequency."""
    walk.out += b"Y"
    walk.write_class(type(value))
    walk.write(value.name)
    walk.write(getattr(value, "freqstr", None))
    _write_column(walk, value.array)


def encode_extension_array(walk: Walk, value: Any) -> None:
    """An array of pandas' own by class, dtype and values."""
    walk.out += b"Z"
    walk.write_class(type(value))
    _write_column(walk, value)


def _write_notes(walk: Walk, value: Any) -> None:
    walk.write(value.attrs)
    walk.write(value.flags.allows_duplicate_labels)
    walk.write([(name, getattr(value, name, None)) for name in value._metadata if name != "_name"])


# --- columns of numbers: which are digested together depends on their dtypes and length alone, not on their memory ---


def _find_runs(frame: Any) -> Iterator[tuple[Any, int, int]]:
    """First and last position of columns of numbers of one dtype; any other column by itself, without a dtype."""
    import numpy as np

    run: Any = None
    begun = position = 0
    # by identity first, which is quick; columns of equal dtypes may have different objects
    for _, group in groupby(frame.dtypes.tolist(), id):
        dtypes = list(group)
        is_numbers = isinstance(dtypes[0], np.dtype) and dtypes[0].kind in _NUMBERS
        if run is not None and not (is_numbers and dtypes[0] == run):
            yield run, begun, position
            run = None
        if not is_numbers:
            yield from ((None, each, each + 1) for each in range(position, position + len(dtypes)))
        elif run is None:
            run, begun = dtypes[0], position
        position += len(dtypes)
    if run is not None:
        yield run, begun, position


def _write_narrow(walk: Walk, dtype: Any, columns: Any) -> None:
    """Short columns as one run of bytes, column after column."""
    import numpy as np

    height, width = columns.shape
    walk.out += b"d"
    walk.write((width, height))
    walk.write(dtype)
    hasher = blake3()
    step = max(1, _PIECE_BYTES // max(1, height * dtype.itemsize))
    for first in range(0, width if height else 0, step):
        piece = np.ascontiguousarray(columns.iloc[:, first : first + step].to_numpy().T)
        hasher.update(piece.reshape(-1).view(np.uint8).data)
    walk.out += hasher.digest()


def _write_tall(walk: Walk, dtype: Any, arrays: list[Any]) -> None:
    """Long columns, each by itself; those that lie row by row in memory are read together, some rows at a time."""
    import numpy as np

    strided = [each for each in arrays if not each.flags.c_contiguous]
    hashers = {id(each): blake3() for each in strided}
    for first in range(0, len(strided[0]) if strided else 0, _TILE_ROWS):
        for each in strided:
            hashers[id(each)].update(np.ascontiguousarray(each[first : first + _TILE_ROWS]).view(np.uint8).data)
    for each in arrays:
        walk.out += b"n"
        walk.write(dtype)
        walk.write(len(each))
        if id(each) in hashers:
            # the same as for a contiguous one
            walk.out += b"%%%b%x:" % (b"b", each.nbytes)
            walk.out += hashers[id(each)].digest()
        else:
            write_bytes_of(walk, each)


def _write_column(walk: Walk, array: Any) -> None:
    import numpy as np
    import pandas as pd

    dtype = array.dtype
    if isinstance(array, pd.arrays.NumpyExtensionArray) and not isinstance(dtype, pd.StringDtype):
        array = array.to_numpy()
    if isinstance(array, np.ndarray):
        walk.out += b"n"
        walk.write(array.dtype)
        walk.write(len(array))
        if array.dtype.hasobject:
            walk.write(array.tolist())
        else:
            write_bytes_of(walk, array)
        return
    walk.write_class(type(dtype))
    walk.write_text(str(dtype))
    walk.write(len(array))
    if isinstance(dtype, pd.StringDtype):
        walk.write(repr(dtype.na_value))
        walk.write(dtype.storage)
    if isinstance(array, pd.Categorical):
        walk.write(array.categories)
        walk.write(bool(array.ordered))
        _write_column(walk, array.codes)
    elif isinstance(dtype, pd.ArrowDtype) or getattr(dtype, "storage", "").startswith("pyarrow"):
        walk.write(array.__arrow_array__())
    elif isinstance(dtype, pd.StringDtype):
        # how a missing text is spelt is in the dtype
        walk.write(array.to_numpy(dtype=object, na_value=None).tolist())
    elif isinstance(array, (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)):
        # what lies under the mask is anything
        hidden = np.asarray(array._mask)
        shown = array._data
        if hidden.any():
            shown = np.array(shown, copy=True)
            shown[hidden] = np.zeros((), shown.dtype)
        _write_column(walk, shown)
        _write_column(walk, hidden)
    elif isinstance(dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)) or dtype.kind in "mM":
        walk.write(dtype.__reduce_ex__(5) if isinstance(dtype, pd.DatetimeTZDtype) else None)
        _write_column(walk, array.asi8)
    else:
        # intervals, sparse arrays, and extensions: as they pickle
        walk.write(list(array.__reduce_ex__(5)[1:]))
