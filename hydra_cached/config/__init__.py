"""Turns what a user names into a config: a module, a file, an object in either, and overrides. Instantiates nothing."""

from hydra_cached.config.overrides import apply_overrides
from hydra_cached.config.pipelines import Choice, Pipeline, Sweep, load_choice, load_pipeline, load_sweep
from hydra_cached.config.python_modules import make_cwd_importable
from hydra_cached.config.sweeps import SweepPoint

__all__ = [
    "Choice",
    "Pipeline",
    "Sweep",
    "SweepPoint",
    "apply_overrides",
    "load_choice",
    "load_pipeline",
    "load_sweep",
    "make_cwd_importable",
]
