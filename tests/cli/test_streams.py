"""Streams that are closed, by whoever started the command or by the pipeline, and processes that it forks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminals import run_on_terminal
from tests.conftest import RunCli

pytestmark = pytest.mark.skipif(os.name != "posix", reason="descriptors and forks are POSIX")
PROGRAM = str(Path(sys.executable).parent / "hydra-cached")
CLOSING = {
    "sys.stdout.close()": "sys.stdout.close()",
    "sys.stderr.close()": "sys.stderr.close()",
    "os.close(1 and 2)": "os.close(1); os.close(2)",
}


def run_in_shell(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        f'"{PROGRAM}" {words}', shell=True, cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


@pytest.mark.parametrize("option", ["", "--json", "--print"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_run_with_closed_streams_is_done_and_writes_to_those_that_are_open(
    closed: str, option: str, folder: Path
) -> None:
    done = run_in_shell(folder, f"run conf -p {option} {closed}")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == ("2>&-" not in closed)
    assert bool(done.stdout) == (bool(option) and ">&-" not in closed.replace("2>&-", ""))


def test_what_is_printed_does_not_get_into_a_file_that_took_a_closed_descriptor(folder: Path) -> None:
    (folder / "opens.py").write_text(
        "import os\ndef f():\n    with open('out.txt', 'w'):\n"
        "        print('x', flush=True)\n        os.system('echo y')\n"
        "config = dict(_target_=f)\n"
    )
    assert run_in_shell(folder, "run opens >&- 2>&-").returncode == 0
    assert (folder / "out.txt").read_text() == ""


@pytest.mark.parametrize("option", ["--json", "--print"])
@pytest.mark.parametrize("closing", CLOSING.values(), ids=CLOSING.keys())
def test_a_result_survives_user_code_that_closes_streams(
    closing: str, option: str, folder: Path, run_cli: RunCli
) -> None:
    (folder / "closes.py").write_text(
        f"import os, sys\ndef f():\n    {closing}\n    return 'kept'\nconfig = dict(_target_=f)\n"
    )
    done = run_cli("run", "closes", option)
    result = json.loads(done.stdout)["result"] if option == "--json" else repr(done.stdout.strip())
    assert (done.returncode, result) == (0, "'kept'")
    assert "Traceback" not in done.stderr
    assert "done: 1 node, " in done.stderr.splitlines()[-1]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_talk_that_cannot_be_written_does_not_cost_the_result(folder: Path) -> None:
    done = run_in_shell(folder, "run conf --print 2>/dev/full")
    assert done.stdout == "12\n"


FORKING = """
import os, sys

def f(leave):
    child = os.fork()
    if child == 0:
        if leave == "exit":
            sys.exit(3)
        if leave == "raise":
            raise ValueError("in the child")
        return "child"
    return os.waitpid(child, 0)[1] >> 8

config = dict(_target_=f, leave="exit")
"""


@pytest.mark.parametrize(("leave", "code"), [("exit", 3), ("raise", 1), ("return", 0)])
def test_a_forked_child_that_comes_back_exits_and_reports_nothing(
    leave: str, code: int, folder: Path, run_cli: RunCli
) -> None:
    (folder / "forking.py").write_text(FORKING)
    done = run_cli("run", "forking", f"leave={leave}", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["result"]) == (0, str(code))
    assert done.stderr.count("done: ") == 1
    assert "failed: " not in done.stderr


def test_a_child_that_exits_with_words_says_them_and_gives_1(folder: Path, run_cli: RunCli) -> None:
    (folder / "forking.py").write_text(FORKING.replace("sys.exit(3)", 'sys.exit("so long")'))
    done = run_cli("run", "forking", "--print")
    assert done.stdout == "1\n"
    assert done.stderr.count("so long") == 1


def test_a_line_on_a_terminal_is_not_broken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    _, shown = run_on_terminal("run", "conf")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines()
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] INFO     done: 3 nodes, .* \(saved 0 s\)", plain[-1])
