"""More values to digest: derived classes, rare builtins, and objects that are one or only equal."""

from __future__ import annotations

import collections
import copy
import decimal
import enum
import fractions
import functools
import operator
import re
import struct
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.fingerprint.samples import Fixed, Group, Point, Slotted, double


class Number(float):
    pass


class Tally(collections.Counter[str]):
    pass


class Exact(decimal.Decimal):
    pass


class Rational(fractions.Fraction):
    pass


class Moment(datetime):
    pass


class Level(enum.IntEnum):
    LOW = 1


class Permission(enum.IntFlag):
    READ = 1
    WRITE = 2


@dataclass(slots=True)
class Narrow:
    a: Any
    b: Any = None


@dataclass(eq=False)
class Lone:
    a: Any


class ByValue:
    """An object that says what it equals."""

    def __init__(self, a: Any) -> None:
        self.a = a

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByValue) and bool(self.a == other.a)

    def __hash__(self) -> int:
        return hash(self.a)


def nan(bits: int) -> float:
    """Not a number, with bits of one's choice."""
    found: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return found


def noted(value: Any, **attributes: Any) -> Any:
    """``value`` with attributes set."""
    vars(value).update(attributes)
    return value


def twice(value: Any) -> list[Any]:
    return [value, value]


def apart(value: Any) -> list[Any]:
    return [value, copy.deepcopy(value)]


def later(wanted: int) -> Any:
    """A list whose last item is one of the members of a set before it."""
    members = [Lone(0), Lone(1)]
    return [set(members), members[wanted]]


