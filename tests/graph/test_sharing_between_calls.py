"""A `MemoryCache` gives the same config object the same results, also where the config has to be copied to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from omegaconf import OmegaConf

from hydra_cached import MemoryCache, instantiate
from tests.graph.recording_targets import register_resolvers
from tests.graph.targets_of_tests import Model, calls

HERE = "tests.graph.targets_of_tests"


@pytest.fixture(autouse=True)
def _clean() -> None:
    register_resolvers()
    calls.clear()


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def trained() -> dict[str, Any]:
    model = {"_target_": f"{HERE}.Model"}
    return {"model": model, "optimizer": {"_target_": f"{HERE}.Optimizer", "model": model}}


@dataclass
class BoxConfig:
    _target_: str = f"{HERE}.Box"
    name: Any = 1


@dataclass
class Boxes:
    a: BoxConfig = field(default_factory=BoxConfig)
    b: BoxConfig = field(default_factory=BoxConfig)


CONFIGS: dict[str, Callable[[], Any]] = {
    "plain": lambda: {"a": box(name=1), "b": box(name=1)},
    "plain with text": lambda: {"x": 1, "a": box(name="v ${x}"), "b": box(name="v ${x}")},
    "plain with a resolver": lambda: {"a": box(name="${same:1}"), "b": box(name="${same:1}")},
    "OmegaConf": lambda: OmegaConf.create({"x": 1, "a": box(name="v ${x}"), "b": box(name="v 1")}),
    "OmegaConf with a resolver": lambda: OmegaConf.create({"a": box(name="${same:1}"), "b": box(name=1)}),
    "reference by a resolver": lambda: {"a": "${same:${b}}", "b": box()},
    "dataclass": lambda: Boxes,
    "instance of a dataclass": Boxes,
    "instance of a dataclass, twice": lambda: dict.fromkeys("ab", BoxConfig()),
    "same dict with a relative reference, twice": lambda: dict.fromkeys("ab", box(name="${.other}", other=1)),
}


@pytest.mark.parametrize("make", CONFIGS.values(), ids=CONFIGS)
def test_same_config_object_gives_the_same_results(make: Callable[[], Any]) -> None:
    config, cache = make(), MemoryCache()
    first, second = instantiate(config, cache=cache), instantiate(config, cache=cache)
    assert first["a"] is second["a"]
    assert first["b"] is second["b"]


@pytest.mark.parametrize("make", [make for name, make in CONFIGS.items() if name != "dataclass"])
def test_equal_config_gives_copies(make: Callable[[], Any]) -> None:
    cache = MemoryCache()
    first, second = instantiate(make(), cache=cache), instantiate(make(), cache=cache)
    assert first["b"] == second["b"]
    assert first["b"] is not second["b"]
    assert len(calls) == 1


@pytest.mark.parametrize("make", [make for name, make in CONFIGS.items() if name != "reference by a resolver"])
def test_calls_written_at_two_places_give_two_objects(make: Callable[[], Any]) -> None:
    config, cache = make(), MemoryCache()
    for _ in range(2):
        made = instantiate(config, cache=cache)
        assert made["a"] is not made["b"]


@pytest.mark.parametrize("kwargs", [{"name": 2}, {"name": [2]}, {"other": box(name=2)}, {"name": "${x}"}])
@pytest.mark.parametrize("make", [lambda: box(name=1, x=3), lambda: OmegaConf.create(box(name=1, x=3))])
def test_same_config_object_with_the_same_arguments_gives_the_same_result(make: Any, kwargs: dict[str, Any]) -> None:
    config, cache = make(), MemoryCache()
    first = instantiate(config, cache=cache, **kwargs)
    assert instantiate(config, cache=cache, **kwargs) is first
    assert instantiate(config, cache=cache) is not first


def test_parts_and_the_whole_of_a_config_share() -> None:
    inner = {"c": box(inner="${a}", other="${same:2}")}
    config = OmegaConf.create({"x": "${same:1}", "a": box(name="${x}"), "b": inner})
    cache = MemoryCache()
    a, c = instantiate(config.a, cache=cache), instantiate(config.b, cache=cache).c
    whole = instantiate(config, cache=cache)
    assert c.kwargs["inner"] is a is whole.a
    assert whole.b.c is c


def test_what_belongs_together_comes_together_in_an_equal_config() -> None:
    cache = MemoryCache()
    first, config = instantiate(trained(), cache=cache), trained()
    second, third = instantiate(config, cache=cache), instantiate(config, cache=cache)
    assert first.optimizer.weights is first.model.weights
    assert second.optimizer.weights is second.model.weights is not first.model.weights
    assert third.optimizer is second.optimizer
    assert third.model is second.model


def test_same_object_comes_back_with_what_it_holds() -> None:
    config, cache = trained(), MemoryCache()
    first, second = instantiate(config, cache=cache), instantiate(config, cache=cache)
    assert second.optimizer is first.optimizer
    assert second.model is first.model
    assert calls == ["Model", "Optimizer"]


def test_same_object_comes_back_for_the_same_object_of_the_caller() -> None:
    cache = MemoryCache()
    config: dict[str, Any] = {"_target_": f"{HERE}.Optimizer", "model": Model()}
    first = instantiate(config, cache=cache)
    assert instantiate(config, cache=cache) is first
    config["model"] = Model()
    assert instantiate(config, cache=cache).weights is config["model"].weights
