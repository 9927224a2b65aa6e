"""Builds OmegaConf containers of finished values, without the checks of its public calls. Reads no config.

The public way costs 25 to 60 µs an item. Leaves, which cannot fail those checks, are made here from a template that
the installed OmegaConf gives; everything else goes the public way. Tested with omegaconf 2.3 and 2.4, against the
public calls, by tests/graph/test_omega_nodes.py.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Container, Sequence
from typing import Any

from hydra_cached.graph.kinds import hydra_version, is_config_type, is_structured

_FLAGS = {"allow_objects": True}
_LEAVES = frozenset({int, float, bool, type(None), bytes})


def build_list(values: Sequence[Any], own: Container[int] = ()) -> Any:
    """What Hydra builds of results: `OmegaConf.create(values, flags={"allow_objects": True})`.

    Args:
        own: positions of containers that nobody else has, so that they need not be copied.
    """
    from omegaconf import ListConfig

    config = ListConfig([], flags=dict(_FLAGS))
    content = config.__dict__["_content"]
    for index, value in enumerate(values):
        if _is_leaf(value):
            content.append(_make_leaf(index, value, config))
        elif index in own and is_config_type(type(value)):
            content.append(_hang_in(config, index, value))
        else:
            config.append(keep_objects(value))
    return config


def build_items(values: Sequence[Any], own: Container[int] = ()) -> list[Any]:
    """What `build_list` gives when it is read item by item, for the most part without it."""
    if any(isinstance(value, str) and not _is_leaf(value) for value in values):
        return list(build_list(values, own))
    items = []
    for index, value in enumerate(values):
        if _is_leaf(value):
            items.append(value)
        elif index in own and is_config_type(type(value)):
            items.append(_hang_in(None, index, value))
        else:
            items.append(build_list([value])[0])
    return items


def _hang_in(config: Any, key: Any, container: Any) -> Any:
    """Make ``container`` a part of ``config``, as assigning does with a copy of it."""
    container._set_parent(config)
    container._set_key(key)
    container._invalidate_flags_cache()
    return container


def build_tuple(values: Sequence[Any]) -> Any:
    """What `OmegaConf.create` gives for a tuple: a container of its own kind since OmegaConf 2.4."""
    from omegaconf import OmegaConf

    return OmegaConf.create(tuple(keep_objects(value) for value in values), flags=dict(_FLAGS))


def build_dict(keys: Sequence[Any], values: Sequence[Any], own: Container[int] = ()) -> Any:
    """What an empty DictConfig with ``allow_objects`` is after each value was assigned to its key.

    Args:
        own: positions of containers that nobody else has, so that they need not be copied.
    """
    from omegaconf import DictConfig

    config = DictConfig({}, flags=dict(_FLAGS))
    content = config.__dict__["_content"]
    for index, (key, value) in enumerate(zip(keys, values, strict=True)):
        if type(key) is str and _is_leaf(value):
            content[key] = _make_leaf(key, value, config)
        elif type(key) is str and index in own and is_config_type(type(value)):
            content[key] = _hang_in(config, key, value)
        else:
            config[key] = keep_objects(value)
    return config


def keep_objects(value: Any) -> Any:
    """Hydra 1.4 keeps a dataclass that is a result or comes from the caller as it is; in 1.3 it becomes a config."""
    kind = type(value)
    if kind is dict:
        return {key: keep_objects(each) for key, each in value.items()}
    if kind is list or kind is tuple:
        return kind(keep_objects(each) for each in value)
    if not is_structured(value) or hydra_version() < (1, 4):
        return value
    from omegaconf import AnyNode

    return AnyNode(value, flags=dict(_FLAGS))


def _is_leaf(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return "${" not in value and value != "???"
    return kind in _LEAVES or _is_opaque_type(kind)


def _judge_type(kind: type) -> bool:
    return not (
        issubclass(kind, (dict, list, tuple, str, type))
        or kind.__module__.startswith("omegaconf")
        or is_structured(kind)
    )


_is_opaque_type: Callable[[type], bool] = functools.lru_cache(maxsize=4096)(_judge_type)
"""Whether OmegaConf keeps values of a type as they are: neither containers, texts, nodes nor structured configs."""


def _make_leaf(key: Any, value: Any, parent: Any) -> Any:
    kind, metadata_kind, fields, metadata_fields = _template()
    metadata = metadata_kind.__new__(metadata_kind)
    metadata.__dict__.update(metadata_fields, key=key, flags={}, resolver_cache=defaultdict(dict))
    leaf = kind.__new__(kind)
    leaf.__dict__.update(fields, _metadata=metadata, _parent=parent, _val=value)
    return leaf


@functools.lru_cache(maxsize=1)
def _template() -> tuple[Any, Any, dict[str, Any], dict[str, Any]]:
    from omegaconf import AnyNode

    made = AnyNode(None)
    return type(made), type(made._metadata), dict(made.__dict__), dict(made._metadata.__dict__)
