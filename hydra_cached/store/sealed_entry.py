"""The sealed record of an entry, as object files carry it, made without opening the store."""

from __future__ import annotations

from hydra_cached.store.entry import EntryInfo
from hydra_cached.store.payload import Payload
from hydra_cached.store.record import ENTRY, pack_entry
from hydra_cached.store.seal import Seal, load_key


def seal_entry(info: EntryInfo, payload: Payload, store_id: bytes) -> bytes:
    """What an object file says of itself, valid in one store only.

    Raises:
        StoreError: the user's key cannot be used.
    """
    body = pack_entry(info, payload.codec, payload.size_bytes, None, payload.digest)
    return Seal(load_key(), store_id).wrap(ENTRY + info.key, body)
