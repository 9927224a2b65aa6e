"""Access to the inside of OmegaConf containers, without copying or resolving the tree. Owns their inner names.

OmegaConf's public access costs some 10 µs a value, and a copy or a full resolve of the tree for what Hydra does. The
inner names used here (`_content`, `_val`, `_metadata`, `_get_node`, `_is_interpolation`, `_dereference_node`,
`_get_parent`, `_key`) were tested with omegaconf 2.3 and 2.4.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from typing import Any

KeyPath = tuple["str | int", ...]

UNSURE: Any = object()
"""What `read_leaf` gives for a node that needs a closer look."""


@functools.lru_cache(maxsize=1)
def _leaf_types() -> frozenset[type]:
    from omegaconf import nodes

    names = ("AnyNode", "StringNode", "IntegerNode", "FloatNode", "BooleanNode", "BytesNode", "PathNode", "EnumNode")
    return frozenset(getattr(nodes, name) for name in names)


def read_leaf(node: Any) -> Any:
    """The value of a leaf that is neither missing nor an interpolation; `UNSURE` for any other node."""
    if type(node) not in _leaf_types():
        return UNSURE
    value = node.__dict__["_val"]
    if type(value) is str and ("${" in value or value == "???"):
        return UNSURE
    return UNSURE if type(value).__module__.startswith("omegaconf") else value


def content_of(container: Any) -> Any:
    """The nodes of a container: a dict, a list, or None for a container that is None.

    Raises:
        omegaconf.errors.MissingMandatoryValue: the container is "???".
    """
    content = container.__dict__["_content"]
    if isinstance(content, (dict, list)):
        return content
    if container._is_none():
        return None
    from omegaconf import MissingMandatoryValue

    raise MissingMandatoryValue(f"Missing mandatory value: {container._get_full_key(None)}")


def is_reference(node: Any) -> bool:
    """Whether a node, leaf or container, is an interpolation."""
    return hasattr(node, "_is_interpolation") and bool(node._is_interpolation())


def read_item(container: Any, key: Any) -> Any:
    """The child at ``key`` with interpolations resolved: a leaf's value, or a container in its own place.

    Raises:
        omegaconf.errors.MissingMandatoryValue: the value is "???".
        omegaconf.errors.InterpolationResolutionError: what it refers to is not there or a resolver failed.
    """
    from omegaconf import Container, Node

    node = container._get_node(key)
    if isinstance(node, Node) and node._is_interpolation():
        node = _follow(container, key, node)
    if isinstance(node, Container):
        return node if not node._is_missing() else container[key]
    if isinstance(node, Node):
        if node._is_missing():
            return container[key]  # raises, naming the key as Hydra does
        node = node._value()
    return node._value() if isinstance(node, Node) else node


def _follow(container: Any, key: Any, node: Any) -> Any:
    from omegaconf.errors import InterpolationToMissingValueError, MissingMandatoryValue

    try:
        return node._dereference_node()
    except InterpolationToMissingValueError as exc:
        full_key = container._get_full_key(key)
        raise MissingMandatoryValue(f"Missing mandatory value: {full_key}\n    full_key: {full_key}") from exc


def is_missing(container: Any, key: Any) -> bool:
    from omegaconf import OmegaConf

    return bool(OmegaConf.is_missing(container, key))


def object_type_of(container: Any) -> Any:
    """Class of a structured config, None for an ordinary one."""
    found = container._metadata.object_type
    return None if found is dict else found


def resolve_copy(container: Any) -> Any:
    """A copy of the container with every interpolation resolved."""
    from omegaconf import OmegaConf

    resolved = _open_copy(container)
    OmegaConf.resolve(resolved)
    return resolved


def merge_config(config: Any, overrides: Mapping[str, Any]) -> Any:
    """A copy of a dict config with the caller's keyword arguments merged over it; the config itself without any."""
    if not overrides or config.__class__.__name__ == "ListConfig":
        return config
    from omegaconf import OmegaConf

    merged = _open_copy(config)
    parent = merged._get_parent()
    merged = OmegaConf.merge(merged, dict(overrides))
    merged._set_parent(parent)
    return merged


def _open_copy(config: Any) -> Any:
    copied = copy.deepcopy(config)
    copied._set_flag(flags=["allow_objects", "struct", "readonly"], values=[True, False, False])
    copied._set_parent(config._get_parent())
    return copied


def key_path_of(container: Any) -> KeyPath:
    """Keys from the root of the whole config to a container."""
    keys: list[str | int] = []
    while container is not None:
        parent = container._get_parent()
        if parent is not None:
            key = container._key()
            if key is not None:
                keys.append(key if isinstance(key, int) else str(key))
        container = parent
    return tuple(reversed(keys))


def spell_full_key(path: KeyPath) -> str:
    """A key path as OmegaConf spells it: `steps[0].model`."""
    text = ""
    for number, key in enumerate(path):
        is_last = number == len(path) - 1
        # OmegaConf leaves the brackets out at the end: "steps0" is how it calls the first step
        text += (str(key) if is_last else f"[{key}]") if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def full_key_of(source: Any, path: KeyPath) -> str:
    """Where a place is written, as OmegaConf spells it from the root of the whole config."""
    return spell_full_key(path) if isinstance(source, dict) else str(source._get_full_key(None))
