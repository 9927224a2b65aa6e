from __future__ import annotations

import collections
import datetime
import functools
import random
import threading
import types
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
from omegaconf import OmegaConf

from hydra_cached.fingerprint import identity_objects
from tests.fingerprint.samples import Colour, Fixed, Items, Pair, Point, Slotted, Table, double, make_adder


def held(value: Any) -> list[object]:
    return list(identity_objects(value).values())


MODEL = Point(1)


@pytest.mark.parametrize(
    "value",
    [
        MODEL,
        [MODEL],
        {"a": ({"b": MODEL},)},
        {"k": Pair(1, MODEL)},
        collections.OrderedDict(a=MODEL),
        collections.deque([MODEL]),
        collections.defaultdict(list, a=[MODEL]),
        make_adder(MODEL),
        functools.partial(double, MODEL),
        types.MappingProxyType({"a": MODEL}),
        np.array([MODEL, None], object),
        pd.DataFrame({"a": [MODEL, None]}, dtype=object),
        Fixed(MODEL),
        [0] * 5000 + [MODEL],
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_object_is_found_wherever_it_is(value: Any) -> None:
    assert [item is MODEL for item in held(value)] == [True]


@pytest.mark.parametrize(
    "holder", [Point(MODEL), Slotted(MODEL), Items([MODEL]), Table(a=MODEL)], ids=["data", "slots", "list", "dict"]
)
def test_an_object_in_another_is_found_with_it(holder: Any) -> None:
    assert {id(item) for item in held(holder)} == {id(holder), id(MODEL)}


def test_a_bound_method_holds_its_object() -> None:
    assert held(MODEL.__repr__) == [MODEL]


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        "text",
        [1, {"a": (2.0, {3})}],
        range(3),
        np.zeros(3),
        np.float64(1),
        pd.DataFrame({"a": [1], "b": ["x"]}),
        pd.Timestamp("2020"),
        OmegaConf.create({"a": [1]}),
        Colour.RED,
        Point,
        double,
        collections,
        len,
        Path("a"),
        datetime.datetime(2020, 1, 1),
        Fixed(1),
        Pair(1, [2]),
        bytearray(b"x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_plain_data_and_what_never_changes_have_no_identity(value: Any) -> None:
    assert held(value) == []


@pytest.mark.parametrize(
    "value", [random.Random(1), np.random.default_rng(0), threading.Lock()], ids=lambda v: type(v).__name__
)
def test_objects_of_libraries_have_an_identity(value: Any) -> None:
    assert id(value) in identity_objects([value])


def test_what_cannot_be_pickled_is_looked_at_by_its_attributes() -> None:
    class Closed:
        __slots__ = ("__dict__", "inner")

        def __init__(self) -> None:
            self.inner = MODEL
            self.lock = threading.Lock()

        def __reduce_ex__(self, protocol: Any) -> Any:
            raise TypeError("no")

    value = Closed()
    assert {id(value), id(MODEL), id(value.lock)} == set(identity_objects(value))


def test_circles_and_depth_do_no_harm() -> None:
    ring: list[Any] = [MODEL]
    ring.append(ring)
    deep: Any = ring
    for _ in range(50_000):
        deep = [deep]
    assert held(deep) == [MODEL]
    while deep is not ring:
        deep = deep.pop()


def test_a_generator_is_an_object_and_is_not_read() -> None:
    values = (x for x in [1, 2])
    assert held([values]) == [values]
    assert list(values) == [1, 2]


def test_a_class_that_answers_strangely_does_no_harm() -> None:
    class Strange:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        __hash__ = None  # type: ignore[assignment]

    value = Strange()
    assert id(value) in identity_objects([value])
