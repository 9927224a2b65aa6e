"""Calls on Dask clusters whose workers, schedulers or calls fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster

from hydra_cached import RunOptions, Store, run
from hydra_cached.errors import NodeFailedError, WorkerDiedError
from hydra_cached.events import Event, NodeFinished
from hydra_cached.execution.dask import clusters
from tests.execution.clusters import DASK_STEPS, LOCAL, call, on, pids, warnings
from tests.execution.waiting import is_alive, wait_for
from tests.reports import statuses

STEPS = DASK_STEPS


def layers(count: int, width: int) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for number in range(count):
        below = [f"${{n{number - width}}}", f"${{n{number - width + 1}}}"] if number >= width else []
        nodes[f"n{number}"] = call("step", number, *below)
    return nodes


def test_killed_worker_loses_only_what_it_was_at(folder: Path, store: Store) -> None:
    killed: list[int] = []
    with LocalCluster(n_workers=2, **LOCAL) as cluster:

        def kill_midway(event: Event) -> None:
            lines = (folder / "calls.txt").read_text().splitlines() if (folder / "calls.txt").exists() else []
            if not killed and len(lines) >= 100:
                killed.append(int(lines[-1].split()[1]))
                os.kill(killed[0], signal.SIGKILL)

        report = run(layers(200, 20), store=store, options=on(cluster), listener=kill_midway)
    assert killed
    assert report.is_ok
    assert list(report.value.values()) == list(range(200))
    assert report.summary.ran == 200
    calls = [line.split() for line in (folder / "calls.txt").read_text().splitlines()]
    again = {number for number, count in Counter(number for number, _ in calls).items() if count > 1}
    assert {number for number, _ in calls} == set(map(str, range(200)))
    # a worker has one call under way, and one whose result may not have come back
    assert len(again) <= 2
    assert all(any(pid == str(killed[0]) for number, pid in calls if number == each) for each in again)
    assert run(layers(200, 20), store=store).summary.ran == 0


CLUSTER = """
import time
from distributed import LocalCluster
if __name__ == "__main__":
    made = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    print(made.scheduler_address, flush=True)
    time.sleep(1000)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")
def test_scheduler_that_dies_fails_what_is_under_way(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "CONNECT_TIMEOUT_S", 2)
    (folder / "cluster.py").write_text(CLUSTER)
    with subprocess.Popen([sys.executable, "cluster.py"], stdout=subprocess.PIPE, encoding="utf-8") as elsewhere:
        try:
            assert elsewhere.stdout is not None
            address = elsewhere.stdout.readline().strip()

            def kill_midway(event: Event) -> None:
                if isinstance(event, NodeFinished):
                    elsewhere.kill()

            config = [call("step", number) for number in range(200)]
            report = run(config, store=store, options=on(address), listener=kill_midway)
        finally:
            elsewhere.kill()
    assert isinstance(report.error, NodeFailedError)
    assert isinstance(report.error.__cause__, WorkerDiedError)
    assert report.error.__cause__.message == "the connection to the cluster is lost"
    # what was done before is kept
    assert 1 <= report.summary.ran == len(list(store.summaries())) < 200


def test_call_that_kills_its_workers_fails_by_name(folder: Path) -> None:
    seen: list[Event] = []
    options = RunOptions(executor="dask", jobs=2)
    report = run({"d": call("always_die")}, options=options, listener=seen.append)
    assert isinstance(report.error, NodeFailedError)
    assert report.error.path == "d"
    assert "died, 3 in all" in report.error.message


def test_call_that_takes_too_long_fails_and_its_worker_is_free(folder: Path, store: Store) -> None:
    with LocalCluster(n_workers=1, **LOCAL) as cluster:
        config = {"slow": {**call("start_and_sleep", seconds=60), "_timeout_s_": 3}, "b": call("where")}
        started = time.monotonic()
        report = run(config, store=store, options=on(cluster, is_keeping_going=True))
    assert time.monotonic() - started < 40
    assert isinstance(report.error, NodeFailedError)
    assert isinstance(report.error.__cause__, TimeoutError)
    assert statuses(report) == {"slow": "failed", "b": "ran"}
    started_by_it = int((folder / "child.pid").read_text())
    wait_for(lambda: not is_alive(started_by_it))


def test_cluster_without_workers_is_waited_for(folder: Path) -> None:
    seen: list[Event] = []
    with LocalCluster(n_workers=0, **LOCAL) as cluster:
        cluster.adapt(minimum=0, maximum=1, interval="100ms")
        assert run({"x": call("step", 5)}, options=on(cluster), listener=seen.append).value == {"x": 5}
    assert warnings(seen) == ["the cluster has no workers yet: waiting for one"]


def test_interrupt_leaves_a_foreign_cluster_alone(folder: Path, cluster: LocalCluster) -> None:
    (folder / "conf.py").write_text("config = [dict(_target_='steps.sleep', seconds=3 + i) for i in (0, 1)]\n")
    program = Path(sys.executable).parent / "hydra-cached"
    before = pids(cluster)
    running = subprocess.Popen(
        [str(program), "run", "conf", "--cluster", cluster.scheduler_address],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    for line in iter(running.stderr.readline, ""):
        if "running" in line and "pipeline" not in line:
            break
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=20) == 130
    running.stderr.close()
    assert pids(cluster) == before
    assert all(map(is_alive, before))
