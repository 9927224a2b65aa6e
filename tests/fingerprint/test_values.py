from __future__ import annotations

import copy
import copyreg
import functools
import io
import itertools
import pickle
import socket
import sqlite3
import struct
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_cached.errors import NotDigestibleError
from hydra_cached.fingerprint import CodeFingerprints, Encoder, digest_value
from tests.fingerprint import samples, samples_of_arrays, samples_of_builtins
from tests.fingerprint.elsewhere import all_samples, digests_elsewhere

DIFFERENT = {
    **samples.pairs_that_differ(),
    **{f"{name} (builtin)": pair for name, pair in samples_of_builtins.pairs_that_differ().items()},
    **{f"{name} (array)": pair for name, pair in samples_of_arrays.pairs_that_differ().items()},
}
EQUAL = {
    **samples.pairs_that_are_equal(),
    **{f"{name} (builtin)": pair for name, pair in samples_of_builtins.pairs_that_are_equal().items()},
    **{f"{name} (array)": pair for name, pair in samples_of_arrays.pairs_that_are_equal().items()},
}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.binary()
)
hashable = st.recursive(scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4), max_leaves=6)
plain = st.recursive(
    scalars | st.frozensets(hashable, max_size=4),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(hashable, inner, max_size=5) | st.tuples(inner, inner),
    max_leaves=30,
)


def exactly(value: Any) -> Any:
    """A form of ``value`` that is equal exactly where type and content are."""
    if isinstance(value, float):
        return ("float", struct.pack("<d", value))
    if isinstance(value, complex):
        return ("complex", struct.pack("<dd", value.real, value.imag))
    if isinstance(value, (list, tuple)):
        return (type(value).__name__, tuple(map(exactly, value)))
    if isinstance(value, frozenset):
        return ("frozenset", frozenset(map(exactly, value)))
    if isinstance(value, dict):
        return ("dict", tuple((exactly(key), exactly(item)) for key, item in value.items()))
    return (type(value).__name__, value)


@pytest.mark.parametrize("name", DIFFERENT)
def test_values_that_can_be_told_apart_differ(name: str) -> None:
    one, other = DIFFERENT[name]
    assert digest_value(one) != digest_value(other)


@pytest.mark.parametrize("name", EQUAL)
def test_equal_content_gives_equal_digests(name: str) -> None:
    one, other = EQUAL[name]
    assert digest_value(one) == digest_value(other)


def test_digests_are_the_same_in_another_process_under_another_hash_seed() -> None:
    assert digests_elsewhere(1) == digests_elsewhere(4711)


def test_values_through_a_pickle_keep_their_digests(tmp_path: Path) -> None:
    here, values = [], []
    for value in all_samples():
        try:
            restored = pickle.loads(pickle.dumps(value, 5))
        except (AttributeError, TypeError, pickle.PicklingError):
            continue  # local functions and classes
        if digest_value(restored) == digest_value(value):
            values.append(value)
            here.append(digest_value(value))
        else:
            # what pickling forgets
            assert isinstance(value, (np.ma.MaskedArray, samples_of_arrays.Unit)) or vars(value) != vars(restored)
    assert len(values) > 350
    assert digests_elsewhere(99, values, folder=tmp_path) == here


def test_any_plain_values_keep_their_digests_elsewhere(tmp_path: Path) -> None:
    values: list[Any] = []

    @given(plain)
    @settings(max_examples=300, deadline=None, database=None)
    def gather(value: Any) -> None:
        values.append(value)

    gather()
    assert digests_elsewhere(7, values, folder=tmp_path) == [digest_value(value) for value in values]


@given(plain, plain)
@settings(max_examples=300, deadline=None)
def test_digests_are_equal_exactly_where_values_are(one: Any, other: Any) -> None:
    assert (digest_value(one) == digest_value(other)) == (exactly(one) == exactly(other))
    assert digest_value(copy.deepcopy(one)) == digest_value(one)


@given(st.lists(plain, max_size=5), st.lists(plain, max_size=5))
@settings(max_examples=200, deadline=None)
def test_values_added_in_turn_do_not_run_together(one: list[Any], other: list[Any]) -> None:
    assert (_digest_all(one) == _digest_all(other)) == (exactly(one) == exactly(other))


