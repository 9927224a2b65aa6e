"""The import path of release 1.0rc1 for `not_deterministic`. New code imports it from `hydra_cached`."""

from __future__ import annotations

from hydra_cached.targets import not_deterministic

__all__ = ["not_deterministic"]
