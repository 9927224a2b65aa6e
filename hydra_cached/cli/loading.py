"""Loads what the command line names, however deep it is nested. Reads no config itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from hydra_cached.errors import ConfigError
from hydra_cached.fingerprint.depth import call_deep

if TYPE_CHECKING:
    from hydra_cached.config import Choice
    from hydra_cached.config.pipelines import Pipeline, Sweep

T = TypeVar("T")


def load_one(choice: Choice) -> Pipeline:
    """Load the config that is named; see `hydra_cached.config.load_choice`.

    Raises:
        ConfigError: as there, or it is nested too deep.
    """
    from hydra_cached.config import load_choice

    return at_any_depth(lambda: load_choice(choice))


def load_all(choice: Choice) -> Sweep:
    """Load the configs of a sweep; see `hydra_cached.config.load_sweep`.

    Raises:
        ConfigError: as there, or they are nested too deep.
    """
    from hydra_cached.config import load_sweep

    return at_any_depth(lambda: load_sweep(choice))


def at_any_depth(function: Callable[[], T]) -> T:
    """The result of ``function``, on a larger stack where it needs one.

    Raises:
        ConfigError: not even that is enough.
    """
    try:
        return call_deep(function)
    except RecursionError as exc:
        raise ConfigError("the config is nested too deep", hint="build it of fewer levels") from exc
