"""Values to digest, and classes of first-party code for them."""

from __future__ import annotations

import array
import collections
import copy
import datetime
import decimal
import enum
import fractions
import functools
import re
import types
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import attrs
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from omegaconf import OmegaConf


@attrs.frozen
class Pixel:
    """The method that hashes it has the hash of a text in its code."""

    x: int = 0


def _make_pixel_class() -> type[Any]:
    @attrs.frozen
    class LocalPixel:
        x: int = 0

    return LocalPixel


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Shade(enum.Enum):
    RED = 1


class Right(enum.Flag):
    READ = 1
    WRITE = 2


@dataclass
class Point:
    x: Any
    y: Any = 0


@dataclass
class Place:
    x: Any
    y: Any = 0


@dataclass(frozen=True)
class Fixed:
    x: Any
    tags: tuple[str, ...] = field(default=())


class Pair(NamedTuple):
    one: Any
    two: Any


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any = None) -> None:
        self.a = a
        self.b = b


class Count(int):
    pass


class Text(str):
    pass


class Items(list[Any]):
    pass


class Table(dict[Any, Any]):
    pass


class Group(set[Any]):
    pass


class Custom:
    """Says by itself what it is made of."""

    def __init__(self, kept: Any, forgotten: Any = None) -> None:
        self.kept = kept
        self.forgotten = forgotten

    def __reduce__(self) -> tuple[Any, ...]:
        return (Custom, (self.kept,))


class Matrix(np.ndarray):
    pass


def double(x: Any) -> Any:
    return x * 2


def make_adder(n: Any) -> Callable[[Any], Any]:
    def add(x: Any) -> Any:
        return x + n

    return add


def make_class(factor: int) -> type:
    class Local:
        value = factor

        def times(self, x: int) -> int:
            return x * factor

    return Local


ONE_LINE = (lambda x: x + 1, lambda x: x + 2)


def circle() -> list[Any]:
    made: list[Any] = [1]
    made.append(made)
    return made


def square_of(n: int) -> Any:
    return np.full((n, n), float(n))


