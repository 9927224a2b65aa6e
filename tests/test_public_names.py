"""The names that are imported from the package itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hydra_cached
from tests.graph.calling import call


@pytest.mark.parametrize("name", hydra_cached.__all__)
def test_each_name_is_what_it_says_however_early_it_is_asked_for(name: str) -> None:
    # also once everything was imported: no module may lie in the way
    script = f"""if True:
        import hydra_cached
        first = hydra_cached.{name}
        assert callable(first), first
        import hydra_cached.cli.app, hydra_cached.cli.run, hydra_cached.api
        from hydra_cached import {name}
        assert {name} is first
        """
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_plan_runs_nothing() -> None:
    report = hydra_cached.plan({"a": call("fail")})
    assert [(node.path, node.status) for node in report.nodes] == [("a", "would_run")]
