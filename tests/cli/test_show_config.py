"""`show-config`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.cli.pipelines import calls
from tests.conftest import RunCli

Project = Callable[[Mapping[str, str]], Path]


def test_the_yaml_loads_back_and_nothing_was_run(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("show-config", "conf", "values.by=3")
    assert done.returncode == 0
    assert yaml.safe_load(done.stdout) == {
        "_target_": "steps.total",
        "values": {"_target_": "steps.scale", "values": {"_target_": "steps.load", "n": 4}, "by": 3},
    }
    assert done.stderr == ""
    assert calls(folder) == []


def test_shared_nodes_are_anchors_named_after_their_shortest_path(project: Project, run_cli: RunCli) -> None:
    project(
        {"shared.py": "n = dict(_target_=len, obj='1e3')\nconfig = dict(a=dict(b=dict(c=n)), model=dict(encoder=n))\n"}
    )
    assert run_cli("show-config", "shared").stdout == (
        "a:\n  b:\n    c: &model_encoder\n      _target_: builtins.len\n      obj: '1e3'\n"
        "model:\n  encoder: *model_encoder\n"
    )


def test_o_chooses_the_object(folder: Path, run_cli: RunCli) -> None:
    assert "offset: 100" in run_cli("show-config", "conf", "-o", "other").stdout


def test_interpolations_are_resolved_on_request(project: Project, run_cli: RunCli) -> None:
    project({"conf.yaml": "home: ${oc.env:PLACE}\nn: {_target_: builtins.len, obj: abc}\nm: ${n}\n"})
    assert "home: ${oc.env:PLACE}\n" in run_cli("show-config", "conf.yaml", env={"PLACE": "here"}).stdout
    resolved = run_cli("show-config", "conf.yaml", "--resolve", env={"PLACE": "here"}).stdout
    assert resolved == "home: here\nn: &n\n  _target_: builtins.len\n  obj: abc\nm: *n\n"


def test_a_reference_that_leads_nowhere_is_an_error_when_resolving(project: Project, run_cli: RunCli) -> None:
    project({"conf.yaml": "a: ${b}\n"})
    done = run_cli("show-config", "conf.yaml", "--resolve")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize(("variables", "is_coloured"), [({"FORCE_COLOR": "1", "TERM": "xterm"}, True), ({}, False)])
def test_a_pipe_gets_colours_only_by_force(
    variables: Mapping[str, str], is_coloured: bool, folder: Path, run_cli: RunCli
) -> None:
    assert ("\x1b[" in run_cli("show-config", "conf", env=variables).stdout) == is_coloured


def test_long_lines_are_neither_wrapped_nor_padded(project: Project, run_cli: RunCli) -> None:
    project({"conf.py": "config = dict(a='word ' * 60 + 'end', b='x')\n"})
    for variables in ({}, {"FORCE_COLOR": "1", "TERM": "dumb"}):
        assert run_cli("show-config", "conf", env=variables).stdout == f"a: {'word ' * 60}end\nb: x\n"
