"""Removing: what is removed is gone from the disk, with all that only it needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra_cached.store import CLOSURE, CONDITIONS, FILE_MEMO, TEXT, Conditions, Store, object_files, references
from hydra_cached.store.garbage import Limits
from hydra_cached.store.record import LINK
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import database, describe, key_of, objects_of, put


def test_removed_bytes_are_really_freed_on_disk(store: Store) -> None:
    for number in range(1, 20):
        put(store, bytes([number]) * (20_000 if number % 2 else 200_000), number)
    put(store, "kept", 99)
    before_bytes = store.size_on_disk()
    freed_bytes = store.remove(key_of(number) for number in range(1, 20))
    assert before_bytes - store.size_on_disk() == freed_bytes
    assert freed_bytes > 9 * 200_000 + 9 * 20_000
    assert objects_of(store) == []
    assert [summary.key for summary in store.summaries()] == [key_of(99)]
    assert store.size_on_disk() < 200_000


def test_removed_result_is_found_neither_by_recipe_nor_by_key(store: Store) -> None:
    info = put(store, 1)
    store.link(key_of(77), info.key)
    store.remove([info.key])
    assert store.find(info.recipe_key or "") is None
    assert store.find(key_of(77)) is None
    assert store.get(info.key) is None


def test_removal_leaves_no_row_behind(store: Store) -> None:
    info = put(store, b"x" * 100_000)
    store.link(key_of(77), info.key)
    store.record_hits({info.key: (1, 1.0)})
    store.remove([info.key])
    with database(store) as connection:
        assert connection.execute("SELECT count(*) FROM Cache").fetchone() == (0,)


def test_removal_leaves_the_links_and_statistics_of_others(store: Store) -> None:
    put(store, 1, 1)
    info = put(store, 2, 2)
    store.record_hits({info.key: (1, 1.0)})
    store.remove([key_of(1)])
    assert store.find(info.recipe_key or "") is not None
    assert store.latest(info.target, info.path) == [info]
    assert store.summaries()[0].hits == 1
    with database(store) as connection:
        links = connection.execute("SELECT count(*) FROM Cache WHERE key GLOB ?", (LINK + "*",)).fetchone()
    assert links == (1,)


def test_object_that_another_entry_uses_stays(store: Store) -> None:
    put(store, b"x" * 100_000, 1)
    put(store, b"x" * 100_000, 2)
    store.remove([key_of(1)])
    entry = store.get(key_of(2))
    assert entry is not None
    assert store.load(entry) == b"x" * 100_000
    store.remove([key_of(2)])
    assert objects_of(store) == []


def test_removing_unknown_keys_frees_nothing(store: Store) -> None:
    put(store, 1, 1)
    store.remove([])
    assert store.remove([key_of(5)]) == 0
    assert len(store.summaries()) == 1


def test_clear_removes_all_there_is(store: Store) -> None:
    for number in range(1, 5):
        put(store, bytes([number]) * 100_000, number)
    orphan = objects_of(store)[0].with_name("0" * 64)
    orphan.write_bytes(b"left by a writer that died")
    (store.directory / "aside").mkdir()
    (store.directory / "aside" / "damaged").write_bytes(b"x" * 1000)
    before_bytes = store.size_on_disk()
    assert before_bytes - store.clear() == store.size_on_disk()
    assert objects_of(store) == []
    assert list((store.directory / "aside").iterdir()) == []
    assert store.summaries() == []
    put(store, 1)
    assert len(store.summaries()) == 1


def test_more_entries_than_one_batch_are_removed(store: Store) -> None:
    payload = store.dump(1)
    for number in range(1, 1050):
        store.put(describe(number, recipe_key=None), payload)
    store.remove([summary.key for summary in store.summaries()])
    assert store.summaries() == []


_WRITER = """
import os, sys, time
from hydra_cached.store.locks import mark_as_written
handle = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL)
mark_as_written(handle)
os.write(handle, b"half")
print("written", flush=True)
time.sleep(60)
"""


@pytest.fixture
def writer(store: Store) -> Iterator[subprocess.Popen[str]]:
    """A process that is writing an object."""
    folder = store.directory / "objects" / "f0"
    folder.mkdir(exist_ok=True)
    arguments = [sys.executable, "-c", _WRITER, str(folder / ".f00.123.tmp")]
    with subprocess.Popen(arguments, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        yield process
        process.kill()


@pytest.mark.parametrize("is_alive", [True, False], ids=["living", "dead"])
@pytest.mark.parametrize("command", ["clear", "collect"])
def test_temporary_file_goes_only_when_its_writer_is_dead(
    store: Store, writer: subprocess.Popen[str], is_alive: bool, command: str
) -> None:
    temporary = store.directory / "objects" / "f0" / ".f00.123.tmp"
    if not is_alive:
        writer.kill()
        writer.wait()
    put(store, 1)
    if command == "clear":
        store.clear()
    else:
        freed = Upkeep(store).collect(Limits(max_age_s=1e12))
        assert (freed.entries, freed.leftovers) == (0, int(not is_alive))
    assert temporary.exists() == is_alive


def test_writer_whose_file_is_taken_for_a_leftover_writes_it_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []

    def take(handle: int) -> None:
        if len(taken) < 2:
            taken.extend(store.directory.glob("objects/??/.*.tmp"))
            taken[-1].unlink()

    monkeypatch.setattr(object_files, "mark_as_written", take)
    info = put(store, b"x" * 100_000)
    assert len(taken) == 2
    entry = store.get(info.key)
    assert entry is not None
    assert store.load(entry) == b"x" * 100_000


def _closure(*texts: str) -> bytes:
    return json.dumps([["function", "my.mod.f", text, None, 1] for text in texts]).encode()


def test_shared_rows_go_when_nothing_leads_to_them_any_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    below = Conditions(inputs=(("a.txt", "1" * 64),))
    above = Conditions(inputs=(("b.txt", "2" * 64),), below=(below.digest,))
    put(store, 1, 1, code="a1" * 32, arguments=(("@depends_on my.mod.g", "d4" * 32),))
    put(store, 2, 2, code="b2" * 32)
    store.link(key_of(91), key_of(1), above.digest)
    rows = {
        CONDITIONS: {each.digest: each.pack() for each in (below, above)},
        CLOSURE: {
            "a1" * 32: _closure("c1" * 32, "c2" * 32),
            "b2" * 32: _closure("c2" * 32, "c3" * 32),
            "d4" * 32: _closure("c4" * 32),
        },
        TEXT: {f"c{number}" * 32: b"def f(): ..." for number in (1, 2, 3, 4)},
        FILE_MEMO: {"aa": b"memo"},
    }

    def left() -> set[str]:
        return {key[:2] for kind, items in rows.items() for key in store.recall(kind, items)}

    for kind, items in rows.items():
        store.remember(kind, items)
    all_there = {below.digest[:2], above.digest[:2], "a1", "b2", "d4", "c1", "c2", "c3", "c4", "aa"}
    store.remove([key_of(2)])
    Upkeep(store).collect(Limits(max_age_s=1e12))
    assert left() == all_there, "what was just written may be about to be referred to"
    monkeypatch.setattr(references, "SHARED_GRACE_S", -1.0)
    Upkeep(store).collect(Limits(max_age_s=1e12))
    assert left() == {below.digest[:2], above.digest[:2], "a1", "d4", "c1", "c2", "c4", "aa"}
    monkeypatch.setattr(references, "MEMO_AGE_S", -1.0)
    store.remove([key_of(1)])
    Upkeep(store).collect(Limits(max_age_s=1e12))
    assert left() == set()


def test_rows_of_unknown_kinds_are_kept(store: Store) -> None:
    put(store, 1)
    rows = store.rows()
    assert rows is not None
    opened = rows
    opened.index.write(lambda: opened.put("7faa", b"of a later release", "tag"))
    store.remove([key_of(1)])
    Upkeep(store).collect(Limits(max_size_bytes=0, max_age_s=0, is_unreferenced_dropped=True))
    assert rows.peek("7faa") == b"of a later release"
    store.clear()
    assert rows.peek("7faa") is None
