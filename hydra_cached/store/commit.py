"""Enters results in the index: entry, use of its object, and the links to it, all in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra_cached.store.entry import Entry
from hydra_cached.store.objects import CHECK_ONCE_BYTES
from hydra_cached.store.record import CHECK, USE
from hydra_cached.store.removal import remove_unused_object

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows


def commit_entry(
    rows: Rows, entry: Entry, body: bytes, state: bytes, *, replace: bool = False, conditions: str = ""
) -> Entry | None:
    """Enter an entry unless there is a good one of its key. Only inside a transaction.

    Args:
        body: the entry as its row says it.
        state: of the object's file, when that was found right.
        replace: enter it in any case.
        conditions: digest of the conditions on which the recipe leads to it, "" for none.

    Returns:
        The entry that is there now; None when its object vanished.
    """
    key, info, digest = entry.key, entry.info, entry.object_digest
    if digest is not None and not rows.objects.has(digest):
        return None
    present = rows.entry_to_keep(key)
    current = entry if present is None or replace else present
    if current is entry:
        rows.put_entry(entry, body)
        if digest is not None:
            rows.put_use(digest, key)
            if entry.size_bytes > CHECK_ONCE_BYTES:
                rows.put(CHECK + digest, state)
    # an object that was written in vain, or that is replaced
    for unused in (digest, None if present is None else present.object_digest):
        if unused is not None and unused != current.object_digest:
            rows.index.delete(USE + unused + key)
            remove_unused_object(rows, unused)
    rows.put_latest(info.target, info.path, key)
    if info.recipe_key is not None:
        rows.put_link(info.recipe_key, key, conditions)
    return current
