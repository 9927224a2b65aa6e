"""The store: entries and payloads in one directory. Owns bytes and their safety; never decides what to run.

Importing this room loads neither diskcache nor sqlite: a store opens its index when it is first asked something.
"""

from __future__ import annotations

from hydra_cached.store.checking import check_loads
from hydra_cached.store.conditions import Conditions, unpack_conditions
from hydra_cached.store.entry import Entry, EntryInfo, EntrySummary
from hydra_cached.store.locks import Claim
from hydra_cached.store.memory import MemoryCache
from hydra_cached.store.objects import ObjectFolder
from hydra_cached.store.payload import Payload, dump_value, load_value
from hydra_cached.store.record import CLOSURE, CODE_MEMO, CONDITIONS, FILE_MEMO, OUTPUTS, TEXT, UNSTORED
from hydra_cached.store.redact import redact
from hydra_cached.store.runs import RunRow, add_run, list_runs, read_run
from hydra_cached.store.sealed_entry import seal_entry
from hydra_cached.store.serializers import register_serializer
from hydra_cached.store.store import Store

__all__ = [
    "CLOSURE",
    "CODE_MEMO",
    "CONDITIONS",
    "FILE_MEMO",
    "OUTPUTS",
    "TEXT",
    "UNSTORED",
    "Claim",
    "Conditions",
    "Entry",
    "EntryInfo",
    "EntrySummary",
    "MemoryCache",
    "ObjectFolder",
    "Payload",
    "RunRow",
    "Store",
    "add_run",
    "check_loads",
    "dump_value",
    "list_runs",
    "load_value",
    "read_run",
    "redact",
    "register_serializer",
    "seal_entry",
    "unpack_conditions",
]
