"""Arrays that pickle would copy or change: with gaps, masked, of numpy's derived classes. Others pickle well."""

from __future__ import annotations

from typing import Any

import numpy as np

from hydra_cached.store.serializers import Reducer, Reducers


def find_reducer(cls: type, reducers: Reducers) -> Reducer | None:
    """How arrays of ``cls`` are taken apart; None as they pickle."""
    if cls is np.ndarray:
        return _reduce_array
    if cls in (np.memmap, np.matrix, np.recarray):
        return _reduce_derived
    return _reduce_masked if cls is np.ma.MaskedArray else None


def _reduce_array(array: Any) -> Any:
    if not array.flags.forc and not array.dtype.hasobject:
        # pickle would copy it twice
        array = np.ascontiguousarray(array)
    return array.__reduce_ex__(5)


def _reduce_derived(array: Any) -> Any:
    return view_as, (array.view(np.ndarray), type(array))


def _reduce_masked(array: Any) -> Any:
    if array is np.ma.masked or array._optinfo or array.dtype.hasobject or array._baseclass is not np.ndarray:
        return array.__reduce_ex__(5)
    mask = np.ma.getmask(array)
    mask = None if mask is np.ma.nomask else mask
    return load_masked, (np.ma.getdata(array), mask, array._fill_value, bool(array.hardmask))


def view_as(array: Any, cls: type) -> Any:
    """An array as one of a derived class."""
    return array.view(cls)


def load_masked(values: Any, mask: Any, fill_value: Any, is_hard: bool) -> Any:
    """A masked array of its parts, none of them copied."""
    made = np.ma.MaskedArray(values, mask=np.ma.nomask if mask is None else mask, copy=False, hard_mask=is_hard)
    if fill_value is not None:
        made.fill_value = fill_value
    return made
