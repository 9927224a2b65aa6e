"""What pyarrow makes counts by type and content, whatever lies behind nulls, outside slices or in which chunk."""

from __future__ import annotations

import datetime
import decimal
import pickle
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import pytest

from hydra_cached.fingerprint import digest_value

arrow: Any = pytest.importorskip("pyarrow")
compute: Any = pytest.importorskip("pyarrow.compute")

DAY = datetime.date(2020, 1, 1)
# by type, four values of which the second is null
CONTENTS: dict[str, tuple[Any, list[Any]]] = {
    str(kind): (kind, content)
    for kind, content in (
        (arrow.bool_(), [True, None, False, False]),
        (arrow.int8(), [1, None, 3, 4]),
        (arrow.uint64(), [1, None, 3, 2**64 - 1]),
        (arrow.float64(), [1.0, None, -0.0, float("nan")]),
        (arrow.date32(), [DAY, None, DAY, datetime.date(2021, 1, 1)]),
        (arrow.date64(), [DAY, None, DAY, datetime.date(2021, 1, 1)]),
        (arrow.timestamp("ns", "UTC"), [1, None, 3, 4]),
        (arrow.timestamp("s"), [1, None, 3, 4]),
        (arrow.time64("us"), [1, None, 3, 4]),
        (arrow.duration("us"), [1, None, 3, 4]),
        (arrow.month_day_nano_interval(), [(1, 2, 3), None, (1, 2, 4), (4, 5, 6)]),
        (arrow.decimal128(10, 2), [decimal.Decimal(i) if i != 1 else None for i in range(4)]),
        (arrow.decimal256(10, 2), [decimal.Decimal(i) if i != 1 else None for i in range(4)]),
        (arrow.string(), ["a", None, "", "ccc"]),
        (arrow.large_string(), ["a", None, "", "ccc"]),
        (arrow.binary(), [b"a", None, b"", b"ccc"]),
        (arrow.large_binary(), [b"a", None, b"", b"ccc"]),
        (arrow.binary(3), [b"abc", None, b"def", b"ghi"]),
        (arrow.list_(arrow.int64()), [[1], None, [], [2, None]]),
        (arrow.large_list(arrow.string()), [["a"], None, [], ["b", None]]),
        (arrow.list_(arrow.int64(), 2), [[1, 2], None, [3, None], [5, 6]]),
        (arrow.map_(arrow.string(), arrow.int64()), [[("a", 1)], None, [], [("b", None)]]),
        (
            arrow.struct([("a", arrow.int64()), ("b", arrow.list_(arrow.string()))]),
            [{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}, {"a": 2, "b": [None]}],
        ),
        (arrow.dictionary(arrow.int32(), arrow.string()), ["a", None, "b", "c"]),
        (arrow.list_(arrow.dictionary(arrow.int8(), arrow.string())), [["a"], None, ["b", "a"], []]),
    )
}
if hasattr(arrow, "string_view"):
    CONTENTS["string_view"] = (arrow.string_view(), ["a", None, "", "c" * 60])
if hasattr(arrow, "list_view"):
    CONTENTS["list_view"] = (arrow.list_view(arrow.int64()), [[1], None, [], [2, None]])


@pytest.mark.parametrize("name", CONTENTS)
def test_a_column_counts_by_its_values_alone(name: str) -> None:
    kind, content = CONTENTS[name]
    column = arrow.array(content, type=kind)
    digest = digest_value(column)
    assert digest_value(pickle.loads(pickle.dumps(column, 5))) == digest
    assert digest_value(arrow.concat_arrays([column, column])[3:7]) == digest_value(
        arrow.concat_arrays([column[3:], column[:3]])
    )
    chunked = digest_value(arrow.chunked_array([column]))
    for cut in range(5):
        assert digest_value(arrow.chunked_array([column[:cut], column[cut:]])) == chunked
    others = [
        arrow.array([content[3], *content[1:]], type=kind),
        arrow.array([content[1], content[0], *content[2:]], type=kind),
        column[:3],
        column[:0],
        arrow.array(content[:1], type=kind),
        arrow.chunked_array([column]),
    ]
    assert len({digest, *map(digest_value, others)}) == len(others) + 1


def test_types_of_columns_differ() -> None:
    empty = [arrow.array([], type=kind) for kind, _ in CONTENTS.values()]
    assert len({digest_value(column) for column in empty}) == len(empty)


def test_what_lies_behind_a_null_is_no_content() -> None:
    shown = arrow.array([True, False, True]).buffers()[1]
    numbers, texts = arrow.array([1, 2, 3]), arrow.array(["a", "hidden", "b"])
    assert digest_value(arrow.Array.from_buffers(arrow.int64(), 3, [shown, *numbers.buffers()[1:]])) == digest_value(
        arrow.array([1, None, 3])
    )
    assert digest_value(arrow.Array.from_buffers(arrow.string(), 3, [shown, *texts.buffers()[1:]])) == digest_value(
        arrow.array(["a", None, "b"])
    )


