"""From PIPELINE, object name and overrides to a config. Says where it came from; instantiates nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_cached.config.overrides import apply_overrides
from hydra_cached.config.python_modules import import_dotted, import_file, make_cwd_importable
from hydra_cached.config.selection import select_from_document, select_from_module
from hydra_cached.config.spelling import parse_spelling


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A config and where it was found.

    Attributes:
        name: PIPELINE as given.
        config: plain dict or list as far as possible, else an OmegaConf object, a dataclass or an attrs object.
        source: absolute path of the file it was read from, or None (a package without a file).
        is_python: whether that is a Python module.
    """

    name: str
    config: Any
    source: Path | None
    is_python: bool


def load_pipeline(pipeline: str, *, object_name: str | None = None, overrides: Sequence[str] = ()) -> Pipeline:
    """Load the config that ``pipeline`` names, with ``overrides`` applied. The working directory becomes importable.

    Args:
        pipeline: a module (`pipelines.ner`) or a file (`pipelines/ner.py`, `conf/ner.yaml`), either with `:object`.
        object_name: the object when ``pipeline`` names none; default `config` in Python, the whole document in YAML.
            A dotted name goes on into keys, items and attributes (`configs.small`, `steps.0`).
        overrides: in Hydra's grammar, relative to the object.

    Raises:
        ConfigError: the pipeline cannot be found or loaded; where its own code raised, that is ``__cause__``.
        OverrideError: an override cannot be applied.
    """
    spelling = parse_spelling(pipeline, object_name)
    make_cwd_importable()
    if spelling.kind == "yaml_file":
        # yaml and omegaconf take their time to import, and a Python pipeline may need neither
        from hydra_cached.config.yaml_files import read_yaml

        document = read_yaml(Path(spelling.location))
        is_interpolated = any("${" in override for override in overrides)
        config = select_from_document(
            document, spelling.object_name, spelling.location, is_interpolated=is_interpolated
        )
        source: str | None = spelling.location
    else:
        importing = import_file if spelling.kind == "python_file" else import_dotted
        module = importing(spelling.location)
        config = select_from_module(module, spelling.object_name)
        source = getattr(module, "__file__", None)
    return Pipeline(
        name=pipeline,
        config=apply_overrides(config, overrides),
        source=Path(os.path.abspath(source)) if source else None,
        is_python=spelling.kind != "yaml_file",
    )
