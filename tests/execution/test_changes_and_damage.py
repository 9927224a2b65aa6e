"""Arguments changed in place, objects that belong together, damage below hits: cold and warm runs agree."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from hydra_cached import MemoryCache, RunOptions, Store, instantiate, run
from hydra_cached.errors import NodeFailedError
from hydra_cached.events import Event, Warned
from tests.graph.calling import HERE, call
from tests.graph.targets_of_tests import Box, Model, calls
from tests.reports import statuses

ALL = {"_convert_": "all"}


@pytest.fixture
def new_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes empty stores."""
    calls.clear()
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store(tmp_path / f"cache{len(opened)}"))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def wipe(store: Store) -> None:
    """Delete the files of the larger results."""
    for path in (store.directory / "objects").rglob("*"):
        if path.is_file():
            path.unlink()


# --- changes in place -------------------------------------------------------------------------------------------------


def test_change_through_an_alias_is_found(new_store: Callable[[], Store]) -> None:
    config = {
        **ALL,
        "a": call("make_list", n=3),
        "b": call("same", x="${a}"),
        "m": call("append", values="${b}", value=9),
        "t": call("total", values="${a}"),
    }
    store = new_store()
    assert run(config, store=store).value["t"] == 3
    assert run({**ALL, "a": call("make_list", n=3), "t": call("total", values="${a}")}, store=store).value["t"] == 3


def test_change_of_what_a_holder_holds_is_found(new_store: Callable[[], Store]) -> None:
    config = {
        **ALL,
        "data": call("make_list", n=3),
        "holder": call("Box", inner="${data}"),
        "n": call("append", values="${data}", value=9),
        "use": call("show", x="${holder}"),
    }
    store = new_store()
    for _ in range(2):
        assert run(config, store=store).value["use"][1]["x"].kwargs["inner"] == [0, 1, 2]


def test_view_of_an_array_changes_with_it(new_store: Callable[[], Store]) -> None:
    config = {
        **ALL,
        "a": {"_target_": "numpy.arange", "_args_": [4]},
        "view": {"_target_": "numpy.ravel", "_args_": ["${a}"]},
        "fill": {"_target_": "numpy.ndarray.fill", "_args_": ["${a}", 7]},
        "t": call("total", values="${view}"),
    }
    store = new_store()
    assert run(config, store=store).value["t"] == 6
    assert run({**config, "fill": 0}, store=store).value["t"] == 6


def test_literal_object_changed_in_place_has_no_key_any_more(new_store: Callable[[], Store]) -> None:
    def config(array: Any) -> dict[str, Any]:
        fill = {"_target_": "numpy.ndarray.fill", "_args_": [array, 7]}
        return {**ALL, "f": fill, "g": call("total", values=array), "h": call("same", x="${g}")}

    store = new_store()
    assert run(config(np.arange(4)), store=store).value["g"] == 28
    alone = {**ALL, "g": call("total", values=np.arange(4)), "h": call("same", x="${g}")}
    assert run(alone, store=store).value == {"g": 6, "h": 6}


def test_changed_result_of_a_step_that_is_not_deterministic_is_not_drawn_again(new_store: Callable[[], Store]) -> None:
    config = {
        **ALL,
        "a": call("draw", _not_deterministic_=True),
        "b": call("append", values="${a}", value=9),
        "c": call("show", x="${a}"),
        "d": call("show", y="${a}"),
    }
    value = run(config, store=new_store()).value
    assert calls.count("draw") == 1
    assert value["a"] == value["c"][1]["x"] == value["d"][1]["y"]


# --- one object, or two equal ones ------------------------------------------------------------------------------------


def test_one_object_twice_is_not_two_equal_ones(new_store: Callable[[], Store]) -> None:
    store = new_store()
    x = call("make_list", n=3)
    run({**ALL, "x": x, "t": call("pair", a="${x}", b="${x}")}, store=store)
    untied = {**ALL, "x": x, "y": call("make_list_too", n=3), "t": call("pair", a="${x}", b="${y}")}
    first, second = run(untied, store=store).value["t"]
    assert first == second
    assert first is not second


@pytest.mark.parametrize("marks", [{}, {"_not_deterministic_": True}])
def test_holder_stays_tied_after_a_cutoff(new_store: Callable[[], Store], marks: dict[str, Any]) -> None:
    store = new_store()
    for version in ("1", "2", "2"):
        config = {**ALL, "m": call("Model", _version_=version, **marks), "o": call("Optimizer", model="${m}")}
        value = run(config, store=store).value
        assert value["o"].weights is value["m"].weights


@pytest.mark.parametrize("make_cache", [MemoryCache, None])
def test_result_that_holds_the_callers_object_is_made_again(new_store: Callable[[], Store], make_cache: Any) -> None:
    cache = make_cache() if make_cache else new_store()
    for _ in range(2):
        model = Model(1)
        optimizer = instantiate({"_target_": f"{HERE}.Optimizer"}, model, cache=cache)
        assert optimizer.weights is model.weights


