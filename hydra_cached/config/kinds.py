"""Tells which values are configs. Imports neither hydra nor omegaconf: their values come with them."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

CONFIG_KINDS = "a dict, a list, an OmegaConf object or a dataclass"


def is_omegaconf(value: Any) -> bool:
    """Whether ``value`` is a DictConfig, a ListConfig or another container of omegaconf's."""
    omegaconf = sys.modules.get("omegaconf")
    return omegaconf is not None and bool(omegaconf.OmegaConf.is_config(value))


def is_structured(value: Any) -> bool:
    """Whether ``value`` is a dataclass or an attrs class, or an instance of one."""
    cls = value if isinstance(value, type) else type(value)
    return dataclasses.is_dataclass(cls) or hasattr(cls, "__attrs_attrs__")


def is_config(value: Any) -> bool:
    """Whether ``value`` can be a whole pipeline."""
    return isinstance(value, (dict, list)) or is_omegaconf(value) or is_structured(value)


def has_interpolation(value: Any) -> bool:
    """Whether a string with "${" occurs anywhere in plain dicts and lists."""
    seen: set[int] = set()
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if "${" in item:
                return True
        elif isinstance(item, (dict, list)) and id(item) not in seen:
            seen.add(id(item))
            pending.extend(item.values() if isinstance(item, dict) else item)
    return False


def describe_kind(value: Any) -> str:
    """What ``value`` is, for a message: `a function`, `an int`, `the class Model`."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def one_line(exc: BaseException) -> str:
    """Type and message of an exception on one line."""
    message = " ".join(str(exc).split())
    return f"{type(exc).__name__}: {message}" if message else type(exc).__name__