def _digest_all(values: list[Any]) -> str:
    encoder = Encoder()
    for value in values:
        encoder.add(value)
    return encoder.digest()


def test_marks_and_digests_are_no_values() -> None:
    digest = digest_value(1)
    encoders = [Encoder() for _ in range(5)]
    encoders[0].mark("x")
    encoders[1].add("x")
    encoders[2].add_digest(digest)
    encoders[3].add(digest)
    encoders[4].add(bytes.fromhex(digest))
    assert len({encoder.digest() for encoder in encoders}) == 5


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ((x for x in [1]), "generator cannot be digested"),
        (iter([1]), "list_iterator cannot be digested"),
        (map(str, [1]), "map cannot be digested"),
        (itertools.count(), "count cannot be digested"),
        (iter({1: 2}), "dict_keyiterator cannot be digested"),
        (threading.Lock(), "lock cannot be digested"),
        (weakref.WeakKeyDictionary(), "WeakKeyDictionary cannot be digested"),
        ({"x": [1, 2, 3, iter("")]}, "at ['x'][3]: "),
        ({"x": {"y": (1, threading.Lock())}}, "at ['x']['y'][1]: "),
        ([1] * 1500 + [iter("")], "at [1500]: "),
        (samples.Point(1, {"z": iter("")}), "at .y['z']: "),
        ({1, threading.Lock()}, "at {...}: "),
        (samples.make_adder(threading.Lock()), "at .n: "),
    ],
)
def test_what_cannot_be_digested_is_named_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(NotDigestibleError) as caught:
        digest_value(value)
    assert message in str(caught.value)


def test_open_files_sockets_and_connections_are_refused(tmp_path: Path) -> None:
    with (
        open(tmp_path / "a", "w") as file,
        socket.socket() as connection,
    ):
        database = sqlite3.connect(":memory:")
        for value in (file, connection, database):
            with pytest.raises(NotDigestibleError, match="cannot be digested"):
                digest_value([value])
        database.close()


def test_streams_in_memory_count_by_content_and_position() -> None:
    moved = io.BytesIO(b"abc")
    moved.seek(1)
    assert digest_value(io.BytesIO(b"abc")) == digest_value(io.BytesIO(b"abc")) != digest_value(moved)


def test_a_refused_value_leaves_nothing_behind() -> None:
    touched, untouched = Encoder(), Encoder()
    with pytest.raises(NotDigestibleError):
        touched.add([1, [2, iter("")]])
    shared = [3]
    for encoder in (touched, untouched):
        encoder.add([shared, shared])
    assert touched.digest() == untouched.digest()


def test_an_exception_in_a_users_reduce_is_a_refusal() -> None:
    class Broken:
        def __reduce__(self) -> Any:
            raise ZeroDivisionError

    with pytest.raises(NotDigestibleError, match="Broken cannot be digested"):
        digest_value(Broken())


def nest(depth: int, inner: Any = None) -> list[Any]:
    deep: list[Any] = [inner]
    for _ in range(depth):
        deep = [deep]
    return deep


def free(deep: Any) -> None:
    # freeing it at once is as deep
    while isinstance(deep, list) and deep:
        deep = deep.pop()


def test_values_nested_deep_are_digested_to_the_bottom() -> None:
    one, same, other = nest(100_000, 1), nest(100_000, 1), nest(100_000, True)
    assert digest_value(one) == digest_value(same) != digest_value(other)
    for value in (one, same, other):
        free(value)


def test_a_chain_of_objects_is_digested_to_the_bottom() -> None:
    def chain(last: Any) -> Any:
        made = last
        for _ in range(20_000):
            made = samples.Point(made)
        return made

    def unchain(made: Any) -> None:
        while isinstance(made, samples.Point):
            made.x, made = None, made.x

    one, same, other = chain(1), chain(1), chain(2)
    assert digest_value(one) == digest_value(same) != digest_value(other)
    for value in (one, same, other):
        unchain(value)


def test_the_place_of_something_deep_is_told_in_short() -> None:
    value = nest(5_000, threading.Lock())
    with pytest.raises(NotDigestibleError, match=r"at (\[0\])+\.\.\.(\[0\])+: _?thread.lock cannot") as caught:
        digest_value(value)
    assert len(str(caught.value)) < 200
    free(value)


