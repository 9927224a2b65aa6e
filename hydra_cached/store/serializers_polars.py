"""Large frames of polars by way of pyarrow where it is installed, without a copy; small ones as they pickle."""

from __future__ import annotations

import importlib.util
from typing import Any

import polars

from hydra_cached.store.serializers import Reducer, Reducers

_LARGE_BYTES = 1 << 20
_EXACT = (
    *(polars.Boolean, polars.String, polars.Binary, polars.Date, polars.Datetime, polars.Duration, polars.Time),
    *(polars.Int8, polars.Int16, polars.Int32, polars.Int64, polars.UInt8, polars.UInt16, polars.UInt32),
    *(polars.UInt64, polars.Float32, polars.Float64),
)


def find_reducer(cls: type, reducers: Reducers) -> Reducer | None:
    """How frames and series are taken apart; None for what else there is."""
    if cls is polars.DataFrame:
        return _reduce_frame
    return _reduce_series if cls is polars.Series else None


def _reduce_frame(frame: Any) -> Any:
    if not _is_exact_in_arrow(frame):
        return frame.__reduce_ex__(5)
    return load_frame, (frame.to_arrow(compat_level=polars.CompatLevel.newest()),)


def _reduce_series(series: Any) -> Any:
    if not _is_exact_in_arrow(series.to_frame()):
        return series.__reduce_ex__(5)
    return load_series, (series.to_frame().to_arrow(compat_level=polars.CompatLevel.newest()),)


def load_frame(table: Any) -> Any:
    """The frame of a table, which keeps its memory."""
    return polars.from_arrow(table, rechunk=False)


def load_series(table: Any) -> Any:
    """The only column of a table."""
    return load_frame(table).to_series()


def _is_exact_in_arrow(frame: Any) -> bool:
    if not frame.width or frame.estimated_size() < _LARGE_BYTES:
        return False
    return all(map(_is_exact, frame.dtypes)) and importlib.util.find_spec("pyarrow") is not None


def _is_exact(dtype: Any) -> bool:
    """Whether a column comes back from arrow as it was."""
    if isinstance(dtype, polars.Struct):
        return all(_is_exact(field.dtype) for field in dtype.fields)
    if isinstance(dtype, (polars.List, polars.Array)):
        return _is_exact(dtype.inner)
    return dtype in _EXACT
