"""Values stored the user's way, and values of libraries stored without a copy and as they were."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from hydra_cached import register_serializer
from hydra_cached.errors import EntryUnreadableError, NotSerializableError, UsageError
from hydra_cached.fingerprint import digest_value
from hydra_cached.store import Store, serializers
from hydra_cached.store.payload import dump_value, load_value
from tests.store.entries import put, round_trip


class Grid:
    """Cells, and a lock that no pickle takes."""

    def __init__(self, cells: Any, name: str = "") -> None:
        self.cells = cells
        self.name = name
        self.view = memoryview(cells)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and bytes(self.cells) == bytes(other.cells) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]


def dump_grid(grid: Grid) -> tuple[Any, list[Any]]:
    return {"name": grid.name}, [grid.cells]


def load_grid(state: Any, buffers: list[memoryview]) -> Grid:
    return Grid(buffers[0], state["name"])


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    tables: list[dict[Any, Any]] = [serializers._by_kind, serializers._by_name]
    before = [dict(table) for table in tables]
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)


def test_a_value_is_stored_by_its_serializer_wherever_it_stands(store: Store) -> None:
    register_serializer(Grid, dump_grid, load_grid, name="grid-1")
    small, large = Grid(bytearray(b"abc"), "small"), Grid(bytearray(1_000_000), "large")
    loaded = round_trip(store, {"grids": [small, large, large], "n": 1})
    assert loaded == {"grids": [small, large, large], "n": 1}
    assert loaded["grids"][1] is loaded["grids"][2]
    loaded["grids"][1].cells[0] = 7


def test_its_name_is_in_the_entry_and_needed_for_loading(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    register_serializer(Grid, dump_grid, lambda state, buffers: load_grid(state, buffers), name="grid-1")
    info = put(store, [Grid(bytearray(3))])
    entry = store.get(info.key)
    assert entry is not None
    assert entry.codec == f"pickle grid-1@{__name__}"
    register_serializer(Grid, dump_grid, load_grid, name="grid-2")
    with pytest.raises(EntryUnreadableError, match='the serializer "grid-1" is not registered') as caught:
        store.load(entry)
    assert 'register_serializer(..., name="grid-1")' in str(caught.value.hint)
    assert store.get(info.key) == entry


SHAPES = """
from hydra_cached import register_serializer

class Shape:
    def __init__(self, sides):
        self.sides = sides

def load(state, buffers):
    return Shape(state)

