"""Results of more than 4 GiB: they come back, in full and checked."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hydra_cached.store import Store
from hydra_cached.store.upkeep import Upkeep
from tests.soak.rounds import IS_LONG
from tests.soak.values import key
from tests.store.entries import objects_of, put

_BYTES = (4 << 30) + 4096

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not IS_LONG, reason="writes 4 GiB: only in `make soak`"),
]


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "cache"
    # pytest would keep it
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_result_above_4_gib_comes_back_and_is_checked_to_its_end(directory: Path) -> None:
    # pages of zeros that nobody writes to take no memory
    array = np.zeros(_BYTES, dtype="u1")
    array[0], array[-1] = 1, 7
    with Store(directory) as store:
        put(store, {"array": array, "name": "large"}, 1)
        entry = store.get(key(1))
        assert entry is not None
        assert entry.size_bytes > 1 << 32
        loaded = store.load(entry)
        assert loaded["name"] == "large"
        assert (loaded["array"].nbytes, loaded["array"][0], loaded["array"][-1]) == (_BYTES, 1, 7)
        assert not loaded["array"][1:-1].any()
        del loaded
        assert Upkeep(store).verify(is_repairing=False).problems == ()
        (path,) = objects_of(store)
        with open(path, "r+b") as file:
            file.seek(-1, 2)
            file.write(b"\x06")
        assert [each.kind for each in Upkeep(store).verify(is_repairing=False).problems] == ["damaged_object"]
