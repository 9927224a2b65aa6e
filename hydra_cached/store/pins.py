"""Pins: entries that are kept until they are named. A pin is a row of its own, and goes with its entry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hydra_cached.store.record import ENTRY, PIN, row_range

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

_PINNED = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND raw = 1"


def pinned_keys(rows: Rows) -> set[str]:
    """Keys of the entries that are pinned. A pin whose seal does not pass counts too: it only keeps something.

    Raises:
        StoreError: the index is damaged.
    """
    return {key[len(PIN) :] for (key,) in rows.index.scan(_PINNED, row_range(PIN))}


def set_pins(rows: Rows, keys: Iterable[str], *, is_pinned: bool) -> None:
    """Pin entries, or unpin them. Keys that are not in the store are passed over.

    Raises:
        StoreError: the index is locked or cannot be written.
    """
    wanted = list(keys)

    def change() -> None:
        for key in wanted:
            if not is_pinned:
                rows.index.delete(PIN + key)
            elif rows.index.get(ENTRY + key) is not None:
                rows.put(PIN + key, b"")

    rows.index.write(change)
