"""Turns what a user names into a config: a module, a file, an object in either, and overrides. Instantiates nothing."""

from hydra_cached.config.overrides import apply_overrides
from hydra_cached.config.pipelines import Pipeline, load_pipeline
from hydra_cached.config.python_modules import make_cwd_importable

__all__ = ["Pipeline", "apply_overrides", "load_pipeline", "make_cwd_importable"]
