"""Sorts values by how they may be shared: immutable, plain data, or objects with an identity. Digests nothing."""

from __future__ import annotations

import array
import datetime
import decimal
import enum
import fractions
import functools
import operator
import re
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    GenericAlias,
    MethodDescriptorType,
    ModuleType,
    NotImplementedType,
    WrapperDescriptorType,
)
from typing import Any
from zoneinfo import ZoneInfo

from hydra_cached.fingerprint.definition import module_label

ATOMIC = frozenset(
    {type(None), bool, int, float, complex, str, bytes, type(Ellipsis), NotImplementedType, range}
    | {FunctionType, CodeType, ModuleType, GenericAlias, MethodDescriptorType, WrapperDescriptorType, type}
    | {datetime.date, datetime.time, datetime.datetime, datetime.timedelta, datetime.timezone, ZoneInfo}
    | {decimal.Decimal, fractions.Fraction, uuid.UUID, re.Pattern}
    | {operator.attrgetter, operator.itemgetter, operator.methodcaller}
    | {PurePath, PurePosixPath, PureWindowsPath, PosixPath, WindowsPath}
)
"""Exact types whose objects never change."""

CONTAINERS = frozenset({list, tuple, dict, set, frozenset, deque, OrderedDict, defaultdict, Counter})
"""Exact types whose objects are nothing but what they contain."""

_BUFFERS = frozenset({bytearray, memoryview, array.array})


def is_immutable(value: Any) -> bool:
    """Whether ``value`` can be given to several owners: nothing in it can change. Exact types; a class in doubt is not.

    >>> is_immutable((1, "a")), is_immutable((1, []))
    (True, False)
    """
    cls = type(value)
    if cls in ATOMIC:
        return True
    if cls is tuple or cls is frozenset:
        return _are_all(is_immutable, value)
    if cls is slice:
        return _are_all(is_immutable, (value.start, value.stop, value.step))
    if cls is BuiltinFunctionType:
        return value.__self__ is None or isinstance(value.__self__, ModuleType)
    if cls is functools.partial:
        return False
    return isinstance(value, (enum.Enum, type)) or is_immutable_scalar(cls)


def is_plain(value: Any) -> bool:
    """Whether ``value`` is data without identity: immutable, or containers, arrays and frames of such data."""
    cls = type(value)
    if cls in ATOMIC or cls in _BUFFERS:
        return True
    if issubclass(cls, dict) and cls in CONTAINERS:
        return _are_all(is_plain, value) and _are_all(is_plain, value.values())
    if cls in CONTAINERS:
        return _are_all(is_plain, value)
    if is_array(value):
        return not value.dtype.hasobject
    return is_frame(cls) or is_config(cls) or is_immutable(value)


def is_immutable_scalar(cls: type) -> bool:
    """Whether ``cls`` is a scalar type or a dtype of numpy or pandas."""
    root = module_label(cls.__module__).partition(".")[0]
    if root == "numpy":
        import numpy as np

        return issubclass(cls, np.dtype) or (issubclass(cls, np.generic) and cls is not np.void)
    if root == "pandas":
        import pandas as pd  # type: ignore[import-untyped]

        scalars = (pd.Timestamp, pd.Timedelta, pd.Period, pd.Interval, pd.offsets.BaseOffset)
        return issubclass(cls, (*scalars, pd.api.extensions.ExtensionDtype, type(pd.NaT), type(pd.NA)))
    return False


def is_array(value: Any) -> bool:
    """Whether ``value`` is exactly a numpy array, plain, masked or mapped from a file."""
    cls = type(value)
    if not module_label(cls.__module__).startswith("numpy"):
        return False
    import numpy as np

    return cls in (np.ndarray, np.ma.MaskedArray, np.memmap, np.recarray, np.matrix)


def is_frame(cls: type) -> bool:
    """Whether ``cls`` is a table, a column or an index of pandas, polars or pyarrow."""
    root = module_label(cls.__module__).partition(".")[0]
    if root == "pandas":
        import pandas as pd

        return issubclass(cls, (pd.DataFrame, pd.Series, pd.Index, pd.api.extensions.ExtensionArray))
    if root == "polars":
        return cls.__name__ in {"DataFrame", "LazyFrame", "Series"}
    suffixes = ("Table", "RecordBatch", "Array", "Scalar", "Schema", "DataType")
    return root == "pyarrow" and cls.__name__.endswith(suffixes)


def is_config(cls: type) -> bool:
    """Whether ``cls`` is a config of omegaconf."""
    return cls.__module__ in {"omegaconf.dictconfig", "omegaconf.listconfig"}


def _are_all(accept: Any, items: Any) -> bool:
    try:
        return all(map(accept, items))
    except RecursionError:
        # in itself, or too deep to look to the bottom
        return False
