"""The project of tests that have no text STEPS of their own is the common one. A cluster, started once a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from tests.execution.clusters import LOCAL
from tests.execution.steps import STEPS


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path], request: pytest.FixtureRequest) -> Path:
    return project({"steps.py": getattr(request.module, "STEPS", STEPS)})


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with (
        LocalCluster(n_workers=2, resources={"DISK": 1}, **LOCAL) as made,
        Client(made, set_as_default=False) as client,
    ):
        client.wait_for_workers(2)
        yield made
