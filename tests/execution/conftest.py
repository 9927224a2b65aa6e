"""A project with a module `steps`, the text STEPS of the test module or else the common one, and a store in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hydra_cached import Store
from tests.execution.steps import STEPS


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path], request: pytest.FixtureRequest) -> Path:
    return project({"steps.py": getattr(request.module, "STEPS", STEPS)})


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder / "cache") as opened:
        yield opened
