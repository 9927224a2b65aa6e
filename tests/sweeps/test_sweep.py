"""Several configs as one graph: each comes out as if it were run alone, and what they share is made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_cached import RunOptions, Store, run
from hydra_cached.api import plan_sweep, sweep
from hydra_cached.errors import ConfigError, NodeFailedError, TargetError, UsageError
from hydra_cached.events import Event, NodeStarted, RunStarted, Warned
from hydra_cached.execution.report import SweepInterrupted, SweepReport
from hydra_cached.history import list_heads, load_run
from hydra_cached.targets import allow_only
from tests.graph.targets_of_tests import calls
from tests.reports import statuses

HERE = "tests.sweeps.targets"


def call(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.{name}", **kwargs}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "cache") as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_called() -> None:
    calls.clear()


@pytest.fixture(params=[False, True], ids=["without a store", "with a store"])
def place(request: pytest.FixtureRequest, store: Store) -> Store | None:
    """Where results are kept, if anywhere: values do not depend on that."""
    return store if request.param else None


def values(report: SweepReport) -> list[Any]:
    assert [each.error for each in report.runs] == [None] * len(report.runs)
    return [each.value for each in report.runs]


def totals(*offsets: int) -> list[dict[str, Any]]:
    scaled = call("scale", values=call("load"), by=2)
    return [call("total", values=scaled, offset=offset) for offset in offsets]


def test_what_configs_share_is_made_once(place: Store | None) -> None:
    report = sweep(totals(0, 10, 20), store=place)

    assert values(report) == [6, 16, 26]
    assert calls == ["load 3", "scale 2", "total 0", "total 10", "total 20"]
    assert report.unique_nodes == 5


def test_a_shared_node_ran_in_the_first_config_and_is_a_hit_in_the_others(place: Store | None) -> None:
    first, second, third = sweep(totals(0, 10, 10), store=place).runs

    assert statuses(first) == {"values.values": "ran", "values": "ran", "": "ran"}
    assert statuses(second) == {"values.values": "hit", "values": "hit", "": "ran"}
    assert statuses(third) == {"values.values": "hit", "values": "hit", "": "hit"}
    assert [node.reason for node in third.nodes] == [None, None, None]
    assert (first.summary.nodes, first.summary.ran, second.summary.hit) == (3, 3, 2)


def test_what_was_stored_before_is_reused_and_nothing_below_it_is_looked_at(store: Store) -> None:
    sweep(totals(0, 10), store=store)
    calls.clear()
    first, second, third = sweep(totals(0, 10, 20), store=store).runs

    assert calls == ["total 20"]
    assert statuses(first) == statuses(second) == {"values.values": "skipped", "values": "skipped", "": "hit"}
    assert statuses(third) == {"values.values": "skipped", "values": "hit", "": "ran"}


def test_a_sweep_and_a_run_find_each_others_results(store: Store) -> None:
    run(totals(10)[0], store=store)
    calls.clear()
    assert values(sweep(totals(10, 20), store=store)) == [16, 26]
    assert calls == ["total 20"]
    assert run(totals(20)[0], store=store).summary.hit == 1


def test_each_config_has_objects_of_its_own(place: Store | None) -> None:
    configs = [{"got": call("append", values=call("load"), value=value), "_convert_": "all"} for value in (7, 8, 9)]
    report = sweep(configs, store=place)

    assert values(report) == [{"got": [0, 1, 2, value]} for value in (7, 8, 9)]
    assert calls.count("load 3") == 1


def test_equal_configs_give_equal_results_that_are_not_one_object(place: Store | None) -> None:
    first, second = values(sweep([call("load"), call("load")], store=place))

    assert first == second == [0, 1, 2]
    assert first is not second
    assert calls == ["load 3"]


def test_an_object_that_is_trained_in_place_is_another_one_for_each_config(place: Store | None) -> None:
    configs = [call("fit", model=call("Model", size=2), steps=steps) for steps in (1, 2, 3)]

    assert [model.numbers for model in values(sweep(configs, store=place))] == [[1, 1], [2, 2], [3, 3]]
    assert calls.count("model 2") == 1


def training(steps: int, lr: int = 1) -> dict[str, Any]:
    return {
        "model": call("Model", size=1),
        "result": call("train", model="${model}", optimizer=call("Optimizer", model="${model}", lr=lr), steps=steps),
    }


def test_what_belongs_together_stays_together_in_each_config(place: Store | None) -> None:
    for _ in range(2):
        report = sweep([training(1), training(2), training(2, lr=5)], store=place)
        assert [each["result"]["weights"] for each in values(report)] == [[1], [2], [10]]


def fits(*steps: int) -> list[dict[str, Any]]:
    return [call("fit", model=call("Model", size=2), steps=each) for each in steps]


def test_what_was_fitted_before_is_reused_while_another_config_fits_the_same_model(store: Store) -> None:
    sweep(fits(1, 2), store=store)
    calls.clear()
    report = sweep(fits(1, 2, 3), store=store)

    assert [model.numbers for model in values(report)] == [[1, 1], [2, 2], [3, 3]]
    assert [statuses(each)[""] for each in report.runs] == ["hit", "hit", "ran"]
    assert calls == ["fit 3"]


def test_what_holds_a_model_is_reused_while_another_config_uses_the_same_model(store: Store) -> None:
    configs = [call("Optimizer", model=call("Model", size=2), lr=lr) for lr in (1, 2, 3)]
    sweep(configs[:2], store=store)
    calls.clear()
    report = sweep(configs, store=store)

    assert [statuses(each)[""] for each in report.runs] == ["hit", "hit", "ran"]
    assert calls == ["optimizer 3"]
    assert [each.lr for each in values(report)] == [1, 2, 3]


def test_what_belongs_together_in_one_config_is_reused_in_another(store: Store) -> None:
    config = training(1)
    alone = {"optimizer": call("Optimizer", model=call("Model", size=1))}
    sweep([config, alone], store=store)
    calls.clear()
    report = sweep([training(5), alone], store=store)

    assert values(report)[0]["result"]["weights"] == [5]
    assert [weight.value for weight in values(report)[1]["optimizer"].weights] == [0]


def test_what_can_be_neither_copied_nor_stored_is_made_for_each_config(place: Store | None) -> None:
    first, second = values(sweep([{"lock": call("lock"), "n": n, "_convert_": "all"} for n in (1, 2)], store=place))

    assert first["lock"] is not second["lock"]


def test_memory_does_not_grow_with_the_number_of_configs_that_share_a_result(place: Store | None) -> None:
    configs = [call("count_alive", large=call("Large"), number=number) for number in range(10)]
    report = sweep(configs, store=place)

    assert calls.count("large") == 1
    assert max(values(report)) <= 3


def test_iterators_can_be_read_in_each_config(place: Store | None) -> None:
    configs = [call("total", values=call("generate", n=4), offset=offset) for offset in (0, 1)]

    assert values(sweep(configs, store=place)) == [6, 7]


def test_references_count_from_each_configs_own_root(place: Store | None) -> None:
    shared = call("total", values=[1], offset="${offset}")
    configs = [{"offset": offset, "sum": shared} for offset in (1, 2)]

    assert [each["sum"] for each in values(sweep(configs, store=place))] == [2, 3]


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_failed_config_does_not_keep_the_others_from_being_finished(place: Store | None) -> None:
    configs = [call("total", values=[call("fail_on", value=value), 1]) for value in (1, 3, 2)]
    report = sweep(configs, store=place, labels=["a", "b", "c"])

    first, failed, third = report.runs
    assert (first.value, third.value) == (2, 3)
    assert (failed.is_ok, failed.value, report.is_ok) == (False, None, False)
    assert isinstance(failed.error, NodeFailedError)
    assert isinstance(failed.error.__cause__, ValueError)
    assert statuses(failed) == {"values.0": "failed", "": "skipped"}
    assert (failed.summary.failed, report.summary.failed) == (1, 1)


def test_all_configs_fail_with_what_they_share(place: Store | None) -> None:
    configs = [call("total", values=[call("fail_on", value=3)], offset=offset) for offset in (0, 1)]
    report = sweep([*configs, call("load")], store=place)

    assert calls == ["fail_on 3", "load 3"]
    assert [each.is_ok for each in report.runs] == [False, False, True]
    assert statuses(report.runs[1]) == {"values.0": "failed", "": "skipped"}
    assert report.runs[1].error is report.runs[0].error


def test_a_failure_is_told_with_the_path_that_it_has_in_the_config() -> None:
    failing = call("fail_on", value=3)
    report = sweep([{"x": failing}, {"deeper": {"y": failing}}])

    errors = [each.error for each in report.runs]
    assert [error.path for error in errors if isinstance(error, NodeFailedError)] == ["x", "deeper.y"]
    assert errors[1] is not None
    assert errors[1].message.startswith('node "deeper.y" (')
    assert errors[1].__cause__ is not None


def test_arguments_that_cannot_be_collected_fail_their_config_alone() -> None:
    wrong = {"_target_": f"{HERE}.load", "_args_": call("fail_on", value=1)}
    report = sweep([wrong, call("load")])

    assert [each.is_ok for each in report.runs] == [False, True]
    assert isinstance(report.runs[0].error, TargetError)


def test_a_config_that_cannot_be_used_is_named_before_anything_runs() -> None:
    good = call("load")
    with pytest.raises(ConfigError, match='config "b": missing value at "n"'):
        sweep([good, call("load", n="???")], labels=["a", "b"])
    with pytest.raises(ConfigError, match="config 1: "):
        sweep([good, {"a": "${nope}"}])
    with pytest.raises(TargetError, match=r"config 2: .*refused"):
        sweep([good, good, {"_target_": "os.system", "command": "ls"}], policy=allow_only([]))
    with pytest.raises(UsageError, match="no argument"):
        sweep([good, call("load", m=1)])
    assert calls == []


def test_after_an_interrupt_the_report_tells_what_was_done() -> None:
    with pytest.raises(SweepInterrupted) as caught:
        sweep([call("interrupt", value=value) for value in (0, 1, 2)])

    report = caught.value.report
    assert [(each.is_ok, each.error) for each in report.runs] == [(False, None)] * 3
    assert [statuses(each)[""] for each in report.runs] == ["ran", "skipped", "skipped"]


# --- options, events, history -----------------------------------------------------------------------------------------


def test_a_node_is_forced_in_all_configs_that_have_it(store: Store) -> None:
    sweep(totals(0, 10), store=store)
    calls.clear()
    report = sweep(totals(0, 10), store=store, options=RunOptions(force=("",)))

    assert values(report) == [6, 16]
    assert calls == ["total 0", "total 10"]
    assert [each.nodes[-1].reason.code for each in report.runs if each.nodes[-1].reason] == ["forced", "forced"]


def test_only_one_node_of_each_config_is_wanted(place: Store | None) -> None:
    configs = [call("total", values=call("scale", values=call("load"), by=by)) for by in (2, 3)]
    report = sweep(configs, store=place, options=RunOptions(only="values"))

    assert values(report) == [[0, 2, 4], [0, 3, 6]]
    assert [statuses(each)[""] for each in report.runs] == ["skipped", "skipped"]


def test_a_node_that_some_config_has_not_cannot_be_the_only_one() -> None:
    with pytest.raises(UsageError, match=r'no node "values.values" in config "b"'):
        sweep([*totals(0), call("total", values=[1])], labels=["a", "b"], options=RunOptions(only="values.values"))


@pytest.mark.parametrize("executor", ["processes", "threads"])
def test_calls_are_made_side_by_side(executor: str, store: Store) -> None:
    report = sweep(totals(0, 10, 20), store=store, options=RunOptions(jobs=2, executor=executor))

    assert values(report) == [6, 16, 26]
    assert report.summary.ran == 5


def test_messages_say_of_which_config_a_node_is() -> None:
    seen: list[Event] = []
    sweep(totals(0, 10, 10), labels=["a", "b", "c"], pipeline="conf", listener=seen.append)

    started = next(event for event in seen if isinstance(event, RunStarted))
    assert (started.pipeline, started.nodes, started.configs) == ("conf", 4, 3)
    scopes = [(event.path, event.scope) for event in seen if isinstance(event, NodeStarted)]
    assert scopes == [("values.values", ""), ("values", ""), ("", "a"), ("", "b and 1 more")]
    assert not [event for event in seen if isinstance(event, Warned)]


def test_each_config_is_a_run_in_the_history(store: Store) -> None:
    report = sweep(totals(0, 10), store=store, pipeline="conf", overrides=[("offset=0",), ("offset=10",)])

    heads = list_heads(store)
    assert sorted(head.run_id for head in heads) == [each.run_id for each in report.runs]
    assert {head.overrides for head in heads} == {("offset=0",), ("offset=10",)}
    assert load_run(store, report.runs[1].run_id).head.counts["hit"] == 2


def test_configs_come_in_their_order_in_the_history(store: Store) -> None:
    report = sweep([call("load", n=n) for n in range(8)], store=store)

    assert [head.run_id for head in list_heads(store)] == [each.run_id for each in report.runs][::-1]


def test_time_that_was_saved_is_that_of_separate_runs(store: Store) -> None:
    report = sweep(totals(0, 10), store=store)
    first, second = report.runs
    assert first.summary.seconds_saved == 0
    assert second.summary.seconds_saved == pytest.approx(sum(node.seconds for node in first.nodes[:2]))
    again = sweep(totals(0, 10), store=store).runs
    assert again[1].summary.seconds_saved == pytest.approx(sum(node.seconds for node in second.nodes))


# --- plans ------------------------------------------------------------------------------------------------------------


def plans(report: SweepReport) -> list[dict[str, str]]:
    return [statuses(each) for each in report.runs]


def test_a_plan_tells_what_would_run_and_runs_nothing(store: Store) -> None:
    report = plan_sweep(totals(0, 10), store=store)

    assert calls == []
    assert plans(report) == [
        {"values.values": "would_run", "values": "would_run", "": "would_run"},
        {"values.values": "hit", "values": "hit", "": "would_run"},
    ]
    assert (report.unique_nodes, report.summary.would_run, report.summary.nodes) == (4, 4, 6)


def test_a_plan_and_the_sweep_after_it_agree(store: Store) -> None:
    sweep(totals(0), store=store)
    planned = plan_sweep(totals(0, 10), store=store)
    ran = sweep(totals(0, 10), store=store)

    translated = [{path: {"would_run": "ran"}.get(each, each) for path, each in run.items()} for run in plans(planned)]
    assert translated == plans(ran)
    assert planned.runs[1].is_plan


# --- any sweep --------------------------------------------------------------------------------------------------------

leaves = st.integers(0, 2)
nodes: st.SearchStrategy[Any] = st.deferred(
    lambda: st.one_of(
        st.builds(lambda n: call("load", n=n), leaves),
        st.builds(lambda values, by: call("scale", values=values, by=by), nodes, leaves),
        st.builds(lambda values, value: call("append", values=values, value=value), nodes, leaves),
        st.builds(lambda name: "${" + name + "}", st.sampled_from(["one", "two"])),
    )
)
written = nodes.filter(lambda node: not isinstance(node, str))
configs = st.builds(
    lambda one, two, rest: {"one": call("load", n=one), "two": call("scale", values="${one}", by=two), "rest": rest},
    leaves,
    leaves,
    st.lists(written, max_size=3),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(configs, min_size=1, max_size=4))
def test_any_sweep_gives_what_its_configs_give_alone(
    tmp_path_factory: pytest.TempPathFactory, swept: list[Any]
) -> None:
    alone = []
    for number, config in enumerate(swept):
        with Store(tmp_path_factory.mktemp("alone") / str(number)) as store:
            alone.append(run(config, store=store).value)
    with Store(tmp_path_factory.mktemp("together") / "cache") as store:
        together = sweep(swept, store=store)
        again = sweep(swept, store=store)

    assert values(together) == alone
    assert values(again) == alone
    assert not again.summary.ran
    distinct = {(node.recipe_key, node.target) for each in together.runs for node in each.nodes}
    assert together.unique_nodes == len(distinct)