def test_dictionaries_count_and_how_chunks_divide_them_does_not() -> None:
    indices = arrow.array([0, 1, 1], type=arrow.int8())
    columns = [
        arrow.DictionaryArray.from_arrays(indices, arrow.array(["a", "b"])),
        arrow.DictionaryArray.from_arrays(indices, arrow.array(["a", "b"]), ordered=True),
        arrow.DictionaryArray.from_arrays(indices, arrow.array(["a", "b", "c"])),
        arrow.array(["a", "b", "b"]),
    ]
    assert len({digest_value(column) for column in columns}) == len(columns)
    parts = arrow.chunked_array([arrow.array(["a", "b"]).dictionary_encode(), arrow.array(["c"]).dictionary_encode()])
    assert digest_value(parts) == digest_value(arrow.chunked_array([parts.unify_dictionaries().combine_chunks()]))


def test_unions_and_runs_have_digests() -> None:
    kinds = arrow.array([0, 1], arrow.int8())
    columns = [
        arrow.UnionArray.from_sparse(kinds, [arrow.array([1, 2]), arrow.array(["a", "b"])]),
        arrow.UnionArray.from_sparse(kinds, [arrow.array([1, 2]), arrow.array(["a", "c"])]),
        compute.run_end_encode(arrow.array([1, 1, 2])),
        compute.run_end_encode(arrow.array([1, 1, 3])),
        arrow.array([1, 1, 2]),
    ]
    assert len({digest_value(column) for column in columns}) == len(columns)


class _Angle(arrow.ExtensionType):  # type: ignore[misc]
    def __init__(self, unit: str = "") -> None:
        self.unit = unit
        super().__init__(arrow.int64(), "tests.angle")

    def __arrow_ext_serialize__(self) -> bytes:
        return self.unit.encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: Any, serialized: bytes) -> Any:
        return cls(serialized.decode())


def test_extensions_count_by_their_parameters_too() -> None:
    columns = [arrow.ExtensionArray.from_storage(_Angle(unit), arrow.array([1])) for unit in ("rad", "deg")]
    assert digest_value(columns[0]) != digest_value(columns[1])


def test_tables_count_by_schema_and_values() -> None:
    table = arrow.table({"a": [1, 2, 3], "b": ["x", None, "z"]})
    noted = arrow.field("a", arrow.int64(), metadata={"unit": "m"})
    others = [
        table.rename_columns(["c", "b"]),
        table.select(["b", "a"]),
        table.cast(arrow.schema([("a", arrow.int32()), ("b", arrow.string())])),
        table.cast(arrow.schema([noted, ("b", arrow.string())])),
        table.cast(arrow.schema([arrow.field("a", arrow.int64(), nullable=False), ("b", arrow.string())])),
        table.replace_schema_metadata({"unit": "m"}),
        table[:2],
        table["a"],
        table["a"].combine_chunks(),
        table.to_batches()[0],
        table.schema,
        table["a"][0],
        arrow.py_buffer(b"abc"),
    ]
    assert digest_value(table) == digest_value(arrow.concat_tables([table[:1], table[1:]]))
    assert digest_value(table) == digest_value(pickle.loads(pickle.dumps(table)))
    assert len({digest_value(value) for value in (table, *others)}) == len(others) + 1


@pytest.mark.parametrize("name", [name for name in CONTENTS if "view" not in name and "month" not in name])
def test_pandas_columns_of_arrow_types_count_by_their_values(name: str) -> None:
    kind, content = CONTENTS[name]
    column = pd.Series(pd.arrays.ArrowExtensionArray(arrow.array(content, type=kind)))
    same = pd.concat([column.iloc[:1], column.iloc[1:]]).reset_index(drop=True)
    turned = column.iloc[::-1].reset_index(drop=True)
    assert digest_value(column) == digest_value(same) != digest_value(turned)
    frame = pd.DataFrame({"x": column})
    assert digest_value(frame) == digest_value(pickle.loads(pickle.dumps(frame, 5)))


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
def test_pandas_texts_count_by_storage_and_missing_value(storage: str) -> None:
    texts = ["a", None, "b"]
    one = pd.Series(texts, dtype=pd.StringDtype(storage))
    longer = pd.Series(["z", *texts], dtype=pd.StringDtype(storage))
    assert digest_value(longer.iloc[1:].reset_index(drop=True)) == digest_value(one)
    others = [
        one.fillna(""),
        one.fillna("<NA>"),
        one.astype(object),
        one.astype(pd.StringDtype("pyarrow" if storage == "python" else "python")),
    ]
    assert len({digest_value(value) for value in (one, *others)}) == len(others) + 1
