"""Ctrl-C, SIGTERM and kill -9: what is finished is kept, and no process stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hydra_cached import RunOptions, Store, run
from tests.execution.steps import call
from tests.execution.waiting import children_of, is_alive, wait_for
from tests.reports import outcomes


def test_interrupt_stops_the_workers_and_keeps_what_was_finished(folder: Path) -> None:
    sleeps = "[dict(_target_='steps.sleep', seconds=60 + i) for i in (0, 1)]"
    (folder / "conf.py").write_text(f"config = [dict(_target_='steps.load', n=3), *{sleeps}]\n")
    program = Path(sys.executable).parent / "hydra-cached"
    running = subprocess.Popen(
        [str(program), "run", "conf", "-p", "-j", "2"], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    lines = iter(running.stderr.readline, "")
    for line in lines:
        if "running 2" in line:
            break
    running.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    rest = running.stderr.read()
    assert running.wait(timeout=30) == 130
    assert time.monotonic() - stopped < 10
    assert "interrupted: 3 nodes, 0 hit, 0 cutoff, 1 ran" in rest
    running.stderr.close()
    with Store(folder / "cache") as store:
        assert outcomes(run(call("load", n=3) | {"_convert_": "none"}, store=store)) == {"": ("hit", "")}


@pytest.mark.skipif(os.name != "posix", reason="parents are known on POSIX alone")
@pytest.mark.parametrize("executor", ["processes", "dask"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_workers_end_with_their_client(folder: Path, executor: str, number: signal.Signals) -> None:
    (folder / "conf.py").write_text("config = [dict(_target_='steps.hold', name=name) for name in 'ab']\n")
    program = Path(sys.executable).parent / "hydra-cached"
    arguments = [str(program), "run", "conf", "-j", "2", "--executor", executor]
    running = subprocess.Popen(arguments, cwd=folder, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(list(folder.glob("*.pid"))) == 2)
    workers = [int(path.read_text()) for path in folder.glob("*.pid")]
    running.send_signal(number)
    assert running.wait(timeout=20) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    wait_for(lambda: not any(map(is_alive, workers)))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="what a process started is known on Linux alone")
@pytest.mark.parametrize("executor", ["processes", "dask"])
@pytest.mark.parametrize("moment", ["starting", "running"])
def test_ctrl_c_of_the_terminal_is_the_business_of_the_client_alone(folder: Path, executor: str, moment: str) -> None:
    # the terminal sends it to all processes of the command
    names = ("a", "b")
    (folder / "conf.py").write_text(f"config = [dict(_target_='steps.hold', name=name) for name in {names}]\n")
    program = Path(sys.executable).parent / "hydra-cached"
    arguments = [str(program), "run", "conf", "-j", "2", "--executor", executor]
    with (folder / "said.txt").open("w") as said:
        running = subprocess.Popen(arguments, cwd=folder, stderr=said, start_new_session=True)
    begun = [folder / f"{name}.pid" for name in names]
    wait_for(lambda: bool(children_of(running.pid)) if moment == "starting" else all(path.exists() for path in begun))
    started = {*children_of(running.pid), *(int(path.read_text()) for path in folder.glob("*.pid"))}
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(timeout=40) == 130
    wait_for(lambda: not any(map(is_alive, started)))
    assert "Traceback" not in (folder / "said.txt").read_text()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_workers_of_a_cluster_that_a_factory_made_are_ended_at_once(folder: Path) -> None:
    (folder / "conf.py").write_text("config = dict(_target_='steps.hold', name='a')\n")
    (folder / "clusters.py").write_text(
        "from distributed import LocalCluster\n"
        "def make():\n"
        "    return LocalCluster(n_workers=1, dashboard_address='127.0.0.1:0')\n"
    )
    program = Path(sys.executable).parent / "hydra-cached"
    arguments = [str(program), "run", "conf", "--cluster", "clusters:make"]
    with (folder / "said.txt").open("w") as said:
        running = subprocess.Popen(arguments, cwd=folder, stderr=said)
    wait_for(lambda: (folder / "a.pid").exists())
    worker = int((folder / "a.pid").read_text())
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=40) == 130
    assert not is_alive(worker)
    assert "Traceback" not in (folder / "said.txt").read_text()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_what_a_call_started_ends_with_its_worker(folder: Path, executor: str) -> None:
    (folder / "conf.py").write_text("config = dict(_target_='steps.start_and_hold', name='a')\n")
    program = Path(sys.executable).parent / "hydra-cached"
    arguments = [str(program), "run", "conf", "-j", "2", "--executor", executor]
    running = subprocess.Popen(arguments, cwd=folder, stderr=subprocess.DEVNULL)
    wait_for(lambda: (folder / "a.pid").exists())
    child = int((folder / "a-child.pid").read_text())
    assert is_alive(child)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=40) == 130
    wait_for(lambda: not is_alive(child))


@pytest.mark.skipif(os.name != "posix", reason="elsewhere it cannot be told whether a file is open")
def test_what_a_killed_run_left_is_removed_by_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (folder / "tmp").mkdir()
    (folder / "conf.py").write_text(
        "config = [dict(_target_='steps.hold', name='a', after=dict(_target_='steps.load', n=2))]\n"
    )
    program = Path(sys.executable).parent / "hydra-cached"
    running = subprocess.Popen([str(program), "run", "conf", "-j", "2"], cwd=folder, stderr=subprocess.DEVNULL)
    wait_for(lambda: (folder / "a.pid").exists())
    [alive] = folder.glob("tmp/hydra-cached-*")
    assert run({"x": call("load", n=1)}, options=RunOptions(executor="processes", jobs=2)).value == {"x": [0]}
    assert alive.exists()
    running.kill()
    running.wait()
    assert run({"x": call("load", n=1)}, options=RunOptions(executor="processes", jobs=2)).value == {"x": [0]}
    assert list(folder.glob("tmp/hydra-cached-*")) == []
