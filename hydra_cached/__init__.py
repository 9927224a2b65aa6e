"""Hydra's instantiate, but a build system: runs every distinct call of a config once, and remembers results.

The names below are the public interface. Each is imported at its first use, so that `import hydra_cached` is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra_cached.api import RunOptions, instantiate, plan, run
    from hydra_cached.errors import HydraCachedError
    from hydra_cached.store import MemoryCache, Store, register_serializer
    from hydra_cached.targets import (
        depends_on,
        env,
        input_files,
        not_cached,
        not_deterministic,
        output_files,
        target_id,
        version,
    )

__version__ = "1.0.0rc2"

_HOMES = {
    "instantiate": "hydra_cached.api",
    "plan": "hydra_cached.api",
    "run": "hydra_cached.api",
    "RunOptions": "hydra_cached.api",
    "HydraCachedError": "hydra_cached.errors",
    "MemoryCache": "hydra_cached.store",
    "Store": "hydra_cached.store",
    "depends_on": "hydra_cached.targets",
    "env": "hydra_cached.targets",
    "input_files": "hydra_cached.targets",
    "not_cached": "hydra_cached.targets",
    "not_deterministic": "hydra_cached.targets",
    "output_files": "hydra_cached.targets",
    "register_serializer": "hydra_cached.store",
    "target_id": "hydra_cached.targets",
    "version": "hydra_cached.targets",
}

__all__ = [
    "HydraCachedError",
    "MemoryCache",
    "RunOptions",
    "Store",
    "depends_on",
    "env",
    "input_files",
    "instantiate",
    "not_cached",
    "not_deterministic",
    "output_files",
    "plan",
    "register_serializer",
    "run",
    "target_id",
    "version",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
