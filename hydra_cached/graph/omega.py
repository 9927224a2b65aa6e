"""Access to the inside of OmegaConf containers, without copying or resolving the tree. Owns their inner names.

OmegaConf's public access costs some 10 µs a value, and a copy or a full resolve of the tree for what Hydra does. The
inner names used here (`_content`, `_val`, `_metadata`, `_get_node`, `_is_interpolation`, `_dereference_node`,
`_get_parent`, `_key`) were tested with omegaconf 2.3 and 2.4.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from typing import Any, NoReturn

from hydra_cached.graph.kinds import hydra_version
from hydra_cached.graph.omega_nodes import keep_objects
from hydra_cached.graph.rings import find_ring

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
    if isinstance(value, str) and ("${" in value or value == "???"):
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


def read_item(container: Any, key: Any, *, is_final: bool = True) -> Any:
    """The child at ``key`` with interpolations resolved: a leaf's value, or a container in its own place.

    Args:
        is_final: text that an interpolation gave may be an interpolation in its turn. Hydra 1.3 resolves a config and
            then reads it, so that it is resolved a second time, but for what is handed on unexpanded.

    Raises:
        omegaconf.errors.MissingMandatoryValue: the value is "???".
        omegaconf.errors.InterpolationResolutionError: what it refers to is not there or a resolver failed.
    """
    from omegaconf import ListConfig
    from omegaconf.errors import OmegaConfBaseException

    node = container._get_node(key)
    value = _read_node(container, key, node)
    if is_final and isinstance(value, str) and "${" in value:
        again = copy.copy(node)
        again.__dict__["_val"] = value
        try:
            value = _read_node(container, key, again, node)
        except OmegaConfBaseException as exc:
            # Hydra reads it where it says what it reads; it reads lists by iterating over them
            if isinstance(container, ListConfig):
                raise
            container._format_and_raise(key=key, value=None, cause=exc)
    return value


def _read_node(container: Any, key: Any, node: Any, written: Any = None) -> Any:
    """The value of a node, which may stand for one that is ``written`` otherwise."""
    from omegaconf import Container, Node

    if isinstance(node, Node) and node._is_interpolation():
        node = _follow(container, key, node, node if written is None else written)
    if isinstance(node, Node) and node._is_missing():
        _refuse_missing(container, key)
    if isinstance(node, Container):
        return None if node._is_none() else node
    if isinstance(node, Node):
        node = node._value()
    return node._value() if isinstance(node, Node) else node


def _follow(container: Any, key: Any, node: Any, written: Any) -> Any:
    from omegaconf import Container
    from omegaconf.errors import InterpolationResolutionError, InterpolationToMissingValueError

    try:
        found = node._dereference_node()
    except InterpolationToMissingValueError:
        _refuse_missing(container, key)
    except InterpolationResolutionError as exc:
        text = str(exc).partition("\n")[0]
        ring = find_ring(written) or find_ring(node) if "detected" in text or "RecursionError" in text else ""
        if not ring:
            raise
        # of what class it is callers may know
        raise type(exc)(f"Recursive interpolation detected: {ring}") from exc.__cause__
    if isinstance(node, Container) and not isinstance(found, type(node)):
        # in the place of a container only that kind of container may come: OmegaConf says so when it is set
        copy.deepcopy(node)._set_value(found if isinstance(found, Container) else found._value())
    return found


def _refuse_missing(container: Any, key: Any) -> NoReturn:
    from omegaconf import ListConfig, MissingMandatoryValue

    if isinstance(container, ListConfig):
        raise MissingMandatoryValue(f"Missing value at index {key}") from None
    container._format_and_raise(key=key, value=None, cause=MissingMandatoryValue("Missing mandatory value: $FULL_KEY"))
    raise AssertionError("unreachable")  # pragma: no cover


def settle_item(container: Any, key: Any, *, is_final: bool = True) -> Any:
    """As `read_item`, and what came of an interpolation takes its place, as in Hydra: its resolver is called once.

    A container that a resolver made becomes a part of the config; one that is written elsewhere stays a reference.
    """
    from omegaconf import Container

    value = read_item(container, key, is_final=is_final)
    if not isinstance(value, Container):
        if not (isinstance(value, str) and ("${" in value or value == "???")):
            container._get_node(key)._set_value(value)
        return value
    if _is_written(value):
        return value
    container[key] = value
    return container._get_node(key)


def _is_written(container: Any) -> bool:
    """Whether a container stands in another one, in its own place."""
    parent, key = container._get_parent(), container._key()
    siblings = None if parent is None else parent.__dict__["_content"]
    if isinstance(siblings, dict):
        return siblings.get(key) is container
    return isinstance(siblings, list) and isinstance(key, int) and key < len(siblings) and siblings[key] is container


def has_resolvers(config: Any) -> bool:
    """Whether any interpolation below calls a resolver: `${name:...}`."""
    stack = [config]
    while stack:
        node = stack.pop()
        fields = node.__dict__
        content = fields["_content"] if "_content" in fields else fields.get("_val")
        if isinstance(content, str):
            if "${" in content and ":" in content:
                return True
        elif "_content" in fields and content is not None:
            stack.extend(content.values() if isinstance(content, dict) else _listed(content))
    return False


def _listed(content: Any) -> Any:
    # a union node holds one node
    return content if isinstance(content, list) else (content,)


def is_below(container: Any, root: Any) -> bool:
    """Whether ``container`` is ``root`` or a part of it."""
    while container is not None and container is not root:
        container = container._get_parent()
    return container is not None


def is_written_missing(node: Any) -> bool:
    """Whether a leaf is written as "???"."""
    return bool(node.__dict__.get("_val") == "???")


def is_missing(container: Any, key: Any) -> bool:
    from omegaconf import OmegaConf

    return bool(OmegaConf.is_missing(container, key))


def object_type_of(container: Any) -> Any:
    """Class of a structured config, None for an ordinary one."""
    found = container._metadata.object_type
    return None if found is dict else found


def resolve_copy(container: Any) -> Any:
    """A copy of the container with every interpolation resolved; its own flags are those of ``container``."""
    from omegaconf import OmegaConf, flag_override

    copied = copy.deepcopy(container)
    copied._set_parent(container._get_parent())
    with flag_override(copied, ["allow_objects", "struct", "readonly"], [True, False, False]):
        OmegaConf.resolve(copied)
    return copied


def move(copied: Any, parent: Any, key: Any) -> Any:
    """Make ``parent`` and ``key`` known to a copy as its place, without putting it there: it tells them in errors."""
    copied._set_parent(parent)
    copied._set_key(key)
    return copied


def merge_config(config: Any, overrides: Mapping[str, Any]) -> Any:
    """A copy of a config; if it is a dict, with the caller's keyword arguments merged over it."""
    from omegaconf import DictConfig, OmegaConf

    merged = _open_copy(config)
    if overrides and isinstance(merged, DictConfig):
        if "_target_" in overrides or (not merged._is_none() and "_target_" in merged):
            _empty_replaced(merged, overrides)
        parent = merged._get_parent()
        merged = OmegaConf.merge(merged, {key: _keep_objects(merged, key, value) for key, value in overrides.items()})
        merged._set_parent(parent)
    return merged


def _empty_replaced(config: Any, overrides: Mapping[str, Any]) -> None:
    """Hydra 1.4 replaces a plain mapping that is an argument by the caller's mapping; 1.3 merges into it."""
    from omegaconf import DictConfig

    for key, value in overrides.items():
        if isinstance(value, dict) and hydra_version() >= (1, 4) and key in config:
            written = read_item(config, key)
            if isinstance(written, DictConfig) and object_type_of(written) is None and "_target_" not in written:
                config[key] = {}


def _keep_objects(config: Any, key: str, value: Any) -> Any:
    """Hydra 1.4 hands on a dataclass instance of the caller's as it is, unless the config has a type there."""
    # not with `in`, which resolves interpolations
    written = config._get_node(key, validate_access=False)
    return value if written is not None and written._metadata.ref_type is not Any else keep_objects(value)


def _open_copy(config: Any) -> Any:
    copied = copy.deepcopy(config)
    copied._set_flag(flags=["allow_objects", "struct", "readonly"], values=[True, False, False])
    copied._set_parent(config._get_parent())
    return copied
