"""Large buffers whose pieces were digested for keys: read once, and every byte of them checked all the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest

from hydra_cached.errors import EntryDamagedError
from hydra_cached.fingerprint import digest_value
from hydra_cached.store import ObjectFolder, Store
from tests.store.entries import describe, objects_of

HEIGHT, WIDTH = 200_001, 3
COLUMN_BYTES = 8 * HEIGHT


def make_frame(seed: int = 0) -> Any:
    numbers = np.random.default_rng(seed).random((WIDTH, HEIGHT))
    return pd.DataFrame(numbers.T, columns=["a", "b", "c"], copy=False)


def put(store: Store, value: Any, number: int = 1) -> str:
    payload = store.dump(value)
    ObjectFolder(store.object_folder).begin(payload)
    with payload.sharing_digests():
        digest = digest_value(value)
    store.put(describe(number, content_digest=digest), payload)
    return payload.digest


def test_columns_are_hashed_once_for_keys_and_file(store: Store, hashed: list[int]) -> None:
    put(store, make_frame())
    assert sum(hashed) < WIDTH * COLUMN_BYTES + 100_000
    assert hashed.count(COLUMN_BYTES) == WIDTH


def test_a_frame_of_pieces_comes_back_and_is_stored_once(store: Store) -> None:
    value = make_frame()
    assert put(store, value, 1) == put(store, make_frame(), 2)
    entry = store.get(describe(1).key)
    assert entry is not None
    loaded = store.load(entry)
    pd.testing.assert_frame_equal(loaded, value)
    assert digest_value(loaded) == digest_value(value)
    assert len(objects_of(store)) == 1


@pytest.mark.parametrize("column", range(WIDTH))
@pytest.mark.parametrize("row", [0, HEIGHT - 1], ids=["first byte", "last byte"])
def test_each_piece_is_checked(store: Store, column: int, row: int) -> None:
    value = make_frame()
    put(store, value)
    (path,) = objects_of(store)
    data = bytearray(path.read_bytes())
    start = data.index(value.iloc[:2, 0].to_numpy().tobytes())
    data[start + column * COLUMN_BYTES + (row * 8 if row == 0 else row * 8 + 7)] ^= 1
    path.write_bytes(data)
    with pytest.raises(EntryDamagedError, match="its content changed"):
        ObjectFolder(store.object_folder).read(path.name)


def test_pieces_that_leave_a_gap_do_not_count(store: Store, hashed: list[int]) -> None:
    array = np.random.default_rng(0).random(600_000)
    payload = store.dump(array)
    with payload.sharing_digests():
        for start, end in ((0, 100_000), (200_000, 600_000)):
            assert digest_value(array[start:end]) == digest_value(array[start:end].copy())
    hashed.clear()
    store.put(describe(), payload)
    assert hashed.count(array.nbytes) == 1
    entry = store.get(describe().key)
    assert entry is not None
    np.testing.assert_array_equal(store.load(entry), array)


def test_very_many_pieces_are_taken_for_one(store: Store, hashed: list[int]) -> None:
    array = np.random.default_rng(0).random(257 * 5_000)
    payload = store.dump(array)
    with payload.sharing_digests():
        for start, end in pairwise(range(0, array.size + 1, 5_000)):
            digest_value(array[start:end])
    hashed.clear()
    store.put(describe(), payload)
    assert hashed.count(array.nbytes) == 1


def test_pieces_are_copied_into_another_store_and_found_again(store: Store, tmp_path: Path) -> None:
    value = make_frame()
    digest = put(store, value)
    source = ObjectFolder(store.object_folder)
    other = ObjectFolder(tmp_path / "other")
    other.folder.mkdir()
    with open(source.path(digest), "rb") as file:
        other.copy_in(digest, file, b"note")
    assert other.read_note(digest) == b"note"
    assert [bytes(each) for each in other.read(digest).chunks] == [bytes(each) for each in source.read(digest).chunks]
    damaged = bytearray(source.path(digest).read_bytes())
    damaged[-1] ^= 1
    Path(tmp_path, "damaged").write_bytes(damaged)
    other.remove(digest)
    with open(tmp_path / "damaged", "rb") as file, pytest.raises(EntryDamagedError, match="its content changed"):
        other.copy_in(digest, file, b"note")
    assert not other.has(digest)
