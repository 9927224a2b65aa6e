"""An edit counts however soon after another one it comes, and whatever its times say."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.conftest import RunCli

# as users have it, unlike in the other tests
ENV = {"PYTHONDONTWRITEBYTECODE": ""}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_edits_of_the_same_size_within_a_second_count(tmp_path: Path, run_cli: RunCli, jobs: str) -> None:
    module, helper = tmp_path / "steps.py", tmp_path / "helper.py"
    module.write_text("import helper\n\ndef answer():\n    return helper.VALUE\n\nconfig = dict(_target_=answer)\n")
    second = time.time()
    for value in (1, 2, 3):
        helper.write_text(f"VALUE = {value}\n")
        # as if all of it were done within one second, and with a restored time
        os.utime(helper, (second, second))
        done = run_cli("run", "steps", "-p", "--print", "-j", jobs, env=ENV)
        assert done.stdout == f"{value}\n", done.stderr


def test_bytecode_is_used_where_it_is_certainly_right(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "steps.py").write_text("def answer():\n    return 1\n\nconfig = dict(_target_=answer)\n")
    run_cli("run", "steps", env=ENV)
    [compiled] = (tmp_path / "__pycache__").glob("steps.*.pyc")
    later = time.time() + 5
    os.utime(compiled, (later, later))
    run_cli("run", "steps", env=ENV)
    assert compiled.stat().st_mtime == pytest.approx(later)
