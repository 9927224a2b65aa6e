"""`run -n`, `why`, `graph` and `cache accept` through the installed command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.pipelines import PROJECT
from tests.conftest import RunCli


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def edit(folder: Path, old: str, new: str) -> None:
    text = (folder / "steps.py").read_text()
    assert old in text
    (folder / "steps.py").write_text(text.replace(old, new))


def test_dry_run_shows_a_tree_on_stderr_and_runs_nothing(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-p", "-n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "(root) steps.total  would run: new",
        "└─ values steps.scale  would run: new",
        "   └─ values.values steps.load  would run: new",
        "plan: 3 nodes, 3 would run, 0 hit, 0 cutoff",
    ]
    assert not (folder / "calls.txt").exists()
    assert not (folder / "cache").exists()


def test_exit_code_tells_of_pending_work(folder: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "conf", "-p", "-n", "--exit-code").returncode == 3
    assert run_cli("run", "conf", "-p").returncode == 0
    assert run_cli("run", "conf", "-p", "-n", "--exit-code").returncode == 0


def test_dry_run_as_json_is_a_report(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    edit(folder, "value * by", "by * value")
    document = json.loads(run_cli("run", "conf", "-p", "-n", "--json").stdout)
    assert {node["path"]: node["status"] for node in document["nodes"]} == {
        "values.values": "hit",
        "values": "would_run",
        "": "unknown",
    }
    assert document["summary"]["would_run"] == document["summary"]["unknown"] == 1
    assert document["result"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-n", "--print"], "--dry-run and --print exclude each other"),
        (["--exit-code"], "--exit-code is for --dry-run"),
        (["--verify-reuse", "many"], 'invalid share "many"'),
        (["--only", "nowhere"], 'no node "nowhere" in the pipeline'),
    ],
)
def test_options_that_make_no_sense_are_refused(
    folder: Path, run_cli: RunCli, arguments: list[str], message: str
) -> None:
    done = run_cli("run", "conf", *arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"error: {message}"
    assert done.stderr.splitlines()[1].startswith("hint: ")


def explain(run_cli: RunCli, path: str, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_cli("why", "conf", path, *words, "--json").stdout)
    return found


def test_why_shows_the_changed_code_as_a_diff(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    edit(folder, "value * by", "by * value")
    found = explain(run_cli, "values")
    assert found["reason"]["code"] == "code_changed"
    [difference] = found["differences"]
    assert difference["name"] == "steps.scale"
    assert difference["detail"] == "function steps.scale changed (steps.py:10)"
    said = run_cli("why", "conf", "values").stdout
    assert "code changed: function steps.scale changed" in said


def test_why_shows_lines_of_the_diff(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    edit(folder, "value * by", "by * value")
    [difference] = explain(run_cli, "values")["differences"]
    assert "-    return [value * by for value in values]" in difference["diff"]
    assert "+    return [by * value for value in values]" in difference["diff"]


def test_why_code_lists_what_counts_and_what_could_not_be_followed(folder: Path, run_cli: RunCli) -> None:
    (folder / "dynamic.py").write_text(
        "import steps\nLIMIT = 3\n\ndef pick(name):\n    steps.note(LIMIT)\n    return eval(name)\n"
    )
    said = run_cli("why", "--code", "dynamic.pick").stdout.splitlines()
    assert said[0] == "what counts as code of dynamic.pick:"
    assert "  function  steps.note  steps.py:2" in said
    assert any(line.startswith("  constant  dynamic.LIMIT  dynamic.py") for line in said)
    assert any(line.startswith("  unfollowed  ") and "dynamic.py:6" in line for line in said)
    assert "@depends_on" in said[-1]
    found = json.loads(run_cli("why", "--code", "dynamic.pick", "--json").stdout)
    assert {"function", "constant", "unfollowed"} <= {each["kind"] for each in found}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--code", "nowhere.f"], 'cannot import "nowhere.f": no module "nowhere"'),
        (["conf", "--code", "steps.load"], "--code TARGET takes no pipeline"),
    ],
)
def test_why_code_says_what_is_wrong(folder: Path, run_cli: RunCli, words: list[str], message: str) -> None:
    done = run_cli("why", *words)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, f"error: {message}")


def test_why_shows_old_and_new_arguments_of_the_nearest_result(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    run_cli("run", "conf", "-p", "values.values.n=7", "values.by=9")
    found = explain(run_cli, "values", "values.by=3")
    [difference] = found["differences"]
    assert (difference["code"], difference["name"]) == ("arguments_changed", "by")
    assert (difference["before"], difference["now"]) == ("2", "3")


def test_why_of_a_reused_node_names_the_result(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    found = explain(run_cli, "")
    assert (found["status"], found["reason"], found["differences"]) == ("hit", None, [])
    assert found["earlier"]["key"] == found["call_key"]


def test_why_names_inputs_and_folders(folder: Path, run_cli: RunCli) -> None:
    (folder / "data.txt").write_text("")
    (folder / "sub").mkdir()
    (folder / "conf.yaml").write_text("{_target_: builtins.max, _args_: [data.txt, sub]}")
    found = json.loads(run_cli("why", "conf.yaml", "", "--json").stdout)
    assert found["files"] == [
        {"argument": "_args_", "path": "data.txt", "role": "input"},
        {"argument": "", "path": "sub", "role": "left alone"},
    ]


def test_why_wants_a_node(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("why", "conf")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: which node? give its config path")


def test_graph_draws_each_call_once(folder: Path, run_cli: RunCli) -> None:
    (folder / "twice.py").write_text("from conf import *\nconfig = [config, other]\n")
    assert run_cli("graph", "twice").stdout.splitlines() == [
        "0 steps.total",
        "└─ 0.values steps.scale",
        "   └─ 1.values steps.load",
        "1 steps.total",
        "└─ 1.values steps.load (above)",
    ]
    assert "n0 --> n1" in run_cli("graph", "twice", "--format", "mermaid").stdout
    dot = run_cli("graph", "twice", "--format", "dot", "-p").stdout
    assert dot.startswith("digraph pipeline {")
    assert "would run: new" in dot


def test_graph_as_svg_wants_graphviz(folder: Path, run_cli: RunCli) -> None:
    if shutil.which("dot"):
        assert "<svg" in run_cli("graph", "conf", "--format", "svg").stdout
    done = run_cli("graph", "conf", "--format", "svg", env={"PATH": ""})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: SVG needs Graphviz")


def test_accepted_results_count_for_edited_code(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    edit(folder, "value * by", "by * value")
    assert "would accept values (steps.scale)" in run_cli("cache", "accept", "conf", "--dry-run").stdout
    assert run_cli("run", "conf", "-p", "-n", "--exit-code").returncode == 3
    assert "accepted values (steps.scale)" in run_cli("cache", "accept", "conf").stdout
    assert run_cli("run", "conf", "-p", "-n", "--exit-code").returncode == 0
    assert "accepted by " in run_cli("why", "conf", "values").stdout
    assert (folder / "calls.txt").read_text().split() == ["load", "scale", "total"]


def test_what_differs_in_more_than_code_is_not_accepted(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    (folder / "conf.py").write_text((folder / "conf.py").read_text().replace("by=2", "by=3"))
    edit(folder, "value * by", "by * value")
    said = run_cli("cache", "accept", "conf").stdout
    assert "not values (steps.scale): " in said
    assert "accepted" not in said
