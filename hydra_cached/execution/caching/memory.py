"""The import path of release 1.0rc1 for its cache in memory. New code uses `hydra_cached.MemoryCache`."""

from __future__ import annotations

from hydra_cached.store import MemoryCache as InMemoryCache

__all__ = ["InMemoryCache"]
