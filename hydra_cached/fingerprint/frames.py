"""Encodes what pandas makes: frames, series and indexes by labels, dtypes and values, however they lie in memory."""

from __future__ import annotations

from typing import Any

from hydra_cached.fingerprint.arrays import write_bytes_of
from hydra_cached.fingerprint.walk import Handler, Undigestible, Walk


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
    for name, column in value.items():
        try:
            _write_column(walk, column.array)
        except Undigestible as stop:
            raise stop.below(f"[{name!r:.60}]") from None


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


def _write_column(walk: Walk, array: Any) -> None:
    import numpy as np
    import pandas as pd

    dtype = array.dtype
    if isinstance(array, pd.arrays.NumpyExtensionArray):
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
    if isinstance(array, pd.Categorical):
        walk.write(array.categories)
        walk.write(bool(array.ordered))
        _write_column(walk, array.codes)
    elif isinstance(dtype, pd.StringDtype):
        walk.write(repr(dtype.na_value))
        walk.write(dtype.storage)
        walk.write(array.to_numpy(dtype=object).tolist())
    elif isinstance(array, (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)):
        # what lies under the mask is anything
        hidden = np.asarray(array._mask)
        shown = np.array(array._data, copy=True)
        shown[hidden] = np.zeros((), shown.dtype)
        _write_column(walk, shown)
        _write_column(walk, hidden)
    elif isinstance(dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)) or dtype.kind in "mM":
        walk.write(dtype.__reduce_ex__(5) if isinstance(dtype, pd.DatetimeTZDtype) else None)
        _write_column(walk, array.asi8)
    else:
        # intervals, sparse and arrow arrays, and extensions: as they pickle
        walk.write(list(array.__reduce_ex__(5)[1:]))
