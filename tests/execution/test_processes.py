"""Calls in processes of this machine: what holds for these alone."""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import RunOptions, Store, run
from hydra_cached.errors import NodeFailedError
from hydra_cached.events import Event, NodeFinished, Warned
from hydra_cached.execution.processes import ProcessPool, WorkerSetup
from tests.execution.steps import call, layers
from tests.execution.waiting import is_alive, wait_for
from tests.reports import outcomes


def options(**changes: Any) -> RunOptions:
    return RunOptions(executor="processes", jobs=2, **changes)


def test_calls_are_made_in_other_processes_of_the_same_place(folder: Path, store: Store) -> None:
    report = run({"a": call("where"), "b": layers()}, store=store, options=options())
    assert report.value["a"] == str(folder)
    pids = {line.split()[1] for line in (folder / "calls.txt").read_text().splitlines()}
    assert str(os.getpid()) not in pids
    assert pids


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_a_call_does_not_move_the_next_one(folder: Path, store: Store, executor: str) -> None:
    config = [call("go_to", folder=str(folder.parent), number=number) for number in range(6)]
    report = run(config, store=store, options=RunOptions(executor=executor, jobs=2))
    assert set(report.value) == {str(folder)}


@pytest.mark.parametrize("written", [{}, {"_version_": "4"}], ids=["decorator", "config"])
def test_calls_with_a_version_are_made_in_other_processes_too(store: Store, written: dict[str, str]) -> None:
    report = run({"a": {**call("where_of_a_version"), **written}}, store=store, options=options())
    assert report.value["a"] != os.getpid()


def test_cheap_calls_stay_here(store: Store) -> None:
    config = {"_target_": "os.getpid"}
    assert run(config, store=store, options=options()).value != os.getpid()
    assert run(config, store=store, options=options(force=("",))).value == os.getpid()


def test_result_that_cannot_travel_is_made_again_here_once(folder: Path, store: Store) -> None:
    def calls() -> int:
        path = folder / "calls.txt"
        return len(path.read_text().splitlines()) if path.exists() else 0

    # not among the calls that take less than a millisecond
    config = {"c": call("hold_a_lock", seconds=0.01)}
    for expected, again in ((2, 1), (3, 0)):
        seen: list[Event] = []
        run(config, store=store, options=options(), listener=seen.append)
        assert calls() == expected
        told = [each.message for each in seen if isinstance(each, Warned)]
        assert sum("is called again, in this process: " in each for each in told) == again


def test_generators_are_made_here_at_once(folder: Path, store: Store) -> None:
    seen: list[Event] = []
    report = run({"c": call("count_up", n=3)}, store=store, options=options(), listener=seen.append)
    assert list(report.value["c"]) == [0, 1, 2]
    assert [each.message for each in seen if isinstance(each, Warned) and "called" in each.message] == []
    listed = run({"c": {**call("count_up", n=4), "_materialize_": True}}, store=store, options=options())
    assert listed.value["c"] == [0, 1, 2, 3]


def test_call_that_takes_too_long_fails_and_the_rest_goes_on(store: Store) -> None:
    config = {"slow": {**call("sleep", seconds=30), "_timeout_s_": 0.5}, "b": layers()}
    started = time.monotonic()
    report = run(config, store=store, options=options(is_keeping_going=True))
    assert time.monotonic() - started < 25
    assert isinstance(report.error, NodeFailedError)
    assert isinstance(report.error.__cause__, TimeoutError)
    assert outcomes(report)["b"] == ("ran", "new")


def test_worker_that_dies_is_replaced_and_its_call_made_again(folder: Path, store: Store) -> None:
    seen: list[Event] = []
    config = {"d": call("die", path=str(folder / "marker")), "b": layers()}
    report = run(config, store=store, options=options(), listener=seen.append)
    assert report.value == {"d": "alive", "b": [3, 7]}
    [warning] = [event.message for event in seen if isinstance(event, Warned)]
    assert "died" in warning


def test_call_that_kills_its_worker_each_time_fails_by_name(store: Store) -> None:
    report = run({"d": call("always_die")}, store=store, options=options())
    assert isinstance(report.error, NodeFailedError)
    assert report.error.path == "d"
    assert "died" in report.error.message


def test_worker_that_dies_while_it_has_nothing_to_do_is_replaced(folder: Path, store: Store) -> None:
    killed: list[int] = []

    def kill_idle(event: Event) -> None:
        if isinstance(event, NodeFinished) and not killed:
            killed.append(int((folder / "calls.txt").read_text().split()[1]))
            os.kill(killed[0], signal.SIGKILL)
            wait_for(lambda: not is_alive(killed[0]))
            time.sleep(0.3)  # so that the pool has seen it

    config = {"t": call("total", values=call("load", n=3))}
    assert run(config, store=store, options=options(), listener=kill_idle).value == {"t": 3}
    assert killed


def test_workers_that_got_no_call_are_not_waited_for(folder: Path) -> None:
    setup = WorkerSetup(str(folder), tuple(sys.path), 20, os.getpid(), prepare=partial(time.sleep, 1000))
    pool = ProcessPool(1, setup)
    started = time.monotonic()
    pool.close(is_killing=False)
    assert time.monotonic() - started < 100


def test_value_that_somebody_tidied_away_is_computed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (folder / "tmp").mkdir()
    seen: list[Event] = []
    removed: list[Path] = []

    def tidy_up(event: Event) -> None:
        seen.append(event)
        if isinstance(event, NodeFinished) and not removed:
            removed.extend(
                each for each in (folder / "tmp").rglob("*") if each.is_file() and each.stat().st_size > 1000
            )
            for each in removed:
                each.unlink()

    config = call("total", values=call("array", n=100_000))
    assert int(run(config, options=options(), listener=tidy_up).value) == sum(range(100_000))
    assert removed
    [first, second] = [event.message for event in seen if isinstance(event, Warned)]
    assert first.startswith("steps.total at the root is called in this process: the stored object")
    assert second.startswith("values is computed again: the stored object")


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_calls_may_start_processes_of_their_own(folder: Path, executor: str) -> None:
    report = run({"x": call("count_in_a_pool", n=4)}, options=RunOptions(executor=executor, jobs=2))
    total, pid = report.value["x"]
    assert total == 6
    assert pid != os.getpid()
