"""The user's key: made once, private, outside the store."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from hydra_cached.store.exclusive import write_once
from hydra_cached.store.seal import key_file, load_key
from tests.store.entries import key_of, put


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(_own_key: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HYDRA_CACHED_KEY")


def test_key_file_is_made_once_and_is_private(tmp_path: Path) -> None:
    key = load_key()
    assert len(key) == 32
    assert load_key() == key
    assert key_file() == tmp_path / "data" / "hydra-cached" / "key"
    if os.name == "posix":
        assert stat.S_IMODE(key_file().stat().st_mode) == 0o600


def test_absent_key_is_not_made_before_it_is_needed(tmp_path: Path) -> None:
    Store(tmp_path / "cache").dump([1])
    assert not key_file().exists()


def test_environment_comes_before_the_key_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_CACHED_KEY", "shared")
    shared = load_key()
    assert len(shared) == 32
    assert not key_file().exists()
    monkeypatch.setenv("HYDRA_CACHED_KEY", "shared ")
    assert load_key() != shared


def test_many_that_make_the_key_at_once_get_the_same_one() -> None:
    keys: list[bytes] = []
    threads = [threading.Thread(target=lambda: keys.append(load_key())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 16
    assert len(set(keys)) == 1
    assert [path.name for path in key_file().parent.iterdir()] == ["key"]


def test_key_of_the_wrong_length_is_refused() -> None:
    key_file().parent.mkdir(parents=True)
    write_once(key_file(), b"short")
    with pytest.raises(StoreError, match="damaged"):
        load_key()


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_key_that_others_may_read_is_refused() -> None:
    load_key()
    key_file().chmod(0o644)
    with pytest.raises(StoreError, match="other users") as caught:
        load_key()
    assert "chmod 600" in (caught.value.hint or "")


def test_data_folder_that_cannot_be_written_is_a_store_error_that_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "cache").find(key_of(1))
    assert "HYDRA_CACHED_KEY" in (caught.value.hint or "")


def test_key_lies_in_the_home_folder_without_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert key_file().is_relative_to(tmp_path)


def test_write_once_keeps_what_is_there(tmp_path: Path) -> None:
    write_once(tmp_path / "file", b"first")
    write_once(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"


def test_store_is_read_with_the_key_it_was_written_with(tmp_path: Path) -> None:
    with Store(tmp_path / "cache") as store:
        info = put(store, "mine")
    with Store(tmp_path / "cache") as store:
        assert store.get(info.key) is not None
