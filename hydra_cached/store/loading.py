"""Reads objects for whoever loads a result: sets damaged ones aside, and remembers which were looked through."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.record import CHECK

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows


def read_object(rows: Rows, *, key: str, digest: str) -> tuple[memoryview, ...]:
    """The chunks of an entry's object, checked.

    Raises:
        EntryDamagedError: it changed since it was written, or is gone; it was set aside.
    """
    row_key = CHECK + digest
    checked_state = rows.peek(row_key)
    try:
        found = rows.objects.read(digest, checked_state=checked_state)
    except EntryDamagedError as exc:
        # a file that could not be opened for want of handles or rights may be opened next time
        if not isinstance(exc.__cause__, OSError) or isinstance(exc.__cause__, FileNotFoundError):
            rows.set_object_aside([key], digest)
        raise
    if found.is_large and found.state != checked_state and rows.index.is_writable:
        # so that it need not be read in full next time; a store that cannot be written still gives its values
        with contextlib.suppress(StoreError):
            rows.index.write(lambda: rows.put(row_key, found.state))
    return found.chunks
