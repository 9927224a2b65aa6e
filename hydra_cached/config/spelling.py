"""Reads what was typed as PIPELINE: which module or file, and which object in it. Opens and imports nothing."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hydra_cached.errors import ConfigError

FORMS = 'a pipeline is a module (pipelines.ner) or a file (pipelines/ner.py, conf/ner.yaml), either with ":object"'
SUFFIXES = (".py", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Spelling:
    """One PIPELINE argument, taken apart.

    Attributes:
        location: the module's dotted name, or the file's path, as typed.
        object_name: the object chosen by ":NAME" or -o, or None.
        kind: how ``location`` is to be read.
    """

    location: str
    object_name: str | None
    kind: Literal["module", "python_file", "yaml_file"]


def parse_spelling(pipeline: str, object_name: str | None) -> Spelling:
    """Take PIPELINE and -o apart.

    Raises:
        ConfigError: no form of a pipeline, a missing file, or two objects named.
    """
    location, named = _split_object(pipeline)
    if named is not None and object_name is not None and named != object_name:
        raise ConfigError(
            f'"{pipeline}" and -o {object_name} name two objects', hint=f"choose one: {location}:{object_name}"
        )
    chosen = named if named is not None else object_name
    if chosen is not None and not all(chosen.split(".")):
        raise ConfigError(f'"{chosen}" is no object name', hint="write NAME, or NAME.KEY for what is inside it")
    written = os.path.splitext(location)[1]
    suffix = written.lower()
    if suffix in SUFFIXES:
        _require_file(location)
        if suffix == ".py" and written != suffix:
            raise ConfigError(
                f'cannot import "{location}": Python imports only files that end in .py, in small letters',
                hint=f'rename it to "{location.removesuffix(written)}.py"',
            )
        return Spelling(location, chosen, "python_file" if suffix == ".py" else "yaml_file")
    if "/" in location or (suffix and os.path.isfile(location)):
        raise _wrong_suffix(location, suffix)
    if not all(location.split(".")):
        raise ConfigError(f'"{location}" is no pipeline', hint=FORMS)
    return Spelling(location, chosen, "module")


def _split_object(pipeline: str) -> tuple[str, str | None]:
    # a file may have a colon in its name
    if ":" not in pipeline or os.path.isfile(pipeline):
        return pipeline, None
    location, _, named = pipeline.rpartition(":")
    return location, named


def _require_file(location: str) -> None:
    path = Path(location)
    if path.is_file():
        return
    if path.is_dir():
        raise ConfigError(f'"{location}" is a directory, not a file', hint=FORMS)
    near = _near_file(path)
    raise ConfigError(f'no file "{location}"', hint=f'did you mean "{near}"?' if near else FORMS)


def _near_file(path: Path) -> Path | None:
    # "pipelines.ner.py" and "ner.yaml" for "ner.yml" are the commonest slips
    as_dotted = (path.parent / path.stem.replace(".", "/")).with_suffix(path.suffix)
    for candidate in (as_dotted, *(path.with_suffix(suffix) for suffix in SUFFIXES)):
        if candidate != path and candidate.is_file():
            return candidate
    if path.parent.is_dir():
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix in SUFFIXES]
        near = difflib.get_close_matches(path.name, names, n=1)
        return path.parent / near[0] if near else None
    grandparent = path.parent.parent
    if not grandparent.is_dir():
        return None
    folders = [entry.name for entry in grandparent.iterdir() if (entry / path.name).is_file()]
    near = difflib.get_close_matches(path.parent.name, folders, n=1)
    return grandparent / near[0] / path.name if near else None


def _wrong_suffix(location: str, suffix: str) -> ConfigError:
    if os.path.isfile(location):
        return ConfigError(
            f'"{location}" is neither Python nor YAML', hint=f"a file's name must end in {', '.join(SUFFIXES)}"
        )
    for candidate in SUFFIXES:
        if os.path.isfile(location + candidate):
            return ConfigError(f'no file "{location}"', hint=f'did you mean "{location}{candidate}"?')
    if os.path.isdir(location):
        return ConfigError(f'"{location}" is a directory, not a pipeline', hint=FORMS)
    near = _near_file(Path(location)) if suffix else _near_file(Path(location + ".py"))
    return ConfigError(f'no file "{location}"', hint=f'did you mean "{near}"?' if near else FORMS)
