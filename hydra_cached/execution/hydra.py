"""The import path of release 1.0rc1 for `instantiate`. New code imports it from `hydra_cached`."""

from __future__ import annotations

from typing import Any

from hydra_cached.api import instantiate
from hydra_cached.targets import target_id

__all__ = ["convert_target_to_string", "instantiate"]


def convert_target_to_string(target: Any) -> Any:
    """The id of a callable; anything else comes back as it is."""
    return target_id(target) if callable(target) else target
