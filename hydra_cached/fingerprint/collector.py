"""Keeps Python's cyclic garbage collector from looking through what is made to stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_VERY_MANY = 30_000


@contextmanager
def pause_collection() -> Iterator[None]:
    """Pause the cyclic garbage collector: reading makes many containers, all of which stay.

    Looking through all of them again and again takes as long as the reading itself. Where they are very many, they are
    old from the beginning: else the collections to come would look through all of them once for each generation.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        # not for less: younger garbage of the caller's becomes old with them
        if gc.get_count()[0] > _VERY_MANY and not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()


@contextmanager
def leave_out() -> Iterator[None]:
    """Leave what exists now out of collections until the end: a full one looks through all of it.

    What becomes garbage of it meanwhile is collected after the end; what is made meanwhile, as ever.
    """
    if gc.get_freeze_count():
        # somebody did so before, and may not want it undone
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
