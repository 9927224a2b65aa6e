"""Whatever is killed at whatever moment: nothing acknowledged is lost, nothing is wrong, and nothing stays behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.rounds import rounds

_ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="victims are forked")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("work", "count"),
    [
        ("store", rounds(12, 1000)),
        ("collect", rounds(8, 300)),
        ("verify", rounds(8, 300)),
        ("rebuild", rounds(8, 300)),
    ],
)
def test_killed_process_leaves_the_store_as_it_should_be(tmp_path: Path, work: str, count: int) -> None:
    program = [sys.executable, "-m", "tests.soak.killing", str(tmp_path / "cache"), work, str(count), "7"]
    run = subprocess.run(program, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    print(f"{work}: {count} killed, {found}")
    assert {name: found[name] for name in ("lost", "wrong", "leftovers", "problems")} == {
        "lost": 0,
        "wrong": 0,
        "leftovers": 0,
        "problems": 0,
    }
    assert (found["acknowledged"] > 0) == (work == "store")
    assert found["objects"] <= found["entries"]