@pytest.mark.parametrize("cache", ["none", "memory", "store"])
def test_copy_for_another_place_refers_to_the_same_argument(new_store: Callable[[], Store], cache: str) -> None:
    given = {"none": None, "memory": MemoryCache(), "store": new_store()}[cache]
    config = {
        **ALL,
        "m": call("Model"),
        "o1": call("Optimizer", model="${m}"),
        "o2": call("Optimizer", model="${m}"),
        "p": call("Box", _partial_=True, model="${m}"),
        "q": call("Box", _partial_=True, model="${m}"),
    }
    made = instantiate(config, cache=given)
    assert made["o1"] is not made["o2"]
    assert made["o1"].weights is made["m"].weights is made["o2"].weights
    assert made["p"].keywords["model"] is made["m"] is made["q"].keywords["model"]


def test_a_partial_that_is_given_back_is_not_taken_for_changed(new_store: Callable[[], Store]) -> None:
    config = {"p": call("Box", _partial_=True, model=1), "c": call("same", x="${p}"), "d": call("same", x=["${p}"])}
    store = new_store()
    for _ in range(2):
        seen: list[Event] = []
        made = run(config, store=store, listener=seen.append).value
        assert [each for each in seen if isinstance(each, Warned)] == []
        assert made["c"].keywords == made["p"].keywords == {"model": 1}


def test_copies_that_hold_arguments_of_their_own_are_made_again(new_store: Callable[[], Store]) -> None:
    config = {
        **ALL,
        "m1": call("Model"),
        "o1": call("Optimizer", model="${m1}"),
        "m2": call("Model"),
        "o2": call("Optimizer", model="${m2}"),
    }
    for store in (None, new_store()):
        made = instantiate(config, cache=store)
        assert made["o1"].weights is made["m1"].weights
        assert made["o2"].weights is made["m2"].weights is not made["m1"].weights


def test_closures_are_made_for_each_place() -> None:
    made = instantiate({"a": call("make_counter"), "b": call("make_counter")})
    assert (made.a(), made.b()) == (1, 1)


def test_results_that_cannot_be_copied_share_their_arguments() -> None:
    shared = call("Box")
    made = instantiate(
        {**ALL, "p": call("Uncopyable", a=shared, b=shared), "q": call("Uncopyable", a=shared, b=shared)}
    )
    assert made["p"].a is made["p"].b is made["q"].a is made["q"].b
    assert made["p"] is not made["q"]


@pytest.mark.parametrize("with_store", [False, True])
def test_chains_of_results_that_cannot_be_copied_cost_two_calls_each(
    new_store: Callable[[], Store], with_store: bool
) -> None:
    chain: Any = call("Uncopyable")
    for number in range(12):
        chain = call("Uncopyable", a=chain, b=chain, n=number)
    calls.clear()
    instantiate([chain, copy.deepcopy(chain)], cache=new_store() if with_store else None)
    assert len(calls) <= 2 * 13


def test_memory_cache_gives_no_other_place_what_the_caller_changed() -> None:
    cache = MemoryCache()
    instantiate(call("make_list", n=3), cache=cache).append("changed")
    assert instantiate(call("make_list", n=3), cache=cache) == [0, 1, 2]


def test_memory_cache_gives_copies_again_as_they_were() -> None:
    cache = MemoryCache()
    config = OmegaConf.create({"a": call("Box"), "b": call("Box")})
    first, second = instantiate(config, cache=cache), instantiate(config, cache=cache)
    assert first.a is second.a
    assert first.b is second.b
    assert first.a is not first.b


# --- damage and failures ----------------------------------------------------------------------------------------------


def test_recomputed_argument_is_what_the_consumers_key_says(new_store: Callable[[], Store]) -> None:
    store = new_store()
    first = {"a": call("grow", n=20_000, _version_="1")}
    run(first, store=store)
    wipe(store)
    report = run({"b": call("total", values=call("grow", n=20_000, _version_="1"))}, store=store)
    assert report.value.b == sum(range(20_000))
    assert statuses(report) == {"b.values": "ran", "b": "ran"}


def test_damage_in_a_deep_chain_is_mended(new_store: Callable[[], Store]) -> None:
    store = new_store()
    config: Any = call("grow", n=10_000)
    for number in range(300):
        config = call("grow", n=10_001 + number, before=config)
    assert run(config, store=store).is_ok
    wipe(store)
    report = run(config, store=store)
    assert report.value == list(range(10_300))
    assert run(config, store=store).summary.hit == 1


def test_damaged_root_above_steps_that_are_not_stored_is_mended(new_store: Callable[[], Store]) -> None:
    store = new_store()
    config: Any = call("add", a=1, b=1)
    for _ in range(700):
        config = call("add", a=config, b=1)
    config = call("grow", n=10_000, before=config)
    options = RunOptions(exclude=(f"{HERE}.add",))
    run(config, store=store, options=options)
    wipe(store)
    assert run(config, store=store, options=options).value == list(range(10_000))


