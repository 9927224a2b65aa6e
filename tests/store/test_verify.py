"""Verifying: whatever is wrong is found, and what can be mended is mended."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.errors import EntryUnreadableError
from hydra_cached.store import ObjectFolder, Store, record
from hydra_cached.store.garbage import Limits
from hydra_cached.store.record import ENTRY, LATEST, LINK, PIN, STATISTICS, USE
from hydra_cached.store.upkeep import Upkeep
from hydra_cached.store.verification import Problem
from tests.store.entries import database, describe, key_of, objects_of, put, read_row, write_row

_LARGE = b"large value " * 20_000


def _verify(store: Store, *, is_repairing: bool = False) -> list[Problem]:
    return list(Upkeep(store).verify(is_repairing=is_repairing).problems)


def _kinds(problems: list[Problem]) -> list[str]:
    return sorted(problem.kind for problem in problems)


@pytest.fixture
def filled(store: Store) -> Store:
    """One small result and two large ones, found, pinned and linked."""
    put(store, "small", 1)
    put(store, _LARGE, 2)
    put(store, _LARGE + b"other", 3)
    store.record_hits({key_of(number): (1, 1.0) for number in (1, 2, 3)})
    store.link(key_of(50), key_of(2), "ab" * 32)
    Upkeep(store).pin([key_of(1), key_of(2)])
    return store


def _flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_nothing_is_wrong_with_a_store_that_was_only_used(filled: Store) -> None:
    filled.remove([key_of(3)])
    verified = Upkeep(filled).verify(is_repairing=False)
    assert verified.problems == ()
    assert verified.objects == 1
    assert verified.rows >= 8
    assert verified.object_bytes > len(_LARGE)


def _damage_entry(store: Store) -> None:
    good = read_row(store, ENTRY + key_of(1))
    write_row(store, ENTRY + key_of(1), good[:50] + bytes([good[50] ^ 1]) + good[51:])


def _damage_link(store: Store) -> None:
    write_row(store, LINK + key_of(50), b"short")


def _damage_statistics(store: Store) -> None:
    good = read_row(store, STATISTICS + key_of(1))
    write_row(store, STATISTICS + key_of(1), good[:-1])


def _set_pickle_mode(store: Store) -> None:
    write_row(store, ENTRY + key_of(1), pickle.dumps(open), mode=4)


def _insert_foreign_row(store: Store) -> None:
    with database(store) as connection:
        connection.execute("INSERT INTO Cache(key, raw, mode, value) VALUES (?, 0, 4, ?)", (pickle.dumps(1), b"x"))


def _damage_object(store: Store) -> None:
    _flip(objects_of(store)[0], 5000)


def _truncate_object(store: Store) -> None:
    path = objects_of(store)[0]
    path.write_bytes(path.read_bytes()[:1000])


def _delete_object(store: Store) -> None:
    objects_of(store)[0].unlink()


def _drop_entry(store: Store) -> None:
    with database(store) as connection:
        connection.execute("DELETE FROM Cache WHERE key = ?", (ENTRY + key_of(1),))


def _leave_temporary_file(store: Store) -> None:
    path = objects_of(store)[0]
    path.with_name(f".{path.name}.123.abc.tmp").write_bytes(b"half")


def _use_row(store: Store) -> str:
    entry = store.get(key_of(2))
    assert entry is not None
    return f"{USE}{entry.object_digest}{entry.key}"


def _damage_use(store: Store) -> None:
    write_row(store, _use_row(store), b"short")


def _delete_use(store: Store) -> None:
    with database(store) as connection:
        connection.execute("DELETE FROM Cache WHERE key = ?", (_use_row(store),))


def _change_key_of_use(store: Store) -> None:
    """What one flipped bit does: the row is nobody's, and the object seems to be needed by nothing."""
    row_key = _use_row(store)
    with database(store) as connection:
        connection.execute("UPDATE Cache SET key = ? WHERE key = ?", (f"{row_key[:-1]}e", row_key))


_DAMAGE: dict[str, tuple[Callable[[Store], None], list[str]]] = {
    "entry": (_damage_entry, ["damaged_row"]),
    "link": (_damage_link, ["damaged_row"]),
    "statistics": (_damage_statistics, ["damaged_row"]),
    "pickle mode": (_set_pickle_mode, ["foreign_row"]),
    "foreign row": (_insert_foreign_row, ["foreign_row"]),
    "object": (_damage_object, ["damaged_object"]),
    "cut object": (_truncate_object, ["damaged_object"]),
    "no object": (_delete_object, ["missing_object"]),
    "no entry": (_drop_entry, ["dangling_row"] * 3),
    "use": (_damage_use, ["damaged_row"]),
    "no use": (_delete_use, ["missing_row"]),
    "leftover": (_leave_temporary_file, ["leftover"]),
}


