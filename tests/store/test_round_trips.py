"""What is loaded equals what was stored, and what cannot be stored is said so."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydra_cached.errors import EntryUnreadableError, NotSerializableError
from hydra_cached.fingerprint import digest_value
from hydra_cached.store import Store, check_loads
from tests.store.entries import objects_of, put, round_trip

np = pytest.importorskip("numpy")

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(value=_values)
@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plain_data_comes_back_equal_and_of_the_same_types(store: Store, value: Any) -> None:
    store.clear()
    loaded = round_trip(store, value)
    assert loaded == value
    # 1, True and 1.0 are equal; their texts are not
    assert repr(loaded) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "one\r\ntwo\rthree\n" * 10_000,
        b"\x00\r\n" * 100_000,
        bytearray(b"x" * 100_000),
        "\ud800 lone surrogate",
        2**100_000,
        frozenset({1, "a"}),
        Path("/some/where"),
        ["x" * 100] * 50_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_awkward_values_come_back_unaltered(store: Store, value: Any) -> None:
    loaded = round_trip(store, value)
    assert loaded == value
    assert type(loaded) is type(value)


def test_cyclic_value_keeps_its_shape(store: Store) -> None:
    value: list[Any] = [1]
    value.append(value)
    loaded = round_trip(store, value)
    assert loaded[1] is loaded


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [3, 3000], ids=["small", "large"])
@pytest.mark.parametrize(
    "dtype", ["?", "i1", ">i4", "u8", "f2", "f8", "c16", "M8[ns]", "U5", "S3", "O", [("a", "i4"), ("b", "f8")]], ids=str
)
def test_array_comes_back_with_dtype_order_and_values(store: Store, dtype: Any, rows: int, order: Any) -> None:
    array = np.asarray((np.arange(rows * 16).reshape(rows, 16) % 7).astype(dtype), order=order)
    loaded = round_trip(store, array)
    assert loaded.dtype == array.dtype
    assert loaded.flags.f_contiguous == array.flags.f_contiguous
    assert loaded.flags.writeable
    np.testing.assert_array_equal(loaded, array)


@pytest.mark.parametrize(
    "array",
    [np.zeros((0, 5)), np.array(3.5), np.arange(100_000)[::3], np.arange(60_000).reshape(100, 600)[:, 3:50]],
    ids=["empty", "scalar", "strided", "window"],
)
def test_arrays_of_unusual_layout_come_back_equal(store: Store, array: Any) -> None:
    loaded = round_trip(store, array)
    assert loaded.shape == array.shape
    np.testing.assert_array_equal(loaded, array)


@pytest.mark.parametrize("length", [10, 10_000, 1_000_000], ids=["inline", "read", "mapped"])
def test_writing_to_a_loaded_array_leaves_the_store_as_it_is(store: Store, length: int) -> None:
    info = put(store, np.arange(length))
    entry = store.get(info.key)
    assert entry is not None
    loaded = store.load(entry)
    loaded[:] = -1
    np.testing.assert_array_equal(store.load(entry), np.arange(length))


def test_large_arrays_are_aligned_and_survive_the_removal_of_their_file(store: Store) -> None:
    arrays = round_trip(store, {"a": np.arange(100_001, dtype="i1"), "b": np.arange(500_000.0)})
    assert all(array.ctypes.data % 64 == 0 for array in arrays.values())
    store.clear()
    gc.collect()
    np.testing.assert_array_equal(arrays["b"], np.arange(500_000.0))


def test_read_only_array_stays_read_only(store: Store) -> None:
    array = np.arange(100_000)
    array.flags.writeable = False
    assert not round_trip(store, array).flags.writeable


def test_arrays_that_are_one_object_stay_one_object(store: Store) -> None:
    array = np.arange(100_000)
    first, second = round_trip(store, (array, array))
    assert first is second


def test_frames_come_back_equal(store: Store) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": np.arange(50_000), "x": np.linspace(0, 1, 50_000), "s": ["a\r\n", None] * 25_000})
    frame["c"] = frame["s"].astype("category")
    loaded = round_trip(store, frame)
    pd.testing.assert_frame_equal(loaded, frame)
    loaded.loc[0, "n"] = 99


def test_small_payload_lies_in_its_entry_and_a_large_one_in_a_file(store: Store) -> None:
    round_trip(store, np.arange(1000), 1)
    assert objects_of(store) == []
    round_trip(store, np.arange(100_000), 2)
    assert len(objects_of(store)) == 1


def test_equal_content_is_stored_once(store: Store) -> None:
    for number in (1, 2):
        round_trip(store, np.arange(100_000), number)
    assert len(objects_of(store)) == 1


def _count() -> Any:
    yield 1


@pytest.mark.parametrize(
    "value",
    [lambda: 1, [lambda: 1], _count(), iter([1]), sys, type("Local", (), {})()],
    ids=["lambda", "nested lambda", "generator", "iterator", "module", "local class"],
)
def test_what_cannot_be_pickled_is_refused_with_the_reason(store: Store, value: Any) -> None:
    with pytest.raises(NotSerializableError) as caught:
        store.dump(value)
    assert type(value).__name__ in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_value_100_000_deep_comes_back(store: Store) -> None:
    value: list[Any] = [1]
    for _ in range(100_000):
        value = [value]
    loaded = round_trip(store, value)
    depth = 0
    while isinstance(loaded[0], list):
        loaded, value, depth = loaded[0], value[0], depth + 1
    assert depth == 100_000
    assert loaded == [1]


def test_a_value_that_is_too_deep_is_refused(store: Store) -> None:
    value: list[Any] = []
    for _ in range(600_000):
        value = [value]
    with pytest.raises(NotSerializableError, match="a list cannot be stored: it is nested too deep"):
        store.dump(value)
    while value:
        value = value[0]


def _explode() -> None:
    raise RuntimeError("the weights moved to another place")


class _Exploding:
    def __reduce__(self) -> Any:
        return _explode, ()


def test_value_that_no_longer_loads_is_unreadable_and_its_entry_kept(store: Store) -> None:
    info = put(store, _Exploding())
    entry = store.get(info.key)
    assert entry is not None
    with pytest.raises(EntryUnreadableError, match="RuntimeError: the weights moved to another place"):
        store.load(entry)
    assert store.get(info.key) == entry


def test_entry_of_an_unknown_serializer_is_unreadable(store: Store) -> None:
    payload = store.dump(1)
    info = put(store, 1)
    entry = store.get(info.key)
    assert entry is not None
    other = type(entry)(entry.info, "arrow", entry.size_bytes, bytes(payload.chunks[0]))
    with pytest.raises(EntryUnreadableError, match='"arrow"'):
        store.load(other)


class _Forgetful:
    def __init__(self) -> None:
        self.kept, self.lost = 1, 2

    def __setstate__(self, state: Any) -> None:
        self.kept = state["kept"]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (_Exploding(), "RuntimeError: the weights moved to another place"),
        (_Forgetful(), "what loads is not what was stored: its pickling leaves something out"),
    ],
    ids=["does not load", "loads as another"],
)
def test_what_does_not_come_back_is_found_right_after_storing(store: Store, value: Any, problem: str) -> None:
    info = put(store, value, content_digest=digest_value(value))
    entry = store.get(info.key)
    assert entry is not None
    with pytest.raises(EntryUnreadableError, match=problem):
        check_loads(store, entry)


def test_what_comes_back_passes(store: Store) -> None:
    value = {"a": [np.arange(100_000), {1, 2}, Path("x")]}
    info = put(store, value, content_digest=digest_value(value))
    entry = store.get(info.key)
    assert entry is not None
    check_loads(store, entry)
