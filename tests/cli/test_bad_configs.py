"""Configs that no run can make sense of, or only just: one line that says where, one hint, exit code 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.pipelines import document
from tests.conftest import RunCli

Project = Callable[[Mapping[str, str]], Path]

# like the expressions of polars
ANSWERING = """
class Answer:
    def __bool__(self):
        raise TypeError("the truth value is ambiguous")

class Column:
    def __getattr__(self, name):
        if name.startswith("__wrapped__"):
            raise AttributeError(name)
        return Answer()

    def __call__(self, x):
        return x

col = Column()
"""


@pytest.mark.parametrize("options", [[], ["-p"], ["-j", "2"]], ids=["plain", "stored", "workers"])
def test_a_target_that_answers_to_any_attribute_is_called(
    options: list[str], project: Project, run_cli: RunCli
) -> None:
    project({"columns.py": ANSWERING, "conf.yaml": "a: {_target_: columns.col, _args_: [x]}\n"})
    done = run_cli("run", "conf.yaml", "--json", *options)
    assert document(done)["result"] == "{'a': 'x'}"
    assert [node["target"] for node in document(done)["nodes"]] == ["columns.col"]


def test_a_target_that_answers_to_any_attribute_has_an_id_and_code(project: Project, run_cli: RunCli) -> None:
    project({"columns.py": ANSWERING})
    assert run_cli("target-id", "columns.col").stdout == "columns.col\n"
    assert run_cli("why", "--code", "columns.col").returncode == 0
