"""Makes one node of equal calls that are written at several places. Compares; never digests and never calls.

Two places are the same node when target, modes and literal arguments are equal, their calls are the same nodes, and
those calls are shared alike: `f(a=${x}, b=${x})` gets one object twice, `f(a={x}, b={x})` two equal ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from hydra_cached.fingerprint import is_immutable
from hydra_cached.graph.expression import Items, Raw, Ref, references
from hydra_cached.graph.kinds import is_config_type
from hydra_cached.graph.node import Graph, Node, Place
from hydra_cached.graph.paths import Link

# whose immutable values are equal when they are written alike
_VALUE_MODULES = frozenset({"datetime", "decimal", "fractions", "numpy", "uuid"})
_SCALARS = frozenset({str, int, bool, type(None), bytes})


def merge_equal_calls(
    places: Sequence[Place],
    paths: Sequence[Sequence[Link] | None],
    root: Any,
    *,
    is_sharing: bool,
    parts: Sequence[range] | None = None,
) -> Graph:
    """The graph of places.

    Args:
        places: in creation order, children first.
        paths: where each of them was found; None stands for the place where it is written.
        is_sharing: False makes a node of every place.
        parts: indices of the places of each config, where there are several, one after the other.
    """
    shapes: list[int] = []
    patterns: list[tuple[Any, ...]] = []
    if is_sharing:
        shapes, shape_count = _shapes(places)
        is_sharing = shape_count < len(places)
    if not is_sharing:
        nodes = [
            Node(place.index, (place,), _found(place, paths), tuple([child.index for child in place.children]), ())
            for place in places
        ]
        return Graph(tuple(nodes), root, tuple(range(len(places))))
    for part in parts or (range(len(places)),):
        # no place refers to one of another config
        patterns += _patterns(places[part.start : part.stop], shapes, part.start)
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
    nodes = [
        Node(
            index=index,
            places=tuple(group),
            links=tuple([link for place in group for link in _found(place, paths)]),
            children=tuple(dict.fromkeys([node_of_place[child.index] for child in group[0].children])),
            pattern=patterns[group[0].index],
        )
        for index, group in enumerate(groups.values())
    ]
    return Graph(tuple(nodes), root, tuple(node_of_place))


def _found(place: Place, paths: Sequence[Sequence[Link] | None]) -> tuple[Link, ...]:
    found = paths[place.index]
    return (place.link,) if found is None else tuple(found)


# --- shapes: equality of the calls written out as trees ---------------------------------------------------------------


def _shapes(places: Sequence[Place]) -> tuple[list[int], int]:
    """A number for each place, the same for calls that are written alike; and how many numbers there are."""
    known: dict[Any, int] = {}
    shapes: list[int] = []
    marks = _Numbers()
    for place in places:
        key: Any = place.index
        if place.declared.is_cached:
            kwargs, args = place.kwargs, place.args
            # one flat tuple: keys are compared for every call there is
            parts = [id(place.target), place.convert, place.is_partial, marks.number(place.declared)]
            if type(args) is not tuple:
                parts += (None, _key(args, shapes))
            elif args:
                parts.append(len(args))
                parts += [_key(each, shapes) for each in args]
            for name in _in_order(kwargs):
                value = kwargs[name]
                kind = type(value)
                parts += (name, kind, value) if kind in _SCALARS else (name, None, _key(value, shapes))
            key = tuple(parts)
        shapes.append(known.setdefault(key, len(known)))
    return shapes, len(known)


class _Numbers:
    """Numbers for equal values, found by identity the second time: to hash a dataclass costs a microsecond."""

    def __init__(self) -> None:
        self._by_value: dict[Any, int] = {}
        self._by_id: dict[int, int] = {}

    def number(self, value: Any) -> int:
        found = self._by_id.get(id(value))
        if found is None:
            found = self._by_id[id(value)] = self._by_value.setdefault(value, len(self._by_value))
        return found


def _in_order(kwargs: dict[str, Any]) -> list[str]:
    """Names of keywords, sorted: the order in which they are written does not matter."""
    try:
        return sorted(kwargs)
    except TypeError:
        # no call can be made with such names, but that is for the call to say
        return sorted(kwargs, key=str)


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


def _patterns(places: Sequence[Place], shapes: list[int], first: int) -> list[tuple[Any, ...]]:
    """A pattern for each place, empty where no two equal calls are below it; ``first`` is the index of the first one.

    What is shared within one argument is said by the patterns below. So a pattern says what several arguments have in
    common: by the highest of the calls that they share, since all below those is shared with them.
    """
    patterns: list[tuple[Any, ...]] = [()] * len(places)
    counts = Counter([shapes[place.index] for place in places])
    if len(counts) == len(places):
        return patterns
    below = _Below(first)
    for place in places:
        children = [ref.place for ref in _ordered_references(place)]
        shape = shapes[place.index]
        patterns[place.index - first] = below.add(place, children, shape if counts[shape] > 1 else None)
    return patterns


class _Below:
    """What is below each place of the calls that have an equal one, as bits: higher ones never lie below lower ones."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._children: list[list[Place]] = []
        self._calls: list[Place] = []
        self._reached: list[int] = []
        self._reached_shapes: list[int] = []

    def add(self, place: Place, children: list[Place], shape: int | None) -> tuple[Any, ...]:
        """The pattern of the next place; ``shape`` is None where no other call is equal to it."""
        reached = shared = reached_shapes = 0
        for child in children:
            in_child = self._reached[child.index - self._first]
            shared |= reached & in_child
            reached |= in_child
            reached_shapes |= self._reached_shapes[child.index - self._first]
        self._children.append(children)
        pattern: tuple[Any, ...] = ()
        if reached.bit_count() != reached_shapes.bit_count():
            pattern = (len(children), *sorted(self._find_shared(children, shared)))
        if shape is not None:
            reached |= 1 << len(self._calls)
            reached_shapes |= 1 << shape
            self._calls.append(place)
        self._reached.append(reached)
        self._reached_shapes.append(reached_shapes)
        return pattern

    def _find_shared(self, children: list[Place], shared: int) -> Iterator[tuple[Any, ...]]:
        """Where the highest of the shared calls are: the argument and the way from there, for each that has it."""
        while shared:
            bit = shared.bit_length() - 1
            call = self._calls[bit]
            yield tuple(
                (number, self._way(child, call, bit)) for number, child in enumerate(children) if self._has(child, bit)
            )
            shared &= ~self._reached[call.index - self._first]

    def _way(self, place: Place, call: Place, bit: int) -> tuple[int, ...]:
        """Numbers of arguments that lead from a place down to a call, directly where that can be."""
        way: list[int] = []
        while place is not call:
            children = self._children[place.index - self._first]
            number = next((number for number, child in enumerate(children) if child is call), None)
            if number is None:
                number = next(number for number, child in enumerate(children) if self._has(child, bit))
            way.append(number)
            place = children[number]
        return tuple(way)

    def _has(self, place: Place, bit: int) -> bool:
        return bool(self._reached[place.index - self._first] >> bit & 1)


def _ordered_references(place: Place) -> list[Ref]:
    # by name: the order in which keywords are written does not matter
    found = [
        ref for each in (place.args if isinstance(place.args, tuple) else (place.args,)) for ref in references(each)
    ]
    for name in _in_order(place.kwargs):
        found.extend(references(place.kwargs[name]))
    return found
