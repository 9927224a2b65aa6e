"""Turns configs that plain Python cannot interpret into OmegaConf containers, keeping references references."""

from __future__ import annotations

import re
import sys
from types import MethodType
from typing import Any

from hydra_cached.errors import ConfigError
from hydra_cached.graph.kinds import hydra_version, is_structured, keeps_tuples
from hydra_cached.graph.rings import spell_ring

# keys that OmegaConf's grammar takes in an interpolation without quoting
_REFERABLE = re.compile(r"[A-Za-z_][\w-]*\Z")


def prepare_config(config: Any) -> Any:
    """The OmegaConf container of ``config``; a container comes back as it is.

    A dict that is used at several places is written once; the other places refer to it by interpolation, so that a
    reference stays a reference.

    Raises:
        ConfigError: it contains itself.
        hydra.errors.InstantiationException: it is neither a dict, a list, a container nor a structured config.
    """
    from omegaconf import OmegaConf

    if OmegaConf.is_config(config):
        return config
    from hydra.errors import InstantiationException

    if is_plain_config(config):
        return OmegaConf.create(_refer_to_shared(config), flags={"allow_objects": True})
    if is_structured(config):
        if _lacks_target(config):
            raise InstantiationException(_LACKS_TARGET.format(type(config).__name__))
        return OmegaConf.structured(config, flags={"allow_objects": True})
    tuples = ("/TupleConfig", "/tuple") if keeps_tuples() else ("", "")
    raise InstantiationException(
        f"Cannot instantiate config of type {type(config).__name__}.\n"
        f"Top level config must be an OmegaConf DictConfig/ListConfig{tuples[0]} object,\n"
        f"a plain dict/list{tuples[1]}, or a Structured Config class or instance."
    )


def is_plain_config(config: Any) -> bool:
    """Whether a whole config is plain data: a dict, a list, or a tuple where Hydra takes one."""
    return is_like_container(config) or (type(config) is tuple and keeps_tuples())


def is_like_container(value: Any) -> bool:
    """Whether Hydra takes a value for a dict or a list. What is derived from `tuple` is an object to it."""
    return isinstance(value, (dict, list))


_LACKS_TARGET = """\
Config has missing value for key `_target_`, cannot instantiate.
Config type: {}
Check that the `_target_` key in your dataclass is properly annotated and overridden.
A common problem is forgetting to annotate _target_ as a string : '_target_: str = ...'"""


def _lacks_target(config: Any) -> bool:
    """Whether ``config`` is an instance of Hydra's old `TargetConf` without a target, about which Hydra is explicit."""
    names = ((base.__module__, base.__name__) for base in type(config).__mro__)
    return ("hydra.types", "TargetConf") in names and config._target_ == "???"


def _refer_to_shared(config: Any) -> Any:
    first_path: dict[int, tuple[str | int, ...] | None] = {}
    open_: dict[int, tuple[str | int, ...]] = {}
    is_relative = _has_relative_reference(config)

    def copy_value(value: Any, path: tuple[str | int, ...], is_in_tuple: bool = False) -> Any:
        kind = type(value)
        if kind is not tuple and not is_like_container(value):
            return value
        if is_structured(value) or (is_in_tuple and hydra_version() < (1, 4) and kind not in (dict, list, tuple)):
            return value
        if id(value) in open_:
            ring = spell_ring((open_[id(value)], path))
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
            copied = {
                # whatever a target is, Hydra does not look into it
                key: each if key == "_target_" else copy_value(each, (*path, key), is_in_tuple)
                for key, each in value.items()
            }
            if "_target_" in copied and not (is_in_tuple and hydra_version() < (1, 4)):
                copied["_target_"] = spell_target(copied["_target_"])
        else:
            is_in_tuple = is_in_tuple or kind is tuple
            items = [copy_value(each, (*path, i), is_in_tuple) for i, each in enumerate(value)]
            copied = tuple(items) if kind is tuple else items
        del open_[id(value)]
        return copied

    return copy_value(config, ())


def spell_target(target: Any) -> Any:
    """The dotted name of a callable that it can be imported by, as in Hydra; whatever else it is, unchanged."""
    if not callable(target):
        return target
    module = sys.modules.get(getattr(target, "__module__", None) or "")
    qualname = getattr(target, "__qualname__", None)
    if module is None or not isinstance(qualname, str):
        return target
    found: Any = module
    for part in qualname.split("."):
        found = getattr(found, part, None)
    # a method of a class is made anew at each access
    is_found = found is target or (isinstance(found, MethodType) and found == target)
    return f"{module.__name__}.{qualname}" if is_found else target


def spell_targets(value: Any) -> Any:
    """A copy of plain data with every ``_target_`` in it spelled as a name."""
    if isinstance(value, dict):
        return {key: spell_target(each) if key == "_target_" else spell_targets(each) for key, each in value.items()}
    return [spell_targets(each) for each in value] if isinstance(value, list) else value


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
