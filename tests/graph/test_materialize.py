from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hydra_cached.graph.materialize import materialize


def count(n: int) -> Iterator[int]:
    yield from range(n)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (count(3), [0, 1, 2]),
        (iter(()), []),
        (map(str, [1, 2]), ["1", "2"]),
        (zip("ab", [1, 2], strict=True), [("a", 1), ("b", 2)]),
        ((count(2), "x"), ([0, 1], "x")),
        ({"train": count(1), "test": [2]}, {"train": [0], "test": [2]}),
        ((count(each) for each in (1, 2)), [[0], [0, 1]]),
    ],
    ids=["generator", "empty", "map", "zip", "in a tuple", "in a dict", "in each other"],
)
def test_iterators_become_lists(value: Any, expected: Any) -> None:
    assert materialize(value) == expected


@pytest.mark.parametrize("value", [[1, (2,), {"a": [3]}], range(3), "text", {1}, None], ids=repr)
def test_what_is_no_iterator_stays_the_same_object(value: Any) -> None:
    assert materialize(value) is value


def test_an_error_in_a_generator_comes_through() -> None:
    def fail() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        materialize(fail())