def _around(repeat: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Lists around one object, each list met twice, and the same with a copy of each list."""
    model = Point("x" * 5000)
    part = ["y" * 5000, model]
    return [part, part, [part, model]], [part, repeat(part), [repeat(part), model]]


def two_steps() -> dict[str, Any]:
    made: dict[str, Any] = {}
    made["inner"] = {"back": made}
    return made


def pairs_that_differ() -> Mapping[str, tuple[Any, Any]]:
    """By name, two values that a function can tell apart."""
    square = np.arange(16.0).reshape(4, 4)
    frame = pd.DataFrame({"a": [1, 2], "b": [3.0, 4.0]})
    noted = frame.copy()
    noted.attrs["unit"] = "m"
    return {
        "int and bool": (1, True),
        "int and float": (1, 1.0),
        "int and str": (1, "1"),
        "str and bytes": ("1", b"1"),
        "bytes and bytearray": (b"1", bytearray(b"1")),
        "bytes and memoryview": (b"1", memoryview(b"1")),
        "float and complex": (1.0, 1 + 0j),
        "None and text": (None, "None"),
        "zeros": (0.0, -0.0),
        "complex zeros": (complex(0.0, -0.0), complex(0.0, 0.0)),
        "big ints": (10**5000, 10**5000 + 1),
        "signs": (255, -255),
        "list and tuple": ([1, 2], (1, 2)),
        "long list and tuple": (list(range(100)), tuple(range(100))),
        "nesting": ([[1], 2], [1, [2]]),
        "empty nesting": ([[], []], [[[]]]),
        "text run together": (["ab", "c"], ["a", "bc"]),
        "dict order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        "long dict order": ({i: i for i in range(50)}, {i: i for i in reversed(range(50))}),
        "dict and pairs": ({"a": 1}, [("a", 1)]),
        "long run with a bool in it": ([0] * 2000, [0] * 1999 + [False]),
        "long run with a bytearray in it": ([b"x"] * 2000, [b"x"] * 1999 + [bytearray(b"x")]),
        "long run with a scalar of numpy in it": ([1.0] * 100, [1.0] * 99 + [np.float64(1.0)]),
        "long run with a class of one's own in it": (["a"] * 100, ["a"] * 99 + [Text("a")]),
        "long run moved": (list(range(2048)), [*range(1, 2048), 0]),
        "set and frozenset": ({1, 2}, frozenset({1, 2})),
        "set and list": ({1, 2}, [1, 2]),
        "set of other types": ({1, 2}, {1.0, 2.0}),
        "dict and ordered dict": ({"a": 1}, collections.OrderedDict(a=1)),
        "dict and counter": ({"a": 1}, collections.Counter(a=1)),
        "default factories": (collections.defaultdict(list), collections.defaultdict(dict)),
        "deque lengths": (collections.deque([1], 2), collections.deque([1], 3)),
        "proxy and dict": (types.MappingProxyType({"a": 1}), {"a": 1}),
        "range and list": (range(3), [0, 1, 2]),
        "ranges of equal items": (range(0, 3, 2), range(0, 4, 2)),
        "slices": (slice(1, 2), slice(1, 2, 1)),
        "Ellipsis and None": (..., None),
        "surrogates": ("\ud800", "\ud801"),
        "circle and its first turn": (circle(), [1, circle()]),
        "array codes": (array.array("i", [1]), array.array("l", [1])),
        "enum members": (Colour.RED, Colour.GREEN),
        "enums": (Colour.RED, Shade.RED),
        "enum and value": (Colour.RED, 1),
        "flags": (Right.READ, Right.READ | Right.WRITE),
        "classes with equal fields": (Point(1), Place(1)),
        "fields": (Point(1), Point(1.0)),
        "named tuple and tuple": (Pair(1, 2), (1, 2)),
        "slots": (Slotted(1), Slotted(2)),
        "subclass of int": (Count(1), 1),
        "subclass of str": (Text("a"), "a"),
        "subclass of list": (Items([1]), [1]),
        "subclass of dict": (Table(a=1), {"a": 1}),
        "subclass of set": (Group([1]), {1}),
        "order in a subclass of dict": (Table(a=1, b=2), Table(b=2, a=1)),
        "functions": (double, make_adder),
        "closures": (make_adder(1), make_adder(2)),
        "closure types": (make_adder(1), make_adder(True)),
        "lambdas on one line": ONE_LINE,
        "classes of one name": (make_class(1), make_class(2)),
        "partials": (functools.partial(double, 1), functools.partial(double, x=1)),
        "bound methods": (Point(1).__eq__, Point(2).__eq__),
        "bound methods of C": ([1].append, [2].append),
        "modules": (re, types),
        "decimals": (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
        "decimal and fraction": (decimal.Decimal(1), fractions.Fraction(1)),
        "paths": (Path("a"), Path("b")),
        "path classes": (Path("a"), PurePosixPath("a")),
        "path and text": (Path("a"), "a"),
        "patterns": (re.compile("a"), re.compile("a", re.IGNORECASE)),
        "pattern types": (re.compile("a"), re.compile(b"a")),
        "dates": (datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1)),
        "time zones": (
            datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
            datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(0), "GMT")),
        ),
        "folds": (datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, fold=1)),
        "array and its transpose": (square, square.T),
        "order in memory": (square, np.asfortranarray(square)),
        "dtypes": (np.zeros(3, int), np.zeros(3)),
        "byte orders": (np.zeros(3, "<i4"), np.zeros(3, ">i4")),
        "shapes": (np.zeros((2, 3)), np.zeros((3, 2))),
        "no dimension": (np.array(1.0), np.array([1.0])),
        "array and list": (np.array([1, 2]), [1, 2]),
        "array and scalar": (np.array(1.0), np.float64(1.0)),
        "scalar of numpy": (np.float64(1.0), 1.0),
        "field names": (np.zeros(2, [("a", int)]), np.zeros(2, [("b", int)])),
        "time units": (np.zeros(2, "M8[s]"), np.zeros(2, "M8[ms]")),
        "array of objects": (np.array([1, "a"], object), np.array([True, "a"], object)),
        "masks": (np.ma.array([1, 2], mask=[False, True]), np.ma.array([1, 2], mask=[True, False])),
        "masked and plain": (np.ma.array([1, 2]), np.array([1, 2])),
        "class of array": (square, square.view(Matrix)),
        "negative zeros in arrays": (np.array([0.0]), np.array([-0.0])),
        "dtype objects": (np.dtype("f4"), np.dtype("f8")),
        "ufuncs": (np.sin, np.cos),
        "random states": (np.random.default_rng(0), np.random.default_rng(1)),
        "legacy random states": (np.random.RandomState(0), np.random.RandomState(1)),
        "renamed column": (frame, frame.rename(columns={"b": "c"})),
        "other columns first": (frame, frame[["b", "a"]]),
        "column dtype": (frame, frame.astype({"a": float})),
        "index": (frame, frame.set_index(pd.Index([5, 6]))),
        "index name": (frame, frame.rename_axis("n")),
        "kinds of index": (frame, frame.set_axis(pd.Index([0, 1]))),
        "frame attributes": (frame, noted),
        "frame and series": (frame[["a"]], frame["a"]),
        "series name": (frame["a"], frame["a"].rename("b")),
        "nullable": (pd.Series([1, 2]), pd.Series([1, 2], dtype="Int64")),
        "missing": (pd.Series([1, None], dtype="Int64"), pd.Series([1, 0], dtype="Int64")),
        "categories": (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["a"])),
        "ordered categories": (pd.Categorical(["a"]), pd.Categorical(["a"], ordered=True)),
        "zones of a column": (
            pd.Series(pd.date_range("2020", periods=2, tz="UTC")),
            pd.Series(pd.date_range("2020", periods=2, tz="Europe/Berlin")),
        ),
        "texts of a column": (pd.Series(["a", "b"]), pd.Series(["a", "c"])),
        "config and dict": (OmegaConf.create({"a": 1}), {"a": 1}),
        "configs": (OmegaConf.create({"a": 1}), OmegaConf.create({"a": 2})),
        "config of list": (OmegaConf.create([1]), [1]),
        "structured config": (OmegaConf.structured(Point(1)), OmegaConf.create({"x": 1, "y": 0})),
        "readonly config": (OmegaConf.create({"a": 1}), _readonly({"a": 1})),
        "missing in config": (OmegaConf.create({"a": "???"}), OmegaConf.create({"a": None})),
    }


def pairs_that_are_equal() -> Mapping[str, tuple[Any, Any]]:
    """By name, two values that differ in nothing but how they came to be."""
    shared = [1, "two"]
    big = np.arange(40_000.0).reshape(100, 400)
    masked = pd.Series([1, 2, 3], dtype="Int64")
    masked[1] = pd.NA
    return {
        "nan": (float("nan"), float("nan")),
        "text joined at run time": ("interned", "".join(["inter", "ned"])),
        "shared parts": ([shared, shared], [[1, "two"], [1, "two"]]),
        "shared parts in a long run": ([shared] * 3000, [[1, "two"] for _ in range(3000)]),
        "shared values": ([Fixed(1)] * 2, [Fixed(1), Fixed(1)]),
        "shared data": ([square_of(9)] * 2, [square_of(9), square_of(9)]),
        "shared parts around one object": _around(copy.copy),
        "circles": (circle(), circle()),
        "longer circles": (two_steps(), two_steps()),
        "sets filled in another order": (set(range(100)), set(range(99, -1, -1))),
        "sets of mixed types": ({1, "a", (2, 3)}, {(2, 3), "a", 1}),
        "set subclasses": (Group(["a", "b", "c"]), Group(["c", "b", "a"])),
        "closures": (make_adder([1]), make_adder([1])),
        "classes of one text": (make_class(1), make_class(1)),
        "what an object forgets": (Custom(1), Custom(1, "aside")),
        "view and copy": (big[:, ::2], big[:, ::2].copy()),
        "view of a row and copy": (big[3], big[3].copy()),
        "bytes between fields": (_padded(0), _padded(255)),
        "what a missing value hides": (masked, pd.Series([1, None, 3], dtype="Int64")),
        "layout of a frame": (
            pd.DataFrame(big, columns=[f"c{i}" for i in range(400)]),
            pd.DataFrame({f"c{i}": big[:, i].copy() for i in range(400)}),
        ),
        "interpolations": (OmegaConf.create({"a": 1, "b": "${a}"}), OmegaConf.create({"a": 1, "b": 1})),
        "array of objects shared": (_objects([shared, shared]), _objects([[1, "two"], [1, "two"]])),
        "memory order of one row": (np.zeros((1, 5)), np.asfortranarray(np.zeros((1, 5)))),
    }


def _readonly(content: dict[str, Any]) -> Any:
    config = OmegaConf.create(content)
    OmegaConf.set_readonly(config, True)
    return config


def _padded(filler: int) -> Any:
    dtype = np.dtype([("a", "i1"), ("b", "i8")], align=True)
    made = np.full(dtype.itemsize * 2, filler, np.uint8).view(dtype)
    made["a"] = [1, 2]
    made["b"] = [3, 4]
    return made


def _objects(items: list[Any]) -> Any:
    made = np.empty(len(items), object)
    made[:] = items
    return made


def many_values() -> list[Any]:
    """Every value of the tables above, and those whose pickles depend on hash seeds."""
    found = [value for pair in (*pairs_that_differ().values(), *pairs_that_are_equal().values()) for value in pair]
    return [
        *found,
        {"one", "two", "three", "four"},
        frozenset({("a", 1), ("b", 2), None, "c"}),
        Point({"x": {b"a", b"b", b"c"}}),
        {"nested": [frozenset({"a", "b"}), {frozenset({"c", "d"}): 1}]},
        uuid.UUID(int=5),
        lambda x: x in {"p", "q", "r", "s"},
        Pixel(1),
        _make_pixel_class()(1),
        two_steps(),
    ]
