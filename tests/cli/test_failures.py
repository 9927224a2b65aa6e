"""What goes wrong: exit codes, one line and a hint, and the user's own traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

import pytest

from tests.cli.pipelines import calls, document, statuses
from tests.conftest import RunCli

Project = Callable[[Mapping[str, str]], Path]
PROGRAM = str(Path(sys.executable).parent / "hydra-cached")


# --- a node fails -----------------------------------------------------------------------------------------------------


def test_the_users_traceback_comes_without_our_frames_after_the_nodes_path(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-o", "failing")
    assert (done.returncode, done.stdout) == (1, "")
    line = 'error: node "model" (steps.fail) failed: ValueError: more than 4 [values]'
    assert line in done.stderr.splitlines()
    after = done.stderr.partition(line)[2]
    assert re.search(r'steps\.py", line \d+, in fail\n', after)
    assert f"hydra_cached{os.sep}" not in done.stderr
    assert "failed: 3 nodes, 0 hit, 0 cutoff, 2 ran, 1 failed" in done.stderr.splitlines()[-1]


def test_the_document_of_a_failed_run_has_the_users_error(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf:failing", "--json")
    assert done.returncode == 1
    assert document(done)["error"] == {"path": "model", "type": "ValueError", "message": "more than 4 [values]"}
    assert document(done)["result"] is None
    assert statuses(done) == {"model": "failed", "model.values": "ran", "model.values.values": "ran"}


def test_nothing_is_printed_as_the_result_of_a_failed_run(folder: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "conf:failing", "--print").stdout == ""


def test_what_finished_before_the_failure_is_stored(folder: Path, run_cli: RunCli) -> None:
    for _ in range(2):
        done = run_cli("run", "conf:failing", "-p", "--json")
    assert statuses(done) == {"model": "failed", "model.values": "hit", "model.values.values": "skipped"}
    assert calls(folder) == ["load", "scale"]


def test_the_debugger_opens_in_the_users_frame(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf:failing", "--pdb", stdin="p ('limit', limit)\nq\n")
    assert "('limit', 4)" in done.stdout
    assert done.returncode == 1


def test_the_debugger_leaves_stdout_to_the_document(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf:failing", "--pdb", "--json", stdin="p ('limit', limit)\nq\n")
    assert document(done)["ok"] is False
    assert "('limit', 4)" in done.stderr


def test_a_result_that_cannot_be_printed_is_the_users_error(project: Project, run_cli: RunCli) -> None:
    project(
        {
            "mute.py": """
            class Mute:
                def __str__(self):
                    raise RuntimeError("no words")

            config = dict(_target_=Mute)
            """
        }
    )
    done = run_cli("run", "mute", "--print")
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()[-2:]
    assert error == "error: the result cannot be printed: RuntimeError: no words"
    assert hint == "hint: mend the __str__ of Mute, or leave out --print"


def test_a_function_that_the_installed_hydra_lacks_is_named(folder: Path, run_cli: RunCli) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    known = OverridesParser.create().functions.functions
    for name in {"json_str", "extend_list"} - set(known):
        done = run_cli("run", "conf", f"values={name}(1)")
        assert re.search(rf'the installed Hydra \([0-9.]+\) has no function "{name}"', done.stderr)
        assert "; Hydra 1.4 has it" in done.stderr


def test_a_glob_of_e_that_matches_nothing_is_warned_of(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-e", "nofn.*,steps.*")
    assert done.returncode == 0
    assert "-e nofn.* matches no target of the pipeline" in done.stderr
    assert "-e steps.*" not in done.stderr


# --- wrong usage and config -------------------------------------------------------------------------------------------

BROKEN = {
    "broken.py": """
    config = dict(_target_="steps.lod", n=1)
    number = 3
    wrong = dict(a=dict(_target_="steps.load", m=1))
    """,
    "raising.py": "import math\nconfig = dict(n=math.sqrt(-1))\n",
    "bad.yaml": "a: 1\nb: [1, 2\nc: 3\n",
    "file": "not a directory",
    "nowhere.yaml": "a:\n  _target_: nomod.f\n",
    "surplus.yaml": "b:\n  _target_: builtins.len\n  q: 1\n",
    "two.yaml": "a: 1\n---\nb: 1\n",
    "UP.PY": "config = {}\n",
}


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["run", "confi"], 'no module "confi"', '"conf"'),
        (["run", "conf", "-o", "othr"], 'has no "othr"', "other"),
        (["run", "broken:number"], "an int, not a config", "a config is"),
        (["run", "broken"], "steps.lod", "steps.load"),
        (["run", "broken:wrong"], '"m"', '"n"'),
        (["run", "raising"], "math domain error", "raising.py"),
        (["run", "bad.yaml"], "bad.yaml", None),
        (["run", "nofile.yaml"], "nofile.yaml", None),
        (["run", "nowhere.yaml"], 'cannot import "nomod.f" at a', "installed"),
        (["run", "surplus.yaml"], 'no argument "q"', "_args_"),
        (["run", "two.yaml"], "another document", "one document only"),
        (["run", "UP.PY"], "small letters", '"UP.py"'),
        (["run", "conf", "-t", "1e400"], 'invalid time "1e400"', "milliseconds"),
        (["run", "conf", "-e", "nope.nope"], 'no module "nope"', "installed"),
        (["run", "conf", "-e", "slow"], 'no module "slow"', '"*.slow"'),
        (["run", "conf", "values=foo(1)"], 'has no function "foo"', "it has bool"),
        (["target-id", "foo.bar"], 'no module "foo"', "installed"),
        (["target-id", "nope"], 'no module "nope"', "installed"),
        (["target-id", "steps.qqzz"], 'no "qqzz" in module "steps"', "it has fail, load"),
        (["run", "conf", "valus.by=3"], "valus", "values"),
        (["run", "conf", "-p", "-c", "file"], "is a file", "-c"),
        (["run", "conf", "-p", "-c", ""], "empty name", "-c"),
        (["run", "conf", "-l", "loud"], 'unknown log level "loud"', "DEBUG, INFO, WARNING"),
        (["run", "conf", "-t", "-1"], 'invalid time "-1"', "milliseconds"),
        (["run", "conf", "-t", "soon"], 'invalid time "soon"', "milliseconds"),
        (["run", "conf", "-e", "steps.lod"], "steps.lod", "steps.load"),
        (["run", "conf", "--json", "--print"], "exclude each other", "result"),
        (["run", "conf", "--persist-cahe"], "--persist-cahe", "--persist-cache"),
        (["run", "conf", "-c"], "requires an argument", "run -h"),
        (["run"], "missing argument", "--config-dir DIR"),
        (["rum", "conf"], "rum", "run"),
        (["show-config", "confi"], 'no module "confi"', '"conf"'),
        (["target-id", "os.path.jion"], "os.path.jion", "os.path.join"),
        (["cache", "clear"], "nothing says what to delete", "--all"),
        (["cache", "clear", "--key", "12"], 'invalid key "12"', "8 or more"),
        (["cache", "clear", "--older-than", "soon"], 'invalid age "soon"', "7d"),
        (["cache", "ls", "-c", "file"], "is a file", "-c"),
        (["conf"], "conf", "hydra-cached run PIPELINE"),
        (["cache", "lst"], "lst", "ls"),
        (["cache", "ls", "--limit", "0"], "--limit", "hydra-cached cache ls -h"),
    ],
)
def test_bad_input_gets_one_line_and_a_hint(
    arguments: list[str], said: str, hint: str | None, folder: Path, project: Project, run_cli: RunCli
) -> None:
    project(BROKEN)
    done = run_cli(*arguments)
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert [line.partition(":")[0] for line in lines[-2:]] == ["error", "hint"]
    assert not [line for line in lines[:-2] if line.startswith(("error", "hint", " "))]
    assert said in lines[-2]
    assert hint is None or hint in lines[-1]
    if "--json" not in arguments:
        assert done.stdout == ""


@pytest.mark.parametrize("arguments", [["confi"], ["conf", "valus=3"], ["conf", "-l", "loud"], ["conf", "--prnt"]])
def test_wrong_usage_gives_a_document_too(arguments: list[str], folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", *arguments, "--json")
    assert done.returncode == 2
    assert document(done)["ok"] is False
    assert document(done)["nodes"] == []
    assert document(done)["error"]["message"] in done.stderr


def test_debug_logging_shows_the_traceback_of_wrong_usage(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "confi", "-l", "debug")
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert 'error: no module "confi"' in done.stderr


# --- interrupted ------------------------------------------------------------------------------------------------------

SLOW = {
    "slow.py": """
    import time

    def quick():
        return 1

    def slow(value):
        open("started", "w").close()
        time.sleep(60)

    config = dict(_target_=slow, value=dict(_target_=quick))
    """
}


@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_was_finished(number: int, project: Project, run_cli: RunCli) -> None:
    folder = project(SLOW)
    process = subprocess.Popen(
        [PROGRAM, "run", "slow", "-p", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    deadline = time.monotonic() + 30
    while not (folder / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted: 2 nodes, " in stderr.splitlines()[-1]
    assert "Traceback" not in stderr
    done = subprocess.CompletedProcess("", 130, stdout, stderr)
    assert document(done)["error"]["type"] == "KeyboardInterrupt"
    assert statuses(done)["value"] == "ran"
    assert "slow.quick" in run_cli("cache", "ls").stdout


IMPORTING = {"waiting.py": 'import time\nopen("started", "w").close()\ntime.sleep(60)\nconfig = {}\n'}


@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [["run", "waiting", "--json"], ["run", "waiting"], ["show-config", "waiting"]])
def test_an_interrupt_before_the_run_is_one_line_and_a_document(
    words: list[str], number: int, project: Project
) -> None:
    folder = project(IMPORTING)
    process = subprocess.Popen(
        [PROGRAM, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    deadline = time.monotonic() + 30
    while not (folder / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (130, "interrupted\n")
    if "--json" in words:
        done = document(subprocess.CompletedProcess("", 130, stdout, stderr))
        assert done["error"]["type"] == "KeyboardInterrupt"
        assert (done["ok"], done["nodes"]) == (False, [])
    else:
        assert stdout == ""


# --- a reader that does not read --------------------------------------------------------------------------------------


def run_into(stdout: IO[bytes], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *arguments], stdout=stdout, stderr=subprocess.PIPE, encoding="utf-8", timeout=60, check=False
    )


@pytest.mark.skipif(os.name != "posix", reason="pipes break the POSIX way")
@pytest.mark.parametrize("arguments", [["show-config", "long"], ["run", "long", "--json"], ["run", "long", "--print"]])
def test_a_reader_that_left_is_no_error(arguments: list[str], project: Project) -> None:
    project({"long.py": "config = dict(items=['x' * 1000] * 1000)\n"})
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as pipe:
        done = run_into(pipe, *arguments)
    assert done.returncode == 0
    assert "Error" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_told(folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = run_into(full, "run", "conf", "--json")
    assert done.returncode == 2
    assert "error: cannot write to stdout: No space left on device" in done.stderr
    assert "Exception ignored" not in done.stderr
