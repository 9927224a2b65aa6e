"""Enters results in the index: the payload first, then entry, use of its object and links to it in one transaction."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hydra_cached.errors import StoreError
from hydra_cached.store.entry import Entry
from hydra_cached.store.objects import CHECK_ONCE_BYTES
from hydra_cached.store.record import CHECK, ENTRY, USE
from hydra_cached.store.removal import remove_unused_object

if TYPE_CHECKING:
    from hydra_cached.store.payload import Payload
    from hydra_cached.store.rows import Rows

_ATTEMPTS = 5


def put_entry(
    rows: Rows, entry: Entry, body: bytes, payload: Payload, *, replace: bool = False, conditions: str = ""
) -> Entry:
    """Write the payload of an entry, and enter it unless there is a good one of its key.

    Args:
        body: the entry as its row says it.
        replace: enter it in any case.
        conditions: digest of the conditions on which the recipe leads to it, "" for none.

    Returns:
        The entry that is there now.

    Raises:
        StoreError: it cannot be written.
    """
    digest = entry.object_digest
    for _ in range(_ATTEMPTS):
        state = b"" if digest is None else rows.objects.write(payload, rows.seal.wrap(ENTRY + entry.key, body))
        committed = rows.index.write(
            partial(commit_entry, rows, entry, body, state, replace=replace, conditions=conditions)
        )
        # None when another process deleted the object in between: then once more
        if committed is not None:
            return committed
    raise StoreError(f'the object of result {entry.key[:12]} keeps vanishing from "{rows.objects.folder}"')


def enter_entry(rows: Rows, entry: Entry, body: bytes, *, replace: bool = False, conditions: str = "") -> Entry:
    """Enter an entry whose payload is in it, or was written by somebody else. Arguments and result as for `put_entry`.

    Raises:
        StoreError: it cannot be written, or its object is gone.
    """
    state, digest = b"", entry.object_digest
    if digest is not None:
        state = rows.peek(CHECK + digest) or b""
        rows.objects.add_note(digest, rows.seal.wrap(ENTRY + entry.key, body))
    committed = rows.index.write(
        partial(commit_entry, rows, entry, body, state, replace=replace, conditions=conditions)
    )
    if committed is None:
        raise StoreError(f"the object of result {entry.key[:12]} is gone", hint="run the pipeline again")
    return committed


def commit_entry(
    rows: Rows,
    entry: Entry,
    body: bytes,
    state: bytes,
    *,
    replace: bool = False,
    conditions: str = "",
    is_linked: bool = True,
) -> Entry | None:
    """Enter an entry unless there is a good one of its key. Only inside a transaction.

    Args:
        body: the entry as its row says it.
        state: of the object's file, when that was found right.
        replace: enter it in any case.
        conditions: digest of the conditions on which the recipe leads to it, "" for none.
        is_linked: whether its recipe leads to it from now on.

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
        if digest is not None and entry.size_bytes > CHECK_ONCE_BYTES:
            rows.put(CHECK + digest, state)
    if digest is not None and digest == current.object_digest:
        # of an entry that was there already, too: damage may have cost it this row
        rows.put_use(digest, key)
    # an object that was written in vain, or that is replaced
    for unused in (digest, None if present is None else present.object_digest):
        if unused is not None and unused != current.object_digest:
            rows.index.delete(USE + unused + key)
            remove_unused_object(rows, unused)
    rows.put_latest(info.target, info.path, key)
    if is_linked and info.recipe_key is not None:
        rows.put_link(info.recipe_key, key, conditions)
    return current
