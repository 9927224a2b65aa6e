"""What polars makes counts by type and content, whatever lies behind nulls or in which chunk."""

from __future__ import annotations

import datetime
import decimal
import pickle
from typing import Any

import pytest

from hydra_cached.fingerprint import digest_value

polars: Any = pytest.importorskip("polars")

# by name, a type and four values of which the second is null
CONTENTS: dict[str, tuple[Any, list[Any]]] = {
    "flag": (polars.Boolean, [True, None, False, False]),
    "int8": (polars.Int8, [1, None, 2, 3]),
    "uint64": (polars.UInt64, [1, None, 2, 2**64 - 1]),
    "float32": (polars.Float32, [1.0, None, float("nan"), -0.0]),
    "float64": (polars.Float64, [1.0, None, float("nan"), -0.0]),
    "decimal": (polars.Decimal(20, 3), [decimal.Decimal(i) if i != 1 else None for i in range(4)]),
    "text": (polars.String, ["a", None, "", "é" * 40]),
    "bytes": (polars.Binary, [b"a", None, b"", b"xx"]),
    "date": (polars.Date, [datetime.date(2020, 1, i) if i != 2 else None for i in range(1, 5)]),
    "time": (polars.Time, [1, None, 3, 4]),
    "moment in ns": (polars.Datetime("ns"), [1, None, 3, 4]),
    "moment in ms": (polars.Datetime("ms"), [1, None, 3, 4]),
    "moment in a zone": (polars.Datetime("us", "Europe/Berlin"), [1, None, 3, 4]),
    "duration": (polars.Duration("ms"), [1, None, 3, 4]),
    "category": (polars.Categorical, ["a", None, "b", "c"]),
    "enum": (polars.Enum(["c", "b", "a"]), ["a", None, "b", "c"]),
    "list": (polars.List(polars.Int64), [[1], None, [], [2, None]]),
    "list of texts": (polars.List(polars.String), [["a"], None, [], ["b", None]]),
    "list of structs": (
        polars.List(polars.Struct({"a": polars.List(polars.Int8)})),
        [[{"a": [1]}], None, [], [{"a": None}, None]],
    ),
    "array": (polars.Array(polars.Int16, 2), [[1, 2], None, [3, None], [5, 6]]),
    "struct": (
        polars.Struct({"a": polars.Int64, "b": polars.String}),
        [{"a": 1, "b": "x"}, None, {"a": None, "b": None}, {"a": 2, "b": None}],
    ),
    "object": (polars.Object, [frozenset({1}), None, frozenset({2}), frozenset({3})]),
}


def make(kind: Any, content: list[Any]) -> Any:
    return polars.Series("x", content, dtype=kind, strict=False)


@pytest.mark.parametrize("name", CONTENTS)
def test_a_column_counts_by_its_values_alone(name: str) -> None:
    kind, content = CONTENTS[name]
    column = make(kind, content)
    digest = digest_value(column)
    if name != "object":  # which polars cannot pickle
        assert digest_value(pickle.loads(pickle.dumps(column, 5))) == digest
    assert digest_value(make(kind, [content[0], *content, content[0]])[1:5]) == digest
    assert digest_value(polars.concat([column[:2], column[2:]], rechunk=False)) == digest
    others = [
        make(kind, [content[3], *content[1:]]),
        make(kind, [content[1], content[0], *content[2:]]),
        column[:3],
        column[:0],
        column.rename("y"),
        column.to_frame(),
    ]
    assert len({digest, *map(digest_value, others)}) == len(others) + 1


def test_types_of_columns_differ() -> None:
    columns = [make(kind, []) for kind, _ in CONTENTS.values()]
    assert len({digest_value(column) for column in columns}) == len(columns)


def test_nulls_and_empty_lists_are_told_apart() -> None:
    contents: list[list[Any]] = [[[], [1]], [[1], []], [None, [1]], [[None], [1]], [[1], [None]]]
    assert len({digest_value(polars.Series(content)) for content in contents}) == len(contents)
    struct = polars.Struct({"a": polars.Int64})
    assert digest_value(make(struct, [{"a": None}])) != digest_value(make(struct, [None]))


def test_categories_of_an_enum_count() -> None:
    one, other = (make(polars.Enum(["a", last]), ["a"]) for last in "bc")
    assert digest_value(one) != digest_value(other)


def test_frames_count_by_schema_and_values() -> None:
    frame = polars.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    others = [
        frame.rename({"a": "c"}),
        frame.with_columns(polars.col("a").cast(polars.Int32)),
        frame[["b", "a"]],
        frame[:2],
        frame["a"],
        frame.lazy(),
        polars.DataFrame(),
    ]
    assert digest_value(frame) == digest_value(polars.concat([frame[:1], frame[1:]], rechunk=False))
    assert digest_value(frame) == digest_value(pickle.loads(pickle.dumps(frame)))
    assert len({digest_value(value) for value in (frame, *others)}) == len(others) + 1


def test_queries_and_expressions_count_by_what_they_say() -> None:
    frame = polars.DataFrame({"a": [1]}).lazy()
    queries = [frame.select(polars.col("a") + n) for n in (1, 2)]
    assert digest_value(queries[0]) != digest_value(queries[1])
    assert digest_value(polars.col("a") + 1) != digest_value(polars.col("a") + 2)


def test_a_column_has_the_same_digest_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [make(kind, content) for name, (kind, content) in CONTENTS.items() if name != "object"]
    digests = list(map(digest_value, columns))

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise ModuleNotFoundError("numpy")

    monkeypatch.setattr(polars.Series, "to_numpy", refuse)
    assert list(map(digest_value, columns)) == digests
