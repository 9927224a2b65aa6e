"""The project of tests that have no text STEPS of their own is the common one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.execution.steps import STEPS


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path], request: pytest.FixtureRequest) -> Path:
    return project({"steps.py": getattr(request.module, "STEPS", STEPS)})
