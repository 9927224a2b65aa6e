"""Containers that were built for a call go with it, and stay whole where somebody has kept something of them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from omegaconf import DictConfig, ListConfig, OmegaConf

from hydra_cached import instantiate
from hydra_cached.graph.parting import part_rings

HERE = "tests.graph.test_parting"
made: list[weakref.ref[Any]] = []
kept: list[Any] = []


class Result:
    """As good as a large array."""


def make(number: int = 0) -> Result:
    result = Result()
    made.append(weakref.ref(result))
    return result


def make_dict(number: int = 0) -> dict[str, Any]:
    return {"result": make(), "more": [make()]}


def forget(*args: Any, **kwargs: Any) -> int:
    return len(args) + len(kwargs)


def keep_all(*args: Any, **kwargs: Any) -> None:
    kept.extend((*args, *kwargs.values()))


def keep_part(x: Any) -> None:
    kept.append(x["k"])


def keep_node(x: Any) -> None:
    kept.append(x._get_node("k"))


def keep_for_later(x: Any) -> Iterator[Any]:
    yield from x


def fail_once(x: Any) -> None:
    kept.append(None)
    if len(kept) == 1:
        raise ValueError("not yet")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    made.clear()
    kept.clear()
    gc.disable()
    yield
    gc.enable()


def call(target: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.{target}", "_args_": list(args), **kwargs}


def result(number: int = 0) -> dict[str, Any]:
    return {"_target_": f"{HERE}.make", "number": number}


RESULT = result()


@pytest.mark.parametrize(
    "config",
    [
        call("forget", RESULT),
        call("forget", [RESULT, [1, result(1)]]),
        call("forget", {"a": {"b": [RESULT]}}, x=[RESULT, "text", None]),
        call("forget", x={"a": RESULT, "b": {}}, y=[]),
        call("forget", {"_target_": f"{HERE}.make_dict"}, x=[{"_target_": f"{HERE}.make_dict", "number": 1}]),
    ],
)
@pytest.mark.parametrize("cache", [None, "DISABLED"])
def test_results_go_with_the_call_that_had_them(config: Any, cache: Any) -> None:
    assert instantiate({**config, "n": 1}, cache=cache) >= 1
    assert made
    assert [each() for each in made] == [None] * len(made)


def test_what_the_target_keeps_stays_whole() -> None:
    instantiate(call("keep_all", {"k": {"l": RESULT}}, [result(1)], x=[{"m": result(2)}]))
    first, second, third = kept
    assert isinstance(first.k.l, Result)
    assert first.k._get_parent() is first
    assert first.k._get_node("l")._get_parent() is first.k
    assert second._get_node(0)._get_parent() is second
    third[0].more = object()
    assert [each() is not None for each in made] == [True] * 3


@pytest.mark.parametrize("target", ["keep_part", "keep_node"])
def test_part_that_the_target_keeps_leads_to_its_container(target: str) -> None:
    instantiate(call(target, {"k": [RESULT], "l": 1}))
    (part,) = kept
    assert part._get_parent().l == 1


def test_what_is_read_later_is_still_there() -> None:
    numbers = instantiate({"_target_": "builtins.list", "_args_": [call("keep_for_later", [RESULT, 2])]})
    assert numbers == [made[0](), 2]


def test_partial_keeps_its_arguments() -> None:
    partial = instantiate(call("keep_all", [RESULT], _partial_=True))
    partial()
    partial()
    assert kept[0] is kept[1]
    assert kept[0]._get_node(0)._get_parent() is kept[0]


def test_failed_call_has_its_arguments_still() -> None:
    from hydra_cached.graph import bind_call, build_graph

    graph = build_graph(call("fail_once", [RESULT]))
    bound = bind_call(graph.nodes[-1].call, {graph.nodes[0].call: make()}.__getitem__)
    with pytest.raises(ValueError, match="not yet"):
        bound()
    assert bound() is None


@pytest.mark.parametrize("make_config", [lambda: DictConfig({"a": [1, {"b": 2}]}), lambda: ListConfig([1, [2]])])
def test_containers_are_parted_only_where_nobody_else_has_them(make_config: Any) -> None:
    config = make_config()
    nodes = list(vars(config)["_content"].values() if isinstance(config, DictConfig) else vars(config)["_content"])
    part_rings([config])
    assert all(node._get_parent() is config for node in nodes)
    assert OmegaConf.to_container(config) == OmegaConf.to_container(make_config())
