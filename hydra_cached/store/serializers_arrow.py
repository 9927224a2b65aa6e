"""Slices of pyarrow arrays: pickle would write all that they are slices of. Frames of pandas hold such arrays too."""

from __future__ import annotations

from typing import Any

import pyarrow as arrow

from hydra_cached.store.serializers import Reducer, Reducers

_MARGIN_BYTES = 4096


def find_reducer(cls: type, reducers: Reducers) -> Reducer | None:
    """How arrays of ``cls`` are taken apart; None for what else there is, which holds arrays."""
    return _reduce_array if issubclass(cls, arrow.Array) else None


def _reduce_array(array: Any) -> Any:
    try:
        if array.get_total_buffer_size() > 1.1 * array.nbytes + _MARGIN_BYTES:
            array = arrow.concat_arrays([array, array[:0]])
    except (arrow.ArrowException, NotImplementedError):
        # of a type that cannot be joined: then all of it
        pass
    return array.__reduce_ex__(5)
