"""The store: entries and payloads in one directory. Owns bytes and their safety; never decides what to run.

Importing this room loads neither diskcache nor sqlite: a store opens its index when it is first asked something.
"""

from __future__ import annotations

from hydra_cached.store.entry import Entry, EntryInfo, EntrySummary
from hydra_cached.store.memory import MemoryCache
from hydra_cached.store.payload import Payload
from hydra_cached.store.redact import redact
from hydra_cached.store.store import Store

__all__ = ["Entry", "EntryInfo", "EntrySummary", "MemoryCache", "Payload", "Store", "redact"]
