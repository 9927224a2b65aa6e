"""A damaged index is made again from what can be read of it and from the objects; nothing wrong ever comes back."""

from __future__ import annotations

import logging
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hydra_cached.errors import EntryDamagedError, EntryError
from hydra_cached.store import Entry, ObjectFolder, Store
from hydra_cached.store.garbage import Limits
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import database, describe, key_of, objects_of, put

_LARGE = b"large value " * 20_000
_ROOT = Path(__file__).parents[2]


def _fill(directory: Path, count: int = 40) -> None:
    """Small results with odd numbers, large ones with even numbers."""
    with Store(directory) as store:
        for number in range(1, count):
            put(store, _value(number), number, target=f"my.mod.t{number % 3}")
        store.record_hits({key_of(1): (3, 4.5)})
        Upkeep(store).pin([key_of(3)])


def _value(number: int) -> bytes:
    return number.to_bytes(4, "big") * (10 if number % 2 else 20_000)


def _index(directory: Path) -> Path:
    return directory / "index" / "cache.db"


def _overwrite(directory: Path, content: bytes | None) -> None:
    """Put other bytes in the place of the database, or nothing."""
    for path in _index(directory).parent.glob("cache.db*"):
        path.unlink()
    if content is not None:
        _index(directory).write_bytes(content)


def _right_values(directory: Path, count: int = 40) -> set[int]:
    """Numbers whose results are found by their keys. A wrong value fails the test."""
    found: set[int] = set()
    with Store(directory) as store:
        for number in range(1, count):
            try:
                entry = store.get(key_of(number))
                value = None if entry is None else store.load(entry)
            except EntryError:
                continue
            assert value in (None, _value(number))
            if value is not None:
                found.add(number)
    return found


_DESTROYED: dict[str, Callable[[bytes], bytes | None]] = {
    "deleted": lambda good: None,
    "empty": lambda good: b"",
    "zeroed": lambda good: bytes(len(good)),
    "random": lambda good: random.Random(1).randbytes(len(good)),
    "garbage": lambda good: b"garbage " * 1000,
    "head zeroed": lambda good: bytes(100) + good[100:],
}


@pytest.mark.parametrize("kind", _DESTROYED)
def test_destroyed_index_is_made_again_from_the_objects(tmp_path: Path, kind: str) -> None:
    _fill(tmp_path / "cache")
    _overwrite(tmp_path / "cache", _DESTROYED[kind](_index(tmp_path / "cache").read_bytes()))
    assert _right_values(tmp_path / "cache") >= set(range(2, 40, 2))
    with Store(tmp_path / "cache") as store:
        assert {summary.key for summary in store.summaries()} >= {key_of(number) for number in range(2, 40, 2)}
        info = put(store, "new", 77)
        assert store.find(info.recipe_key or "") is not None


