"""Large payloads that are written while they are digested: what is there in the end, and what is left when it fails."""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydra_cached.errors import StoreError
from hydra_cached.fingerprint import digest_value
from hydra_cached.store import ObjectFolder, Payload, Store
from hydra_cached.store.drafts import HEAD_BYTES
from tests.store.entries import describe, objects_of


def files_of(store: Store) -> list[Path]:
    return [path for path in (store.directory / "objects").rglob("*") if path.is_file()]


def begin(store: Store, payload: Payload) -> None:
    ObjectFolder(store.object_folder).begin(payload)
    assert payload.draft is not None


def large(seed: int = 0) -> Any:
    return {"a": np.random.default_rng(seed).random(1_000_000), "b": np.arange(200_001, dtype="u1"), "c": "text"}


@pytest.mark.parametrize("is_begun", [True, False], ids=["begun before", "begun by put"])
def test_a_result_written_meanwhile_comes_back(store: Store, is_begun: bool) -> None:
    value, info = large(), describe()
    payload = store.dump(value)
    if is_begun:
        begin(store, payload)
    store.put(info, payload)
    entry = store.get(info.key)
    assert entry is not None
    loaded = store.load(entry)
    np.testing.assert_array_equal(loaded["a"], value["a"])
    np.testing.assert_array_equal(loaded["b"], value["b"])
    assert all(array.ctypes.data % 64 == 0 for array in (loaded["a"], loaded["b"]))
    assert [path.stat().st_mode & 0o777 for path in files_of(store)] == [0o600]


def test_equal_content_leaves_one_file(store: Store) -> None:
    for number in (1, 2):
        payload = store.dump(large())
        begin(store, payload)
        store.put(describe(number), payload)
    assert len(files_of(store)) == len(objects_of(store)) == 1


def test_a_head_that_has_no_room_is_written_all_the_same(store: Store) -> None:
    info = describe(config="x" * HEAD_BYTES)
    payload = store.dump(large())
    begin(store, payload)
    store.put(info, payload)
    entry = store.get(info.key)
    assert entry is not None
    assert store.load(entry)["c"] == "text"
    assert len(files_of(store)) == 1


def test_a_draft_that_somebody_deleted_is_written_again(store: Store) -> None:
    payload = store.dump(large())
    begin(store, payload)
    for path in files_of(store):
        path.unlink()
    store.put(describe(), payload)
    assert files_of(store) == objects_of(store) != []


def test_nothing_is_left_of_what_is_not_put(store: Store) -> None:
    payload = store.dump(large())
    begin(store, payload)
    payload.discard_draft()
    assert files_of(store) == []
    payload = store.dump(large())
    begin(store, payload)
    del payload
    assert files_of(store) == []
    assert [each.name for each in threading.enumerate() if "draft" in each.name] == []


@pytest.mark.skipif(os.name != "posix", reason="limits of files are POSIX")
def test_a_full_disk_leaves_nothing(store: Store) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    payload = store.dump(large())
    store.put(describe(1), store.dump(1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        begin(store, payload)
        with pytest.raises(StoreError, match="cannot write a result of 8,"):
            store.put(describe(2), payload)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files_of(store) == []
    store.put(describe(2), store.dump(large()))
    assert len(files_of(store)) == 1


def test_a_buffer_is_digested_once_for_all_purposes(store: Store, hashed: list[int]) -> None:
    value = large()
    expected = digest_value(value)
    hashed.clear()
    payload = store.dump(value)
    with payload.sharing_digests():
        assert digest_value(value) == expected
    store.put(describe(content_digest=expected), payload)
    assert hashed.count(8_000_000) == hashed.count(200_001) == 1


def test_buffers_elsewhere_are_not_taken_for_those_of_the_payload(store: Store) -> None:
    value, other = large(0), large(1)
    with store.dump(value).sharing_digests():
        assert digest_value(other) != digest_value(value)
        view = value["a"][1:]
        assert digest_value(view) == digest_value(view.copy())
