"""What a second run reuses, and what it computes again and why. A real store, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import RunOptions, Store, api, instantiate, run
from hydra_cached.errors import NodeFailedError
from hydra_cached.events import Event, LookedUp, Warned
from hydra_cached.execution.report import NodeReport, RunInterrupted, RunReport
from tests.graph import targets_of_tests
from tests.graph.calling import HERE, call
from tests.graph.targets_of_tests import calls, note
from tests.reports import reasons, statuses


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    calls.clear()
    with Store(tmp_path / "cache") as opened:
        yield opened


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def node_at(report: RunReport, path: str) -> NodeReport:
    return next(node for node in report.nodes if path in node.paths)


PIPELINE = call("add", a=call("add", a=1, b=2), b=call("add", a=3, b=4))


def test_second_run_is_a_hit_at_the_root_and_calls_nothing(store: Store) -> None:
    first = run(PIPELINE, store=store)
    assert (first.value, statuses(first)) == (10, {"a": "ran", "b": "ran", "": "ran"})
    calls.clear()
    second = run(PIPELINE, store=store)
    assert (second.value, statuses(second)) == (10, {"a": "skipped", "b": "skipped", "": "hit"})
    assert calls == []
    assert second.summary.seconds_saved == pytest.approx(sum(node.seconds for node in first.nodes))


def test_root_that_is_found_costs_one_look_up(store: Store) -> None:
    run(PIPELINE, store=store)
    seen: list[Event] = []
    run(PIPELINE, store=store, listener=seen.append)
    assert len([event for event in seen if isinstance(event, LookedUp)]) == 1


def test_without_a_store_nothing_is_keyed(tmp_path: Path) -> None:
    report = run(PIPELINE)
    assert set(reasons(report).values()) == {"not_persisted"}
    assert {node.recipe_key for node in report.nodes} == {None}
    assert not any(node.is_stored for node in report.nodes)


def test_changed_argument_runs_its_node_and_what_depends_on_it(store: Store) -> None:
    run(PIPELINE, store=store)
    changed = call("add", a=call("add", a=1, b=5), b=call("add", a=3, b=4))
    report = run(changed, store=store)
    assert report.value == 13
    assert statuses(report) == {"a": "ran", "b": "hit", "": "ran"}
    assert reasons(report) == {"a": "arguments_changed", "": "upstream_changed"}
    assert node_at(report, "a").reason.detail == "b"  # type: ignore[union-attr]


def test_equal_result_of_a_changed_step_cuts_off_what_follows(store: Store) -> None:
    run(PIPELINE, store=store)
    changed = call("add", a=call("add", a=2, b=1), b=call("add", a=3, b=4))
    report = run(changed, store=store)
    assert statuses(report) == {"a": "ran", "b": "hit", "": "cutoff"}
    again = run(changed, store=store)
    assert statuses(again)[""] == "hit", "a cutoff links the new recipe"


def test_not_deterministic_call_runs_once_each_time_and_is_cut_off(store: Store) -> None:
    pipeline = call("add", a=call("add", a=1, b=2, _not_deterministic_=True), b=3)
    run(pipeline, store=store)
    calls.clear()
    report = run(pipeline, store=store)
    assert statuses(report) == {"a": "ran", "": "cutoff"}
    assert reasons(report) == {"a": "not_deterministic"}
    assert calls == ["add"]


def test_call_not_to_be_cached_is_not_stored_nor_what_contains_it(store: Store) -> None:
    pipeline = {"x": box(inner=call("add", a=1, b=2, _cache_result_=False)), "y": call("add", a=1, b=2)}
    run(pipeline, store=store)
    report = run(pipeline, store=store)
    assert statuses(report) == {"x.inner": "ran", "x": "ran", "y": "hit"}
    assert reasons(report) == {"x.inner": "not_stored", "x": "not_stored"}
    assert [entry.path for entry in store.summaries()] == ["y"]


def test_excluded_targets_are_neither_stored_nor_reused(store: Store) -> None:
    pipeline = box(inner=call("add", a=1, b=2))
    options = RunOptions(exclude=(f"{HERE}.Box",))
    run(pipeline, store=store, options=options)
    report = run(pipeline, store=store, options=options)
    assert statuses(report) == {"inner": "hit", "": "ran"}
    assert reasons(report) == {"": "excluded"}


def test_quick_results_are_not_stored_below_the_limit(store: Store) -> None:
    report = run(PIPELINE, store=store, options=RunOptions(min_persist_ms=10_000))
    assert not any(node.is_stored for node in report.nodes)
    assert store.summaries() == []


def test_undigestible_argument_is_never_reused_and_is_named(store: Store) -> None:
    pipeline = box(handle=open(__file__), name="h")  # noqa: SIM115  closed with the test process
    run(pipeline, store=store)
    calls.clear()
    report = run(pipeline, store=store)
    assert calls == ["h"]
    assert reasons(report) == {"": "not_digestible"}
    assert "handle" in node_at(report, "").reason.detail  # type: ignore[union-attr]
    pipeline["handle"].close()


def test_result_that_cannot_be_stored_is_a_warning_and_runs_again(store: Store) -> None:
    seen: list[Event] = []
    pipeline = {"a": call("Uncopyable", n=1)}
    run(pipeline, store=store, listener=seen.append)
    assert [event.path for event in seen if isinstance(event, Warned)][:1] == ["a"]
    report = run(pipeline, store=store)
    assert statuses(report) == {"a": "ran"}
    assert reasons(report) == {"a": "not_stored"}
    assert "Uncopyable cannot be stored" in node_at(report, "a").reason.detail  # type: ignore[union-attr]
    assert reasons(api.plan(pipeline, store=store)) == {"a": "not_stored"}
    assert reasons(run({"a": call("Uncopyable", n=2)}, store=store)) == {"a": "new"}


def test_iterator_is_the_reason_why_there_is_no_earlier_result(store: Store) -> None:
    pipeline = [call("count", n=3)]
    run(pipeline, store=store)
    report = run(pipeline, store=store)
    assert reasons(report) == {"0": "not_stored"}
    assert "iterator" in node_at(report, "0").reason.detail  # type: ignore[union-attr]


def test_result_above_an_object_with_a_local_function_is_reused(store: Store) -> None:
    pipeline = call("double_of", thing=call("WithLocalFunction", n=3))
    assert reasons(run(pipeline, store=store)) == {"thing": "new", "": "new"}
    assert statuses(run(pipeline, store=store)) == {"thing": "skipped", "": "hit"}


def test_iterators_reach_every_consumer_and_are_not_stored(store: Store) -> None:
    counting = call("count", n=3)
    config = {
        "a": {"_target_": "builtins.list", "_args_": [counting]},
        "b": {"_target_": "builtins.sum", "_args_": [counting]},
    }
    for _ in range(2):
        report = run(config, store=store)
        assert report.value == {"a": [0, 1, 2], "b": 3}
    assert statuses(report) == {"a.0": "skipped", "a": "hit", "b": "hit"} or statuses(report)["a"] == "hit"


def test_finished_results_are_stored_when_a_later_node_fails(store: Store) -> None:
    report = run([call("add", a=1, b=2), call("fail"), call("add", a=5, b=6)], store=store)
    assert not report.is_ok
    assert isinstance(report.error, NodeFailedError)
    assert isinstance(report.error.__cause__, ValueError)
    assert statuses(report) == {"0": "ran", "1": "failed", "2": "skipped"}
    assert [entry.path for entry in store.summaries()] == ["0"]


def test_finished_results_are_stored_when_interrupted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(RunInterrupted) as caught:
        run([call("add", a=1, b=2), {"_target_": interrupt}], store=store)
    assert statuses(caught.value.report) == {"0": "ran", "1": "skipped"}
    assert [entry.path for entry in store.summaries()] == ["0"]


def test_sys_exit_of_a_target_is_a_failure(store: Store) -> None:
    report = run({"_target_": "sys.exit", "_args_": [0]}, store=store)
    assert statuses(report) == {"": "failed"}


def test_damaged_payload_is_computed_again_with_a_reason(store: Store) -> None:
    pipeline = box(inner=call("make_list", n=50_000))
    run(pipeline, store=store)
    objects = [path for path in (store.directory / "objects").rglob("*") if path.is_file()]
    assert objects
    for path in objects:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 255
        path.chmod(0o600)
        path.write_bytes(bytes(data))
    calls.clear()
    report = run(pipeline, store=store)
    assert report.value.kwargs["inner"] == list(range(50_000))
    assert reasons(report)[""] == "entry_damaged"
    calls.clear()
    assert statuses(run(pipeline, store=store))[""] == "hit"
    assert calls == []


def test_instantiate_uses_a_store_like_run(store: Store) -> None:
    assert instantiate(PIPELINE, cache=store) == 10
    calls.clear()
    assert instantiate(PIPELINE, cache=store) == 10
    assert calls == []


def test_arguments_of_the_caller_are_part_of_the_key(store: Store) -> None:
    config = call("add", a=1, b=2)
    assert instantiate(config, cache=store) == 3
    assert instantiate(config, cache=store, b=5) == 6
    assert instantiate({"_target_": f"{HERE}.add"}, 1, 2, cache=store) == 3


def test_lambdas_and_local_functions_are_known_by_their_code(store: Store) -> None:
    def double(x: int) -> int:
        note("double")
        return 2 * x

    for _ in range(2):
        assert instantiate({"_target_": double, "x": 4}, cache=store) == 8
        assert instantiate({"_target_": lambda x: x + 1, "x": 4}, cache=store) == 5
        assert instantiate({"_target_": lambda x: x + 2, "x": 4}, cache=store) == 6
    assert calls == ["double"]


def test_version_and_environment_are_inputs_when_declared(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVEL", "1")
    config = call("add", a=1, b=2, _env_=["LEVEL"], _version_="1")
    run(config, store=store)
    assert statuses(run(config, store=store)) == {"": "hit"}
    monkeypatch.setenv("LEVEL", "2")
    assert reasons(run(config, store=store)) == {"": "env_changed"}
    assert reasons(run({**config, "_version_": "2"}, store=store)) == {"": "version_changed"}


def test_partial_call_is_a_node_of_its_own(store: Store) -> None:
    config = call("add", _partial_=True, a=1)
    assert run(config, store=store).value(b=2) == 3
    assert run(config, store=store).value(b=2) == 3


def test_secrets_are_not_written_down(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "hunter22-hunter22")
    run(box(token="${oc.env:SERVICE_TOKEN}"), store=store)
    (entry,) = store.summaries()
    found = store.get(entry.key)
    assert found is not None
    assert "***" in found.info.config
    assert "hunter22" not in found.info.config


def test_values_are_released_after_their_last_consumer() -> None:
    import gc
    import weakref

    alive: list[weakref.ref[Any]] = []
    most = 0

    class Big:
        def __init__(self, before: object = None) -> None:
            nonlocal most
            alive.append(weakref.ref(self))
            gc.collect()
            most = max(most, sum(each() is not None for each in alive))

    config: Any = {"_target_": Big}
    for _ in range(50):
        config = {"_target_": Big, "before": config}
    run(config)
    assert len(alive) == 51
    assert most <= 3


def test_config_of_the_targets_module_is_not_changed_by_a_run(store: Store) -> None:
    config = box(values=[1, {"x": 2}])
    run(config, store=store)
    assert config == box(values=[1, {"x": 2}])
    assert targets_of_tests.calls == [None]


def numbers(count: int) -> Iterator[int]:
    return iter(range(count))


class LosesItself:
    """Pickles, and loads as something else."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __getstate__(self) -> dict[str, int]:
        return {}

    def __setstate__(self, state: dict[str, int]) -> None:
        raise ValueError("cannot be told")


def test_iterator_that_is_to_be_materialized_is_stored_as_a_list(store: Store) -> None:
    config = {"_target_": f"{__name__}.numbers", "count": 3, "_materialize_": True}
    assert run(config, store=store).value == [0, 1, 2]
    assert statuses(run(config, store=store)) == {"": "hit"}
    assert instantiate(config) == [0, 1, 2]
    assert not run({**config, "_materialize_": False}, store=store).nodes[0].is_stored


def test_result_that_does_not_load_is_found_when_it_is_stored(store: Store) -> None:
    seen: list[Event] = []
    config = {"_target_": f"{__name__}.LosesItself", "x": 1}
    first = run(config, store=store, listener=seen.append)
    assert not first.nodes[0].is_stored
    [warning] = [event.message for event in seen if isinstance(event, Warned)]
    assert "cannot be stored" in warning
    assert statuses(run(config, store=store)) == {"": "ran"}
