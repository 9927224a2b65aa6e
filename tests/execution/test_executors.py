"""One contract for all executors: same results, statuses, reasons, errors and events, wherever calls are made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydra_cached import RunOptions, Store, run
from hydra_cached.errors import NodeFailedError, UsageError
from hydra_cached.events import Event, NodeFailed, NodeFinished, NodeStarted, Warned
from tests.execution.steps import call, layers
from tests.reports import outcomes

EVERYWHERE = pytest.mark.parametrize("executor", ["inline", "threads", "processes", "dask"])


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


def options(executor: str, **changes: Any) -> RunOptions:
    if executor == "dask":
        return RunOptions(executor=executor, cluster=_clusters[0], **changes)
    return RunOptions(executor=executor, jobs=1 if executor == "inline" else 2, **changes)


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
def test_failure_names_its_node_and_what_was_raised(store: Store, executor: str) -> None:
    told = {"": "the root node", "x": 'node "x"'}
    for path, config in (("", call("fail", value=1)), ("x", {"x": call("fail", value=1)})):
        seen: list[Event] = []
        report = run(config, store=store, options=options(executor), listener=seen.append)
        assert isinstance(report.error, NodeFailedError)
        assert report.error.message == f"{told[path]} (steps.fail) failed: LookupError: no 1"
        assert [event.message for event in seen if isinstance(event, NodeFailed)] == [report.error.message]


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
    assert [event.message for event in seen if isinstance(event, Warned)] == [
        "steps.fail_twice at the root failed: OSError: not yet; try 2 of 3",
        "steps.fail_twice at the root failed: OSError: not yet; try 3 of 3",
    ]
    (folder / "calls.txt").unlink()
    again = run({**config, "_retries_": 1}, store=store, options=options(executor, force=("",)))
    assert isinstance(again.error, NodeFailedError)


@EVERYWHERE
def test_large_literal_arguments_pass_as_files(store: Store, executor: str) -> None:
    config = call("weigh", value="x" * 1_000_000, array=np.arange(200_000))
    report = run(config, store=store, options=options(executor))
    assert report.value == [1_000_000, 19999900000]


@EVERYWHERE
@pytest.mark.parametrize("is_stored", [True, False], ids=["stored", "not stored"])
def test_huge_results_arrive_also_where_several_calls_give_the_same(
    store: Store, executor: str, is_stored: bool
) -> None:
    config = call(
        "weigh",
        value=call("hand_on", value=call("texts", n=500_000)),
        array=call("hand_on", value=call("array", n=2_500_000)),
    )
    seen: list[Event] = []
    report = run(config, store=store if is_stored else None, options=options(executor), listener=seen.append)
    assert report.value == [500_000, sum(range(2_500_000))]
    assert [event for event in seen if isinstance(event, Warned)] == []


@EVERYWHERE
def test_exceptions_of_every_kind_are_failures_of_their_node(store: Store, executor: str) -> None:
    for kind in ("SystemExit", "local", "recursion", "unpicklable"):
        report = run({"x": call("raise_odd", kind=kind)}, store=store, options=options(executor))
        assert isinstance(report.error, NodeFailedError), kind
        assert report.error.path == "x"


@pytest.mark.parametrize(
    ("executor", "jobs", "message"),
    [("inline", 2, "the executor inline makes one call at a time"), ("rockets", 1, 'unknown executor "rockets"')],
)
def test_executors_that_cannot_be_used_are_refused(folder: Path, executor: str, jobs: int, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(call("today"), options=RunOptions(executor=executor, jobs=jobs))
    assert caught.value.message == message