@pytest.mark.parametrize("kind", _DAMAGE)
def test_each_damage_is_found_and_mended(filled: Store, kind: str) -> None:
    damage, expected = _DAMAGE[kind]
    damage(filled)
    found = _verify(filled)
    assert _kinds(found) == expected
    assert not any(problem.is_mended for problem in found)
    assert _kinds(_verify(filled)) == expected, "only looking changes nothing"
    mended = _verify(filled, is_repairing=True)
    assert _kinds(mended) == expected
    assert all(problem.is_mended for problem in mended)
    assert _verify(filled) == []
    # what is left is right, and what was lost can be stored again
    for number, value in ((1, "small"), (2, _LARGE), (3, _LARGE + b"other")):
        entry = filled.get(key_of(number))
        assert entry is None or filled.load(entry) == value
        put(filled, value, number)
    assert len(filled.summaries()) == 3


@pytest.mark.parametrize("damage", [_damage_use, _delete_use, _change_key_of_use])
def test_object_is_not_lost_with_the_note_of_its_use(filled: Store, damage: Callable[[Store], None]) -> None:
    damage(filled)
    _verify(filled, is_repairing=True)
    assert _verify(filled) == []
    filled.remove([key_of(3)])
    entry = filled.get(key_of(2))
    assert entry is not None
    assert filled.load(entry) == _LARGE


def test_row_that_names_a_file_elsewhere_costs_nobody_that_file(filled: Store, tmp_path: Path) -> None:
    kept = tmp_path / "thesis"
    kept.write_text("kept")
    with database(filled) as connection:
        for name in ("./../../thesis", "../thesis"):
            assert ObjectFolder(filled.object_folder).path(name).samefile(kept)
            connection.execute("INSERT INTO Cache(key, raw, mode, value) VALUES (?, 1, 1, ?)", (USE + name, b"x"))
    _verify(filled)
    filled.remove([key_of(3)])
    Upkeep(filled).collect(Limits(max_size_bytes=0))
    _verify(filled, is_repairing=True)
    assert kept.read_text() == "kept"


def test_damaged_parts_are_kept_for_inspection(filled: Store) -> None:
    _damage_entry(filled)
    _damage_object(filled)
    _verify(filled, is_repairing=True)
    assert len(list((filled.directory / "aside").iterdir())) == 2


def test_entry_whose_row_was_damaged_is_entered_again_from_its_object(filled: Store) -> None:
    write_row(filled, ENTRY + key_of(2), b"nonsense")
    assert _kinds(_verify(filled, is_repairing=True)) == ["damaged_row", "orphan_object"]
    entry = filled.get(key_of(2))
    assert entry is not None
    assert filled.load(entry) == _LARGE
    assert _verify(filled) == []


def test_object_in_no_entry_is_entered(filled: Store) -> None:
    with database(filled) as connection:
        connection.execute("DELETE FROM Cache WHERE key LIKE '%' || ?1 || '%' OR tag = ?1", (key_of(3),))
    assert _kinds(_verify(filled)) == ["orphan_object"]
    (problem,) = _verify(filled, is_repairing=True)
    assert problem.is_mended
    assert filled.get(key_of(3)) is not None
    assert _verify(filled) == []


def test_object_that_says_of_no_entry_is_set_aside_once_nobody_can_be_about_to_enter_it(filled: Store) -> None:
    payload = filled.dump(b"z" * 100_000)
    folder = ObjectFolder(filled.directory / "objects")
    folder.write(payload, b"")
    assert _verify(filled, is_repairing=True) == []
    assert folder.has(payload.digest)
    os.utime(folder.path(payload.digest), (time.time() - 7200,) * 2)
    assert _kinds(_verify(filled, is_repairing=True)) == ["orphan_object"]
    assert not folder.has(payload.digest)
    assert _verify(filled) == []


