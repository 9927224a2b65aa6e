"""Stores that know nothing of the user's own key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.fingerprint import hashing
from hydra_cached.store import Store


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_CACHED_KEY", "a key for tests")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "cache") as opened:
        yield opened


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of what is hashed."""
    lengths: list[int] = []
    whole = hashing.hash_bytes

    def note(data: Any, **options: Any) -> bytes:
        lengths.append(memoryview(data).nbytes)
        return whole(data, **options)

    monkeypatch.setattr("hydra_cached.fingerprint.hashing.hash_bytes", note)
    monkeypatch.setattr("hydra_cached.store.payload.hash_bytes", note)
    return lengths
