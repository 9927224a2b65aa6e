"""What one run leaves to the next, each in a process of its own, through the installed command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli

STEPS = '''
"""Steps that leave a line in a file when they run."""

def note(name):
    with open("calls.txt", "a") as file:
        file.write(name + "\\n")

def load(n):
    note("load")
    return list(range(n))

def total(values):
    note("total")
    return sum(values)

def scale(value, by):
    """Multiply."""
    note("scale")
    return value * by

config = dict(_target_=scale, value=dict(_target_=total, values=dict(_target_=load, n=5)), by=3)
'''

SLOW = """
import time

def quick():
    return 1

def slow(x):
    open("started", "w").close()
    time.sleep(60)

config = dict(_target_=slow, x=dict(_target_=quick))
"""


def run_json(run_cli: RunCli, *args: str) -> dict[str, Any]:
    done = run_cli("run", *args, "-p", "--json")
    assert done.returncode in (0, 1), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def statuses(document: dict[str, Any]) -> dict[str, str]:
    return {node["path"]: node["status"] for node in document["nodes"]}


def reason(document: dict[str, Any], path: str) -> str:
    (node,) = (node for node in document["nodes"] if node["path"] == path)
    return str(node["reason"]["code"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(STEPS)
    return tmp_path


def calls(folder: Path) -> list[str]:
    file = folder / "calls.txt"
    found = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return found


def test_second_process_finds_the_root_and_calls_nothing(run_cli: RunCli, folder: Path) -> None:
    first = run_json(run_cli, "steps")
    assert calls(folder) == ["load", "total", "scale"]
    second = run_json(run_cli, "steps")
    assert calls(folder) == []
    assert first["result"] == second["result"] == "30"
    assert statuses(second) == {"value.values": "skipped", "value": "skipped", "": "hit"}
    assert second["summary"]["seconds_saved"] > 0


def test_edited_step_runs_and_what_depends_on_it_only_if_the_result_changed(run_cli: RunCli, folder: Path) -> None:
    run_json(run_cli, "steps")
    calls(folder)
    (folder / "steps.py").write_text(STEPS.replace("return sum(values)", "return sum(reversed(values))"))
    edited = run_json(run_cli, "steps")
    assert calls(folder) == ["total"]
    assert statuses(edited) == {"value.values": "hit", "value": "ran", "": "cutoff"}
    assert reason(edited, "value") == "code_changed"


def test_comments_docstrings_and_formatting_do_not_count(run_cli: RunCli, folder: Path) -> None:
    run_json(run_cli, "steps")
    calls(folder)
    text = STEPS.replace('"""Multiply."""', '"""Multiply two numbers."""  # by a factor').replace(
        "return value * by", "return (\n        value * by\n    )"
    )
    (folder / "steps.py").write_text(text)
    assert statuses(run_json(run_cli, "steps"))[""] == "hit"
    assert calls(folder) == []


def test_project_may_move(run_cli: RunCli, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run_json(run_cli, "steps")
    moved = tmp_path_factory.mktemp("elsewhere") / "project"
    folder.rename(moved)
    document = json.loads(run_cli("run", "steps", "-p", "--json", cwd=moved).stdout)
    folder.mkdir()
    assert statuses(document)[""] == "hit"


def test_file_and_module_spelling_share_results(run_cli: RunCli, folder: Path) -> None:
    run_json(run_cli, "steps")
    assert statuses(run_json(run_cli, "steps.py"))[""] == "hit"


def test_yaml_and_module_share_results(run_cli: RunCli, folder: Path) -> None:
    run_json(run_cli, "steps")
    (folder / "conf.yaml").write_text(
        "_target_: steps.scale\nby: 3\nvalue:\n  _target_: steps.total\n  values: {_target_: steps.load, n: 5}\n"
    )
    assert statuses(run_json(run_cli, "conf.yaml"))[""] == "hit"


def test_another_hash_seed_finds_the_same_keys(run_cli: RunCli, folder: Path) -> None:
    (folder / "sets.py").write_text("config = dict(_target_=sorted, _args_=[{'a', 'b', 'c', 'd'}])\n")
    for seed in ("1", "2"):
        done = run_cli("run", "sets", "-p", "--json", env={"PYTHONHASHSEED": seed})
    assert statuses(json.loads(done.stdout)) == {"": "hit"}


def test_override_runs_what_it_changes(run_cli: RunCli, folder: Path) -> None:
    run_json(run_cli, "steps")
    calls(folder)
    document = run_json(run_cli, "steps", "by=4")
    assert calls(folder) == ["scale"]
    assert document["result"] == "40"
    assert reason(document, "") == "arguments_changed"


def test_finished_steps_are_stored_when_a_later_one_fails(run_cli: RunCli, folder: Path) -> None:
    (folder / "steps.py").write_text(STEPS.replace("return value * by", "raise ValueError('no luck')"))
    document = run_json(run_cli, "steps")
    assert (document["ok"], document["error"]["type"]) == (False, "ValueError")
    assert statuses(document) == {"value.values": "ran", "value": "ran", "": "failed"}
    calls(folder)
    (folder / "steps.py").write_text(STEPS)
    assert statuses(run_json(run_cli, "steps"))["value"] == "hit"
    assert calls(folder) == ["scale"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_finished_steps_are_stored_when_the_run_is_stopped(run_cli: RunCli, tmp_path: Path, number: int) -> None:
    (tmp_path / "slow_steps.py").write_text(SLOW)
    command = Path(sys.executable).parent / "hydra-cached"
    with subprocess.Popen(
        [str(command), "run", "slow_steps", "-p"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, talk = process.communicate(timeout=60)
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert "interrupted: 2 nodes" in talk
        assert "Traceback" not in talk
    stored = json.loads(run_cli("cache", "ls", "--json").stdout)
    assert [entry["target"] for entry in stored] == ["slow_steps.quick"]


def test_lambdas_run_and_are_found_again_by_their_code(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text("config = dict(_target_=lambda x: x + 1, x=dict(_target_=lambda: 4))\n")
    assert run_json(run_cli, "small")["result"] == "5"
    assert statuses(run_json(run_cli, "small"))[""] == "hit"
    (tmp_path / "small.py").write_text("config = dict(_target_=lambda x: x + 2, x=dict(_target_=lambda: 4))\n")
    changed = run_json(run_cli, "small")
    assert changed["result"] == "6"
    assert statuses(changed) == {"x": "hit", "": "ran"}


def test_pipeline_of_release_1_0rc1_runs_unchanged(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "lorem_ipsum.txt").write_text("lorem ipsum")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "takes_time.py").write_text(
        """
