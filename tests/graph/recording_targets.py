"""Targets that note each call with all it received, and the description of values that two outcomes are compared by.

A description tells types all the way down, which objects are the same one, and what OmegaConf's containers remember.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Optional, Union

import attrs
import omegaconf
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

events: list[Any] = []
"""Calls of targets and resolvers, in order."""

_numbers: dict[int, int] = {}
_alive: list[Any] = []
_resolved: list[str] = []
_is_numbered = [True]


def forget(*, is_numbered: bool = True) -> None:
    """Begin anew: no event, no object seen. Descriptions tell which objects are the same one if ``is_numbered``."""
    _is_numbered[0] = is_numbered
    events.clear()
    _numbers.clear()
    _alive.clear()
    _resolved.clear()


def describe(value: Any, parent: Any = None) -> Any:
    """All that can be told apart about a value. ``parent`` is the OmegaConf container that it was found in."""
    kind = type(value).__name__
    if isinstance(value, (DictConfig, ListConfig)):
        return _describe_config(value, parent)
    if isinstance(value, (type, int, float, str, bytes, Enum, complex, range, frozenset)) or value is None:
        return kind, repr(value)
    if isinstance(value, dict):
        return kind, _number(value), [(repr(key), describe(each)) for key, each in value.items()]
    if isinstance(value, (list, tuple)):
        return kind, _number(value), [describe(each) for each in value]
    if isinstance(value, functools.partial):
        # its class is Hydra's own in some versions
        return "partial", value.func.__name__, describe(value.args), describe(value.keywords)
    if isinstance(value, Box):
        return kind, _number(value), describe(value.args), describe(value.kwargs)
    if isinstance(value, (Point, Corner, Shape, Pipeline, Attrs)):
        return kind, _number(value), [(name, describe(each)) for name, each in sorted(vars(value).items())]
    return kind, _number(value), repr(value) if callable(value) else ""


def _describe_config(value: Any, parent: Any) -> Any:
    content = vars(value)["_content"]
    children: Any = content
    if isinstance(content, dict):
        children = [(repr(key), _describe_node(node, value)) for key, node in content.items()]
    elif isinstance(content, list):
        children = [_describe_node(node, value) for node in content]
    metadata = vars(value)["_metadata"]
    types = [str(getattr(metadata, name, None)) for name in ("object_type", "ref_type", "element_type", "key_type")]
    flags = [flag for flag in ("allow_objects", "readonly", "struct") if value._get_flag(flag)]
    is_inside = parent is not None and value._get_parent() is parent
    return type(value).__name__, _number(value), is_inside, types, metadata.optional, flags, children


def _describe_node(node: Any, parent: Any) -> Any:
    if isinstance(node, (DictConfig, ListConfig)):
        return describe(node, parent)
    return type(node).__name__, node._key(), node._get_parent() is parent, describe(node._value())


def _number(value: Any) -> int:
    if not _is_numbered[0]:
        return 0
    _alive.append(value)
    return _numbers.setdefault(id(value), len(_numbers))


def _note(name: str, args: Any, kwargs: Any) -> None:
    configs = [each for each in (*args, *kwargs.values()) if OmegaConf.is_config(each)]
    events.append((name, describe(args), describe(kwargs), [each._get_parent() is None for each in configs]))


class Box:
    """Keeps what it was given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _note("Box", args, kwargs)
        self.args = args
        self.kwargs = kwargs

    @classmethod
    def make(cls, *args: Any, **kwargs: Any) -> Box:
        return cls(*args, **kwargs)

    def __repr__(self) -> str:
        return "Box"


def show(*args: Any, **kwargs: Any) -> Any:
    _note("show", args, kwargs)
    return "shown"


def first(*args: Any, **kwargs: Any) -> Any:
    """Hands on what it was given."""
    _note("first", args, kwargs)
    return next(iter((*args, *kwargs.values())), None)


def change(*args: Any, **kwargs: Any) -> Any:
    """Changes what it was given, and hands it on."""
    _note("change", args, kwargs)
    for each in (*args, *kwargs.values()):
        try:
            if isinstance(each, (dict, DictConfig)):
                each["changed"] = len(each)
            elif isinstance(each, (list, ListConfig)):
                each.append("changed")
            elif isinstance(each, Box):
                each.kwargs["changed"] = len(each.kwargs)
        except OmegaConfBaseException as exc:
            events.append(type(exc))
    return next(iter((*args, *kwargs.values())), None)


