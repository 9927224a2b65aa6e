"""One contract for all executors: same results, statuses, reasons, errors and events, wherever calls are made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydra_cached import RunOptions, Store, run
from hydra_cached.errors import NodeFailedError, UsageError
from hydra_cached.events import Event, NodeFailed, NodeFinished, NodeStarted, Warned
from hydra_cached.execution.processes import ProcessPool, WorkerSetup
from hydra_cached.execution.report import RunReport
from tests.execution.waiting import is_alive, wait_for

STEPS = """
import os
import threading
import time
from pathlib import Path

from hydra_cached import not_deterministic

def note(name):
    with open("calls.txt", "a") as file:
        file.write(f"{name} {os.getpid()}\\n")

def load(n):
    note("load")
    time.sleep(0.01)
    return list(range(n))

def total(values, offset=0):
    note("total")
    time.sleep(0.01)
    return sum(values) + offset

def pair(a, b):
    time.sleep(0.01)
    return [a, b]

def array(n):
    import numpy as np
    time.sleep(0.01)
    return np.arange(n)

def fail(value):
    time.sleep(0.01)
    raise LookupError(f"no {value}")

def sort(values):
    time.sleep(0.01)
    values.sort()
    return len(values)

@not_deterministic
def today():
    time.sleep(0.01)
    return 1

def numbers(n):
    time.sleep(0.01)
    return (i for i in range(n))

def closure(n):
    time.sleep(0.01)
    return lambda: n

def ask(function):
    return function()

class Model:
    def __init__(self, weight):
        time.sleep(0.01)
        self.weight = weight

class Optimizer:
    def __init__(self, model):
        time.sleep(0.01)
        self.model = model

def train(model, optimizer):
    time.sleep(0.01)
    optimizer.model.weight += 1
    return model.weight

def where():
    time.sleep(0.01)
    return os.getcwd()

def write(path, text):
    time.sleep(0.01)
    Path(path).write_text(text)
    return path

def read(path):
    time.sleep(0.01)
    return Path(path).read_text()

def fail_twice(path):
    note("try")
    if Path("calls.txt").read_text().count("try") < 3:
        raise OSError("not yet")
    return 3

def sleep(seconds):
    time.sleep(seconds)
    return seconds

def die(path):
    if not os.path.exists(path):
        Path(path).write_text("")
        os.kill(os.getpid(), 9)
    return "alive"

def weigh(value, array):
    time.sleep(0.01)
    return [len(value), int(array.sum())]

def sink():
    return sink()

def raise_odd(kind):
    time.sleep(0.01)
    if kind == "SystemExit":
        raise SystemExit(3)
    if kind == "recursion":
        sink()
    class Odd(Exception):
        pass
    error = Odd("odd")
    if kind == "unpicklable":
        error.lock = threading.Lock()
    raise error

def hold(name, after=None):
    Path(f"{name}.part").write_text(str(os.getpid()))
    os.rename(f"{name}.part", f"{name}.pid")
    time.sleep(100)

def always_die():
    os.kill(os.getpid(), 9)
"""

EVERYWHERE = pytest.mark.parametrize("executor", ["inline", "threads", "processes", "dask"])
# in one process a call sees what another one changed; these run elsewhere
ELSEWHERE = "processes"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """One for all tests: its workers are processes of their own."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0, silence_logs=50
        ) as made,
        Client(made, set_as_default=False) as client,
    ):
        client.wait_for_workers(2)
        _clusters.append(made)
        yield made
        _clusters.clear()


@pytest.fixture(autouse=True)
def clusters(request: pytest.FixtureRequest) -> None:
    if getattr(request.node, "callspec", None) and request.node.callspec.params.get("executor") == "dask":
        request.getfixturevalue("cluster")


_clusters: list[Any] = []


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path]) -> Path:
    return project({"steps.py": STEPS})


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder / "cache") as opened:
        yield opened


def call(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"steps.{name}", "_convert_": "all", **kwargs}


