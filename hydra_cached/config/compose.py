"""Composes configs of a Hydra config directory with Hydra's own compose API. Leaves Hydra's globals as they were."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra_cached.config.kinds import one_line
from hydra_cached.config.override_grammar import parse_in_hydra, refuse_sweep
from hydra_cached.errors import ConfigError, OverrideError

_SUFFIX = ".yaml"
_MISSING = re.compile(r"Could not find '(?P<name>[^']*)'")
_NO_HINTS = ("See http", "full_key:", "object_type=")
_OPTIONS = re.compile(r"Available options in '(?P<group>[^']*)':\n(?P<names>(?:\t[^\n]*\n)*)")


class Composer:
    """Composes configs of one directory. Made by `open_composer`.

    Attributes:
        primary: path of the primary config.
        config_loader: Hydra's, which knows the options of config groups.
    """

    def __init__(self, directory: Path, config_name: str, primary: Path) -> None:
        from hydra.core.global_hydra import GlobalHydra

        self.primary = primary
        self.config_loader: Any = GlobalHydra.instance().config_loader()
        self._directory = directory
        self._config_name = config_name

    def compose(self, overrides: Sequence[str], *, has_hydra: bool = False) -> Any:
        """The config that Hydra composes with ``overrides``: of values, and of config groups.

        Args:
            has_hydra: with Hydra's own config, below `hydra`.

        Raises:
            OverrideError: one of them cannot be applied.
            ConfigError: the directory's configs do not fit together.
        """
        from hydra import compose
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException
        from yaml import YAMLError

        for text in overrides:
            refuse_sweep(parse_in_hydra(text, self.config_loader), text)
        try:
            return compose(self._config_name, overrides=list(overrides), return_hydra_config=has_hydra)
        except (HydraException, OmegaConfBaseException, YAMLError, OSError, ValueError) as exc:
            raise _explain(exc, self._directory, overrides) from exc


@contextlib.contextmanager
def open_composer(config_dir: str, config_name: str) -> Iterator[Composer]:
    """Set Hydra up for one directory, and put back afterwards what was set up before.

    Args:
        config_dir: the directory; relative to the working directory.
        config_name: the primary config, with or without ".yaml".

    Raises:
        ConfigError: there is no such directory or config.
    """
    directory = Path(os.path.abspath(os.path.expanduser(config_dir)))
    primary = _find_primary(directory, config_dir, config_name)
    # Hydra takes 0.2 s to import
    from hydra import __version__, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.version import VersionBase

    base = VersionBase.instance()
    before = base.version_base, GlobalHydra.instance().hydra
    # an application's own; Hydra would refuse to set up a second one
    GlobalHydra.instance().clear()
    # 1.3 takes None for its own behaviour, and anything less for that of 1.1; 1.4 warns of any value
    versions = {"version_base": None} if __version__.startswith("1.3.") else {}
    try:
        with initialize_config_dir(str(directory), job_name=primary.stem, **versions):
            yield Composer(directory, config_name, primary)
    finally:
        base.version_base, GlobalHydra.instance().hydra = before


def _find_primary(directory: Path, shown: str, config_name: str) -> Path:
    for what, name in (("config directory", shown), ("config", config_name)):
        if not name.strip():
            raise ConfigError(f"the {what} has an empty name", hint="as in --config-dir conf --config-name config")
    if not directory.is_dir():
        what = "is a file, not a directory" if directory.exists() else "does not exist"
        raise ConfigError(
            f'the config directory "{shown}" {what}', hint="--config-dir names the folder of the primary config"
        )
    name = config_name if config_name.endswith(_SUFFIX) else config_name + _SUFFIX
    if (directory / name).is_file():
        return directory / name
    there = sorted(path.stem for path in directory.iterdir() if path.suffix == _SUFFIX and path.is_file())
    other = f"{config_name.removesuffix('.yml')}.yml"
    near = difflib.get_close_matches(config_name, there, n=1)
    if (directory / other).is_file():
        hint = f'Hydra reads .yaml files alone: rename "{other}"'
    elif near:
        hint = f"did you mean --config-name {near[0]}?"
    elif there:
        hint = f"choose one with --config-name: {', '.join(there[:8])}{', ...' if len(there) > 8 else ''}"
    else:
        hint = "a primary config is a .yaml file in that directory"
    raise ConfigError(f'no config "{config_name}" in "{shown}"', hint=hint)


def _explain(error: Exception, directory: Path, overrides: Sequence[str]) -> ConfigError:
    """What Hydra says, as one line with a hint."""
    text = str(error)
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        where = f'"{mark.name}", line {mark.line + 1}, column {mark.column + 1}'
        problem = getattr(error, "problem", None) or "cannot be parsed"
        return ConfigError(f"invalid YAML in {where}: {problem}", hint="look for wrong indentation or a missing colon")
    missing = _MISSING.search(text)
    if missing:
        return _no_option(missing["name"], text, directory)
    said_of_it = text.partition("Config search path")[0]
    lines = [line.strip().rstrip(".") for line in said_of_it.splitlines() if line.strip()]
    said = _uncapitalized(lines[0]) if lines else one_line(error)
    hint = next((line for line in lines[1:] if not line.startswith(_NO_HINTS)), None)
    at_fault = next((each for each in overrides if f"'{_key_of(each)}'" in text), None)
    if at_fault is None:
        hint = hint or "look into the defaults lists of the config directory"
        return ConfigError(f'cannot compose the config of "{directory}": {said}', hint=hint)
    hint = hint or "config groups are GROUP=OPTION, values are KEY=VALUE"
    return OverrideError(f'cannot apply "{at_fault}": {said}', hint=_uncapitalized(hint))


def _no_option(name: str, text: str, directory: Path) -> ConfigError:
    group, _, option = name.rpartition("/")
    options = _OPTIONS.search(text)
    names = options["names"].split() if options else []
    near = difflib.get_close_matches(option, names, n=1)
    if near:
        hint = f"did you mean {group}={near[0]}?"
    elif names:
        hint = f"choose one of {', '.join(names)}"
    else:
        hint = f'an option is a file "{os.path.join(group, "NAME.yaml")}" in "{directory}"'
    where = f'config group "{group}"' if group else f'"{directory}"'
    return ConfigError(f'no option "{option}" in {where}', hint=hint)


def _key_of(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]