register_serializer(Shape, lambda shape: (shape.sides, []), load, name="shape-1")
"""


def test_the_module_that_registers_it_is_imported_for_loading(
    store: Store, project: Callable[[Mapping[str, str]], Path]
) -> None:
    project({"shapes_of_test.py": SHAPES})
    import shapes_of_test  # type: ignore[import-not-found]

    info = put(store, shapes_of_test.Shape(3))
    del sys.modules["shapes_of_test"]
    serializers._by_name.pop("shape-1")
    entry = store.get(info.key)
    assert entry is not None
    assert store.load(entry).sides == 3


def test_a_module_that_is_gone_is_named(store: Store, project: Callable[[Mapping[str, str]], Path]) -> None:
    folder = project({"shapes_gone.py": SHAPES})
    import shapes_gone  # type: ignore[import-not-found]

    info = put(store, shapes_gone.Shape(3))
    del sys.modules["shapes_gone"]
    serializers._by_name.pop("shape-1")
    (folder / "shapes_gone.py").unlink()
    entry = store.get(info.key)
    assert entry is not None
    with pytest.raises(EntryUnreadableError, match=r'"shape-1" is not registered: shapes_gone cannot be imported: '):
        store.load(entry)


def test_a_derived_class_is_not_taken_for_its_base() -> None:
    class Fine(Grid):
        pass

    register_serializer(Grid, dump_grid, load_grid)
    with pytest.raises(NotSerializableError, match="Fine"):
        dump_value(Fine(bytearray(3)))


@pytest.mark.parametrize("kind", [list, str, type, type(None), "text"], ids=str)
def test_types_that_pickle_handles_itself_are_refused(kind: Any) -> None:
    with pytest.raises(UsageError, match="no serializer can be registered for"):
        register_serializer(kind, dump_grid, load_grid)


@pytest.mark.parametrize("name", ["", "two words", "torch", "a@b"])
def test_names_that_cannot_stand_in_a_codec_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a serializer"):
        register_serializer(Grid, dump_grid, load_grid, name=name)


@pytest.mark.parametrize(
    "broken",
    [lambda grid: None, lambda grid: (1, [grid]), lambda grid: grid.missing],
    ids=["nothing", "no bytes", "an error"],
)
def test_a_serializer_that_fails_is_a_refusal(broken: Any) -> None:
    register_serializer(Grid, broken, load_grid)
    with pytest.raises(NotSerializableError, match="a list cannot be stored: "):
        dump_value([Grid(bytearray(3))])


def test_what_cannot_be_pickled_is_digested_as_its_serializer_takes_it_apart() -> None:
    register_serializer(Grid, dump_grid, load_grid)
    one, same, other = Grid(bytearray(b"a")), Grid(bytearray(b"a")), Grid(bytearray(b"b"))
    assert digest_value(one) == digest_value(same) != digest_value(other)


# --- libraries --------------------------------------------------------------------------------------------------------


def there_and_back(value: Any) -> Any:
    payload = dump_value(value)
    return load_value(payload.codec, [bytearray(chunk) for chunk in payload.chunks])  # type: ignore[misc]


def size_of(value: Any) -> int:
    return dump_value(value).size_bytes


square = np.random.default_rng(0).random((300, 300))
ARRAYS = {
    "with gaps": square[:, ::2],
    "in Fortran order": np.asfortranarray(square),
    "masked": np.ma.array(square, mask=square > 0.5, fill_value=7),
    "masked for good": np.ma.array(square, mask=square > 0.5, hard_mask=True),
    "masked nowhere": np.ma.array(np.asfortranarray(square)),
    "masked texts": np.ma.array(["a", "b"], mask=[True, False]),
    "masked records": np.ma.array(np.zeros(2, [("a", "i4")]), mask=np.array([(True,), (False,)], [("a", "?")])),
    "matrix": square.view(np.matrix),
    "records": np.rec.array([(1, 2.0)] * 9, dtype=[("a", "i4"), ("b", "f8")]),
    "objects": np.array([square, "a", None], object),
    "frame with gaps": pd.DataFrame(square)[::2],
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_as_they_were(name: str) -> None:
    value = ARRAYS[name]
    loaded = there_and_back(value)
    assert type(loaded) is type(value)
    assert digest_value(loaded) == digest_value(value)


def test_an_array_mapped_from_a_file_comes_back_without_the_file(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "numbers", "f8", "w+", shape=(10_000,))
    mapped[:] = 3
    loaded = there_and_back(mapped)
    assert type(loaded) is np.memmap
    assert digest_value(loaded) == digest_value(mapped)


@pytest.mark.parametrize("name", ["with gaps", "masked", "matrix", "frame with gaps"])
def test_arrays_lie_outside_the_pickle(name: str) -> None:
    assert len(dump_value(ARRAYS[name]).chunks[0]) < 2000


def test_a_slice_of_arrow_is_stored_without_the_rest() -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    table = arrow.table(
        {"n": np.arange(100_000), "s": [f"text {i}" for i in range(100_000)], "l": [[1, None]] * 100_000}
    )
    for value in (table[7:9], table["s"][50:55], table.to_batches()[0][5:6], table["l"].chunk(0)[3:5]):
        assert digest_value(there_and_back(value)) == digest_value(value)
        assert size_of(value) < 3_000
    assert digest_value(there_and_back(table)) == digest_value(table)


def test_the_head_of_a_frame_of_texts_is_stored_without_the_rest() -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"s": pd.Series([f"text {i}" for i in range(100_000)], dtype=pd.StringDtype("pyarrow"))})
    assert digest_value(there_and_back(frame.head(10))) == digest_value(frame.head(10))
    assert size_of(frame.head(10)) < 5_000


@pytest.mark.parametrize("rows", [3, 100_000])
def test_frames_of_polars_come_back_as_they_were(rows: int) -> None:
    polars: Any = pytest.importorskip("polars")
    whole = polars.DataFrame(
        {"n": range(rows), "s": [f"text {i}" for i in range(rows)], "l": [[1, None]] * rows, "b": [None] * rows},
        schema_overrides={"b": polars.Boolean},
    )
    categories = whole.with_columns(polars.col("s").cast(polars.Categorical))
    for value in (whole, whole[1:3], whole["s"], [whole, whole["n"]], categories):
        loaded = there_and_back(value)
        assert type(loaded) is type(value)
        assert digest_value(loaded) == digest_value(value)


def test_large_frames_of_polars_lie_outside_the_pickle() -> None:
    polars: Any = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    assert len(dump_value(polars.DataFrame({"n": np.arange(1e6)})).chunks[0]) < 2_000


@dataclass
class Trained:
    model: Any
    optimizer: Any


def test_tensors_come_back_as_they_were() -> None:
    torch: Any = pytest.importorskip("torch")
    whole = torch.arange(60_000.0).reshape(200, 300)
    stepped = torch.zeros(3, requires_grad=True)
    stepped.sum().backward()
    noted = torch.zeros(3)
    noted.unit = "m"
    for value in (
        whole,
        whole.T,
        whole[:, ::2],
        whole[:5],
        whole.bfloat16(),
        whole.to(torch.uint16),
        torch.empty(0, 3),
        torch.tensor([1 + 2j]).conj(),
        torch.nn.Parameter(whole),
        torch.eye(3).to_sparse(),
        whole.untyped_storage(),
        stepped,
        noted,
        [whole, whole[:5], whole.view(-1)[100:]],
        [whole[:5], whole[3:8]],
    ):
        assert digest_value(there_and_back(value)) == digest_value(value)
    assert size_of(whole[:5]) < 10_000
    loaded = there_and_back([whole[:5], whole])
    loaded[0][0, 0] = -1
    assert loaded[1][0, 0] == -1
    assert whole[0, 0] == 0


def test_a_model_stays_tied_to_its_optimizer_and_its_gradients() -> None:
    torch: Any = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(100, 400), torch.nn.LSTM(400, 20))
    optimizer = torch.optim.Adam(model.parameters())
    model[0](torch.randn(2, 100)).sum().backward()
    optimizer.step()
    value = Trained(model, optimizer)
    loaded = there_and_back(value)
    assert digest_value(loaded) == digest_value(value)
    assert loaded.optimizer.param_groups[0]["params"][0] is next(loaded.model.parameters())


def test_a_tensor_of_a_device_that_is_not_there_comes_back_to_main_memory() -> None:
    torch: Any = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is such a device")
    from hydra_cached.store.serializers_torch import load_memory

    assert load_memory("cuda:0", bytearray(16)).device == torch.device("cpu")


def test_a_tensor_with_a_graph_behind_it_is_refused() -> None:
    torch: Any = pytest.importorskip("torch")
    with pytest.raises(NotSerializableError, match=r"return tensor\.detach\(\)"):
        dump_value(torch.zeros(2, requires_grad=True) * 2)
