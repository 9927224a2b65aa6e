"""No room, no right, no handle: what is there is found, what cannot be written is told, nothing is left half done."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from hydra_cached.store.filesystem import find_file_system, index_folder, is_on_network
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import key_of, objects_of, put

_ROOT = Path(__file__).parents[2]
_LARGE = b"large value " * 20_000

# what the superuser may do beyond what modes of files say, taken away for the program that is run next
DROP_PRIVILEGES = """
import ctypes, os
if os.geteuid() == 0:
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
    if "again" not in os.environ:
        os.environ["again"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])
"""


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A store with a small and a large result, which its owner may only read."""
    directory = tmp_path / "cache"
    with Store(directory) as store:
        put(store, "small", 1)
        put(store, _LARGE, 2)
    paths = [directory, *directory.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield directory
    for path, mode in modes.items():
        path.chmod(stat.S_IMODE(mode))


def _run(script: str, *arguments: str) -> str:
    """What a program prints that has no more rights than the modes of files give."""
    program = f"import sys\n{DROP_PRIVILEGES}\n{script}"
    path = Path(arguments[0]).parent / "program.py"
    path.write_text(program)
    run = subprocess.run(
        [sys.executable, str(path), *arguments],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="drops privileges as Linux has them")
def test_read_only_store_gives_what_it_has_and_takes_nothing(read_only: Path) -> None:
    script = """
from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import describe, key_of, put
with Store(sys.argv[1]) as store:
    assert not store.is_writable
    assert store.load(store.find(describe(1).recipe_key)) == "small"
    assert store.load(store.get(key_of(2))) == b"large value " * 20_000
    assert store.get(key_of(3)) is None
    assert len(store.summaries()) == 2
    assert Upkeep(store).totals().entries == 2
    assert Upkeep(store).verify(is_repairing=False).problems == ()
    store.record_hits({key_of(1): (1, 1.0)})
    for change in (
        lambda: put(store, 3, 3),
        lambda: put(store, b"x" * 100_000, 4),
        lambda: store.remove([key_of(1)]),
        store.clear,
        lambda: Upkeep(store).pin([key_of(1)]),
    ):
        try:
            change()
        except StoreError as exc:
            print(exc.message)
    with store.claims.computing(key_of(9), timeout_s=60) as turn:
        assert not turn.is_mine
"""
    printed = _run(script, str(read_only)).splitlines()
    assert printed == [f'the cache directory "{read_only}" is not writable'] * 5
    assert list(read_only.glob("objects/??/.*")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="drops privileges as Linux has them")
def test_read_only_store_with_a_writer_elsewhere_is_read(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    with Store(directory) as store:
        put(store, "before", 1)
        # what is in the write-ahead log only counts too
        assert (directory / "index" / "cache.db-wal").stat().st_size > 0
        (directory / "index").chmod(0o500)
        try:
            printed = _run(
                "from hydra_cached.store import Store\nfrom tests.store.entries import key_of\n"
                "with Store(sys.argv[1]) as store:\n    print(store.load(store.get(key_of(1))))\n",
                str(directory),
            )
        finally:
            (directory / "index").chmod(0o700)
    assert printed == "before\n"


@pytest.mark.skipif(sys.platform != "linux", reason="drops privileges as Linux has them")
def test_directory_that_may_not_be_made_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    script = """
from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from tests.store.entries import key_of, put
store = Store(sys.argv[1] + "/locked/cache")
assert store.get(key_of(1)) is None
assert store.summaries() == []
assert not store.is_writable
try:
    put(store, 1)
except StoreError as exc:
    print(exc.message, exc.hint, sep="\\n")
"""
    # the program lies beside the folder that it may not write to
    printed = _run(script.replace("sys.argv[1]", f"{str(tmp_path)!r}"), str(tmp_path / "program"))
    assert printed.splitlines() == [
        f'cannot use the cache directory "{tmp_path}/locked/cache": Permission denied',
        "choose another cache directory with -c DIR",
    ]


@pytest.mark.parametrize("limit", [0, 50, 2_000, 20_000, 100_000, 300_000])
def test_full_disk_is_told_and_leaves_no_half_file(tmp_path: Path, limit: int) -> None:
    pytest.importorskip("resource")
    script = f"""
import resource
from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from tests.store.entries import key_of, put
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
with Store(sys.argv[1]) as store:
    assert store.get(key_of(1)) is None
    for number, value in ((1, b"x" * 1_000_000), (2, "small")):
        try:
            put(store, value, number)
            print("stored", number)
        except StoreError as exc:
            print("cannot" in exc.message)
"""
    printed = _run(script, str(tmp_path / "cache")).splitlines()
    assert printed == ["True", "stored 2" if limit >= 300_000 else "True"]
    assert list(tmp_path.glob("cache/objects/??/*")) == []
    with Store(tmp_path / "cache") as store:
        put(store, _LARGE, 3)
        assert store.get(key_of(3)) is not None
        assert Upkeep(store).verify(is_repairing=False).problems == ()


def test_no_file_handles_left_is_told_and_leaves_no_half_file(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    with Store(tmp_path / "cache") as store:
        put(store, "there", 1)
    script = """
import os, resource
from hydra_cached.errors import EntryError, StoreError
from hydra_cached.store import Store
from hydra_cached.store import recovery, upkeep
from tests.store.entries import key_of, put
import diskcache
store = Store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
found = []
for free in range(12):
    try:
        entry = store.get(key_of(1))
        found.append("miss" if entry is None else store.load(entry))
    except EntryError:
        found.append("damaged")
    try:
        put(store, b"x" * 100_000, 100 + free)
        found.append("stored")
    except StoreError as exc:
        found.append("told")
    store.close()
    os.close(taken.pop())
print(*found)
"""
    found = _run(script, str(tmp_path / "cache")).split()
    assert found[:2] == ["miss", "told"]
    assert found[-2:] == ["there", "stored"]
    assert "damaged" not in found
    with Store(tmp_path / "cache") as store:
        assert Upkeep(store).verify(is_repairing=False).problems == ()
        assert len(objects_of(store)) == 1
        entry = store.get(key_of(1))
        assert entry is not None
        assert store.load(entry) == "there"


# --- file systems -----------------------------------------------------------------------------------------------------

_MOUNTS = """\
22 28 0:20 / /proc rw,nosuid shared:12 - proc proc rw
28 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
90 28 0:50 / /mnt/share rw - nfs4 server:/export rw
91 28 0:51 / /mnt/with\\040space rw - cifs //server/share rw
92 90 0:52 / /mnt/share/local rw - xfs /dev/vdb rw
93 28 0:53 / /data rw - fuse.sshfs me@host:/ rw
94 28 0:54 / /data rw - ext4 /dev/vdc rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/cache", "ext4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/share/deep/cache", "nfs4"),
        ("/mnt/share/local/cache", "xfs"),
        ("/mnt/shared", "ext4"),
        ("/mnt/with space/cache", "cifs"),
        ("/data/cache", "ext4"),
    ],
)
def test_file_system_is_that_of_the_nearest_mount(tmp_path: Path, path: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(_MOUNTS)
    assert find_file_system(Path(path), str(tmp_path / "mountinfo")) == kind


def test_file_system_that_cannot_be_told_counts_as_local(tmp_path: Path) -> None:
    assert find_file_system(tmp_path, str(tmp_path / "absent")) is None


@pytest.mark.parametrize(
    ("kind", "is_network"),
    [
        ("ext4", False), ("xfs", False), ("btrfs", False), ("overlay", False), ("tmpfs", False), ("fuseblk", False),
        ("nfs", True), ("nfs4", True), ("cifs", True), ("smb3", True), ("fuse.sshfs", True), ("lustre", True),
        ("beegfs", True), ("gpfs", True), ("ceph", True), ("9p", True), ("fuse.s3fs", True), ("afs", True),
    ],
)  # fmt: skip
def test_network_file_systems_are_known(
    tmp_path: Path, kind: str, is_network: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hydra_cached.store.filesystem.find_file_system", lambda path: kind)
    assert is_on_network(tmp_path) == is_network
    folder = index_folder(tmp_path, b"\1" * 16)
    assert (folder == tmp_path / "index") == (not is_network)
    if is_network:
        assert folder == Path(os.environ["XDG_CACHE_HOME"]) / "hydra-cached" / "index" / ("01" * 16)


def test_index_of_a_store_on_a_network_lies_elsewhere_and_is_made_on_each_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for machine in ("a", "b"):
        monkeypatch.setenv("HYDRA_CACHED_INDEX_DIR", str(tmp_path / machine))
        with Store(tmp_path / "shared") as store:
            assert {path.name for path in (tmp_path / "shared").iterdir()} >= {"objects", "store.json"}
            assert not (tmp_path / "shared" / "index").exists()
            if machine == "a":
                put(store, _LARGE, 1)
                put(store, "small", 2)
                assert store.get(key_of(2)) is not None
            else:
                entry = store.get(key_of(1))
                assert entry is not None
                assert store.load(entry) == _LARGE
                assert store.get(key_of(2)) is None, "small results are in the index of the other machine"
    assert sorted(path.name for path in tmp_path.iterdir() if len(path.name) == 1) == ["a", "b"]


@pytest.mark.skipif(sys.platform != "linux", reason="drops privileges as Linux has them")
def test_store_on_a_network_that_may_only_be_read_gets_an_index_on_this_machine(
    read_only: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_CACHED_INDEX_DIR", str(tmp_path / "deep" / "indices"))
    (tmp_path / "program").mkdir()
    script = """
from hydra_cached.store import Store
from tests.store.entries import key_of
with Store(sys.argv[1], create=False) as store:
    print(len(store.load(store.get(key_of(2)))), store.get(key_of(1)))
"""
    printed = _run(script.replace("sys.argv[1]", f"{str(read_only)!r}"), str(tmp_path / "program" / "argument"))
    assert printed == f"{len(_LARGE)} None\n"


def test_repair_enters_what_other_machines_wrote_and_removes_nothing_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_CACHED_INDEX_DIR", str(tmp_path / "a"))
    first = Store(tmp_path / "shared")
    put(first, _LARGE, 1)
    monkeypatch.setenv("HYDRA_CACHED_INDEX_DIR", str(tmp_path / "b"))
    second = Store(tmp_path / "shared")
    assert second.get(key_of(1)) is not None
    put(first, _LARGE + b"later", 2)
    assert second.get(key_of(2)) is None
    problems = Upkeep(second).verify(is_repairing=True).problems
    assert [(problem.kind, problem.is_mended) for problem in problems] == [("orphan_object", True)]
    entry = second.get(key_of(2))
    assert entry is not None
    assert second.load(entry) == _LARGE + b"later"
    first.close()
    second.close()


def test_folder_for_indices_that_cannot_be_used_is_a_store_error_that_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HYDRA_CACHED_INDEX_DIR", str(tmp_path / "file"))
    with pytest.raises(StoreError, match="network file system") as caught:
        Store(tmp_path / "cache")
    assert "HYDRA_CACHED_INDEX_DIR" in (caught.value.hint or "")