def pairs_that_differ() -> Mapping[str, tuple[Any, Any]]:
    """By name, two values that a function can tell apart."""
    berlin, paris = (ZoneInfo(name) for name in ("Europe/Berlin", "Europe/Paris"))
    model = Point(1)
    return {
        "bits of nan": (nan(0x7FF8000000000001), nan(0x7FF8000000000002)),
        "sign of nan": (nan(0x7FF8000000000000), nan(0xFFF8000000000000)),
        "zeros of a derived class": (Number(0.0), Number(-0.0)),
        "attributes of a number": (noted(Number(1)), noted(Number(1), unit="m")),
        "attributes of a counter": (Tally("a"), noted(Tally("a"), unit="m")),
        "attributes of a decimal": (Exact("1"), noted(Exact("1"), unit="m")),
        "attributes of a fraction": (Rational(1, 2), noted(Rational(1, 2), unit="m")),
        "attributes of a datetime": (Moment(2020, 1, 1), noted(Moment(2020, 1, 1), unit="m")),
        "attributes of a set": (Group([1]), noted(Group([1]), unit="m")),
        "attributes of an error": (ValueError("a"), noted(ValueError("a"), unit="m")),
        "errors": (ValueError("a"), TypeError("a")),
        "views of a dict": ({"a": 1}.keys(), {"a": 1}.values()),
        "order in a view": ({"a": 1, "b": 2}.keys(), {"b": 2, "a": 1}.keys()),
        "view and list": ({"a": 1}.keys(), ["a"]),
        "items": ({"a": 1}.items(), {"a": True}.items()),
        "views of an ordered dict": (collections.OrderedDict(a=1).keys(), {"a": 1}.keys()),
        "order in an ordered dict": (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
        "chains": (collections.ChainMap({"a": 1}, {"b": 1}), collections.ChainMap({"a": 1, "b": 1})),
        "namespaces": (types.SimpleNamespace(a=1), types.SimpleNamespace(a=True)),
        "namespace and dict": (types.SimpleNamespace(a=1), {"a": 1}),
        "signs of zero decimals": (decimal.Decimal("0"), decimal.Decimal("-0")),
        "decimals that are no number": (decimal.Decimal("nan"), decimal.Decimal("snan")),
        "notes of such decimals": (decimal.Decimal("nan1"), decimal.Decimal("nan2")),
        "contexts of decimals": (decimal.Context(prec=3), decimal.Context(prec=4)),
        "zones": (datetime(2020, 1, 1, tzinfo=berlin), datetime(2020, 1, 1, tzinfo=paris)),
        "zone and none": (datetime(2020, 1, 1, tzinfo=berlin), datetime(2020, 1, 1)),
        "member and number": (Level.LOW, 1),
        "flags and number": (Permission.READ, 1),
        "flags together": (Permission.READ | Permission.WRITE, Permission.READ),
        "flags without a name": (Permission(8), Permission(16)),
        "aliases of types": (list[int], list[str]),
        "alias and typing's": (list[int], typing.List[int]),  # noqa: UP006
        "unions": (int | str, int | float),
        "literals": (typing.Literal[1], typing.Literal[True]),
        "calls with arguments before": (functools.partial(functools.partial(max, 1), 2), functools.partial(max, 2, 1)),
        "names in a partial": (functools.partial(dict, a=1, b=2), functools.partial(dict, b=2, a=1)),
        "partial methods": (functools.partialmethod(double, 1), functools.partialmethod(double, 2)),
        "getters": (operator.itemgetter(1), operator.itemgetter(2)),
        "callers": (operator.methodcaller("a", 1), operator.methodcaller("a", True)),
        "formats of a view": (memoryview(b"ab"), memoryview(b"ab").cast("b")),
        "shapes of a view": (memoryview(bytes(6)).cast("B", (2, 3)), memoryview(bytes(6)).cast("B", (3, 2))),
        "views that can be written": (memoryview(b"ab"), memoryview(bytearray(b"ab"))),
        "formats of struct": (struct.Struct("<d"), struct.Struct("<q")),
        "pattern and its text": (re.compile("a"), "a"),
        "long bytes": (b"a" * 10_000, b"a" * 9_999 + b"b"),
        "long bytes and bytearray": (b"a" * 10_000, bytearray(b"a" * 10_000)),
        "dataclass with slots": (Narrow(1), Narrow(True)),
        "dataclass with slots and one without": (Narrow(1), Point(1, None)),
        "one object twice": (twice(Point(1)), apart(Point(1))),
        "one large object twice": (twice(Point("x" * 9000)), apart(Point("x" * 9000))),
        "one object with slots twice": (twice(Slotted(1)), apart(Slotted(1))),
        "one derived list twice": (twice(collections.UserList([1])), apart(collections.UserList([1]))),
        "one derived set twice": (twice(Group([1])), apart(Group([1]))),
        "one sentinel twice": (twice(object()), apart(object())),
        "one object in two others": ([Lone(model), Lone(model)], [Lone(model), Lone(Point(1))]),
        "an object that is its neighbour's": ([model, Point(2, model)], [model, Point(2, Point(1))]),
        "an object in a set": ([model, {1: model}], [model, {1: Point(1)}]),
        "which member of a set": (later(0), later(1)),
        "the same in another order": ([model, Point(1), model], [model, Point(1), Point(1)]),
        "which of two equal ones": (_repeat(0), _repeat(1)),
    }


def _repeat(wanted: int) -> list[Any]:
    models = [Point(1), Point(1)]
    return [*models, models[wanted]]


def pairs_that_are_equal() -> Mapping[str, tuple[Any, Any]]:
    """By name, two values that differ in nothing but how they came to be."""
    return {
        "nan in a set": ({nan(0x7FF8000000000000)}, {nan(0x7FF8000000000000)}),
        "numbers of one hash in a set": ({-1, -2, 2**61 - 2}, {2**61 - 2, -2, -1}),
        "views with gaps and without": (memoryview(b"abcdef")[::2], memoryview(b"ace")),
        "views of equal dicts": ({"a": 1}.keys(), {"a": 1}.keys()),
        "contexts of decimals": (decimal.Context(prec=3), decimal.Context(prec=3)),
        "unions": (int | str, int | str),
        "shared values": (twice(ByValue((1, 2))), [ByValue((1, 2)), ByValue((1, 2))]),
        "shared containers": (twice([1, {"a": [2]}]), apart([1, {"a": [2]}])),
        "shared partials": (twice(functools.partial(double, 1)), [functools.partial(double, 1) for _ in range(2)]),
        "shared frozen objects": (twice(Fixed((1, 2))), apart(Fixed((1, 2)))),
        "shared moments": (twice(datetime(2020, 1, 1)), [datetime(2020, 1, 1), datetime(2020, 1, 1)]),
        "objects shared in one way": (twice(Point(1)), copy.deepcopy(twice(Point(1)))),
        "objects in sets": (later(1), copy.deepcopy(later(1))),
    }
