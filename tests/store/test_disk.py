"""The Disk under diskcache takes bytes under hexadecimal keys and nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

diskcache: Any = pytest.importorskip("diskcache")

from hydra_cached.store.disk import ByteDisk  # noqa: E402


@pytest.fixture
def cache(tmp_path: Path) -> Any:
    with diskcache.Cache(str(tmp_path / "index"), disk=ByteDisk, disk_min_file_size=2**62) as opened:
        yield opened


@pytest.mark.parametrize("key", [1, 1.0, b"aa", ("aa",), None, "xyz", "AA", "", "aa/../bb"])
def test_key_that_is_not_hexadecimal_text_is_refused(cache: Any, key: Any) -> None:
    with pytest.raises(TypeError):
        cache.set(key, b"value")
    with pytest.raises(TypeError):
        cache.get(key)


@pytest.mark.parametrize("value", ["text", 1, None, bytearray(b"x"), [b"x"]])
def test_value_that_is_not_bytes_is_refused(cache: Any, value: Any) -> None:
    with pytest.raises(TypeError):
        cache.set("aa", value)


def test_value_of_any_size_stays_inside_its_row(cache: Any, tmp_path: Path) -> None:
    cache.set("aa", b"\r\n" * 1_000_000)
    assert cache.get("aa") == b"\r\n" * 1_000_000
    assert {path.name.split("-")[0] for path in (tmp_path / "index").iterdir()} == {"cache.db"}
    with pytest.raises(TypeError):
        cache.set("bb", io.BytesIO(b"x"), read=True)


@pytest.mark.parametrize(
    "change", ["mode = 4", "mode = 2, filename = 'x.val'", "mode = 3, filename = 'x.val'", "value = 'text'"]
)
def test_row_of_another_mode_is_refused(cache: Any, tmp_path: Path, change: str) -> None:
    (tmp_path / "index" / "x.val").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    cache.set("aa", b"cos\nsystem\n(S'false'\ntR.")
    cache._sql(f"UPDATE Cache SET {change}")
    with pytest.raises(TypeError):
        cache.get("aa")


def test_pickled_keys_are_refused(cache: Any) -> None:
    cache.set("aa", b"x")
    cache._sql("UPDATE Cache SET raw = 0")
    with pytest.raises(TypeError):
        list(cache)


def test_file_named_in_a_row_is_not_deleted(cache: Any, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    cache.set("aa", b"x")
    cache._sql("UPDATE Cache SET filename = '../victim'")
    cache.set("aa", b"y")
    cache._sql("UPDATE Cache SET filename = '../victim'")
    cache.delete("aa")
    assert victim.read_text() == "mine"