def test_head_of_the_database_alone_does_not_cost_what_is_behind_it(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    good = _index(tmp_path / "cache").read_bytes()
    # the application id and version numbers, which nobody needs
    _overwrite(tmp_path / "cache", good[:60] + b"\xff" * 12 + good[72:])
    assert _right_values(tmp_path / "cache") == set(range(1, 40))


@pytest.mark.parametrize("position", [16, 18, 19, 21, 28, 44, 47, 52, 56, 95])
def test_flipped_bit_in_the_head_of_the_database_costs_nothing_but_time(tmp_path: Path, position: int) -> None:
    # by some of them, sqlite takes the database for that of a later release, or for one that may only be read
    _fill(tmp_path / "cache")
    head = bytearray(_index(tmp_path / "cache").read_bytes())
    head[position] ^= 0x40
    _overwrite(tmp_path / "cache", bytes(head))
    assert _right_values(tmp_path / "cache") >= set(range(2, 40, 2))
    _overwrite(tmp_path / "cache", bytes(head))
    with Store(tmp_path / "cache") as store:
        Upkeep(store).verify(is_repairing=True)
        assert Upkeep(store).verify(is_repairing=False).problems == ()
        assert len(store.summaries()) >= 19
        info = put(store, "new", 77)
        assert store.find(info.recipe_key or "") is not None
    _overwrite(tmp_path / "cache", bytes(head))
    with Store(tmp_path / "cache") as store:
        store.clear()
        assert store.summaries() == []


def test_broken_pages_cost_only_what_was_in_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _fill(tmp_path / "cache", 400)
    good = bytearray(_index(tmp_path / "cache").read_bytes())
    pages = len(good) // 4096
    with sqlite3.connect(_index(tmp_path / "cache")) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'Cache'").fetchone()[0]
    connection.close()
    generator = random.Random(2)
    for page in generator.sample(range(8, pages), 12):
        if page + 1 != root:
            good[page * 4096 : (page + 1) * 4096] = generator.randbytes(4096)
    _overwrite(tmp_path / "cache", bytes(good))
    with caplog.at_level(logging.WARNING, "hydra_cached"):
        found = _right_values(tmp_path / "cache", 400)
    assert len(found) > 330
    assert "was damaged and is set aside" in caplog.text
    assert len(list((tmp_path / "cache" / "aside").glob("index.*/cache.db"))) == 1


def test_table_of_another_shape_is_made_again_from_the_objects(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    with Store(tmp_path / "cache") as store, database(store) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE Cache(nothing)' WHERE name = 'Cache'")
    assert _right_values(tmp_path / "cache") >= set(range(2, 40, 2))


def test_index_whose_texts_are_damaged_is_made_again(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    with Store(tmp_path / "cache") as store, database(store) as connection:
        connection.execute("UPDATE Cache SET tag = CAST(x'ff41' AS TEXT) WHERE key = ?", ("01" + key_of(5),))
    with Store(tmp_path / "cache") as store:
        listed = {summary.key: summary.target for summary in store.summaries()}
        assert listed[key_of(5)] == "my.mod.t2"
        assert len(listed) == 39
        assert Upkeep(store).pinned() == {key_of(3)}
        assert Upkeep(store).statistics(key_of(1)) == (3, 4.5)
        found = store.find(describe(7).recipe_key or "")
        assert found is not None
        assert store.load(found) == _value(7)
        store.remove([key_of(4)])
        assert store.find(describe(4).recipe_key or "") is None


def test_damaged_pages_of_the_index_never_give_a_wrong_value(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    good = _index(tmp_path / "cache").read_bytes()
    generator = random.Random(6)
    found = 0
    for _ in range(25):
        bad = bytearray(good)
        for _ in range(10):
            bad[generator.randrange(len(bad))] ^= 1 << generator.randrange(8)
        _overwrite(tmp_path / "cache", bytes(bad))
        found += len(_right_values(tmp_path / "cache"))
    assert found > 25 * 25


@pytest.mark.parametrize("length", [0, 1, 99, 100, 4095, 4096, 20_000, -4096, -1])
def test_index_that_is_cut_short_is_made_again(tmp_path: Path, length: int) -> None:
    _fill(tmp_path / "cache")
    _overwrite(tmp_path / "cache", _index(tmp_path / "cache").read_bytes()[:length])
    assert _right_values(tmp_path / "cache") >= set(range(2, 40, 2))


def test_result_that_could_not_be_saved_is_told_from_one_that_never_was(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    _overwrite(tmp_path / "cache", b"garbage " * 1000)
    with Store(tmp_path / "cache") as store:
        with pytest.raises(EntryDamagedError, match="is corrupt"):
            store.get(key_of(1))
        assert store.get(key_of(3)) is None


def test_put_into_a_store_whose_index_is_damaged_succeeds(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    _overwrite(tmp_path / "cache", bytes(8192))
    with Store(tmp_path / "cache") as store:
        info = put(store, "new", 500)
        entry = store.get(info.key)
        assert entry is not None
        assert store.load(entry) == "new"


def test_index_that_is_damaged_while_it_is_open_is_made_again(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    with Store(tmp_path / "cache") as store:
        assert store.get(key_of(2)) is not None
        with database(store) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(_index(tmp_path / "cache"), "r+b") as file:
            file.write(b"garbage " * 5000)
        for number in range(2, 40, 2):
            try:
                entry = store.get(key_of(number))
            except EntryError:
                continue
            assert entry is not None
        put(store, "new", 500)
        assert store.get(key_of(500)) is not None
    assert _right_values(tmp_path / "cache") >= set(range(2, 40, 2))


def test_recipe_whose_conditions_were_lost_leads_nowhere(tmp_path: Path) -> None:
    with Store(tmp_path / "cache") as store:
        info = describe()
        store.put(info, store.dump(_LARGE), conditions="ab" * 32)
    _overwrite(tmp_path / "cache", None)
    with Store(tmp_path / "cache") as store:
        assert store.find(info.recipe_key or "") is None
        entry = store.get(info.key)
        assert entry is not None
        assert store.load(entry) == _LARGE


def test_objects_with_a_foreign_note_are_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_CACHED_KEY", "an attacker's key")
    _fill(tmp_path / "cache")
    monkeypatch.setenv("HYDRA_CACHED_KEY", "mine")
    _overwrite(tmp_path / "cache", None)
    with Store(tmp_path / "cache") as store:
        assert store.summaries() == []
        assert len(objects_of(store)) == 19


def test_object_that_a_worker_wrote_is_entered_by_the_note_beside_it(tmp_path: Path) -> None:
    with Store(tmp_path / "cache") as store:
        payload = store.dump(_LARGE)
        ObjectFolder(store.directory / "objects").write(payload, b"")
        info = describe()
        entry = store.enter(Entry(info, payload.codec, payload.size_bytes, None, payload.digest))
        assert store.load(entry) == _LARGE
        assert len(list(store.directory.glob("objects/??/*.note"))) == 1
    _overwrite(tmp_path / "cache", None)
    with Store(tmp_path / "cache") as store:
        found = store.get(info.key)
        assert found is not None
        assert store.load(found) == _LARGE
        store.remove([info.key])
        assert objects_of(store) == []


def test_processes_that_meet_a_damaged_index_at_once_make_it_again_once(tmp_path: Path) -> None:
    _fill(tmp_path / "cache", 200)
    _overwrite(tmp_path / "cache", b"garbage " * 5000)
    script = (
        "import sys\nfrom hydra_cached.errors import EntryError\nfrom hydra_cached.store import Store\n"
        "from tests.store.entries import key_of, put\n"
        "with Store(sys.argv[1]) as store:\n"
        "    for number in range(2, 200, 2):\n"
        "        try:\n            assert store.get(key_of(number)) is not None, number\n"
        "        except EntryError:\n            pass\n"
        "    put(store, 'new', int(sys.argv[2]))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "cache"), str(1000 + number)],
            cwd=_ROOT, stderr=subprocess.PIPE, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    assert len(list((tmp_path / "cache" / "aside").glob("index.*"))) == 1
    with Store(tmp_path / "cache") as store:
        keys = {summary.key for summary in store.summaries()}
    assert keys >= {key_of(number) for number in (*range(2, 200, 2), *range(1000, 1004))}


def test_what_was_set_aside_goes_when_the_store_is_cleared(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    _overwrite(tmp_path / "cache", b"garbage " * 1000)
    with Store(tmp_path / "cache") as store:
        assert store.summaries() != []
        assert store.clear() > 0
        assert list((tmp_path / "cache" / "aside").iterdir()) == []


def test_clear_deletes_a_damaged_index_without_making_it_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _fill(tmp_path / "cache")
    _overwrite(tmp_path / "cache", b"garbage " * 1000)
    with Store(tmp_path / "cache") as store, caplog.at_level(logging.WARNING, "hydra_cached"):
        assert store.is_corrupt()
        assert store.clear() > 0
        assert not store.is_corrupt()
        assert store.summaries() == []
        put(store, 1)
        assert store.get(key_of(1)) is not None
    assert caplog.text == ""


def test_collection_enters_what_was_written_and_not_entered(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    with Store(tmp_path / "cache") as store:
        with database(store) as connection:
            connection.execute("DELETE FROM Cache WHERE key LIKE '01' || ? OR key LIKE '04%' || ?", (key_of(2),) * 2)
        assert store.get(key_of(2)) is None
        Upkeep(store).collect(Limits(max_age_s=1e12))
        entry = store.get(key_of(2))
        assert entry is not None
        assert store.load(entry) == _value(2)


def test_row_that_is_found_under_another_key_means_a_damaged_index_and_not_a_forgery(tmp_path: Path) -> None:
    _fill(tmp_path / "cache")
    good = _index(tmp_path / "cache").read_bytes()
    row_key = ("01" + key_of(5)).encode()
    positions = [at for at in range(len(good)) if good.startswith(row_key, at)]
    assert len(positions) >= 2, "in the table and in the index over keys"
    for position in positions:
        bad = bytearray(good)
        bad[position + 12] ^= 1
        _overwrite(tmp_path / "cache", bytes(bad))
        with Store(tmp_path / "cache") as store:
            for number in range(1, 40):
                try:
                    entry = store.get(key_of(number))
                except EntryDamagedError:
                    continue
                assert entry is None or store.load(entry) == _value(number)
