"""Picks the config out of a module or a YAML document, by name. Changes nothing in it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from hydra_cached.config.kinds import CONFIG_KINDS, describe_kind, has_interpolation, is_config, one_line
from hydra_cached.config.python_modules import list_inside
from hydra_cached.errors import ConfigError

DEFAULT_OBJECT = "config"


def select_from_module(module: ModuleType, object_name: str | None) -> Any:
    """The config called ``object_name`` in ``module``: an attribute, or keys, items and attributes below one.

    Raises:
        ConfigError: it is not there, or is no config.
    """
    name = object_name or DEFAULT_OBJECT
    return _select(module, name, f'module "{module.__name__}"', f"{module.__name__}:")


def select_from_document(document: Any, object_name: str | None, shown: str, *, is_interpolated: bool) -> Any:
    """What lies under the key ``object_name`` of a YAML document; the whole document when that is None.

    Args:
        shown: the file's name, for messages.
        is_interpolated: interpolations are to come, whatever the document says.

    Returns:
        Plain dicts and lists where possible. A part of a document with interpolations is an OmegaConf node that
        knows the document around it, for "${...}" counts from the document's top.

    Raises:
        ConfigError: it is not there, or is no config.
    """
    if object_name is None:
        return document
    root = document
    if is_interpolated or has_interpolation(document):
        from omegaconf import OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        try:
            root = OmegaConf.create(document)
        except (OmegaConfBaseException, ValueError) as exc:
            raise ConfigError(f'"{shown}" is no valid config: {one_line(exc)}', hint="mend that value") from exc
    return select_part(root, object_name, shown)


def select_part(config: Any, object_name: str, shown: str) -> Any:
    """What lies under the key ``object_name`` of a config; of an OmegaConf object a node that knows the rest.

    Args:
        shown: what the config is called in messages.

    Raises:
        ConfigError: it is not there, or is no config.
    """
    return _select(config, object_name, f'"{shown}"', f"{shown}:")


def _select(root: Any, name: str, container: str, prefix: str) -> Any:
    value = root
    parts = name.split(".")
    for depth, part in enumerate(parts):
        try:
            value = _child(value, part)
        except (LookupError, AttributeError, ValueError, TypeError) as exc:
            where = f'"{".".join(parts[:depth])}" in {container}' if depth else container
            raise ConfigError(f'{where} has no "{part}"', hint=_suggest(value, parts, depth, prefix)) from exc
    if not is_config(value):
        raise ConfigError(f'"{name}" in {container} is {describe_kind(value)}, not a config', hint=_advise(value, name))
    return value


def _child(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value[part] if part in value else value[int(part)]
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return value[int(part)]
    return getattr(value, part)


def _suggest(value: Any, parts: list[str], depth: int, prefix: str) -> str:
    names = [name for name in _names_in(value) if name and name != parts[depth]]
    near = difflib.get_close_matches(parts[depth], names, n=1)
    if near:
        return f'did you mean "{prefix}{".".join([*parts[:depth], near[0], *parts[depth + 1 :]])}"?'
    if names:
        listed = ", ".join(".".join([*parts[:depth], name]) for name in names[:5])
        return f"choose one with -o NAME: {listed}{', ...' if len(names) > 5 else ''}"
    if isinstance(value, ModuleType):
        inside = list_inside(value)
        if inside:
            return f"it is a package; name what is in it, such as {inside[0]}"
        return f"define {parts[depth]} = {{...}} in it, or choose another object with -o NAME"
    return f"a config is {CONFIG_KINDS}"


def _names_in(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return [str(index) for index in range(len(value))]
    members = vars(value) if hasattr(value, "__dict__") else {}
    return [
        name
        for name, member in members.items()
        # a class in a module is a schema more often than a config
        if not name.startswith("_") and is_config(member) and not isinstance(member, type)
    ]


def _advise(value: Any, name: str) -> str:
    if callable(value) and not isinstance(value, type):
        return f"a config is {CONFIG_KINDS}; call the function where it is defined: config = {name}()"
    return f"a config is {CONFIG_KINDS}"
