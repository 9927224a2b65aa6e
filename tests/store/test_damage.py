"""Damage and forgery are found before anything is used, and never in the way of the next commit."""

from __future__ import annotations

import json
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.errors import EntryDamagedError, EntryUntrustedError
from hydra_cached.store import Store
from hydra_cached.store.record import CHECK, ENTRY, LINK, STATISTICS, pack_entry, pack_state
from hydra_cached.store.seal import Seal, load_key
from tests.store.entries import database, key_of, objects_of, put, read_row, write_row

np = pytest.importorskip("numpy")
_LARGE = b"large value " * 20_000


class _Canary:
    """Leaves a file behind wherever it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (str(self.path), "w")


def _flip(data: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


@pytest.mark.parametrize("kind", [ENTRY, LINK])
def test_every_flipped_byte_of_a_record_is_found(store: Store, kind: str) -> None:
    info = put(store, "a small value")
    row_key = kind + (info.key if kind == ENTRY else info.recipe_key or "")
    good = read_row(store, row_key)
    generator = random.Random(3)
    for position in range(len(good)):
        write_row(store, row_key, _flip(good, position, generator.randrange(8)))
        with pytest.raises(EntryDamagedError):
            store.find(info.recipe_key or "")
        # it was set aside: now it is a plain miss
        assert store.find(info.recipe_key or "") is None
        put(store, "a small value")
    assert len(list((store.directory / "aside").iterdir())) == len(good)


def test_truncated_records_are_found(store: Store) -> None:
    info = put(store, "a small value")
    good = read_row(store, ENTRY + info.key)
    for length in range(0, len(good), 7):
        write_row(store, ENTRY + info.key, good[:length])
        with pytest.raises(EntryDamagedError):
            store.get(info.key)
        put(store, "a small value")


def _damaged_objects(good: bytes) -> list[bytes]:
    generator = random.Random(4)
    spread = [*range(200), *generator.sample(range(len(good)), 150), len(good) - 1]
    flipped = [_flip(good, position, generator.randrange(8)) for position in spread]
    truncated = [good[:length] for length in (0, 1, 20, 80, 1000, len(good) - 1)]
    return [*flipped, *truncated, good + b"\0", bytes(len(good)), generator.randbytes(len(good))]


@pytest.mark.parametrize("value", [_LARGE, [np.arange(50_000), np.arange(9_001.0)]], ids=["stream", "buffers"])
def test_every_damage_to_an_object_is_found_and_the_next_commit_mends_it(store: Store, value: Any) -> None:
    info = put(store, value)
    (path,) = objects_of(store)
    good = path.read_bytes()
    for bad in _damaged_objects(good):
        path.write_bytes(bad)
        entry = store.get(info.key)
        assert entry is not None
        with pytest.raises(EntryDamagedError):
            store.load(entry)
        assert store.get(info.key) is None
        put(store, value)
        assert path.read_bytes() == good


def test_deleted_object_is_found_and_the_next_commit_mends_it(store: Store) -> None:
    info = put(store, _LARGE)
    (path,) = objects_of(store)
    path.unlink()
    entry = store.get(info.key)
    assert entry is not None
    with pytest.raises(EntryDamagedError, match="is gone"):
        store.load(entry)
    put(store, _LARGE)
    mended = store.get(info.key)
    assert mended is not None
    assert store.load(mended) == _LARGE


def test_commit_does_not_adopt_a_damaged_object_of_equal_content(store: Store) -> None:
    put(store, _LARGE, 1)
    (path,) = objects_of(store)
    path.write_bytes(_flip(path.read_bytes(), 5000, 1))
    info = put(store, _LARGE, 2)
    entry = store.get(info.key)
    assert entry is not None
    assert store.load(entry) == _LARGE


def test_object_that_cannot_be_opened_is_not_set_aside(store: Store) -> None:
    info = put(store, _LARGE)
    (path,) = objects_of(store)
    hidden = path.with_name("hidden")
    path.rename(hidden)
    path.mkdir()
    entry = store.get(info.key)
    assert entry is not None
    with pytest.raises(EntryDamagedError, match="cannot be read"):
        store.load(entry)
    path.rmdir()
    hidden.rename(path)
    assert store.load(entry) == _LARGE


def test_change_to_a_large_buffer_that_was_checked_before_is_found(store: Store) -> None:
    info = put(store, np.zeros(9_000_000))
    entry = store.get(info.key)
    assert entry is not None
    (path,) = objects_of(store)
    assert store.load(entry)[-1] == 0
    with open(path, "r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"\xff")
    with pytest.raises(EntryDamagedError, match="content changed"):
        store.load(entry)


def test_forged_state_of_a_file_does_not_spare_the_check(store: Store) -> None:
    info = put(store, np.zeros(9_000_000))
    entry = store.get(info.key)
    assert entry is not None
    (path,) = objects_of(store)
    with open(path, "r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"\xff")
    status = path.stat()
    state = pack_state(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    row_key = CHECK + (entry.object_digest or "")
    write_row(store, row_key, Seal(bytes(32), b"").wrap(row_key, state))
    with pytest.raises(EntryDamagedError, match="content changed"):
        store.load(entry)


def _store_id(store: Store) -> bytes:
    return bytes.fromhex(json.loads((store.directory / "store.json").read_bytes())["id"])


def test_entry_with_a_foreign_seal_never_runs_code(store: Store, tmp_path: Path) -> None:
    info = put(store, "mine")
    canary = tmp_path / "canary"
    evil = pickle.dumps(_Canary(canary))
    body = pack_entry(info, "pickle", len(evil), evil, None)
    write_row(store, ENTRY + info.key, Seal(b"attacker" * 4, _store_id(store)).wrap(ENTRY + info.key, body))
    with pytest.raises(EntryUntrustedError):
        store.get(info.key)
    with pytest.raises(EntryUntrustedError):
        store.find(info.recipe_key or "")
    assert store.latest(info.target, info.path) == []
    assert len(store.summaries()) == 1
    assert not canary.exists()
    # the same bytes with the right seal would run: the test is worth something
    write_row(store, ENTRY + info.key, Seal(load_key(), _store_id(store)).wrap(ENTRY + info.key, body))
    entry = store.get(info.key)
    assert entry is not None
    store.load(entry).close()
    assert canary.exists()


def test_untrusted_entry_stays_until_the_next_commit_overwrites_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = put(store, "mine")
    monkeypatch.setenv("HYDRA_CACHED_KEY", "another key")
    other = Store(store.directory)
    with pytest.raises(EntryUntrustedError):
        other.find(info.recipe_key or "")
    assert store.find(info.recipe_key or "") is not None
    put(other, "theirs")
    found = other.find(info.recipe_key or "")
    assert found is not None
    assert other.load(found) == "theirs"
    assert len(list((store.directory / "aside").iterdir())) == 1
    other.close()


def _pickle_mode(value: bytes) -> dict[str, Any]:
    return {"value": value, "mode": 4}


def _file_mode(value: bytes) -> dict[str, Any]:
    return {"value": None, "mode": 4, "filename": "evil.val"}


def _text(value: bytes) -> dict[str, Any]:
    return {"value": "text", "mode": 1}


@pytest.mark.parametrize("change", [_pickle_mode, _file_mode, _text])
@pytest.mark.parametrize("kind", [ENTRY, LINK])
def test_row_in_another_mode_is_untrusted_and_never_unpickled(
    store: Store, tmp_path: Path, kind: str, change: Callable[[bytes], dict[str, Any]]
) -> None:
    info = put(store, "mine")
    store.record_hits({info.key: (1, 1.0)})
    canary = tmp_path / "canary"
    evil = pickle.dumps(_Canary(canary))
    (store.directory / "index" / "evil.val").write_bytes(evil)
    row_key = kind + (info.key if kind == ENTRY else info.recipe_key or "")
    write_row(store, row_key, **change(evil))
    with pytest.raises(EntryUntrustedError):
        store.find(info.recipe_key or "")
    store.summaries()
    put(store, "mine")
    found = store.find(info.recipe_key or "")
    assert found is not None
    assert store.load(found) == "mine"
    assert not canary.exists()


def test_swapped_entries_are_untrusted(store: Store) -> None:
    put(store, "one", 1)
    put(store, "two", 2)
    first, second = read_row(store, ENTRY + key_of(1)), read_row(store, ENTRY + key_of(2))
    write_row(store, ENTRY + key_of(1), second)
    write_row(store, ENTRY + key_of(2), first)
    for number in (1, 2):
        with pytest.raises(EntryUntrustedError):
            store.get(key_of(number))


def test_record_of_another_store_is_untrusted(store: Store, tmp_path: Path) -> None:
    info = put(store, "mine")
    with Store(tmp_path / "other") as other:
        put(other, "theirs")
        write_row(store, ENTRY + info.key, read_row(other, ENTRY + info.key))
    with pytest.raises(EntryUntrustedError):
        store.get(info.key)


def test_swapped_objects_are_found(store: Store) -> None:
    put(store, b"one" * 50_000, 1)
    put(store, b"two" * 50_000, 2)
    first, second = objects_of(store)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    for number in (1, 2):
        entry = store.get(key_of(number))
        assert entry is not None
        with pytest.raises(EntryDamagedError):
            store.load(entry)


def test_bad_records_do_not_hide_the_good_ones_from_a_listing(store: Store) -> None:
    for number in range(1, 40):
        put(store, number, number)
        store.record_hits({key_of(number): (2, 3.0)})
    generator = random.Random(5)
    for number in range(2, 40):
        good = read_row(store, ENTRY + key_of(number))
        write_row(store, ENTRY + key_of(number), _flip(good, number, generator.randrange(8)))
        statistics = read_row(store, STATISTICS + key_of(number))
        write_row(store, STATISTICS + key_of(number), _flip(statistics, number % 16, 0))
    write_row(store, ENTRY + key_of(39), "text")
    summaries = store.summaries()
    assert [summary.key for summary in summaries] == [key_of(1)]
    assert summaries[0].hits == 2
    assert store.remove(key_of(number) for number in range(1, 40)) > 0
    assert store.summaries() == []


def test_foreign_rows_are_neither_listed_nor_loaded(store: Store, tmp_path: Path) -> None:
    put(store, 1)
    canary = tmp_path / "canary"
    with database(store) as connection:
        connection.execute(
            "INSERT INTO Cache(key, raw, mode, value) VALUES (?, 0, 4, ?)",
            (pickle.dumps(_Canary(canary)), pickle.dumps(_Canary(canary))),
        )
    assert len(store.summaries()) == 1
    assert store.remove([key_of(1)]) >= 0
    assert store.clear() >= 0
    assert not canary.exists()
