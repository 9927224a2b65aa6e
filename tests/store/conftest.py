"""Stores that know nothing of the user's own key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra_cached.store import Store


@pytest.fixture(autouse=True)
def _own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_CACHED_KEY", "a key for tests")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "cache") as opened:
        yield opened
