"""The project that most tests of the commands run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.pipelines import PROJECT


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path]) -> Path:
    """A working directory with modules `steps` and `conf`."""
    return project(PROJECT)
