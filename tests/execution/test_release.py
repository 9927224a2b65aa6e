"""Results go with their last consumer: how many are alive depends on the width of a pipeline, not its size."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from hydra_cached import Store, instantiate, run

HERE = "tests.execution.test_release"
STEPS = 200


class Alive:
    """How many results there are, and the most that there ever were when a call began."""

    def __init__(self) -> None:
        self.results: weakref.WeakSet[Result] = weakref.WeakSet()
        self.most = 0

    def __reduce__(self) -> str:
        # no part of the code that counts
        return "alive"


alive = Alive()


class Result:
    """As good as a large array."""

    def __init__(self, number: int) -> None:
        self.number = number


def _note(result: Result) -> Result:
    alive.results.add(result)
    return result


def step(*before: Any, number: int) -> Result:
    alive.most = max(alive.most, len(alive.results))
    return _note(Result(number))


def number_of(x: Any) -> int:
    return int(x.number)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    # nothing here is in a ring, so that nothing waits for the collector
    gc.disable()
    alive.results.clear()
    alive.most = 0
    yield
    gc.enable()


def call(target: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.{target}", "_args_": list(args), **kwargs}


def make_nested() -> Any:
    config = call("step", number=0)
    for number in range(1, STEPS):
        config = call("step", config, number=number)
    return call("number_of", config)


def make_referring() -> Any:
    steps = {f"s{i}": call("step", *([f"${{steps.s{i - 1}}}"] if i else []), number=i) for i in range(STEPS)}
    return OmegaConf.create({"steps": steps, "last": call("number_of", f"${{steps.s{STEPS - 1}}}")}).last


def make_layered() -> Any:
    steps = {
        f"s{i}": call("step", *[f"${{steps.s{before}}}" for before in (i - 1, i - 2) if before >= 0], number=i)
        for i in range(STEPS)
    }
    return OmegaConf.create({"steps": steps, "last": call("number_of", f"${{steps.s{STEPS - 1}}}")}).last


def make_twice() -> Any:
    """Each step is written at two places, so that a copy is made of it."""
    config = call("step", number=0)
    for number in range(1, STEPS):
        config = call("step", config, number=number)
    return call("total", call("number_of", config), call("number_of", config, _convert_="all"))


def total(*numbers: int) -> int:
    return sum(numbers)


def run_without_store(config: Any, folder: Path) -> Any:
    return run(config).value


def run_with_store(config: Any, folder: Path) -> Any:
    with Store(folder) as store:
        return run(config, store=store).value


RUNS: dict[str, Callable[[Any, Path], Any]] = {
    "instantiate": lambda config, folder: instantiate(config),
    "run": run_without_store,
    "run with a store": run_with_store,
    "instantiate with a store": lambda config, folder: instantiate(config, cache=Store(folder)),
}


@pytest.mark.parametrize("run_it", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize(
    ("make", "most"), [(make_nested, 1), (make_referring, 1), (make_layered, 2)], ids=["nested", "referring", "layered"]
)
def test_no_more_results_are_alive_than_are_still_needed(make: Any, most: int, run_it: Any, tmp_path: Path) -> None:
    assert run_it(make(), tmp_path) == STEPS - 1
    assert alive.most == most
    assert len(alive.results) == 0


def test_a_call_for_each_reference_keeps_no_more(tmp_path: Path) -> None:
    assert instantiate(make_nested(), cache="DISABLED") == STEPS - 1
    assert alive.most == 1
    assert len(alive.results) == 0


@pytest.mark.parametrize("run_it", RUNS.values(), ids=RUNS)
def test_copies_for_further_places_go_too(run_it: Any, tmp_path: Path) -> None:
    assert run_it(make_twice(), tmp_path) == 2 * (STEPS - 1)
    assert alive.most <= 2
    assert len(alive.results) == 0


def test_result_of_a_reused_step_goes_with_its_last_consumer(tmp_path: Path) -> None:
    run_with_store(make_nested(), tmp_path)
    config = make_nested()
    config["_target_"] = f"{HERE}.total_of"
    assert run_with_store(config, tmp_path) == STEPS - 1
    assert len(alive.results) == 0


def total_of(x: Any) -> int:
    return number_of(x)
