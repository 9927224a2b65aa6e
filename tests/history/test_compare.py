"""How two runs differ, as runs of real pipelines leave them behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import run
from hydra_cached.history import Comparison, compare_runs, load_run
from hydra_cached.store import Store
from tests.history.runs import key, past_node, past_run

Project = Callable[[Mapping[str, str]], Path]

STEPS = """
    def load(name):
        return name.split()

    def fit(data, lr=1):
        return [len(word) * lr for word in data]

    def refit(data, lr=1):
        return fit(data, lr)

    def score(model, data):
        return sum(model) / len(data)
    """


def config(**changes: Any) -> dict[str, Any]:
    data = {"_target_": "steps.load", "name": "a bb ccc"}
    return {
        "_target_": "steps.score",
        "model": {"_target_": "steps.fit", "data": data, "lr": 1, **changes},
        "data": data,
    }


@pytest.fixture
def compare(project: Project, store: Store) -> Callable[[Any, Any], Comparison]:
    project({"steps.py": STEPS})

    def compare(before: Any, after: Any) -> Comparison:
        reports = [run(each, store=store, pipeline="conf") for each in (before, after)]
        assert all(report.is_ok for report in reports)
        return compare_runs(store, *[load_run(store, report.run_id) for report in reports])

    return compare


def whys(comparison: Comparison) -> dict[str, tuple[str, str]]:
    return {each.node.path: (each.reason, each.detail) for each in comparison.differences}


def test_the_same_run_again_differs_in_nothing(compare: Callable[[Any, Any], Comparison]) -> None:
    comparison = compare(config(), config())

    assert (comparison.differences, comparison.same, comparison.unknown) == ((), 3, 0)


def test_a_changed_argument_is_shown_with_its_values(compare: Callable[[Any, Any], Comparison]) -> None:
    comparison = compare(config(), config(lr=2))

    assert whys(comparison) == {
        "model": ("arguments_changed", "lr: 1 -> 2"),
        "": ("upstream_changed", "model"),
    }
    assert comparison.same == 1


def test_it_is_told_apart_from_the_run_that_was_asked_for_not_from_the_nearest_one(
    compare: Callable[[Any, Any], Comparison], store: Store
) -> None:
    run(config(lr=3), store=store)
    run(config(lr=5), store=store)

    assert whys(compare(config(lr=5), config(lr=3)))["model"] == ("arguments_changed", "lr: 5 -> 3")


def test_arguments_that_come_and_go_are_named(compare: Callable[[Any, Any], Comparison]) -> None:
    before = config()
    del before["model"]["lr"]

    assert whys(compare(before, config(lr=2)))["model"] == ("arguments_changed", "lr: (none) -> 2")
    assert whys(compare(config(lr=10**50), before))["model"][1] == f"lr: {str(10**50)[:37]}... -> (none)"


def test_nodes_that_come_and_go_are_named(compare: Callable[[Any, Any], Comparison]) -> None:
    before, after = config(), config()
    after["model"] = [1, 2]

    assert whys(compare(before, after)) == {
        "": ("upstream_changed", "model"),
        "model": ("removed", "only in the first run"),
    }
    assert whys(compare(after, before))["model"] == ("added", "only in the second run")


def test_another_target_is_named(compare: Callable[[Any, Any], Comparison]) -> None:
    comparison = compare(config(), config(_target_="steps.refit"))

    assert whys(comparison)["model"] == ("arguments_changed", "_target_ was steps.fit")


def test_changed_code_is_named(project: Project, store: Store, run_edited: Callable[[str], str]) -> None:
    before = run_edited(STEPS)
    after = run_edited(STEPS.replace("* lr", "* lr + 1"))

    found = whys(compare_runs(store, load_run(store, before), load_run(store, after)))
    assert found["model"] == ("code_changed", "the code of steps.fit changed")
    assert found[""] == ("upstream_changed", "model")


@pytest.fixture
def run_edited(project: Project, store: Store) -> Callable[[str], str]:
    """Runs the pipeline with other code; gives the run's id."""
    import sys

    def run_edited(text: str) -> str:
        sys.modules.pop("steps", None)
        project({"steps.py": text})
        return run(config(), store=store).run_id

    return run_edited


def test_a_cutoff_is_the_same_call(project: Project, store: Store, run_edited: Callable[[str], str]) -> None:
    before = run_edited(STEPS)
    after = run_edited(STEPS.replace("name.split()", "list(name.split())"))

    comparison = compare_runs(store, load_run(store, before), load_run(store, after))
    assert list(whys(comparison)) == ["data"]
    assert comparison.same == 2


def test_nodes_below_a_hit_are_compared_too(compare: Callable[[Any, Any], Comparison], store: Store) -> None:
    run(config(lr=2), store=store)

    comparison = compare(config(), config(lr=2))
    assert {each.node.status for each in comparison.differences} == {"hit", "skipped"}
    assert whys(comparison)["model"] == ("arguments_changed", "lr: 1 -> 2")
    assert comparison.same == 1


def test_when_results_are_gone_the_reason_is_the_later_runs_own(store: Store) -> None:
    before = past_run(1, past_node())
    after = past_run(2, past_node(recipe_key=key(3), call_key=key(4), reason="env_changed", detail="HOME"))

    assert whys(compare_runs(store, before, after)) == {"model": ("env_changed", "HOME")}


def test_a_call_that_was_new_in_the_later_run_is_not_called_new_to_the_earlier_one(store: Store) -> None:
    before, after = past_run(1, past_node()), past_run(2, past_node(recipe_key=key(3), call_key=key(4)))
    told = "the first run left no result of it to compare with"

    assert whys(compare_runs(store, before, after)) == {"model": ("new", told)}


def test_nodes_without_keys_cannot_be_told_apart(store: Store) -> None:
    before = past_run(1, past_node(), past_node("b", recipe_key=None))
    after = past_run(2, past_node(recipe_key=None, call_key=None), past_node("b", recipe_key=key(9), call_key=None))

    comparison = compare_runs(store, before, after)
    assert (comparison.differences, comparison.same, comparison.unknown) == ((), 0, 2)
