"""The plan says what a run then does. A real store, in one process."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import RunOptions, Store, run
from hydra_cached.api import plan
from hydra_cached.errors import UsageError
from hydra_cached.events import Event, Warned
from tests.reports import outcomes

STEPS = """
from hydra_cached import not_deterministic, env
from pathlib import Path

def load(n):
    return list(range(n))

def scale(values, by=1):
    return [value * by for value in values]

def total(values):
    return sum(values)

@not_deterministic
def today():
    return 1

def read(path):
    return Path(path).read_text()

def write(path, text):
    Path(path).write_text(text)
    return path

def count(values):
    seen = Path("seen.txt")
    seen.write_text((seen.read_text() if seen.exists() else "") + ".")
    return len(seen.read_text())

def pair(a, b):
    return [a, b]
"""


def call(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"steps.{name}", "_convert_": "all", **kwargs}


def pipeline(n: int = 3, by: int = 2) -> dict[str, Any]:
    return call("total", values=call("scale", values=call("load", n=n), by=by))


def test_plan_of_a_cold_store_runs_everything(store: Store) -> None:
    report = plan(pipeline(), store=store)
    assert set(outcomes(report).values()) == {("would_run", "new")}
    assert (report.summary.would_run, report.summary.unknown) == (3, 0)


def test_plan_without_a_store_runs_everything(folder: Path) -> None:
    assert set(outcomes(plan(pipeline())).values()) == {("would_run", "not_persisted")}


def test_plan_writes_nothing(folder: Path) -> None:
    with Store("absent", create=False) as store:
        plan(pipeline(), store=store)
    assert not Path("absent").exists()


def test_plan_of_a_warm_store_is_a_hit(store: Store) -> None:
    run(pipeline(), store=store)
    assert outcomes(plan(pipeline(), store=store)) == {
        "": ("hit", ""),
        "values": ("skipped", ""),
        "values.values": ("skipped", ""),
    }


def test_what_depends_on_what_would_run_is_unknown(store: Store) -> None:
    run(pipeline(), store=store)
    changed = call("total", values=call("scale", by=2, values=call("load", n=4)))
    report = plan(changed, store=store)
    assert outcomes(report) == {
        "values.values": ("would_run", "arguments_changed"),
        "values": ("unknown", "upstream_changed"),
        "": ("unknown", "upstream_changed"),
    }
    [reason] = [node.reason for node in report.nodes if node.path == "values"]
    assert reason is not None
    assert reason.detail == "unknown until values.values runs"


def test_what_surely_runs_is_not_unknown(store: Store) -> None:
    run(pipeline(), store=store)
    report = plan(pipeline(n=4, by=5), store=store)
    assert outcomes(report)["values"] == ("would_run", "arguments_changed")
    assert outcomes(report)[""] == ("unknown", "upstream_changed")


def test_cutoff_is_foreseen_where_everything_below_is_known(store: Store) -> None:
    run(pipeline(n=3), store=store)
    run(call("load", n=4), store=store)
    # scale of the longer list never ran, but what it is made of is known
    report = plan(pipeline(n=4), store=store)
    assert outcomes(report)["values"] == ("would_run", "upstream_changed")


def test_plan_agrees_with_the_run_after_any_change(store: Store, folder: Path) -> None:
    rng = random.Random(1)
    for _ in range(12):
        config = pipeline(n=rng.randint(1, 3), by=rng.randint(1, 2))
        planned, done = outcomes(plan(config, store=store)), outcomes(run(config, store=store))
        for path, (status, code) in planned.items():
            if status == "would_run":
                assert done[path] == ("ran", code)
            elif status == "unknown":
                assert done[path][0] in ("ran", "cutoff")
            else:
                assert done[path] == (status, code)


def test_not_deterministic_call_would_run_each_time(store: Store) -> None:
    config = call("pair", a=call("today"), b=1)
    run(config, store=store)
    assert outcomes(plan(config, store=store)) == {
        "a": ("would_run", "not_deterministic"),
        "": ("unknown", "upstream_changed"),
    }


def test_estimate_is_what_the_call_took_last(store: Store) -> None:
    first = run(pipeline(), store=store)
    seconds = {node.path: node.seconds for node in first.nodes}
    report = plan(pipeline(n=5), store=store)
    assert {node.path: node.seconds for node in report.nodes} == seconds


def test_output_that_is_gone_is_foreseen(store: Store) -> None:
    config = call("read", path=call("write", path="out.txt", text="x"))
    run(config, store=store)
    os.unlink("out.txt")
    assert outcomes(plan(config, store=store)) == {
        "path": ("would_run", "output_changed"),
        "": ("unknown", "upstream_changed"),
    }


# --- force, only, verify ----------------------------------------------------------------------------------------------


def test_forced_node_runs_and_the_rest_is_cut_off(store: Store) -> None:
    run(pipeline(), store=store)
    options = RunOptions(force=("values",))
    assert outcomes(plan(pipeline(), store=store, options=options))["values"] == ("would_run", "forced")
    report = run(pipeline(), store=store, options=options)
    assert outcomes(report) == {"values.values": ("hit", ""), "values": ("ran", "forced"), "": ("cutoff", "")}
    assert outcomes(run(pipeline(), store=store))[""] == ("hit", "")


def test_forced_result_takes_the_place_of_the_stored_one(store: Store) -> None:
    config = call("count", values=call("load", n=1))
    assert run(config, store=store).value == 1
    report = run(config, store=store, options=RunOptions(force=("",)))
    assert report.value == 2
    assert run(config, store=store).value == 2


def test_node_can_be_named_by_its_key(store: Store) -> None:
    first = run(pipeline(), store=store)
    [key] = [node.recipe_key for node in first.nodes if node.path == "values"]
    assert key is not None
    report = run(pipeline(), store=store, options=RunOptions(force=(key[:8],)))
    assert outcomes(report)["values"] == ("ran", "forced")


def test_only_runs_what_the_node_needs(store: Store) -> None:
    report = run(pipeline(), store=store, options=RunOptions(only="values"))
    assert report.value == [0, 2, 4]
    assert outcomes(report) == {"values.values": ("ran", "new"), "values": ("ran", "new"), "": ("skipped", "")}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("valuess", 'did you mean "values"?'),
        ("q", 'the pipeline calls "" (the root), values, values.values'),
    ],
)
def test_unknown_node_is_named_with_what_is_near(store: Store, name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        run(pipeline(), store=store, options=RunOptions(only=name))
    assert (caught.value.message, caught.value.hint) == (f'no node "{name}" in the pipeline', hint)


def test_verifying_computes_again_and_finds_equal_results_equal(store: Store) -> None:
    run(pipeline(), store=store)
    report = run(pipeline(), store=store, options=RunOptions(verify_percent=100))
    assert {node.reason.detail for node in report.nodes if node.reason} == {"computed again: it is the stored result"}
    assert report.summary.ran == 3
    assert outcomes(run(pipeline(), store=store))[""] == ("hit", "")


def test_verifying_warns_of_a_result_that_differs(store: Store) -> None:
    seen: list[Event] = []
    config = call("count", values=call("load", n=1))
    run(config, store=store)
    report = run(config, store=store, options=RunOptions(verify_percent=100), listener=seen.append)
    [warning] = [event for event in seen if isinstance(event, Warned)]
    assert "steps.count at the root gave another result than the stored one" in warning.message
    [reason] = [node.reason for node in report.nodes if node.path == ""]
    assert reason is not None
    assert reason.detail == "computed again: it differs from the stored result"


def test_share_to_verify_is_at_least_one(store: Store) -> None:
    run(pipeline(), store=store)
    report = run(pipeline(), store=store, options=RunOptions(verify_percent=0.1))
    assert report.summary.ran == 1
