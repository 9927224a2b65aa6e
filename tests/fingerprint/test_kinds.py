from __future__ import annotations

import datetime
import decimal
import functools
import re
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
from omegaconf import OmegaConf

from hydra_cached.fingerprint import is_immutable, is_plain
from tests.fingerprint.samples import Colour, Count, Fixed, Items, Pair, Point, double

IMMUTABLE = [
    None,
    True,
    1,
    1.0,
    1j,
    "a",
    b"a",
    ...,
    NotImplemented,
    Colour.RED,
    double,
    len,
    Point,
    re,
    range(3),
    slice(1, 2),
    Path("a"),
    datetime.datetime(2020, 1, 1),
    datetime.timedelta(1),
    datetime.timezone.utc,
    decimal.Decimal(1),
    uuid.UUID(int=1),
    re.compile("a"),
    (1, ("a", None)),
    frozenset({1}),
    np.float64(1),
    np.dtype("f4"),
    pd.Timestamp("2020"),
    list[int],
]
MUTABLE_PLAIN = [
    [],
    {},
    {1},
    [1, {"a": (2, [3])}],
    ([],),
    bytearray(),
    np.zeros(3),
    pd.Series([1]),
    OmegaConf.create({}),
]
OBJECTS = [
    Point(1),
    Fixed(1),
    Count(1),
    Items(),
    Pair(1, 2),
    [Point(1)],
    (Point(1),),
    {"a": [Point(1)]},
    functools.partial(double, 1),
    Point(1).__repr__,
    [].append,
    np.array([Point(1)], object),
    iter([1]),
    slice([], None),
]


@pytest.mark.parametrize("value", IMMUTABLE, ids=lambda value: type(value).__name__)
def test_what_never_changes_is_immutable_and_plain(value: Any) -> None:
    assert is_immutable(value)
    assert is_plain(value)


@pytest.mark.parametrize("value", MUTABLE_PLAIN, ids=lambda value: type(value).__name__)
def test_data_that_may_change_is_plain_only(value: Any) -> None:
    assert not is_immutable(value)
    assert is_plain(value)


@pytest.mark.parametrize("value", OBJECTS, ids=lambda value: type(value).__name__)
def test_objects_are_neither(value: Any) -> None:
    assert not is_immutable(value)
    assert not is_plain(value)


def test_a_circle_is_neither() -> None:
    ring: list[Any] = []
    ring.append(ring)
    assert not is_immutable((ring,))
    assert not is_plain(ring)