import time
from hydra_cached.execution.hydra_utils import not_deterministic

@not_deterministic
def load_file(file_name: str) -> str:
    with open(file_name) as file:
        return file.read()

def delay(data: str, seconds: float) -> str:
    time.sleep(seconds)
    return data

config = dict(_target_=delay, data=dict(_target_=load_file, file_name="data/lorem_ipsum.txt"), seconds=0.2)
"""
    )
    first = run_cli("configs.takes_time", "-p", "-d", command="instantiate")
    assert first.returncode == 0, first.stderr
    assert first.stdout == ""
    assert "_target_: configs.takes_time.delay" in first.stderr
    second = run_cli("configs.takes_time", "--persist_cache", "--display_config", command="instantiate")
    assert "1 cutoff" in second.stderr.splitlines()[-1]
    (tmp_path / "data" / "lorem_ipsum.txt").write_text("dolor sit amet")
    third = run_cli("configs.takes_time", "-p", "--print", command="instantiate")
    assert third.stdout == "dolor sit amet\n"


def test_import_paths_of_release_1_0rc1_are_there() -> None:
    from hydra_cached import MemoryCache, instantiate, not_deterministic
    from hydra_cached.execution.caching.memory import InMemoryCache
    from hydra_cached.execution.hydra import convert_target_to_string
    from hydra_cached.execution.hydra import instantiate as old_instantiate
    from hydra_cached.execution.hydra_utils import not_deterministic as old_mark

    assert (old_instantiate, old_mark, InMemoryCache) == (instantiate, not_deterministic, MemoryCache)
    assert convert_target_to_string(os.path.join) == "posixpath.join"
    assert convert_target_to_string("a.b") == "a.b"
    cache = InMemoryCache()
    config = {"_target_": "builtins.list", "_args_": [[1, 2]]}
    assert old_instantiate(config, cache=cache) is old_instantiate(config, cache=cache)
