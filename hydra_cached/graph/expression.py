"""What an argument is made of: leaves, references to calls, and containers of them. Nothing here executes a target.

A leaf is the value itself; the classes below mark what must be built when a call is bound, one object per consumer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra_cached.errors import NodeFailedError
from hydra_cached.fingerprint.depth import call_deep
from hydra_cached.graph.kinds import is_config_type
from hydra_cached.graph.nesting import is_endless
from hydra_cached.graph.omega_nodes import build_dict, build_list, build_tuple

if TYPE_CHECKING:
    from hydra_cached.graph.node import Place

PLAIN_MODES = frozenset({"all", "partial", "object"})


# not frozen: that would make them three times as slow to make, and reading a pipeline is mostly that


@dataclass(slots=True, eq=False)
class Ref:
    """The value of another call. ``convert`` is what the consumer wants done to a config that it returned."""

    place: Place
    convert: str


@dataclass(slots=True, eq=False)
class Items:
    """A list (``keys`` is None) or dict to be built of ``values``.

    Attributes:
        is_config: build OmegaConf's container (``_convert_: none``), else the builtin one.
        object_type: class of a structured config, or None.
        convert: what the consumer wants done to the built config; "none" leaves it.
        is_object: turn the built structured config into its class (``_convert_: object``).
        is_unexpanded: handed on as written (``_recursive_: false``); Hydra's containers allow objects, these do not.
        is_tuple: a tuple and not a list, where the installed OmegaConf tells them apart.
    """

    keys: tuple[Any, ...] | None
    values: tuple[Any, ...]
    is_config: bool
    object_type: Any = None
    convert: str = "none"
    is_object: bool = False
    is_unexpanded: bool = False
    is_tuple: bool = False


@dataclass(slots=True, eq=False)
class Raw:
    """A resolved OmegaConf container handed on as it is (``_recursive_: false``), a copy for each consumer."""

    config: Any
    convert: str


EXPRESSIONS = frozenset({Ref, Items, Raw})
_BUILT = frozenset({Items, Raw})


def set_convert(expression: Any, convert: str) -> Any:
    """Make a fresh expression the argument of a call whose ``_convert_`` mode is ``convert``."""
    if type(expression) is Ref or (type(expression) is Items and expression.is_config):
        expression.convert = convert
    return expression


def convert_config(value: Any, convert: str) -> Any:
    """Turn an OmegaConf container into plain data as ``convert`` asks; anything else comes back as it is."""
    if convert == "none" or not is_config_type(type(value)):
        return value
    from omegaconf import OmegaConf, SCMode

    if convert == "all":
        return OmegaConf.to_container(value, resolve=True)
    if convert == "partial":
        return OmegaConf.to_container(value, resolve=True, structured_config_mode=SCMode.DICT_CONFIG)
    if convert == "object":
        return OmegaConf.to_container(value, resolve=True, structured_config_mode=SCMode.INSTANTIATE)
    return value


def bind(expression: Any, value_of: Callable[[Place], Any]) -> Any:
    """Build the value of ``expression``, asking ``value_of`` for the values of calls, of some more than once.

    Raises:
        NodeFailedError: one is to stand in a container of OmegaConf, and cannot.
    """
    try:
        return _bind(expression, value_of)
    except RecursionError:
        for place in places_below([expression]):
            if is_endless(value_of(place)):
                raise _too_deep(place) from None
        return call_deep(lambda: _bind(expression, value_of))


def _too_deep(place: Place) -> NodeFailedError:
    path = ".".join(map(str, place.path))
    return NodeFailedError(
        f"the result of {path or 'the root'} ({place.target_id}) is nested too deep, or contains itself: "
        "no config can hold it",
        hint="take it as it is: _convert_: all above it",
        path=path,
        target=place.target_id,
        is_call=False,
    )


def _bind(expression: Any, value_of: Callable[[Place], Any]) -> Any:
    kind = type(expression)
    if kind is Ref:
        value = value_of(expression.place)
        return value if expression.convert == "none" else convert_config(value, expression.convert)
    if kind is Items:
        values = [_bind(each, value_of) if type(each) in EXPRESSIONS else each for each in expression.values]
        if not expression.is_config:
            if expression.keys is None:
                return tuple(values) if expression.is_tuple else values
            return dict(zip(expression.keys, values, strict=True))
        return convert_config(_build_config(expression, values), expression.convert)
    if kind is Raw:
        return _bind_raw(expression)
    return expression


def own_positions(items: Items) -> frozenset[int]:
    """Positions of the containers in it that are built for it alone."""
    return frozenset([index for index, each in enumerate(items.values) if type(each) in _BUILT])


def _build_config(items: Items, values: list[Any]) -> Any:
    own = own_positions(items)
    if items.keys is None:
        config = build_tuple(values) if items.is_tuple else build_list(values, own)
    else:
        config = build_dict(items.keys, values, own)
    if items.is_unexpanded:
        config._set_flag("allow_objects", None)
    if items.object_type is not None:
        config._metadata.object_type = items.object_type
    if not items.is_object:
        return config
    from omegaconf import OmegaConf

    return OmegaConf.to_object(config)


def _bind_raw(raw: Raw) -> Any:
    if raw.convert not in PLAIN_MODES:
        return copy_raw(raw)
    import copy

    # in its place: what is wrong with it has a path there, and text may refer to what stands above
    value = convert_config(copy.deepcopy(raw.config), raw.convert)
    return copy_raw(Raw(value, "none")) if is_config_type(type(value)) else value


def copy_raw(raw: Raw) -> Any:
    """The config of ``raw`` by itself, without what stands above it."""
    import copy

    config = copy.deepcopy(raw.config)
    config._set_parent(None)
    # flags found further up, such as readonly, are remembered below
    config._invalidate_flags_cache()
    return config


def written_content(raw: Raw) -> Any:
    """What is written in a config that is handed on, as plain data, interpolations as text."""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(raw.config, resolve=False)


def references(expression: Any) -> Iterator[Ref]:
    """Every reference below ``expression``, in the order in which they are written."""
    stack = [expression]
    while stack:
        each = stack.pop()
        if type(each) is Ref:
            yield each
        elif type(each) is Items:
            stack.extend(reversed(each.values))


def places_below(expressions: Iterable[Any]) -> tuple[Place, ...]:
    """Places that any of ``expressions`` refers to, without repetition, in order."""
    found: dict[Place, None] = {}
    for expression in expressions:
        if type(expression) is Ref:
            found[expression.place] = None
        elif type(expression) is Items:
            for ref in references(expression):
                found[ref.place] = None
    return tuple(found)