def make_dict(*args: Any, **kwargs: Any) -> Any:
    _note("make_dict", args, kwargs)
    return {"p": 1, "q": [2, {"_target_": "never"}]}


def make_config(*args: Any, **kwargs: Any) -> Any:
    _note("make_config", args, kwargs)
    return OmegaConf.create({"p": [1, {"q": None}], "r": "${p}"})


def make_point(*args: Any, **kwargs: Any) -> Any:
    _note("make_point", args, kwargs)
    return Point(7, 8)


def make_function(*args: Any, **kwargs: Any) -> Any:
    _note("make_function", args, kwargs)
    return show


def add(a: int, b: int = 1) -> int:
    events.append(("add", a, b))
    return a + b


def fail(*args: Any, **kwargs: Any) -> None:
    _note("fail", args, kwargs)
    raise ValueError("no luck")


def ask(x: Any) -> Any:
    """Asks a config for what it has not."""
    return x.no_such


def fail_with_cause(*args: Any, **kwargs: Any) -> None:
    _note("fail_with_cause", args, kwargs)
    try:
        raise KeyError("deeper")
    except KeyError as exc:
        raise OSError("outer") from exc


class Opaque:
    """An object that OmegaConf knows nothing of."""


OPAQUE = Opaque()


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Point:
    x: int = 1
    y: Any = 2


@dataclass
class Corner:
    at: Point = field(default_factory=Point)
    name: str = "corner"


@dataclass
class Shape:
    _target_: str = "tests.graph.recording_targets.Box"
    corner: Corner = field(default_factory=Corner)
    sides: list[int] = field(default_factory=lambda: [1, 2])
    colour: Colour = Colour.RED
    extra: Any = None


@dataclass
class Pipeline:
    a: Any = 1
    b: Any = None
    number: int = 3
    maybe: Optional[float] = None  # noqa: UP045  OmegaConf reads annotations
    either: Union[int, str] = "e"  # noqa: UP007
    point: Point = field(default_factory=Point)
    points: list[Point] = field(default_factory=list)
    named: dict[str, Corner] = field(default_factory=dict)
    optional: Optional[Point] = None  # noqa: UP045
    numbers: dict[str, int] = field(default_factory=dict)
    rows: list[list[int]] = field(default_factory=list)
    by_colour: dict[Colour, Any] = field(default_factory=dict)
    missing: Any = "set"


@dataclass
class Nested(Pipeline):
    inner: Pipeline = field(default_factory=Pipeline)
    shape: Shape = field(default_factory=Shape)
    _recursive_: bool = True


@dataclass
class Call(Pipeline):
    _target_: str = "tests.graph.recording_targets.Box"
    _convert_: str = "none"


@attrs.define(slots=False)
class Attrs:
    u: int = 5
    v: Any = 6


# --- resolvers --------------------------------------------------------------------------------------------------------


def register_resolvers() -> None:
    """Register resolvers. Each call of ``count``, ``tree`` and ``cached`` is an event and gives something new."""

    def count(name: Any) -> Any:
        events.append(("count", name))
        _resolved.append(name)
        return f"{name}-{len(_resolved)}"

    def tree(name: Any) -> Any:
        events.append(("tree", name))
        _resolved.append(name)
        return {"made": len(_resolved), "box": {"_target_": f"{__name__}.Box", "_args_": [name]}, "list": [1, "${a}"]}

    def broken(name: Any) -> Any:
        events.append(("broken", name))
        raise ZeroDivisionError(name)

    def here(name: Any, *, _node_: Any, _parent_: Any) -> Any:
        events.append(("here", name))
        return f"{_node_._get_full_key(None)} in {type(_parent_).__name__}"

    def same(value: Any) -> Any:
        return value

    resolvers: dict[str, Callable[..., Any]] = {"count": count, "tree": tree, "broken": broken, "cached": count}
    # 2.4 deprecates a name that 2.3 had to have
    register: Any = (
        OmegaConf.register_resolver if hasattr(omegaconf, "TupleConfig") else OmegaConf.register_new_resolver
    )
    for name, resolver in {**resolvers, "here": here, "same": same}.items():
        register(name, resolver, replace=True, use_cache=name == "cached")