def options(executor: str, **changes: Any) -> RunOptions:
    if executor == "dask":
        return RunOptions(executor=executor, cluster=_clusters[0], **changes)
    return RunOptions(executor=executor, jobs=1 if executor == "inline" else 2, **changes)


def outcomes(report: RunReport) -> dict[str, tuple[str, str]]:
    return {node.path: (node.status, node.reason.code if node.reason else "") for node in report.nodes}


def layers() -> dict[str, Any]:
    return call("pair", a=call("total", values=call("load", n=3)), b=call("total", values=call("load", n=4), offset=1))


@EVERYWHERE
def test_results_statuses_and_reuse_are_the_same(store: Store, executor: str) -> None:
    first = run(layers(), store=store, options=options(executor))
    assert first.value == [3, 7]
    assert set(outcomes(first).values()) == {("ran", "new")}
    assert all(node.is_stored for node in first.nodes)
    again = run(layers(), store=store)
    assert (again.value, again.summary.hit, again.summary.ran) == ([3, 7], 1, 0)


@EVERYWHERE
def test_keys_and_digests_are_those_of_the_inline_executor(store: Store, tmp_path: Path, executor: str) -> None:
    first = run(layers(), store=store, options=options(executor))
    with Store(tmp_path / "other") as other:
        second = run(layers(), store=other)
    keys = [(node.recipe_key, node.call_key, node.content_digest) for node in first.nodes]
    assert keys == [(node.recipe_key, node.call_key, node.content_digest) for node in second.nodes]