def test_what_raises_when_looked_at_is_refused() -> None:
    class Sly(samples.Group):
        def __iter__(self) -> Any:
            raise ZeroDivisionError("no look")

    with pytest.raises(NotDigestibleError, match="Sly cannot be digested: ZeroDivisionError: no look"):
        digest_value(Sly([1]))


def test_doubling_around_an_object_is_digested_at_once() -> None:
    value: Any = [samples.Point("x" * 5000), "leaf" * 2000]
    for _ in range(60):
        value = [value, value]
    assert digest_value(value) == digest_value(copy.deepcopy(value))


def test_objects_met_by_a_refused_value_are_forgotten() -> None:
    touched, untouched = Encoder(), Encoder()
    model = samples.Point(1)
    with pytest.raises(NotDigestibleError):
        touched.add([model, iter("")])
    for encoder in (touched, untouched):
        encoder.add([samples.Point(2), model])
    assert touched.digest() == untouched.digest()


def test_arrays_of_every_dtype_and_shape_differ() -> None:
    arrays = list(samples_of_arrays.arrays_that_differ())
    assert len({digest_value(array) for array in arrays}) == len(arrays)


def test_doubling_at_every_level_is_digested_at_once() -> None:
    value: Any = ["leaf" * 2000]
    for _ in range(60):
        value = [value, value]
    assert digest_value(value) == digest_value(copy.deepcopy(value))


def test_an_object_inside_itself_is_told_from_its_place() -> None:
    one, other = samples.Point(1), samples.Point(1)
    one.y, other.y = one, samples.Point(1, other)
    assert digest_value(one) != digest_value(other)


def test_large_parts_of_a_circle_are_not_taken_for_each_other() -> None:
    def ring(first: Any, second: Any) -> list[Any]:
        outer: list[Any] = []
        # the same large part leads back to another place, depending on where it stands
        part = ["x" * 10_000, outer]
        outer += [first, part, [second, part]]
        return outer

    assert digest_value(ring(1, 2)) == digest_value(ring(1, 2))
    part = ["x" * 10_000]
    shallow: list[Any] = [part]
    part.append(shallow)  # type: ignore[arg-type]
    deep: list[Any] = [[part]]
    assert digest_value(shallow) != digest_value(deep)


def test_keys_may_be_any_values() -> None:
    assert digest_value({(1, frozenset({"a"})): 1}) != digest_value({(1, frozenset({"b"})): 1})


def test_a_memo_of_code_changes_no_digest() -> None:
    value = [samples.Point(1), samples.double, samples.make_adder(3)]
    assert digest_value(value, CodeFingerprints()) == digest_value(value)


def test_attrs_objects_count_by_class_and_fields() -> None:
    attrs: Any = pytest.importorskip("attrs")
    one, other = (attrs.make_class(name, ["x", "y"], slots=True) for name in ("One", "Other"))
    assert digest_value(one(1, [2])) == digest_value(copy.deepcopy(one(1, [2])))
    assert len({digest_value(value) for value in (one(1, 2), one(1, 3), one(2, 2), other(1, 2))}) == 4


def test_exceptions_keep_their_digests_where_libraries_pickle_them_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_value(ValueError("a"))
    monkeypatch.setitem(copyreg.dispatch_table, ValueError, lambda error: (ValueError, ("another",)))
    assert digest_value(ValueError("a")) == before


@pytest.mark.parametrize(
    "make",
    [lambda: functools.partial(pow, 2, exp=3), lambda: ValueError("a"), lambda: [functools.partial(len)]],
    ids=["partial", "exception", "inside a list"],
)
def test_looking_at_the_attributes_of_a_value_does_not_change_its_digest(make: Any) -> None:
    value = make()
    before = digest_value(value)
    for each in value if isinstance(value, list) else [value]:
        assert vars(each) == {}
    assert digest_value(value) == before
    assert digest_value(make()) == before
    marked = functools.partial(pow, 2, exp=3)
    marked.note = 1  # type: ignore[attr-defined]
    assert digest_value(marked) not in (before, digest_value(functools.partial(pow, 2, exp=3)))