def test_what_carries_another_seal_is_told_and_stays(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_CACHED_KEY", "another key")
    other = Store(filled.directory)
    found = _verify(other, is_repairing=True)
    assert set(_kinds(found)) == {"untrusted_row"}
    assert not any(problem.is_mended for problem in found)
    other.close()
    assert _verify(filled) == []
    entry = filled.get(key_of(2))
    assert entry is not None
    assert filled.load(entry) == _LARGE


def test_row_of_a_later_release_is_no_problem(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(record, "_VERSION", 2)
        put(filled, 1, 9)
    rows = filled.rows()
    assert rows is not None
    opened = rows
    opened.index.write(lambda: opened.put("7fab", b"of a later release"))
    assert _verify(filled, is_repairing=True) == []
    with pytest.raises(EntryUnreadableError):
        filled.get(key_of(9))
    assert rows.peek("7fab") == b"of a later release"


def test_large_buffers_are_checked_whatever_was_checked_before(store: Store) -> None:
    np = pytest.importorskip("numpy")
    info = put(store, np.zeros(9_000_000))
    entry = store.get(info.key)
    assert entry is not None
    store.load(entry)
    (path,) = objects_of(store)
    status = path.stat()
    with open(path, "r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"\xff")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert _kinds(_verify(store)) == ["damaged_object"]


def test_gone_index_is_found_and_made_again(filled: Store) -> None:
    filled.close()
    for path in (filled.directory / "index").iterdir():
        path.unlink()
    assert _kinds(_verify(filled)) == ["damaged_index"]
    (problem,) = _verify(filled, is_repairing=True)
    assert problem.is_mended
    assert {summary.key for summary in filled.summaries()} == {key_of(2), key_of(3)}
    assert _verify(filled) == []


@pytest.mark.parametrize("content", [b"garbage " * 1000, bytes(20_000), random.Random(1).randbytes(30_000)])
def test_destroyed_index_is_found_and_made_again(filled: Store, content: bytes) -> None:
    filled.close()
    (filled.directory / "index" / "cache.db").write_bytes(content)
    assert _kinds(_verify(filled)) == ["damaged_index"]
    assert _kinds(_verify(filled)) == ["damaged_index"], "only looking changes nothing"
    found = _verify(filled, is_repairing=True)
    assert [problem.is_mended for problem in found] == [True]
    assert {summary.key for summary in filled.summaries()} == {key_of(2), key_of(3)}
    assert _verify(filled) == []


def test_index_whose_trees_do_not_fit_each_other_is_made_again_with_all_there_is(filled: Store) -> None:
    with database(filled) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'Cache_key_raw'").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filled.close()
    path = filled.directory / "index" / "cache.db"
    data = bytearray(path.read_bytes())
    # a cell of the index over keys points elsewhere
    data[(root - 1) * 4096 + 200 : root * 4096] = bytes(4096 - 200)
    path.write_bytes(data)
    found = _verify(filled, is_repairing=True)
    assert "damaged_index" in _kinds(found)
    assert len(filled.summaries()) == 3
    assert Upkeep(filled).pinned() == {key_of(1), key_of(2)}
    assert _verify(filled) == []


def test_value_that_became_no_text_is_found_and_mended(filled: Store) -> None:
    # one bit of a row's header makes its bytes a text, of which sqlite's own check says nothing
    with database(filled) as connection:
        row_key = LINK + key_of(50)
        connection.execute("UPDATE Cache SET value = CAST(x'ff41fe' AS TEXT) WHERE key = ?", (row_key,))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert _kinds(_verify(filled)) == ["damaged_index"]
    (problem,) = _verify(filled, is_repairing=True)
    assert problem.is_mended
    assert _verify(filled) == []
    for number, value in ((1, "small"), (2, _LARGE), (3, _LARGE + b"other")):
        entry = filled.get(key_of(number))
        assert entry is not None
        assert filled.load(entry) == value


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file cannot be deleted")
def test_file_that_a_living_writer_has_still_to_lock_is_no_leftover(filled: Store) -> None:
    folder = objects_of(filled)[0].parent
    mine = folder / f".{'0' * 64}.{os.getpid()}.abcdef01.tmp"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = folder / f".{'0' * 64}.{dead.pid}.abcdef01.tmp"
    for path in (mine, left):
        path.write_bytes(b"begun")
    assert [problem.subject for problem in _verify(filled, is_repairing=True)] == [str(left)]
    assert mine.exists()
    # a process of that id may be another by now
    os.utime(mine, (time.time() - 3600,) * 2)
    assert Upkeep(filled).collect(Limits(max_age_s=1e12)).leftovers == 1


def test_dangling_rows_of_every_kind_are_swept(filled: Store) -> None:
    _drop_entry(filled)
    assert {problem.subject[:2] for problem in _verify(filled)} == {STATISTICS, LINK, PIN}
    with database(filled) as connection:
        connection.execute("DELETE FROM Cache WHERE key = ?", (ENTRY + key_of(3),))
    assert {problem.subject[:2] for problem in _verify(filled)} >= {USE, LATEST}
    _verify(filled, is_repairing=True)
    assert _verify(filled) == []


def test_discarded_result_never_comes_back(filled: Store) -> None:
    entry = filled.get(key_of(2))
    assert entry is not None
    filled.discard(entry)
    assert len(objects_of(filled)) == 1
    _verify(filled, is_repairing=True)
    assert filled.get(key_of(2)) is None


def test_progress_goes_up_to_the_whole(filled: Store) -> None:
    told: list[tuple[int, int]] = []
    Upkeep(filled).verify(is_repairing=False, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 2 * len(_LARGE)


def test_absent_store_has_no_problems(tmp_path: Path) -> None:
    absent: Any = Store(tmp_path / "absent", create=False)
    assert Upkeep(absent).verify(is_repairing=True).problems == ()
    assert not (tmp_path / "absent").exists()


def test_verifying_beside_a_writer_finds_nothing(filled: Store) -> None:
    payload = filled.dump(b"in flight" * 20_000)
    # written with the note of an entry that is not there yet, as by a writer a moment before it enters it
    state = ObjectFolder(filled.directory / "objects").write(payload, b"")
    assert state
    assert _verify(filled) == []
    info = describe(77)
    filled.put(info, payload)
    assert _verify(filled) == []