@pytest.mark.parametrize("name", ["Uncopyable", "Unloadable"])
@pytest.mark.parametrize("kind", ["memory", "store"])
def test_results_that_cannot_be_kept_are_made_for_each_place(
    new_store: Callable[[], Store], name: str, kind: str
) -> None:
    cache: Any = MemoryCache() if kind == "memory" else new_store()
    first, second = instantiate([call(name), call(name)], cache=cache)
    assert first is not second
    assert len(instantiate([call(name), call(name)], cache=cache)) == 2


@pytest.mark.parametrize("literal", [{(1, 2): 3}, {b"x": 1}, {1, 2}, Path("/x"), np.arange(3), Box(name=1)])
def test_any_literal_can_be_written_down(new_store: Callable[[], Store], literal: Any) -> None:
    value = instantiate({"_target_": f"{HERE}.show"}, literal, cache=new_store())
    assert repr(value[0][0]) == repr(literal)


def test_secrets_are_redacted_wherever_they_stand(new_store: Callable[[], Store], monkeypatch: Any) -> None:
    monkeypatch.setenv("MY_TOKEN", "hunter22secret")
    store = new_store()
    config = OmegaConf.create({**call("show"), "_recursive_": False, "db": {"pw": "${oc.env:MY_TOKEN}"}})
    instantiate(config, cache=store)
    instantiate({"_target_": f"{HERE}.show"}, {"hunter22secret"}, Path("/x/hunter22secret"), cache=store)
    for summary in store.summaries():
        entry = store.get(summary.key)
        assert entry is not None
        assert "hunter22" not in entry.info.config
        assert "***" in entry.info.config


@pytest.mark.parametrize("name", ["fail_badly", "cancel"])
@pytest.mark.parametrize("with_store", [False, True])
def test_every_exception_of_a_target_is_in_the_report(
    new_store: Callable[[], Store], name: str, with_store: bool
) -> None:
    report = run(call(name), store=new_store() if with_store else None)
    assert statuses(report) == {"": "failed"}
    assert isinstance(report.error, NodeFailedError)


def test_arguments_that_cannot_be_built_fail_their_node() -> None:
    text = {"_target_": "builtins.str.join", "_args_": ["", ["[$", "{nope}]"]]}
    config = {"a": call("show", x={"_target_": "omegaconf.OmegaConf.create", "obj": text}, _convert_="all")}
    report = run(config)
    assert not report.is_ok
    assert report.error is not None


def test_seconds_saved_count_every_call_once(new_store: Callable[[], Store]) -> None:
    store = new_store()
    sleep = {"_target_": "time.sleep", "_args_": [0.5]}
    shared = call("show", x=sleep)
    run({"a": call("Box", x=shared)}, store=store)
    config = {"a": call("Box", x=shared), "b": call("Box", y=shared)}
    cold = run(config, store=store)
    warm = run(config, store=store)
    assert cold.is_ok
    assert 0.5 <= warm.summary.seconds_saved < 1


def test_what_several_hits_share_is_saved_once(new_store: Callable[[], Store]) -> None:
    store = new_store()
    config = {
        "slow": {"_target_": "time.sleep", "_args_": [0.5]},
        "near": call("show", x="${slow}"),
        "far": [call("show", x="${near}", n=number) for number in range(5)],
    }
    run(config, store=store)
    # everything is wanted, and found
    assert 0.5 <= run(config, store=store).summary.seconds_saved < 1
    root = call("show", x=config["far"], **{name: config[name] for name in ("slow", "near")})
    # what is above several hits took what they share once, too
    above = run({"top": call("show", x=call("show", x="${far}")), **config}, store=store)
    assert above.is_ok
    assert (
        0.5 <= run({"top": call("show", x=call("show", x="${far}")), **config}, store=store).summary.seconds_saved < 1
    )
    assert run(root, store=store).is_ok
    assert 0.5 <= run(root, store=store).summary.seconds_saved < 1
    saved = [summary.seconds_saved for summary in store.summaries()]
    assert 2 <= sum(saved) < 3.5


def test_names_of_arguments_are_not_mistaken_for_positions(new_store: Callable[[], Store]) -> None:
    store = new_store()
    instantiate({"_target_": f"{HERE}.show", "@0": 5}, cache=store)
    assert instantiate({"_target_": f"{HERE}.show"}, 5, cache=store)[:2] == ((5,), {})


def test_call_that_goes_on_after_ctrl_c_is_not_stored(new_store: Callable[[], Store]) -> None:
    import signal

    def stubborn() -> str:
        try:
            # to this thread: one that is sent to the process may come when the call is over
            signal.raise_signal(signal.SIGINT)
            for _ in range(1_000_000):
                pass
        except KeyboardInterrupt:
            return "half"
        return "whole"

    store = new_store()
    with pytest.raises(KeyboardInterrupt):
        run({"_target_": stubborn}, store=store)
    assert store.summaries() == []
