"""`runs`, `runs show` and `runs diff`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.pipelines import document
from tests.conftest import RunCli


@pytest.fixture
def ids(folder: Path, run_cli: RunCli) -> list[str]:
    """Ids of two runs, the first one first."""
    return [document(run_cli("run", "conf", *words, "-p", "--json"))["run_id"] for words in ([], ["values.by=3"])]


def listed(run_cli: RunCli, *words: str) -> list[dict[str, Any]]:
    heads: list[dict[str, Any]] = json.loads(run_cli("runs", "--json", *words).stdout)
    return heads


def test_runs_are_listed_the_newest_first(ids: list[str], run_cli: RunCli) -> None:
    done = run_cli("runs")
    head, *rows = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert head.split() == [
        "run", "age", "pipeline", "nodes", "reused", "ran", "failed", "time", "saved", "overrides",
    ]  # fmt: skip
    assert [row.split()[0] for row in rows] == ids[::-1]
    assert rows[0].split()[-1] == "values.by=3"
    assert rows[0].split()[3:8] == ["conf", "3", "1", "2", "0"]


def test_the_list_can_be_limited_and_read_by_programs(ids: list[str], run_cli: RunCli) -> None:
    assert [head["run_id"] for head in listed(run_cli)] == ids[::-1]
    [head] = listed(run_cli, "--limit", "1")
    assert head["overrides"] == ["values.by=3"]
    assert head["counts"] == {"nodes": 3, "hit": 1, "cutoff": 0, "ran": 2, "skipped": 0, "failed": 0}
    assert (head["outcome"], head["error"], head["pipeline"]) == ("done", None, "conf")


def test_without_p_no_run_is_kept(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf")
    done = run_cli("runs")
    assert (done.returncode, done.stdout) == (0, 'no runs in "cache"\n')
    assert not (folder / "cache").exists()


def test_a_failed_run_is_kept_with_its_error(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-o", "failing", "-p")
    [head] = listed(run_cli)
    assert (head["outcome"], head["counts"]["failed"]) == ("failed", 1)
    assert "ValueError: more than 4 [values]" in head["error"]
    assert f"error: {head['error']}\n" in run_cli("runs", "show", head["run_id"]).stdout


def test_what_did_not_begin_is_no_run(folder: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "conf", "-p", "nope=1").returncode == 2
    assert listed(run_cli) == []


def test_a_run_is_shown_with_its_nodes(ids: list[str], run_cli: RunCli) -> None:
    lines = run_cli("runs", "show", ids[1]).stdout.splitlines()
    assert lines[0] == f"run {ids[1]}: conf values.by=3"
    assert ", done in " in lines[1]
    assert [line.split()[:3] for line in lines[3:]] == [
        ["values.values", "steps.load", "hit"],
        ["values", "steps.scale", "ran"],
        ["(root)", "steps.total", "ran"],
    ]
    assert lines[4].endswith("arguments_changed: by")


def test_an_id_may_be_cut_short(ids: list[str], run_cli: RunCli) -> None:
    shown = json.loads(run_cli("runs", "show", ids[0].rpartition("-")[2][:6], "--json").stdout)
    assert shown["run_id"] == ids[0]
    assert [node["status"] for node in shown["nodes"]] == ["ran", "ran", "ran"]
    assert all(len(node["recipe_key"]) == len(node["call_key"]) == 64 for node in shown["nodes"])


def test_two_runs_are_compared(ids: list[str], run_cli: RunCli) -> None:
    lines = run_cli("runs", "diff", *ids).stdout.splitlines()
    assert lines[:2] == [f"before: {ids[0]} conf", f"after:  {ids[1]} conf values.by=3"]
    assert [line.split()[0] for line in lines[3:-1]] == ["values", "(root)"]
    assert lines[3].endswith("arguments_changed: by: 2 -> 3")
    assert lines[4].endswith("upstream_changed: values")
    assert lines[-1] == "2 nodes differ, 1 is the same"
    assert run_cli("runs", "diff", ids[0], ids[0]).stdout.splitlines()[-1] == "0 nodes differ, 3 are the same"


def test_a_comparison_can_be_read_by_programs(ids: list[str], run_cli: RunCli) -> None:
    compared = json.loads(run_cli("runs", "diff", *ids, "--json").stdout)
    assert (compared["before"]["run_id"], compared["after"]["run_id"]) == tuple(ids)
    assert [(node["path"], node["reason"]["code"]) for node in compared["nodes"]] == [
        ("values", "arguments_changed"),
        ("", "upstream_changed"),
    ]
    assert compared["nodes"][0]["before"]["status"] == compared["nodes"][0]["after"]["status"] == "ran"
    assert (compared["same"], compared["unknown"]) == (1, 0)


@pytest.mark.parametrize("words", [["runs", "-c", "store", "show"], ["runs", "show", "-c", "store"]])
def test_the_directory_may_stand_before_the_command_or_behind_it(
    words: list[str], folder: Path, run_cli: RunCli
) -> None:
    run_id = document(run_cli("run", "conf", "-p", "-c", "store", "--json"))["run_id"]
    done = run_cli(*words, run_id, env={"HYDRA_CACHED_DIR": "elsewhere"})
    assert done.stdout.startswith(f"run {run_id}: conf\n")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["show", "zzz"], 'no run "zzz" in "', "the newest are"),
        (["diff", "2", "zzz"], '"2" names 2 runs', "name one of"),
        (["show"], "missing argument 'ID'", "runs show -h"),
        (["-c", "", "show", "2"], "empty name", "-c"),
        (["--limit", "0"], "--limit", "runs -h"),
        (["shw"], "shw", "show"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_hint(
    words: list[str], message: str, hint: str, ids: list[str], run_cli: RunCli
) -> None:
    done = run_cli("runs", *words)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 2)
    assert message in lines[0]
    assert hint in lines[1]


def test_a_run_counts_when_the_history_cannot_be_written(
    project: Callable[[Mapping[str, str]], Path], run_cli: RunCli
) -> None:
    project(
        {
            "closing.py": """
            import shutil

            def close():
                shutil.rmtree("cache")
                return 5

            config = dict(_target_=close)
            """
        }
    )
    done = run_cli("run", "closing", "-p", "--print")
    assert (done.returncode, done.stdout) == (0, "5\n")
