"""Which objects of stored results are one and which are not, cold and warm. A real store, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra_cached import Store, run
from hydra_cached.events import Event, Warned
from tests.graph.calling import call
from tests.graph.targets_of_tests import calls
from tests.reports import reasons, statuses


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    calls.clear()
    with Store(tmp_path / "cache") as opened:
        yield opened


def test_each_place_of_a_stored_result_gets_its_own_object(store: Store) -> None:
    pipeline = {"a": call("make_list", n=3), "b": call("make_list", n=3), "c": "${a}", "_convert_": "all"}
    for _ in range(2):
        value = run(pipeline, store=store).value
        assert value["a"] == value["b"]
        assert value["a"] is value["c"]
        assert value["a"] is not value["b"]


def test_argument_changed_in_place_reaches_nobody_else(store: Store) -> None:
    pipeline = {
        "_convert_": "all",
        "data": call("make_list", n=3),
        "length": call("append", values="${data}", value=9),
        "total": {"_target_": "builtins.sum", "_args_": ["${data}"]},
    }
    seen: list[Event] = []
    cold = run(pipeline, store=store, listener=seen.append).value
    assert cold == {"data": [0, 1, 2], "length": 4, "total": 3}
    assert any("in place" in event.message for event in seen if isinstance(event, Warned))
    assert run(pipeline, store=store).value == cold


def test_objects_that_belong_together_stay_together_in_a_warm_run(store: Store) -> None:
    pipeline = {
        "model": call("Model"),
        "optimizer": call("Optimizer", model="${model}"),
        "trainer": call("Trainer", model="${model}", optimizer="${optimizer}"),
    }
    for _ in range(2):
        report = run(pipeline, store=store)
        made = report.value
        made.trainer.optimizer.step()
        assert made.model.weights.value == pytest.approx(0.1)
        assert made.optimizer.weights is made.model.weights is made.trainer.model.weights
        assert made.trainer.optimizer is made.optimizer
    assert statuses(report) == {"model": "hit", "optimizer": "ran", "trainer": "ran"}
    assert reasons(report) == {"optimizer": "shares_argument", "trainer": "shares_argument"}


def test_holder_is_reused_where_nothing_else_reaches_what_it_holds(store: Store) -> None:
    pipeline = call("Trainer", model=call("Model"), optimizer=call("Optimizer", model=call("Model")))
    run(pipeline, store=store)
    assert statuses(run(pipeline, store=store))[""] == "hit"
    fitted = call("weight_of", model=call("fit", model=call("Model")))
    assert run(fitted, store=store).value == 1
    changed = call("show", x=call("fit", model=call("Model")))
    assert statuses(run(changed, store=store)) == {"x.model": "skipped", "x": "hit", "": "ran"}


def test_model_that_is_fitted_in_place_is_the_same_cold_and_warm(store: Store) -> None:
    pipeline = {
        "model": call("Model"),
        "fitted": call("fit", model="${model}"),
        "before": call("weight_of", model="${model}"),
        "after": call("weight_of", model="${fitted}"),
    }
    for _ in range(2):
        made = run(pipeline, store=store).value
        assert (made.before, made.after) == (0, 1)
        assert (made.model.weights.value, made.fitted.weights.value) == (0, 1)
        assert made.model is not made.fitted


def test_edited_consumer_of_a_held_argument_gets_objects_that_belong_together(store: Store) -> None:
    run(call("Trainer", model=call("Model"), optimizer=call("Optimizer", model=call("Model"))), store=store)
    config = {
        "model": call("Model"),
        "optimizer": call("Optimizer", model="${model}"),
        "tied": call("show", m="${model}", o="${optimizer}"),
    }
    run({key: config[key] for key in ("model", "optimizer")}, store=store)
    value = run(config, store=store).value
    assert value.tied[1]["o"].weights is value.tied[1]["m"].weights
