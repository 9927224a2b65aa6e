"""Turns what a user names into a config: a module, a file, an object in either, and overrides. Instantiates nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hydra_cached.config.overrides import apply_overrides
    from hydra_cached.config.pipelines import Choice, Pipeline, Sweep, load_choice, load_pipeline, load_sweep
    from hydra_cached.config.sweeps import SweepPoint

# what is imported when it is first asked for: every command imports from this room, and some load no config
_HOMES = {
    "Choice": "pipelines",
    "Pipeline": "pipelines",
    "Sweep": "pipelines",
    "SweepPoint": "sweeps",
    "apply_overrides": "overrides",
    "load_choice": "pipelines",
    "load_pipeline": "pipelines",
    "load_sweep": "pipelines",
}

__all__ = [
    "Choice",
    "Pipeline",
    "Sweep",
    "SweepPoint",
    "apply_overrides",
    "load_choice",
    "load_pipeline",
    "load_sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