@EVERYWHERE
def test_works_without_a_store_and_leaves_nothing(folder: Path, executor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = folder / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    config = call("total", values=call("array", n=100_000))
    report = run(config, options=options(executor))
    assert int(report.value) == sum(range(100_000))
    assert [path for path in scratch.iterdir() if path.name.startswith("hydra-cached")] == []


@EVERYWHERE
def test_error_is_the_users_own_with_its_traceback(store: Store, executor: str) -> None:
    report = run({"x": call("fail", value=call("load", n=1))}, store=store, options=options(executor))
    assert isinstance(report.error, NodeFailedError)
    assert report.error.path == "x"
    cause = report.error.__cause__
    assert isinstance(cause, LookupError)
    assert str(cause) == "no [0]"
    frames = []
    traceback = cause.__traceback__
    while traceback is not None:
        frames.append((Path(traceback.tb_frame.f_code.co_filename).name, traceback.tb_frame.f_code.co_name))
        traceback = traceback.tb_next
    assert frames[-1] == ("steps.py", "fail")
    assert outcomes(report)["x.value"] == ("ran", "new")


@EVERYWHERE
def test_keeping_going_does_what_does_not_depend_on_the_failure(store: Store, executor: str) -> None:
    config = {"a": call("total", values=call("fail", value=1)), "b": call("total", values=call("load", n=3))}
    report = run(config, store=store, options=options(executor, is_keeping_going=True))
    assert not report.is_ok
    assert {path: status for path, (status, _) in outcomes(report).items()} == {
        "a.values": "failed",
        "a": "skipped",
        "b.values": "ran",
        "b": "ran",
    }


@EVERYWHERE
def test_events_of_a_node_come_in_order(store: Store, executor: str) -> None:
    seen: list[Event] = []
    config = {"a": layers(), "f": call("fail", value=1)}
    run(config, store=store, options=options(executor, is_keeping_going=True), listener=seen.append)
    kinds: dict[str, list[type]] = {}
    for event in seen:
        if isinstance(event, (NodeStarted, NodeFinished, NodeFailed)):
            kinds.setdefault(event.path, []).append(type(event))
    assert kinds.pop("f") == [NodeStarted, NodeFailed]
    assert set(map(tuple, kinds.values())) == {(NodeStarted, NodeFinished)}


@EVERYWHERE
def test_change_in_place_is_told_and_does_not_reach_others(store: Store, executor: str) -> None:
    seen: list[Event] = []
    values = call("pair", a=3, b=1)
    config = {
        "values": values,
        "sorted": call("sort", values=values),
        "total": call("total", values=values),
        "_convert_": "all",
    }
    report = run(config, store=store, options=options(executor), listener=seen.append)
    assert report.value == {"values": [3, 1], "sorted": 2, "total": 4}
    [warning] = [event.message for event in seen if isinstance(event, Warned)]
    assert warning.startswith("steps.sort at sorted changed the result of values in place")


@EVERYWHERE
def test_objects_that_belong_together_stay_together(store: Store, executor: str) -> None:
    model = call("Model", weight=1)
    config = call("train", model=model, optimizer=call("Optimizer", model=model))
    assert run(config, store=store, options=options(executor)).value == 2
    assert run(config, store=store, options=options(executor, force=("",))).value == 2


@EVERYWHERE
def test_cutoff_and_not_deterministic_steps(store: Store, executor: str) -> None:
    config = call("pair", a=call("today"), b=call("load", n=2))
    run(config, store=store, options=options(executor))
    report = run(config, store=store, options=options(executor))
    assert outcomes(report) == {"a": ("ran", "not_deterministic"), "b": ("hit", ""), "": ("cutoff", "")}


@EVERYWHERE
def test_what_cannot_travel_is_called_here(store: Store, executor: str) -> None:
    config = {
        "n": call("total", values=call("numbers", n=4)),
        "f": call("ask", function=call("closure", n=5)),
    }
    assert run(config, store=store, options=options(executor)).value == {"n": 6, "f": 5}


@EVERYWHERE
def test_equal_calls_under_way_are_made_once(folder: Path, store: Store, executor: str) -> None:
    config = [call("total", values=call("load", n=n)) for n in (2, 2, 2)]
    config = [{**each, "values": {**each["values"]}} for each in config]
    report = run(config, store=store, options=options(executor))
    assert report.value == [1, 1, 1]
    assert [line.split()[0] for line in (folder / "calls.txt").read_text().splitlines()] == ["load", "total"]


@EVERYWHERE
def test_files_are_watched_wherever_they_are_written(folder: Path, store: Store, executor: str) -> None:
    config = call("read", path=call("write", path="out.txt", text="hello"))
    assert run(config, store=store, options=options(executor)).value == "hello"
    (folder / "out.txt").unlink()
    report = run(config, store=store, options=options(executor))
    assert outcomes(report) == {"path": ("ran", "output_changed"), "": ("cutoff", "")}
    rewritten = call("write", path="out.txt", text="other")
    run(rewritten, store=store, options=options(executor))
    assert outcomes(run(rewritten, store=store, options=options(executor))) == {"": ("hit", "")}


@EVERYWHERE
def test_failed_call_is_tried_again_as_often_as_asked(folder: Path, store: Store, executor: str) -> None:
    seen: list[Event] = []
    config = {**call("fail_twice", path="x"), "_retries_": 2}
    report = run(config, store=store, options=options(executor), listener=seen.append)
    assert report.value == 3
    assert len([event for event in seen if isinstance(event, Warned)]) == (0 if executor == "threads" else 2)
    (folder / "calls.txt").unlink()
    again = run({**config, "_retries_": 1}, store=store, options=options(executor, force=("",)))
    assert isinstance(again.error, NodeFailedError)


@EVERYWHERE
def test_large_literal_arguments_pass_as_files(store: Store, executor: str) -> None:
    config = call("weigh", value="x" * 1_000_000, array=np.arange(200_000))
    report = run(config, store=store, options=options(executor))
    assert report.value == [1_000_000, 19999900000]


@EVERYWHERE
def test_exceptions_of_every_kind_are_failures_of_their_node(store: Store, executor: str) -> None:
    for kind in ("SystemExit", "local", "recursion", "unpicklable"):
        report = run({"x": call("raise_odd", kind=kind)}, store=store, options=options(executor))
        assert isinstance(report.error, NodeFailedError), kind
        assert report.error.path == "x"


# --- processes alone --------------------------------------------------------------------------------------------------


def test_calls_are_made_in_other_processes_of_the_same_place(folder: Path, store: Store) -> None:
    report = run({"a": call("where"), "b": layers()}, store=store, options=options(ELSEWHERE))
    assert report.value["a"] == str(folder)
    pids = {line.split()[1] for line in (folder / "calls.txt").read_text().splitlines()}
    assert str(os.getpid()) not in pids
    assert pids


def test_cheap_calls_stay_here(store: Store) -> None:
    config = {"_target_": "os.getpid"}
    assert run(config, store=store, options=options(ELSEWHERE)).value != os.getpid()
    assert run(config, store=store, options=options(ELSEWHERE, force=("",))).value == os.getpid()


def test_call_that_takes_too_long_fails_and_the_rest_goes_on(store: Store) -> None:
    config = {"slow": {**call("sleep", seconds=30), "_timeout_s_": 0.5}, "b": layers()}
    started = time.monotonic()
    report = run(config, store=store, options=options(ELSEWHERE, is_keeping_going=True))
    assert time.monotonic() - started < 25
    assert isinstance(report.error, NodeFailedError)
    assert isinstance(report.error.__cause__, TimeoutError)
    assert outcomes(report)["b"] == ("ran", "new")


def test_worker_that_dies_is_replaced_and_its_call_made_again(folder: Path, store: Store) -> None:
    seen: list[Event] = []
    config = {"d": call("die", path=str(folder / "marker")), "b": layers()}
    report = run(config, store=store, options=options(ELSEWHERE), listener=seen.append)
    assert report.value == {"d": "alive", "b": [3, 7]}
    [warning] = [event.message for event in seen if isinstance(event, Warned)]
    assert "died" in warning


def test_call_that_kills_its_worker_each_time_fails_by_name(store: Store) -> None:
    report = run({"d": call("always_die")}, store=store, options=options(ELSEWHERE))
    assert isinstance(report.error, NodeFailedError)
    assert report.error.path == "d"
    assert "died" in report.error.message


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
    running = subprocess.Popen(arguments, cwd=folder, stderr=subprocess.DEVNULL, preexec_fn=_allow_interrupts)
    wait_for(lambda: len(list(folder.glob("*.pid"))) == 2)
    workers = [int(path.read_text()) for path in folder.glob("*.pid")]
    running.send_signal(number)
    assert running.wait(timeout=20) == (130 if number == signal.SIGINT else -signal.SIGKILL)
    wait_for(lambda: not any(map(is_alive, workers)))


def _allow_interrupts() -> None:
    # what is started in the background may have them ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
    assert run({"x": call("load", n=1)}, options=options("processes")).value == {"x": [0]}
    assert alive.exists()
    running.kill()
    running.wait()
    assert run({"x": call("load", n=1)}, options=options("processes")).value == {"x": [0]}
    assert list(folder.glob("tmp/hydra-cached-*")) == []


def test_worker_that_dies_while_it_has_nothing_to_do_is_replaced(folder: Path, store: Store) -> None:
    killed: list[int] = []

    def kill_idle(event: Event) -> None:
        if isinstance(event, NodeFinished) and not killed:
            killed.append(int((folder / "calls.txt").read_text().split()[1]))
            os.kill(killed[0], signal.SIGKILL)
            wait_for(lambda: not is_alive(killed[0]))
            time.sleep(0.3)  # so that the pool has seen it

    config = {"t": call("total", values=call("load", n=3))}
    assert run(config, store=store, options=options(ELSEWHERE), listener=kill_idle).value == {"t": 3}
    assert killed


def test_workers_that_got_no_call_are_not_waited_for(folder: Path) -> None:
    setup = WorkerSetup(str(folder), tuple(sys.path), 20, os.getpid(), partial(time.sleep, 1000))
    pool = ProcessPool(1, setup)
    started = time.monotonic()
    pool.close(is_killing=False)
    assert time.monotonic() - started < 100


@pytest.mark.parametrize(
    ("executor", "jobs", "message"),
    [("inline", 2, "the executor inline makes one call at a time"), ("rockets", 1, 'unknown executor "rockets"')],
)
def test_executors_that_cannot_be_used_are_refused(folder: Path, executor: str, jobs: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(call("today"), options=RunOptions(executor=executor, jobs=jobs))
    assert caught.value.message == message
