"""From what the user names, and overrides, to configs. Says where they came from; instantiates nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_cached.config.importing import make_cwd_importable
from hydra_cached.config.overrides import apply_overrides
from hydra_cached.config.python_modules import import_dotted, import_file
from hydra_cached.config.selection import DEFAULT_OBJECT, select_from_document, select_from_module, select_part
from hydra_cached.config.spelling import parse_spelling
from hydra_cached.config.sweeps import SweepPoint, expand_sweep
from hydra_cached.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A config and where it was found.

    Attributes:
        name: PIPELINE as given; of a config directory, its path and the config's name.
        config: plain dict or list as far as possible, else an OmegaConf object, a dataclass or an attrs object.
        source: absolute path of the file it was read from, or None (a package without a file).
        is_python: whether that is a Python module.
    """

    name: str
    config: Any
    source: Path | None
    is_python: bool


@dataclass(frozen=True, slots=True)
class Sweep:
    """The configs of a sweep, in the order in which they are run; the rest as in `Pipeline`."""

    name: str
    points: tuple[SweepPoint, ...]
    configs: tuple[Any, ...]
    source: Path | None
    is_python: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user names on a command line.

    Attributes:
        pipeline: a module (`pipelines.ner`) or a file (`pipelines/ner.py`, `conf/ner.yaml`), either with `:object`;
            None where a config directory is named instead.
        overrides: in Hydra's grammar, relative to the object.
        object_name: the object when ``pipeline`` names none; default `config` in Python, the whole document in YAML.
            A dotted name goes on into keys, items and attributes (`configs.small`, `steps.0`).
        config_dir: a directory of Hydra configs, or None.
        config_name: the primary config in that directory; None stands for `config`.
    """

    pipeline: str | None
    overrides: tuple[str, ...] = ()
    object_name: str | None = None
    config_dir: str | None = None
    config_name: str | None = None

    @property
    def name(self) -> str:
        """What the pipeline is called in reports."""
        if self.config_dir is not None:
            return os.path.join(self.config_dir, self.config_name or DEFAULT_OBJECT)
        return self.pipeline or ""


def load_pipeline(pipeline: str, *, object_name: str | None = None, overrides: Sequence[str] = ()) -> Pipeline:
    """Load the config that ``pipeline`` names, with ``overrides`` applied; see `load_choice`."""
    return load_choice(Choice(pipeline, tuple(overrides), object_name))


def load_choice(choice: Choice) -> Pipeline:
    """Load the config that is named, with the overrides applied. The working directory becomes importable.

    Raises:
        ConfigError: the pipeline cannot be found or loaded; where its own code raised, that is ``__cause__``.
        OverrideError: an override cannot be applied.
    """
    [config], source, is_python = _load(choice, lambda _: [choice.overrides])
    return Pipeline(choice.name, config, source, is_python)


def load_sweep(choice: Choice) -> Sweep:
    """Load what is named once, and apply the overrides of each point of the sweep to it.

    Raises:
        ConfigError: as above, or for one of the points.
        OverrideError: as above, or the overrides are no sweep that can be enumerated.
    """
    points: list[SweepPoint] = []

    def expand(config_loader: Any) -> list[tuple[str, ...]]:
        points.extend(expand_sweep(choice.overrides, config_loader=config_loader))
        return [point.overrides for point in points]

    configs, source, is_python = _load(choice, expand)
    return Sweep(choice.name, tuple(points), tuple(configs), source, is_python)


def _load(choice: Choice, expand: Callable[[Any], Sequence[tuple[str, ...]]]) -> tuple[list[Any], Path | None, bool]:
    """One config for each tuple of overrides that ``expand`` gives when it is handed Hydra's config loader or None."""
    make_cwd_importable()
    if choice.config_dir is not None:
        return _compose(choice, choice.config_dir, expand)
    if choice.pipeline is None:
        raise ConfigError("missing argument 'PIPELINE'", hint="name a module or a file, or --config-dir DIR; see -h")
    if choice.config_name is not None:
        raise ConfigError(
            "--config-name needs --config-dir", hint="the object in a module or a file is chosen with -o NAME"
        )
    spelling = parse_spelling(choice.pipeline, choice.object_name)
    variants = expand(None)
    if spelling.kind == "yaml_file":
        # yaml and omegaconf take their time to import, and a Python pipeline may need neither
        from hydra_cached.config.yaml_files import read_yaml

        document = read_yaml(Path(spelling.location))
        is_interpolated = any("${" in override for overrides in variants for override in overrides)
        config = select_from_document(
            document, spelling.object_name, spelling.location, is_interpolated=is_interpolated
        )
        source: str | None = spelling.location
    else:
        importing = import_file if spelling.kind == "python_file" else import_dotted
        module = importing(spelling.location)
        config = select_from_module(module, spelling.object_name)
        source = getattr(module, "__file__", None)
    configs = [apply_overrides(config, overrides) for overrides in variants]
    return configs, Path(os.path.abspath(source)) if source else None, spelling.kind != "yaml_file"


def _compose(
    choice: Choice, config_dir: str, expand: Callable[[Any], Sequence[tuple[str, ...]]]
) -> tuple[list[Any], Path | None, bool]:
    from hydra_cached.config.compose import open_composer
    from hydra_cached.config.variants import compose_variants

    name = DEFAULT_OBJECT if choice.config_name is None else choice.config_name
    with open_composer(config_dir, name) as composer:
        configs = compose_variants(composer, expand(composer.config_loader))
    if choice.object_name is not None:
        configs = [select_part(config, choice.object_name, choice.name) for config in configs]
    return configs, composer.primary, False
