"""Makes one node of equal calls that are written at several places. Compares; never digests and never calls.

Two places are the same node when target, modes and literal arguments are equal, their calls are the same nodes, and
those calls are shared alike: `f(a=${x}, b=${x})` gets one object twice, `f(a={x}, b={x})` two equal ones.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from hydra_cached.fingerprint import is_immutable
from hydra_cached.graph.expression import Items, Raw, Ref, references
from hydra_cached.graph.kinds import is_config_type
from hydra_cached.graph.node import Graph, Node, Place

# whose immutable values are equal when they are written alike
_VALUE_MODULES = frozenset({"datetime", "decimal", "fractions", "numpy", "uuid"})
_SCALARS = frozenset({str, int, bool, type(None), bytes})


def merge_equal_calls(
    places: list[Place], paths: list[list[tuple[str | int, ...]]], root: Any, *, is_sharing: bool
) -> Graph:
    """The graph of ``places``, which are in creation order (children first), with ``paths`` found for each."""
    if is_sharing:
        shapes = _shapes(places)
        patterns = _patterns(places, shapes)
    else:
        shapes = list(range(len(places)))
        patterns = [()] * len(places)
    groups: dict[Any, list[Place]] = {}
    node_of_place: list[int] = []
    order: dict[Any, int] = {}
    for place in places:
        key = (
            shapes[place.index],
            patterns[place.index],
            tuple(node_of_place[ref.place.index] for ref in _ordered_references(place))
            if patterns[place.index]
            else (),
        )
        groups.setdefault(key, []).append(place)
        node_of_place.append(order.setdefault(key, len(order)))
    nodes = tuple(
        Node(
            index=index,
            places=tuple(group),
            paths=_order_paths([path for place in group for path in paths[place.index]]),
            children=tuple(dict.fromkeys(node_of_place[child.index] for child in group[0].children)),
            pattern=patterns[group[0].index],
        )
        for index, group in enumerate(groups.values())
    )
    return Graph(nodes, root, tuple(node_of_place))


def _order_paths(paths: list[tuple[str | int, ...]]) -> tuple[str, ...]:
    first = min(paths, key=lambda path: (len(path), sum(len(str(key)) for key in path)))
    dotted = [".".join(map(str, path)) for path in (first, *paths)]
    return tuple(dict.fromkeys(dotted))


# --- shapes: equality of the calls written out as trees ---------------------------------------------------------------


def _shapes(places: list[Place]) -> list[int]:
    known: dict[Any, int] = {}
    shapes: list[int] = []
    for place in places:
        key: Any = ("once", place.index)
        if place.declared.is_cached:
            kwargs = place.kwargs
            args = place.args
            key = (
                id(place.target),
                place.convert,
                place.is_partial,
                place.declared,
                tuple(_key(each, shapes) for each in args) if isinstance(args, tuple) else _key(args, shapes),
                tuple((name, _key(kwargs[name], shapes)) for name in sorted(kwargs, key=str)),
            )
        shapes.append(known.setdefault(key, len(known)))
    return shapes


def _key(value: Any, shapes: list[int]) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return (kind, value)
    if kind is float:
        return (float, repr(value))
    if kind is Ref:
        return (Ref, shapes[value.place.index], value.convert)
    if kind is Items:
        return (
            value.keys if value.keys is None else tuple((type(key), key) for key in value.keys),
            tuple(_key(each, shapes) for each in value.values),
            value.is_config,
            id(value.object_type),
            value.convert,
            value.is_object,
            value.is_unexpanded,
            value.is_tuple,
        )
    if kind is Raw:
        return (Raw, value.convert, _data_key(value.config))
    if isinstance(value, PurePath):
        return (kind, str(value))
    if kind.__module__ in _VALUE_MODULES and is_immutable(value):
        return (kind, repr(value))
    return (kind, id(value))


def _data_key(config: Any) -> Any:
    if is_config_type(type(config)):
        content: Any = vars(config)["_content"]
        own = (type(config), id(config._metadata.object_type), tuple(sorted((config._metadata.flags or {}).items())))
        if isinstance(content, dict):
            return (own, tuple((type(k), k, _data_key(v)) for k, v in content.items()))
        if isinstance(content, list):
            return (own, tuple(_data_key(each) for each in content))
        return (own, content)
    return _key(config._value() if hasattr(config, "_value") else config, [])


# --- patterns: which equal calls below a place are the same object ----------------------------------------------------


def _patterns(places: list[Place], shapes: list[int]) -> list[tuple[Any, ...]]:
    patterns: list[tuple[Any, ...]] = [()] * len(places)
    counts: dict[int, int] = {}
    for shape in shapes:
        counts[shape] = counts.get(shape, 0) + 1
    if len(counts) == len(places):
        return patterns
    below: list[tuple[Place, ...]] = []
    for place in places:
        numbers: dict[Place, int] = {}
        uses = []
        for ref in _ordered_references(place):
            child = ref.place
            reached = below[child.index]
            if counts[shapes[child.index]] > 1:
                reached = (*reached, child)
            uses.append(tuple(numbers.setdefault(each, len(numbers)) for each in reached))
        below.append(tuple(numbers))
        if len({shapes[each.index] for each in numbers}) < len(numbers):
            patterns[place.index] = tuple(uses)
    return patterns


def _ordered_references(place: Place) -> list[Ref]:
    # by name: the order in which keywords are written does not matter
    found = [
        ref for each in (place.args if isinstance(place.args, tuple) else (place.args,)) for ref in references(each)
    ]
    for name in sorted(place.kwargs, key=str):
        found.extend(references(place.kwargs[name]))
    return found
