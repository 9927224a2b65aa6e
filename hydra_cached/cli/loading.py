"""Loads what the command line names, however deep it is nested. Reads no config itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hydra_cached.config import Choice
    from hydra_cached.config.pipelines import Pipeline, Sweep


def load_one(choice: Choice) -> Pipeline:
    """Load the config that is named; see `hydra_cached.config.load_choice`.

    Raises:
        ConfigError: as there, or it is nested too deep.
    """
    from hydra_cached.config import load_choice
    from hydra_cached.graph.nesting import at_any_depth

    return at_any_depth(lambda: load_choice(choice))


def load_all(choice: Choice) -> Sweep:
    """Load the configs of a sweep; see `hydra_cached.config.load_sweep`.

    Raises:
        ConfigError: as there, or they are nested too deep.
    """
    from hydra_cached.config import load_sweep
    from hydra_cached.graph.nesting import at_any_depth

    return at_any_depth(lambda: load_sweep(choice))
