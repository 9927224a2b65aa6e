"""`run -m`: a sweep from the command line, its table, its document and its plan."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.pipelines import calls, document
from tests.cli.terminals import watch_on_terminal
from tests.cli.test_config_dir import CONFIGS
from tests.conftest import RunCli

Project = Callable[[Mapping[str, str]], Path]
SWEEP = ["run", "conf", "-m", "values.by=2,3", "+offset=range(0,2)"]


def table(text: str) -> list[list[str]]:
    """The lines of the table, cut at wide gaps."""
    lines = text.splitlines()
    [first] = [index for index, line in enumerate(lines) if line.startswith("#")]
    rows = [line for line in lines[first + 1 :] if re.match(r"[0-9]+  ", line)]
    return [re.split(r" {2,}", row) for row in rows]


def runs(process: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(process)["runs"]
    return found


def test_a_sweep_makes_shared_steps_once_and_ends_with_a_table(folder: Path, run_cli: RunCli) -> None:
    done = run_cli(*SWEEP)
    assert (done.returncode, done.stdout) == (0, "")
    assert calls(folder) == ["load", "scale", "total", "total", "scale", "total", "total"]
    rows = table(done.stderr)
    assert [row[1] for row in rows] == [
        "values.by=2 +offset=0", "values.by=2 +offset=1", "values.by=3 +offset=0", "values.by=3 +offset=1",
    ]  # fmt: skip
    assert [row[2] for row in rows] == ["done"] * 4
    assert [row[4:] for row in rows] == [["0", "3", "12"], ["2", "1", "13"], ["1", "2", "18"], ["2", "1", "19"]]
    last = done.stderr.splitlines()[-1]
    assert "done: 4 configs, 7 distinct nodes of 12, 7 ran, 5 reused, 0 failed in " in last


def test_the_log_says_of_which_config_a_node_is(folder: Path, run_cli: RunCli) -> None:
    talk = run_cli(*SWEEP).stderr
    assert "pipeline conf: 4 configs, 7 nodes\n" in talk
    assert "running values.values (steps.load)\n" in talk
    assert "running steps.total of values.by=3 +offset=1\n" in talk
    assert "running values (steps.scale) of values.by=2 +offset=0 and 1 more\n" in talk


def test_print_prints_the_results_in_order(folder: Path, run_cli: RunCli) -> None:
    assert run_cli(*SWEEP, "--print").stdout == "12\n13\n18\n19\n"


def test_the_document_has_a_run_for_each_config_and_the_sums(folder: Path, run_cli: RunCli) -> None:
    done = run_cli(*SWEEP, "-p", "--json")
    assert done.returncode == 0
    assert [run["result"] for run in runs(done)] == ["12", "13", "18", "19"]
    assert [[node["status"] for node in run["nodes"]] for run in runs(done)] == [
        ["ran", "ran", "ran"], ["hit", "hit", "ran"], ["hit", "ran", "ran"], ["hit", "hit", "ran"],
    ]  # fmt: skip
    assert all(run["pipeline"] == "conf" and run["ok"] for run in runs(done))
    assert len({run["run_id"] for run in runs(done)}) == 4
    summary = document(done)["summary"]
    assert {name: summary[name] for name in ("nodes", "hit", "ran", "failed", "unique_nodes")} == {
        "nodes": 12, "hit": 5, "ran": 7, "failed": 0, "unique_nodes": 7,
    }  # fmt: skip


def test_a_second_sweep_reuses_what_the_first_stored(folder: Path, run_cli: RunCli) -> None:
    run_cli(*SWEEP, "-p")
    again = run_cli("run", "conf", "-p", "-m", "values.by=2,3,4", "+offset=0", "--json")
    assert [run["summary"]["ran"] for run in runs(again)] == [0, 0, 2]
    assert calls(folder)[7:] == ["scale", "total"]


def test_one_failed_config_does_not_keep_the_others_from_being_finished(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-o", "failing", "-m", "model._target_=steps.fail,steps.total,steps.fail", "--print")
    assert (done.returncode, done.stdout) == (1, "{'model': 12}\n")
    assert [row[2] for row in table(done.stderr)] == ["failed", "done", "failed"]
    assert table(done.stderr)[0][-1] == 'node "model" (steps.fail) failed: ValueError: more than 4...'
    assert done.stderr.count("Traceback") == 1
    assert "error: model._target_=steps.fail: node" in done.stderr
    assert "failed: 3 configs (1 done, 2 failed), " in done.stderr.splitlines()[-1]


def test_a_plan_shows_every_config_and_how_many_calls_there_are(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    done = run_cli(*SWEEP, "-p", "-n")
    assert (done.returncode, done.stdout) == (0, "")
    assert [row[2:5] for row in table(done.stderr)] == [
        ["1", "0", "1"],
        ["1", "0", "1"],
        ["2", "0", "1"],
        ["1", "0", "2"],
    ]
    last = done.stderr.splitlines()[-1]
    assert last.startswith("plan: 4 configs, 7 distinct nodes of 12, 5 would run, 5 reused, 2 skipped, about ")
    assert run_cli(*SWEEP, "-p", "-n", "--exit-code").returncode == 3
    planned = run_cli(*SWEEP, "-p", "-n", "--json")
    assert [run["summary"]["would_run"] for run in runs(planned)] == [1, 1, 2, 1]
    assert document(planned)["summary"]["unique_nodes"] == 7
    assert calls(folder) == ["load", "scale", "total"]


def test_a_plan_does_not_guess_the_time_of_what_never_ran(folder: Path, run_cli: RunCli) -> None:
    done = run_cli(*SWEEP, "-n")
    assert {row[-1] for row in table(done.stderr)} == {"-"}
    assert "about" not in done.stderr.splitlines()[-1]


def test_without_a_sweep_there_is_one_config(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-m", "values.by=5", "--print")
    assert done.stdout == "30\n"
    assert [row[1:3] for row in table(done.stderr)] == [["-", "done"]]


def test_options_of_a_config_group_are_swept(project: Project, run_cli: RunCli) -> None:
    project(CONFIGS)
    done = run_cli("run", "--config-dir", "conf", "-o", "values", "-m", "source=glob(*)", "values.by=1,2", "--print")
    assert done.stdout == "[0, 1, 2, 3, 4]\n[0, 2, 4, 6, 8]\n[0, 1, 2]\n[0, 2, 4]\n"
    assert table(done.stderr)[0][1] == "source=large values.by=1"


def test_calls_are_made_in_processes_where_that_is_asked_for(folder: Path, run_cli: RunCli) -> None:
    done = run_cli(*SWEEP, "-j", "2", "--print")
    assert (done.returncode, done.stdout) == (0, "12\n13\n18\n19\n")
    assert sorted(calls(folder)) == ["load", "scale", "scale", "total", "total", "total", "total"]


def test_every_config_can_be_displayed(folder: Path, run_cli: RunCli) -> None:
    talk = run_cli("run", "conf", "-m", "values.by=2,3", "-d").stderr
    assert "config values.by=3:\n_target_: steps.total\n" in talk
    assert "  by: 3\n" in talk


def test_above_the_level_info_nothing_is_said(folder: Path, run_cli: RunCli) -> None:
    done = run_cli(*SWEEP, "-l", "warning", "--print")
    assert (done.stdout, done.stderr) == ("12\n13\n18\n19\n", "")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["values.by=interval(0,1)"], '"values.by=interval(0,1)" has no end', "range("),
        (["values.bu=1,2"], 'no key "bu" in the config at "values"', "use +values.bu=1"),
        (["values.by=1,2", "+_target_.x=3"], "cannot apply", "replace it"),
        (["values._target_=steps.scale,steps.scal"], 'config "values._target_=steps.scal": ', "steps.scale"),
        (["values=glob(*)"], "chooses from a config group", "--config-dir DIR"),
        (
            ["values.by=1,2", "--only", "nope"],
            'no node "nope" in the pipeline',
            '"" (the root), values, ',
        ),
        (["values.by=1,2", "-n", "--print"], "exclude each other", "a dry run has no result"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_hint_and_nothing_runs(
    words: list[str], message: str, hint: str, folder: Path, run_cli: RunCli
) -> None:
    done = run_cli("run", "conf", "-m", *words)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 2)
    assert message in lines[0]
    assert hint in lines[1]
    assert calls(folder) == []


def test_with_json_a_sweep_that_does_not_begin_says_why(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-m", "values.bu=1,2", "--json")
    [failed] = runs(done)
    assert (done.returncode, failed["ok"], failed["error"]["type"]) == (2, False, "OverrideError")
    assert document(done)["summary"]["unique_nodes"] == 0


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_an_interrupted_sweep_reports_what_is_done(project: Project) -> None:
    folder = project(
        {
            "slow.py": """
            import time

            def slow(n):
                with open("started.txt", "a") as file:
                    file.write(f"{n}\\n")
                time.sleep(0 if n == 0 else 60)
                return n

            config = dict(_target_=slow, n=0)
            """
        }
    )
    program = str(Path(sys.executable).parent / "hydra-cached")
    process = subprocess.Popen(
        [program, "run", "slow", "-m", "n=0,1,2", "-p", "--json"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (folder / "started.txt").exists() or "1" not in (folder / "started.txt").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == 130
    found = json.loads(stdout)["runs"]
    assert [(run["ok"], run["error"]["type"]) for run in found] == [(False, "KeyboardInterrupt")] * 3
    assert [run["nodes"][0]["status"] for run in found] == ["ran", "skipped", "skipped"]
    assert [row[2] for row in table(stderr)] == ["interrupted"] * 3
    assert "Traceback" not in stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal that tests can open")
def test_the_table_fits_the_terminal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    program = str(Path(sys.executable).parent / "hydra-cached")
    watched = watch_on_terminal([program, *SWEEP], columns=60, rows=40)
    heads = [line for line in watched.lines if line.startswith("#")]
    assert [line.split() for line in heads] == [["#", "overrides", "status", "time", "reused", "ran", "result"]]
