"""Turns any config into plain dicts, lists and scalars in which a shared node is one object. Writes no text."""

from __future__ import annotations

import datetime
import enum
import inspect
import os
import sys
from dataclasses import dataclass
from typing import Any, TypeAlias

from hydra_cached.config.kinds import is_omegaconf, is_structured
from hydra_cached.errors import ConfigError, HydraCachedError
from hydra_cached.graph.hydra_errors import as_config_error
from hydra_cached.graph.nesting import DEEPEST
from hydra_cached.graph.omega import content_of, is_missing, read_item
from hydra_cached.graph.prepare import prepare_config
from hydra_cached.targets import target_id

_Path: TypeAlias = tuple[Any, ...]
_SCALARS = (bool, int, float, bytes, datetime.date, datetime.datetime, type(None))


@dataclass(frozen=True, slots=True)
class PlainConfig:
    """A config in plain dicts, lists and scalars.

    Attributes:
        tree: the config. The same dict or list occurs twice in it only where the config shares a node.
        shared: id -> config paths of each dict and list of ``tree`` that occurs more than once.
    """

    tree: Any
    shared: dict[int, list[_Path]]


def plain_config(config: Any, *, resolve: bool = False) -> PlainConfig:
    """Read a config of any kind: plain, OmegaConf, a dataclass, or mixed.

    Args:
        resolve: follow interpolations; a reference to a node then shares it.

    Raises:
        ConfigError: it contains itself, or an interpolation cannot be resolved.
        RecursionError: it is nested deeper than the stack allows, or than anybody reads.
    """
    try:
        reading = _Reading()
        tree, _ = reading.read(config, ())
        if resolve and not reading.is_all_plain:
            reading = _Reading(resolve=True)
            tree, _ = reading.read(prepare_config(config), ())
    except (HydraCachedError, RecursionError):
        raise
    except Exception as exc:
        raise as_config_error(exc) from exc
    return PlainConfig(tree, {key: paths for key, paths in reading.paths.items() if len(paths) > 1})


class _Reading:
    """One walk over a config, and what it met so far: only an all plain config means the same without OmegaConf."""

    def __init__(self, *, resolve: bool = False) -> None:
        self.is_all_plain = True
        self.paths: dict[int, list[_Path]] = {}
        self._resolve = resolve
        self._read: dict[int, Any] = {}
        self._open: dict[int, _Path] = {}
        # ids are compared: nothing that was met may be freed
        self._alive: list[Any] = []

    def read(self, value: Any, path: _Path) -> tuple[Any, bool]:
        """The plain form of ``value``, and whether there is a node in it."""
        if len(path) > DEEPEST:
            # every line is indented by its depth, every path as long
            raise RecursionError
        known = self._read.get(id(value))
        if known is not None:
            self.paths[id(known)].append(path)
            return known, True
        is_plain = isinstance(value, (dict, list, tuple))
        if not (is_plain or is_omegaconf(value) or is_structured(value)):
            self.is_all_plain = self.is_all_plain and not (isinstance(value, str) and "${" in value)
            return _plain_scalar(value, path), False
        self.is_all_plain = self.is_all_plain and is_plain
        self._enter(value, path)
        plain, has_node = self._read_contents(self._contents(value), path)
        del self._open[id(value)]
        if has_node:
            self.paths[id(plain)] = [path]
            if is_plain or self._resolve:
                # one dataclass or OmegaConf object written at two places makes two nodes
                self._read[id(value)] = plain
        return plain, has_node

    def _enter(self, value: Any, path: _Path) -> None:
        if id(value) in self._open:
            ring = " -> ".join(".".join(map(str, each)) or "(root)" for each in (self._open[id(value)], path))
            raise ConfigError(f"the config contains itself: {ring}", hint="remove one of the references")
        self._open[id(value)] = path
        self._alive.append(value)

    def _contents(self, value: Any) -> Any:
        """A dict or list of what is directly in a container, or None or a text for one that is none, or missing."""
        if is_omegaconf(value) and self._resolve:
            contents = _resolved(value)
        elif is_omegaconf(value) or is_structured(value):
            contents = _as_written(value)
        else:
            return value
        self._alive.append(contents)
        return contents

    def _read_contents(self, contents: Any, path: _Path) -> tuple[Any, bool]:
        if isinstance(contents, dict):
            children = {_plain_key(key): self.read(each, (*path, key)) for key, each in contents.items()}
            has_node = "_target_" in contents or any(found for _, found in children.values())
            return {key: child for key, (child, _) in children.items()}, has_node
        if isinstance(contents, (list, tuple)):
            items = [self.read(each, (*path, index)) for index, each in enumerate(contents)]
            return [item for item, _ in items], any(found for _, found in items)
        return _plain_scalar(contents, path), False


def _resolved(container: Any) -> Any:
    """What is directly in an OmegaConf container, with interpolations followed and missing values left as they are."""
    content = content_of(container)
    if content is None:
        return None
    keys = range(len(content)) if isinstance(content, list) else list(content)
    values = ["???" if is_missing(container, key) else read_item(container, key) for key in keys]
    return values if isinstance(content, list) else dict(zip(keys, values, strict=True))


def _as_written(config: Any) -> Any:
    """Contents of an OmegaConf container or a dataclass, with interpolations and missing values left as they are."""
    container = prepare_config(config)
    # it has been imported, or there would be no container
    omegaconf = sys.modules["omegaconf"]
    return omegaconf.OmegaConf.to_container(container, structured_config_mode=omegaconf.SCMode.DICT)


def _plain_key(key: Any) -> Any:
    if key is None or type(key) in (str, int, float, bool):
        return key
    return _plain_scalar(key, ())


def _plain_scalar(value: Any, path: _Path) -> Any:
    if isinstance(value, enum.Enum):
        return value.name
    if type(value) in _SCALARS:
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            # YAML has no form for a subclass, such as a number of numpy's
            return kind(value)
    if isinstance(value, (os.PathLike, datetime.date)):
        return str(value)
    if callable(value) and (inspect.isroutine(value) or isinstance(value, type) or path[-1:] == ("_target_",)):
        return target_id(value)
    try:
        return repr(value)
    except Exception:
        # a user's __repr__ that fails must not hide the rest of the config
        return object.__repr__(value)
