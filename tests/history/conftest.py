"""A store for runs to be written down in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra_cached.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "cache") as opened:
        yield opened
