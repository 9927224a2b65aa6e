"""Several processes that want the same: one computes it, whatever becomes of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

STEPS = """
import os
import time
from pathlib import Path

def note(name):
    with open("calls.txt", "a") as file:
        file.write(f"{name}\\n")

def load(n):
    note(f"load {n}")
    time.sleep(0.1)
    return list(range(n))

def total(values):
    note(f"total {len(values)}")
    return sum(values)

def wait(marker):
    note("wait")
    Path(f"began.{os.getpid()}").write_text("")
    while not os.path.exists(marker):
        time.sleep(0.01)
    return 1

config = [dict(_target_=total, values=dict(_target_=load, n=n)) for n in range(1, 5)]
slow = dict(_target_=wait, marker="go")
"""


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        program = Path(sys.executable).parent / "hydra-cached"
        process = subprocess.Popen(
            [str(program), "run", *words, "-p", "--print"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def calls(folder: Path) -> list[str]:
    return sorted((folder / "calls.txt").read_text().splitlines())


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("words", [(), ("-j", "2")], ids=["inline", "processes"])
def test_processes_that_run_the_same_at_once_make_each_call_once(
    folder: Path, start: Callable[..., subprocess.Popen[str]], words: tuple[str, ...]
) -> None:
    running = [start("steps", *words) for _ in range(4)]
    for process in running:
        stdout, stderr = process.communicate(timeout=100)
        assert (process.returncode, stdout) == (0, "[0, 1, 3, 6]\n"), stderr
    assert calls(folder) == sorted([f"{name} {n}" for n in range(1, 5) for name in ("load", "total")])


def test_who_waits_says_for_whom_and_takes_over_when_that_dies(
    folder: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start("steps:slow")
    wait_for(lambda: list(folder.glob("began.*")))
    second = start("steps:slow")
    assert second.stderr is not None
    for line in iter(second.stderr.readline, ""):
        if "waiting for" in line:
            break
    assert f"waiting for process {first.pid}, which computes steps.wait" in line
    first.kill()
    first.wait()
    wait_for(lambda: (folder / f"began.{second.pid}").exists())
    (folder / "go").write_text("")
    assert second.communicate(timeout=60)[0] == "1\n"
    assert calls(folder) == ["wait", "wait"]


def test_process_that_was_stopped_is_waited_for_no_longer_than_asked(
    folder: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    first = start("steps:slow")
    wait_for(lambda: list(folder.glob("began.*")))
    os.kill(first.pid, signal.SIGSTOP)
    second = start("steps:slow", "--lock-timeout", "0.5")
    wait_for(lambda: (folder / f"began.{second.pid}").exists())
    (folder / "go").write_text("")
    assert second.communicate(timeout=60)[0] == "1\n"
    os.kill(first.pid, signal.SIGCONT)
    assert first.communicate(timeout=60)[0] == "1\n"
