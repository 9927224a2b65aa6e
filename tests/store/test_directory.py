"""The cache directory: made with care, opened late, refused clearly."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from tests.store.entries import key_of, put


def _refusal(path: Path, *, create: bool = True) -> StoreError:
    with pytest.raises(StoreError) as caught:
        Store(path, create=create).find(key_of(1))
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return caught.value


def test_new_directory_is_private_and_marked_as_a_cache(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "cache")
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    assert (store.directory / ".gitignore").read_text() == "*\n"
    assert (store.directory / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert stat.S_IMODE((store.directory / "index").stat().st_mode) == 0o700
    assert stat.S_IMODE((store.directory / "objects").stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_nobody_else_may_read_results_whatever_the_directory_allows(tmp_path: Path) -> None:
    with Store(tmp_path / "cache") as store:
        put(store, "small", 1)
        put(store, b"large" * 50_000, 2)
        (tmp_path / "cache").chmod(0o755)
        put(store, "other", 3)
        files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.parent != store.directory]
        assert len(files) >= 4
        assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_folder_with_other_files_is_not_hidden_from_version_control(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with Store(tmp_path) as store:
        put(store, 1)
        store.clear()
    assert not (tmp_path / ".gitignore").exists()
    assert not (tmp_path / "CACHEDIR.TAG").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_opening_a_store_imports_neither_diskcache_nor_sqlite(tmp_path: Path) -> None:
    script = (
        "import sys, hydra_cached.store as s; s.Store(sys.argv[1]).dump([1]);"
        "print(sorted({'diskcache', 'sqlite3', 'omegaconf', 'numpy', 'hydra', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "cache")], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert "is a file" in str(_refusal(tmp_path / "cache"))
    assert "is a file" in str(_refusal(tmp_path / "cache", create=False))


def test_directory_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    assert "cannot use" in str(_refusal(tmp_path / "file" / "cache"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may give a directory away")
def test_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    with Store(tmp_path / "cache") as store:
        put(store, 1)
    os.chown(tmp_path / "cache", 12345, -1)
    assert "belongs to another user" in str(_refusal(tmp_path / "cache"))
    assert "belongs to another user" in str(_refusal(tmp_path / "cache", create=False))


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o720])
def test_directory_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    Store(tmp_path / "cache")
    (tmp_path / "cache").chmod(mode)
    assert "chmod go-w" in (_refusal(tmp_path / "cache").hint or "")


def test_symbolic_link_is_refused_and_its_target_named(tmp_path: Path) -> None:
    Store(tmp_path / "real")
    (tmp_path / "cache").symlink_to(tmp_path / "real")
    assert str(tmp_path / "real") in (_refusal(tmp_path / "cache").hint or "")


def test_store_of_a_later_format_is_refused(tmp_path: Path) -> None:
    marker = Store(tmp_path / "cache").directory / "store.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": 2}))
    error = _refusal(tmp_path / "cache")
    assert "later hydra-cached" in str(error)
    assert "upgrade" in (error.hint or "")


def test_store_of_an_earlier_format_is_opened(tmp_path: Path) -> None:
    with Store(tmp_path / "cache") as store:
        put(store, 1)
    marker = tmp_path / "cache" / "store.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": 0}))
    with Store(tmp_path / "cache") as store:
        assert len(store.summaries()) == 1


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", '{"format": 1}', '{"format": 1, "id": "xyz"}', "\x00", '{"format": Infinity, "id": "aa"}'),
        pytest.param("[" * 200_000, id="deep"),
    ],
)
def test_damaged_marker_is_refused(tmp_path: Path, content: str) -> None:
    (Store(tmp_path / "cache").directory / "store.json").write_text(content)
    assert "damaged" in str(_refusal(tmp_path / "cache"))


def test_directory_named_like_a_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEWHERE", "elsewhere")
    with pytest.raises(StoreError, match="environment variable"):
        Store(tmp_path / "$SOMEWHERE").find(key_of(1))
    assert not (tmp_path / "elsewhere").exists()


def test_absent_directory_is_an_empty_store_and_stays_absent(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache", create=False)
    assert store.find(key_of(1)) is None
    assert store.get(key_of(1)) is None
    assert store.latest("a", "b") == []
    assert store.summaries() == []
    assert store.remove([key_of(1)]) == store.clear() == store.size_on_disk() == 0
    store.close()
    assert not (tmp_path / "cache").exists()


def test_absent_directory_is_seen_once_somebody_creates_it(tmp_path: Path) -> None:
    reader = Store(tmp_path / "cache", create=False)
    assert reader.summaries() == []
    with Store(tmp_path / "cache") as writer:
        put(writer, 1)
    assert len(reader.summaries()) == 1
    reader.close()


def test_missing_parts_of_a_store_are_made_again(tmp_path: Path) -> None:
    (Store(tmp_path / "cache").directory / "objects").rmdir()
    with Store(tmp_path / "cache") as store:
        put(store, b"x" * 100_000)


def test_relative_directory_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store() as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        put(store, 1)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert store.directory == tmp_path / "cache"


def test_no_room_is_a_store_error_and_leaves_no_half_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    script = """
import resource, sys
from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from tests.store.entries import put
store = Store(sys.argv[1])
store.find("00")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    put(store, b"x" * 1_000_000)
except StoreError as error:
    print(error.message, error.hint, sep="\\n")
"""
    assert resource.RLIMIT_FSIZE is not None
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "cache")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert "cannot write" in run.stdout
    assert [path for path in (tmp_path / "cache" / "objects").rglob("*") if path.is_file()] == []
