"""Turns configs that plain Python cannot interpret into OmegaConf containers, keeping references references."""

from __future__ import annotations

import re
from typing import Any

from hydra_cached.errors import ConfigError

# keys that OmegaConf's grammar takes in an interpolation without quoting
_REFERABLE = re.compile(r"[A-Za-z_][\w-]*\Z")


def is_structured(value: Any) -> bool:
    """Whether ``value`` is a dataclass or attrs class, or an instance of one."""
    kind = value if isinstance(value, type) else type(value)
    return hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__")


def prepare_config(config: Any) -> Any:
    """The OmegaConf container of ``config``; a container comes back as it is.

    A dict that is used at several places is written once; the other places refer to it by interpolation, so that a
    reference stays a reference.

    Raises:
        ConfigError: it is neither a dict, a list, a container nor a structured config; or it contains itself.
    """
    from omegaconf import OmegaConf

    if OmegaConf.is_config(config):
        return config
    if isinstance(config, (dict, list, tuple)):
        return OmegaConf.create(_refer_to_shared(config), flags={"allow_objects": True})
    if is_structured(config):
        return OmegaConf.structured(config, flags={"allow_objects": True})
    raise ConfigError(
        f"cannot instantiate a config of type {type(config).__name__}",
        hint="a pipeline is a dict, a list, an OmegaConf container, or a dataclass",
    )


def _refer_to_shared(config: Any) -> Any:
    first_path: dict[int, tuple[str | int, ...] | None] = {}
    open_: dict[int, tuple[str | int, ...]] = {}
    is_relative = _has_relative_reference(config)

    def copy_value(value: Any, path: tuple[str | int, ...]) -> Any:
        if not isinstance(value, (dict, list, tuple)) or is_structured(value):
            return value
        if id(value) in open_:
            ring = " -> ".join(".".join(map(str, each)) or "(root)" for each in (open_[id(value)], path))
            raise ConfigError(f"the config contains itself: {ring}", hint="remove one of the references")
        if isinstance(value, dict):
            if id(value) in first_path:
                written = _interpolation(first_path[id(value)])
                if written is not None:
                    return written
            else:
                first_path[id(value)] = None if is_relative and _has_relative_reference(value) else path
        open_[id(value)] = path
        copied: Any
        if isinstance(value, dict):
            copied = {key: copy_value(each, (*path, key)) for key, each in value.items()}
        else:
            copied = [copy_value(each, (*path, i)) for i, each in enumerate(value)]
        del open_[id(value)]
        return copied

    return copy_value(config, ())


def _interpolation(path: tuple[str | int, ...] | None) -> str | None:
    if not path or not all(isinstance(key, int) or _REFERABLE.match(str(key)) for key in path):
        return None
    return "${" + ".".join(map(str, path)) + "}"


def _has_relative_reference(value: Any) -> bool:
    # "${.x}" means another thing at every place where it stands
    stack: list[Any] = [value]
    seen: set[int] = set()
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            if "${." in each:
                return True
        elif isinstance(each, (dict, list, tuple)) and id(each) not in seen:
            seen.add(id(each))
            stack.extend(each.values() if isinstance(each, dict) else each)
    return False
