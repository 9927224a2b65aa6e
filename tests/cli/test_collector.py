"""Calls of the user's find Python's garbage collector as it is without a command around them."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.conftest import RunCli

STEPS = """
import gc
import os

class Ring:
    def __init__(self, name):
        self.name, self.itself = name, self

    def __del__(self, write=os.write):
        write(2, f"{self.name} let go\\n".encode())

ring_of_module = Ring("ring of the module")

def look():
    Ring("ring of a call")
    return gc.collect() > 0 and gc.get_threshold()

config = dict(_target_=look)
"""


@pytest.mark.parametrize("options", [(), ("-m", "+_partial_=false")], ids=["run", "sweep"])
def test_calls_find_the_collector_as_usual(tmp_path: Path, run_cli: RunCli, options: tuple[str, ...]) -> None:
    (tmp_path / "steps.py").write_text(STEPS)
    done = run_cli("run", "steps", *options, "--print")
    assert done.stdout == f"{gc.get_threshold()}\n", done.stderr
    assert "ring of a call let go\n" in done.stderr
    # what modules of the user's hold is let go at the end, as ever
    assert "ring of the module let go\n" in done.stderr
