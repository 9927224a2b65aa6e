"""Archives: what is exported is imported again, sealed anew; nothing foreign is taken unasked, nothing is unpickled."""

from __future__ import annotations

import io
import json
import pickle
import random
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.errors import UsageError
from hydra_cached.store import CLOSURE, CONDITIONS, TEXT, Conditions, Store
from hydra_cached.store.archive import Archive, Imported
from hydra_cached.store.record import ENTRY, pack_entry
from hydra_cached.store.seal import Seal
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import describe, key_of, objects_of, put

_LARGE = b"large value " * 20_000
_VALUES: dict[int, Any] = {1: "small", 2: _LARGE, 3: _LARGE + b"other", 4: {"k": [1.5]}}


@pytest.fixture
def filled(store: Store) -> Store:
    for number, value in _VALUES.items():
        put(store, value, number, code="a1" * 32)
    put(store, _LARGE, 5)
    store.remember(CLOSURE, {"a1" * 32: json.dumps([["function", "f", "c1" * 32, None, 1]]).encode()})
    store.remember(TEXT, {"c1" * 32: b"def f(): ..."})
    conditions = Conditions(inputs=(("a.txt", "1" * 64),))
    store.remember(CONDITIONS, {conditions.digest: conditions.pack()})
    store.link(key_of(50), key_of(2), conditions.digest)
    return store


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "other") as opened:
        yield opened


def _export(store: Store, path: Path, *numbers: int) -> None:
    Upkeep(store).export(path, [key_of(number) for number in numbers or (1, 2, 3, 4, 5)])


def _import(store: Store, path: Path) -> Imported:
    with Archive(path) as archive:
        return Upkeep(store).enter_archive(archive)


