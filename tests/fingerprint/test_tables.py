"""Values of libraries that are not needed, where they are installed."""

from __future__ import annotations

import copy
import datetime
import decimal
import pickle
from typing import Any

import pytest

from hydra_cached.fingerprint import digest_value


def test_polars_frames_count_by_schema_and_values() -> None:
    polars: Any = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    same = polars.concat([frame[:1], frame[1:]], rechunk=False)
    others = [
        frame.rename({"a": "c"}),
        frame.with_columns(polars.col("a").cast(polars.Int32)),
        frame.with_columns(polars.col("b").cast(polars.Categorical)),
        frame[["b", "a"]],
        frame[:2],
        frame["a"],
        frame["a"].rename("c"),
        frame.lazy(),
    ]
    assert digest_value(frame) == digest_value(same) == digest_value(pickle.loads(pickle.dumps(frame)))
    assert len({digest_value(value) for value in (frame, *others)}) == len(others) + 1


def test_polars_columns_of_every_kind_have_digests() -> None:
    polars: Any = pytest.importorskip("polars")
    moment = datetime.datetime(2020, 1, 1)
    columns: dict[str, list[Any]] = {
        "none": [None, None],
        "flag": [True, None],
        "float": [0.5, None],
        "time": [moment, None],
        "bytes": [b"a", None],
        "list": [[1, None], None],
        "struct": [{"a": 1, "b": moment}, None],
        "object": [frozenset({1}), None],
    }
    digests = {digest_value(polars.Series(name, content)) for name, content in columns.items()}
    digests |= {digest_value(polars.Series(name, content[::-1])) for name, content in columns.items()}
    # the column of nulls is the same backwards
    assert len(digests) == 2 * len(columns) - 1


def test_arrow_columns_of_every_kind_have_digests() -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    moment = datetime.datetime(2020, 1, 1)
    columns: list[list[Any]] = [
        [True, None],
        [0.5, None],
        [moment, None],
        [moment.date(), None],
        [b"a", None],
        [[1, None], None],
        [{"a": 1, "b": moment}, None],
        [decimal.Decimal("1.5"), None],
    ]
    arrays = [arrow.array(content) for column in columns for content in (column, column[::-1])]
    arrays.append(arrow.array(["a", None]).dictionary_encode())
    assert len({digest_value(array) for array in arrays}) == len(arrays)
    assert len({digest_value(arrow.chunked_array([array])) for array in arrays}) == len(arrays)


def test_arrow_tables_count_by_schema_and_values() -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    table = arrow.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
    same = arrow.concat_tables([table[:1], table[1:]])
    others = [
        table.rename_columns(["c", "b"]),
        table.cast(arrow.schema([("a", arrow.int32()), ("b", arrow.string())])),
        table.replace_schema_metadata({"unit": "m"}),
        table[:2],
        table["a"],
        table["a"].combine_chunks(),
        table.to_batches()[0],
        table.schema,
    ]
    assert digest_value(table) == digest_value(same) == digest_value(pickle.loads(pickle.dumps(table)))
    assert len({digest_value(value) for value in (table, *others)}) == len(others) + 1


def test_attrs_objects_count_by_class_and_fields() -> None:
    attrs: Any = pytest.importorskip("attrs")
    one, other = (attrs.make_class(name, ["x", "y"], slots=True) for name in ("One", "Other"))
    assert digest_value(one(1, [2])) == digest_value(copy.deepcopy(one(1, [2])))
    assert len({digest_value(value) for value in (one(1, 2), one(1, 3), one(2, 2), other(1, 2))}) == 4


def test_tensors_count_by_dtype_shape_values_and_gradient() -> None:
    torch: Any = pytest.importorskip("torch")
    tensor = torch.arange(6.0).reshape(2, 3)
    others = [
        tensor.T.contiguous(),
        tensor.double(),
        tensor.reshape(3, 2),
        tensor + 1,
        tensor.clone().requires_grad_(),
        torch.nn.Parameter(tensor),
        tensor.numpy(),
    ]
    assert digest_value(tensor) == digest_value(tensor.clone()) == digest_value(torch.cat([tensor, tensor])[:2])
    assert len({digest_value(value) for value in (tensor, *others)}) == len(others) + 1
