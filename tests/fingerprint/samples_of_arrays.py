"""More values to digest: what numpy and pandas make."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]


class Unit(np.ndarray):
    """An array that knows its unit."""

    def __new__(cls, values: Any, unit: str = "") -> Any:
        made = np.asarray(values).view(cls)
        made.unit = unit
        return made

    def __array_finalize__(self, source: Any) -> None:
        self.unit = getattr(source, "unit", "")


class Survey(pd.DataFrame):  # type: ignore[misc]
    """A frame that says where it is from."""

    _metadata = ["place"]  # noqa: RUF012

    @property
    def _constructor(self) -> type:
        return Survey


def survey(place: str) -> Any:
    made = Survey({"a": [1]})
    made.place = place
    return made


DTYPES: tuple[Any, ...] = (
    *("?", "i1", "u2", "<i4", ">i4", "i8", "f2", "<f4", ">f8", "g", "F", "D", "G", "U3", "<U5", ">U5", "S3", "V4", "O"),
    *("M8[s]", "M8[ns]", "M8[D]", "M8[25s]", "m8[h]", "m8[ms]"),
    [("a", "i4"), ("b", "f8")],
    [("a", "i4", (2,)), ("b", [("c", "U2")])],
    np.dtype([("a", "i1"), ("b", "i8")], align=True),
    np.dtype({"names": ["a", "b"], "formats": ["i4", "i4"], "offsets": [0, 2], "itemsize": 8}),
)
SHAPES: tuple[tuple[int, ...], ...] = ((), (0,), (3,), (2, 3), (0, 3), (3, 0), (100, 50))


def arrays_that_differ() -> Iterator[Any]:
    """Zeros of every dtype and shape."""
    for dtype in DTYPES:
        for shape in SHAPES:
            yield np.zeros(shape, dtype)


def _one(dtype: Any) -> Any:
    made = np.zeros(2, dtype)
    made.view("u1").reshape(2, -1)[1, 0] = 1
    return made


def _filled(index: int, value: Any) -> Any:
    made = np.empty(2, object)
    made[0], made[1] = [1], [2]
    made[index] = value
    return made


def masked(values: Any, mask: Any = False, **options: Any) -> Any:
    return np.ma.array(values, mask=mask, **options)


def pairs_that_differ() -> Mapping[str, tuple[Any, Any]]:
    """By name, two values that a function can tell apart."""
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.0, 2.0, np.nan], "c": ["x", "y", None]})
    twins = pd.DataFrame(np.arange(6).reshape(2, 3), columns=["a", "a", "b"])
    changed = twins.copy()
    changed.iloc[0, 1] = 99
    strict = frame.set_flags(allows_duplicate_labels=False)
    sparse = pd.Series(pd.arrays.SparseArray([0, 0, 1, 2]))
    stepped = np.random.default_rng(1)
    stepped.random()
    return {
        **{
            f"values of {dtype}": (np.zeros(2, dtype), _one(dtype)) for dtype in ("?", "i8", ">f4", "S2", "V3", "M8[s]")
        },
        "names of fields": (np.zeros(2, [("a", "i4")]), np.zeros(2, [("b", "i4")])),
        "alignment": (np.dtype([("a", "i1"), ("b", "i8")], align=True), np.dtype([("a", "i1"), ("b", "i8")])),
        "titles": (np.zeros(2, [(("t", "a"), "i4")]), np.zeros(2, [("a", "i4")])),
        "notes of a dtype": (np.dtype("i4", metadata={"a": 1}), np.dtype("i4")),
        "bytes and fields": (np.zeros(2, "V4"), np.zeros(2, [("a", "i4")])),
        "records and fields": (np.rec.array([(1,)], dtype=[("a", "i4")]), np.array([(1,)], dtype=[("a", "i4")])),
        "bits of nan": (np.array([0x7FF8000000000001], "u8").view("f8"), np.array([np.nan])),
        "order of an object array": (np.zeros((2, 3), object), np.zeros((2, 3), object, order="F")),
        "objects in an array": (_filled(1, [2]), _filled(1, [3])),
        "arrays in an array": (_filled(1, np.array([2])), _filled(1, [2])),
        "nested objects": (_filled(0, [1]), np.array([[1], [2]], object)),
        "fill values": (masked([1, 2], [0, 1], fill_value=5), masked([1, 2], [0, 1], fill_value=6)),
        "hard masks": (masked([1, 2], [0, 1], hard_mask=True), masked([1, 2], [0, 1])),
        "what a mask hides": (masked([1, 2], [0, 1]), masked([1, 3], [0, 1])),
        "order under a mask": (masked(np.zeros((2, 3))), masked(np.zeros((2, 3), order="F"))),
        "masked constant": (np.ma.masked, masked(0.0, True)),
        "attributes of an array": (Unit([1], "m"), Unit([1], "s")),
        "times that are none": (np.datetime64("NaT", "s"), np.datetime64("NaT", "ms")),
        "time and duration": (np.datetime64("NaT"), np.timedelta64("NaT")),
        "scalars": (np.int32(1), np.int64(1)),
        "generators": (np.random.default_rng(1), stepped),
        "kinds of generator": (
            np.random.Generator(np.random.PCG64(1)),
            np.random.Generator(np.random.Philox(1)),
        ),
        "one generator twice": ([stepped, stepped], [stepped, np.random.default_rng(1)]),
        "polynomials": (np.polynomial.Polynomial([1, 2]), np.polynomial.Chebyshev([1, 2])),
        "empty frames": (pd.DataFrame(), pd.DataFrame(index=[1, 2])),
        "empty columns": (pd.DataFrame(columns=["a"]), pd.DataFrame(columns=["b"])),
        "columns of one name": (twins, changed),
        "order of such columns": (twins, twins.set_axis(["a", "b", "a"], axis=1)),
        "types of labels": (pd.DataFrame({1: [1]}), pd.DataFrame({"1": [1]})),
        "labels that are equal": (pd.DataFrame({1: [1]}), pd.DataFrame({True: [1]})),
        "name of the columns": (frame, frame.rename_axis(columns="k")),
        "flags of a frame": (frame, strict),
        "notes of a derived frame": (survey("a"), survey("b")),
        "short and long columns": (pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"a": [2], "b": [1]})),
        "dtypes of columns": (pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"a": [1], "b": [2.0]})),
        "missing objects": (pd.Series([None, 1], dtype=object), pd.Series([np.nan, 1], dtype=object)),
        "missing values": (pd.Series([pd.NA, 1], dtype=object), pd.Series([pd.NaT, 1], dtype=object)),
        "order of categories": (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["b", "a"])),
        "unused categories": (pd.Categorical(["a"], ["a", "b"]), pd.Categorical(["a"], ["a", "c"])),
        "dtypes of categories": (pd.Categorical([1, 2]), pd.Categorical([1.0, 2.0])),
        "frequency": (pd.date_range("2020", periods=2), pd.DatetimeIndex(["2020-01-01", "2020-01-02"])),
        "periods": (pd.period_range("2020", periods=3, freq="M"), pd.period_range("2020", periods=3, freq="D")),
        "ends of intervals": (pd.interval_range(0, 3), pd.interval_range(0, 3, closed="left")),
        "intervals": (pd.Series(pd.interval_range(0, 2)), pd.Series(pd.IntervalIndex.from_tuples([(0, 1), (1, 3)]))),
        "levels": (
            pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
            pd.MultiIndex.from_tuples([(1, "b"), (2, "a")]),
        ),
        "names of levels": (
            pd.MultiIndex.from_product([[1, 2], ["a"]], names=["x", "y"]),
            pd.MultiIndex.from_product([[1, 2], ["a"]], names=["x", "z"]),
        ),
        "sparse and dense": (sparse, pd.Series([0, 0, 1, 2])),
        "sparse values": (sparse, pd.Series(pd.arrays.SparseArray([0, 0, 1, 3]))),
        "what is left out": (sparse, pd.Series(pd.arrays.SparseArray([0, 0, 1, 2], fill_value=1))),
        "units of time": (
            pd.Series(pd.date_range("2020", periods=2, unit="s")),
            pd.Series(pd.date_range("2020", periods=2, unit="ms")),
        ),
        "kinds of text": (pd.Series(["a"], dtype=object), pd.Series(["a"], dtype=pd.StringDtype("python"))),
        "texts that are missing": (
            pd.Series(["a", None], dtype=pd.StringDtype("python")),
            pd.Series(["a", "None"], dtype=pd.StringDtype("python")),
        ),
        "moments": (pd.Timestamp("2020"), pd.Timestamp("2020").as_unit("s")),
        "zones of a moment": (pd.Timestamp("2020", tz="UTC"), pd.Timestamp("2020", tz=datetime.timezone.max)),
    }


def pairs_that_are_equal() -> Mapping[str, tuple[Any, Any]]:
    """By name, two values that differ in nothing but how they came to be."""
    cube = np.arange(210.0).reshape(5, 6, 7)
    tall = np.random.default_rng(0).random((200_000, 3))
    wide = np.random.default_rng(0).random((50, 600))
    return {
        "repeated without a copy": (np.broadcast_to(np.arange(3), (2, 3)), np.array([[0, 1, 2], [0, 1, 2]])),
        "backwards": (np.arange(9)[::-1], np.arange(9)[::-1].copy()),
        "axes moved": (cube.swapaxes(0, 1), np.ascontiguousarray(cube.swapaxes(0, 1))),
        "large and strided": (np.tile(tall, 4)[:, ::2], np.tile(tall, 4)[:, ::2].copy()),
        "mask and none": (np.ma.array([1, 2], mask=[False, False]), np.ma.array([1, 2])),
        "fill values of texts": (np.ma.array(["a"]), np.ma.array(["a"], fill_value="N")),
        "rows and columns first": (pd.DataFrame(tall, copy=False), pd.DataFrame(np.asfortranarray(tall), copy=False)),
        "wide, rows and columns first": (pd.DataFrame(wide, copy=False), pd.DataFrame(np.asfortranarray(wide))),
        "a frame in two blocks": (
            pd.DataFrame(tall),
            pd.concat([pd.DataFrame(tall[:, :1]), pd.DataFrame(tall[:, 1:], columns=[1, 2])], axis=1).set_axis(
                pd.RangeIndex(3), axis=1
            ),
        ),
        "every other row": (
            pd.DataFrame(tall)[::2].reset_index(drop=True),
            pd.DataFrame(tall[::2].copy()),
        ),
        "zones of one name": (
            pd.Series(pd.date_range("2020", periods=1, tz="UTC")),
            pd.Series(pd.date_range("2020", periods=1, tz=datetime.timezone.utc)),
        ),
    }