def _members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def _write(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def test_everything_is_found_again_in_another_store(filled: Store, other: Store, tmp_path: Path) -> None:
    _export(filled, tmp_path / "archive")
    assert _import(other, tmp_path / "archive") == Imported(5, 0, 0)
    for number, value in {**_VALUES, 5: _LARGE}.items():
        found = other.find(describe(number).recipe_key or "")
        assert found is not None
        assert found == filled.find(describe(number).recipe_key or "")
        assert other.load(found) == value
    assert len(objects_of(other)) == 2
    conditional = other.find(key_of(50))
    assert conditional is not None
    assert conditional.conditions
    assert other.recall(CONDITIONS, [conditional.conditions])
    assert other.recall(CLOSURE, ["a1" * 32])
    assert other.recall(TEXT, ["c1" * 32])
    assert Upkeep(other).verify(is_repairing=False).problems == ()


def test_imported_objects_say_what_they_are_results_of(filled: Store, other: Store, tmp_path: Path) -> None:
    _export(filled, tmp_path / "archive")
    _import(other, tmp_path / "archive")
    other.close()
    for path in (other.directory / "index").iterdir():
        path.unlink()
    assert {summary.key for summary in other.summaries()} >= {key_of(3)}


def test_only_what_was_chosen_is_in_it(filled: Store, other: Store, tmp_path: Path) -> None:
    _export(filled, tmp_path / "archive", 1, 3)
    assert _import(other, tmp_path / "archive").entries == 2
    assert {summary.key for summary in other.summaries()} == {key_of(1), key_of(3)}
    assert {name.split("/")[0] for name in _members(tmp_path / "archive")} == {"header", "rows", "objects", "end"}
    assert other.recall(CONDITIONS, [Conditions(inputs=(("a.txt", "1" * 64),)).digest]) == {}


def test_what_is_there_already_stays(filled: Store, other: Store, tmp_path: Path) -> None:
    put(other, "mine", 1)
    other.link(key_of(50), key_of(1), "")
    _export(filled, tmp_path / "archive")
    assert _import(other, tmp_path / "archive") == Imported(4, 1, 0)
    entry = other.find(key_of(50))
    assert entry is not None
    assert other.load(entry) == "mine"
    assert _import(other, tmp_path / "archive") == Imported(0, 5, 0)


def test_archive_of_another_key_is_not_trusted_by_itself_and_sealed_anew(
    filled: Store, other: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _export(filled, tmp_path / "archive")
    monkeypatch.setenv("HYDRA_CACHED_KEY", "another key")
    with Archive(tmp_path / "archive") as archive:
        assert not archive.is_trusted
        assert Upkeep(other).enter_archive(archive).entries == 5
    entry = other.get(key_of(2))
    assert entry is not None
    assert other.load(entry) == _LARGE
    monkeypatch.setenv("HYDRA_CACHED_KEY", "a key for tests")
    with Archive(tmp_path / "archive") as archive:
        assert archive.is_trusted


class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (str(self.path), "w")


def test_forged_row_in_an_archive_of_ones_own_is_left_out_and_runs_nothing(
    filled: Store, other: Store, tmp_path: Path
) -> None:
    _export(filled, tmp_path / "archive")
    members = _members(tmp_path / "archive")
    evil = pickle.dumps(_Canary(tmp_path / "canary"))
    body = pack_entry(describe(1), "pickle", len(evil), evil, None)
    for forged in (
        Seal(b"attacker" * 4, bytes(16)).wrap(ENTRY + key_of(1), body),
        members[f"rows/{ENTRY}{key_of(4)}"],
    ):
        _write(tmp_path / "forged", {**members, f"rows/{ENTRY}{key_of(1)}": forged})
        assert _import(other, tmp_path / "forged").damaged == 1
        assert other.get(key_of(1)) is None
        other.clear()
    assert not (tmp_path / "canary").exists()


def test_nothing_is_unpickled_even_where_it_is_trusted(store: Store, tmp_path: Path) -> None:
    evil = pickle.dumps(_Canary(tmp_path / "canary"))
    seal = Seal(b"attacker" * 4, bytes(16))
    header = json.dumps({"format": 1, "store": "00" * 16, "created": 0}).encode()
    body = pack_entry(describe(1), "pickle", len(evil), evil, None)
    _write(
        tmp_path / "archive",
        {
            "header": seal.wrap("00", header),
            f"rows/{ENTRY}{key_of(1)}": seal.wrap(ENTRY + key_of(1), body),
            "end": seal.wrap("0000", b"{}"),
        },
    )
    with Archive(tmp_path / "archive") as archive:
        assert not archive.is_trusted
        assert Upkeep(store).enter_archive(archive).entries == 1
    store.summaries()
    Upkeep(store).verify(is_repairing=False)
    assert not (tmp_path / "canary").exists()


def test_members_that_an_archive_should_not_have_go_nowhere(filled: Store, other: Store, tmp_path: Path) -> None:
    _export(filled, tmp_path / "archive")
    members = _members(tmp_path / "archive")
    end = members.pop("end")
    strange = {"../../evil": b"x", "/etc/evil": b"x", "objects/../../evil": b"x", "objects/" + "0" * 64: b"x"}
    _write(tmp_path / "strange", {**members, **strange, "rows/0" + "a" * 70: b"x", "end": end})
    assert _import(other, tmp_path / "strange").entries == 5
    assert not list(tmp_path.rglob("evil"))
    assert len(objects_of(other)) == 2


def test_every_flipped_byte_is_found(filled: Store, tmp_path: Path) -> None:
    _export(filled, tmp_path / "archive", 1, 2)
    good = (tmp_path / "archive").read_bytes()
    generator = random.Random(4)
    for number, position in enumerate(generator.sample(range(len(good)), 150)):
        bad = bytearray(good)
        bad[position] ^= 1 << generator.randrange(8)
        (tmp_path / "bad").write_bytes(bad)
        with Store(tmp_path / f"store{number}") as store:
            try:
                with Archive(tmp_path / "bad") as archive:
                    if archive.is_trusted:
                        Upkeep(store).enter_archive(archive)
            except UsageError:
                pass
            for each in (1, 2):
                entry = store.get(key_of(each))
                assert entry is None or store.load(entry) == _VALUES[each]
            assert Upkeep(store).verify(is_repairing=False).problems == ()


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_archive_that_ends_too_early_says_so_and_leaves_no_half_result(
    filled: Store, other: Store, tmp_path: Path, part: float
) -> None:
    _export(filled, tmp_path / "archive")
    data = (tmp_path / "archive").read_bytes()
    end = data.index(b"end\0\0")
    (tmp_path / "short").write_bytes(data[: int(end * part)])
    with pytest.raises(UsageError, match="ends too early") as caught:
        _import(other, tmp_path / "short")
    assert "copy the archive again" in (caught.value.hint or "")
    for summary in other.summaries():
        entry = other.get(summary.key)
        assert entry is not None
        other.load(entry)
    assert list(other.directory.glob("objects/??/.*")) == []


@pytest.mark.parametrize("content", [b"", b"text", bytes(10_240)])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UsageError, match="is no archive"):
        Archive(tmp_path / "file")
    with pytest.raises(UsageError, match="cannot read"):
        Archive(tmp_path / "absent")


def test_archive_of_a_later_release_is_refused(filled: Store, tmp_path: Path) -> None:
    _export(filled, tmp_path / "archive")
    members = _members(tmp_path / "archive")
    header = {**json.loads(Seal.body(members["header"])), "format": 2}
    members["header"] = Seal(bytes(32), b"").wrap("00", json.dumps(header).encode())
    _write(tmp_path / "later", members)
    with pytest.raises(UsageError, match="later hydra-cached"):
        Archive(tmp_path / "later")


@pytest.mark.parametrize("header", ['{"format": Infinity, "store": "aa"}', "[" * 200_000], ids=["infinite", "deep"])
def test_a_forged_header_is_no_archive(filled: Store, tmp_path: Path, header: str) -> None:
    _export(filled, tmp_path / "archive")
    members = {**_members(tmp_path / "archive"), "header": Seal(bytes(32), b"").wrap("00", header.encode())}
    _write(tmp_path / "forged", members)
    with pytest.raises(UsageError, match="is no archive"):
        Archive(tmp_path / "forged")


def test_damaged_entries_are_left_out(filled: Store, other: Store, tmp_path: Path) -> None:
    entry = filled.get(key_of(3))
    assert entry is not None
    (path,) = (each for each in objects_of(filled) if each.name == entry.object_digest)
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    path.write_bytes(data)
    exported = Upkeep(filled).export(tmp_path / "archive", [key_of(number) for number in (1, 2, 3, 9)])
    assert (exported.entries, exported.left_out) == (2, 2)
    assert _import(other, tmp_path / "archive") == Imported(2, 0, 0)


def test_archive_is_private_and_whole_or_not_there(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("an older one")
    with pytest.raises(UsageError, match="cannot write"):
        Upkeep(filled).export(tmp_path / "nowhere" / "archive", [key_of(1)])
    _export(filled, tmp_path / "archive")
    assert (tmp_path / "archive").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".tmp")] == []


def test_neither_side_holds_an_object_in_memory(tmp_path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from hydra_cached.store import Store
from hydra_cached.store.archive import Archive
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import describe, key_of, put
import numpy

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1])

folder = Path(sys.argv[1])
with Store(folder / "a") as store:
    put(store, numpy.arange(25_000_000))
import gc; gc.collect()
most = peak()
seen = [most]
import threading, time
is_done = False
def watch():
    while not is_done:
        seen.append(peak()); time.sleep(0.002)
watcher = threading.Thread(target=watch); watcher.start()
with Store(folder / "a") as store:
    Upkeep(store).export(folder / "archive", [key_of(1)])
with Store(folder / "b") as store, Archive(folder / "archive") as archive:
    Upkeep(store).enter_archive(archive)
is_done = True
watcher.join()
with Store(folder / "b") as store:
    assert store.load(store.get(key_of(1)))[-1] == 24_999_999
print(max(seen) - most)
"""
    pytest.importorskip("numpy")
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 64 * 1024, "kB beside what was there before, for an object of 200 MB"
