"""References share, equal calls written separately get copies."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf

from hydra_cached import MemoryCache, instantiate
from hydra_cached.errors import ConfigError
from hydra_cached.graph import build_graph
from tests.graph.targets_of_tests import calls

HERE = "tests.graph.targets_of_tests"


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def test_reference_gives_the_same_object() -> None:
    made = instantiate({"a": box(name=1), "b": "${a}", "c": box(inner="${a}")})
    assert made.a is made.b
    assert made.c.kwargs["inner"] is made.a
    assert calls == [1, None]


def test_same_dict_used_twice_gives_the_same_object() -> None:
    shared = box(name=1)
    made = instantiate({"a": shared, "b": [shared]})
    assert made.a is made.b[0]


def test_same_dict_used_twice_beside_interpolations_gives_the_same_object() -> None:
    shared = box(name="${x}")
    made = instantiate({"x": 1, "a": shared, "b": {"c": shared}, "d": "${a}"})
    assert made.a is made.b.c is made.d
    assert calls == [1]


def test_equal_calls_written_separately_are_made_once_and_copied() -> None:
    made = instantiate({"a": box(name=1), "b": box(name=1)})
    assert calls == [1]
    assert made.a == made.b
    assert made.a is not made.b


def test_immutable_results_are_not_copied() -> None:
    text = instantiate(
        {
            "a": {"_target_": "builtins.str", "_args_": ["x" * 50]},
            "b": {"_target_": "builtins.str", "_args_": ["x" * 50]},
        }
    )
    assert text.a is text.b


def test_results_that_cannot_be_copied_are_made_for_each_place() -> None:
    made = instantiate({"a": {"_target_": f"{HERE}.Uncopyable"}, "b": {"_target_": f"{HERE}.Uncopyable"}})
    assert made.a is not made.b
    assert calls == ["Uncopyable", "Uncopyable"]


def test_iterators_are_made_for_each_consumer() -> None:
    counting = {"_target_": f"{HERE}.count", "n": 3}
    config = {
        "a": {"_target_": "builtins.list", "_args_": [counting]},
        "b": {"_target_": "builtins.sum", "_args_": [counting]},
    }
    assert instantiate(config) == {"a": [0, 1, 2], "b": 3}
    assert calls == ["count", "count"]


@pytest.mark.parametrize("target", ["count_in_tuple", "count_in_dict", "count_in_pair"])
@pytest.mark.parametrize("cache", [None, MemoryCache()], ids=["none", "memory"])
def test_iterators_in_containers_are_made_for_each_consumer(target: str, cache: Any) -> None:
    counted = {"_target_": f"{HERE}.{target}", "n": 3}
    handed_on = {"_target_": f"{HERE}.same", "x": counted}
    for given in (counted, handed_on):
        calls.clear()
        config = {
            "x": given,
            **{name: {"_target_": f"{HERE}.total_of_first", "x": "${x}", "name": name} for name in "ab"},
        }
        made = instantiate(config, cache=cache, _convert_="all")
        assert (made["a"], made["b"]) == (3, 3)
        assert calls.count("count") == 3 or cache is not None


def test_iterators_in_containers_are_made_for_each_place() -> None:
    counted = [{"_target_": f"{HERE}.count_in_tuple", "n": 3} for _ in range(2)]
    config = [{"_target_": f"{HERE}.total_of_first", "x": each, "name": i} for i, each in enumerate(counted)]
    assert instantiate(config) == [3, 3]


def test_containers_without_iterators_are_shared() -> None:
    made = instantiate({"a": {"_target_": f"{HERE}.make_dict"}, "b": "${a}"}, _convert_="all")
    assert made["a"] is made["b"]


def test_calls_with_other_modes_are_other_calls() -> None:
    shared = {"_target_": f"{HERE}.show", "x": [1]}
    made = instantiate(
        {
            "a": {"_target_": f"{HERE}.Box", "s": shared},
            "b": {"_target_": f"{HERE}.Box", "s": shared, "_convert_": "all"},
        }
    )
    assert type(made.a.kwargs["s"][1]["x"]).__name__ == "ListConfig"
    assert type(made.b.kwargs["s"][1]["x"]) is list


def test_true_and_one_are_other_arguments() -> None:
    made = instantiate([box(name=1), box(name=True), box(name=1.0), box(name="1")], _convert_="all")
    assert [type(each.kwargs["name"]) for each in made] == [int, bool, float, str]


def test_zeros_of_other_sign_are_other_arguments() -> None:
    made = instantiate([box(name=0.0), box(name=-0.0)])
    assert [str(each.kwargs["name"]) for each in made] == ["0.0", "-0.0"]


def test_tied_and_untied_arguments_are_other_calls() -> None:
    config = {
        "x": box(name="x"),
        "tied": {"_target_": f"{HERE}.show", "a": "${x}", "b": "${x}"},
        "untied": {"_target_": f"{HERE}.show", "a": box(name="x"), "b": box(name="x")},
        "again": {"_target_": f"{HERE}.show", "a": box(name="x"), "b": box(name="x")},
    }
    graph = build_graph(config)
    assert [node.paths for node in graph.nodes if node.target_id.endswith("show")] == [("tied",), ("again", "untied")]
    made = instantiate(config, _convert_="all")
    assert made["tied"][1]["a"] is made["tied"][1]["b"]
    assert made["untied"][1]["a"] is not made["untied"][1]["b"]


def test_deeply_tied_and_untied_arguments_are_other_calls() -> None:
    def pair(first: Any, second: Any) -> dict[str, Any]:
        return box(a=box(inner=first, side=1), b=box(inner=second, side=2))

    graph = build_graph(
        {"x": box(name="x"), "tied": pair("${x}", "${x}"), "untied": pair(box(name="x"), box(name="x"))}
    )
    assert graph.find("tied") is not graph.find("untied")


def test_calls_not_to_be_cached_are_made_for_each_reference() -> None:
    config = {
        "a": box(name=1, _cache_result_=False),
        "b": box(inner="${a}", name=2),
        "c": box(inner="${a}", name=3),
        "d": "${b}",
    }
    made = instantiate(config)
    assert calls.count(1) == 3
    assert made.b.kwargs["inner"] is not made.c.kwargs["inner"]
    assert made.d is made.b


def test_calls_that_are_not_deterministic_are_made_once() -> None:
    instantiate({"a": box(name=1, _not_deterministic_=True), "b": box(inner="${a}"), "c": "${a}"})
    assert calls.count(1) == 1


def test_disabled_sharing_makes_a_call_for_each_reference() -> None:
    made = instantiate({"a": box(name=1), "b": "${a}"}, cache="DISABLED")
    assert calls == [1, 1]
    assert made.a is not made.b


def test_layered_references_cost_one_call_each() -> None:
    config: dict[str, Any] = {"n0": box(), "n1": box()}
    for i in range(2, 60):
        config[f"n{i}"] = box(a=f"${{n{i - 1}}}", b=f"${{n{i - 2}}}", name=i)
    instantiate(config)
    assert len(calls) == 59


def test_memory_cache_shares_objects_between_calls() -> None:
    config = OmegaConf.create({"a": box(name=1), "b": box(inner="${a}"), "c": box(name=1)})
    cache = MemoryCache()
    a, b, c = (instantiate(config[key], cache=cache) for key in "abc")
    assert b.kwargs["inner"] is a
    assert c == a
    assert c is not a
    assert instantiate(config.a, cache=cache) is a
    assert calls == [1, None]


def test_memory_cache_sees_a_changed_config() -> None:
    config = OmegaConf.create({"a": box(name=1)})
    cache = MemoryCache()
    instantiate(config.a, cache=cache)
    config.a.name = 2
    assert instantiate(config.a, cache=cache).kwargs == {"name": 2}


def test_nodes_have_all_their_paths_and_the_shortest_first() -> None:
    graph = build_graph({"x": {"y": box(name=1)}, "z": "${x.y}", "steps": [{"s": "${x.y}"}]})
    (node,) = graph.nodes
    assert node.path == "z"
    assert set(node.paths) == {"x.y", "z", "steps.0.s"}


def test_target_at_the_root_has_the_empty_path() -> None:
    graph = build_graph(box(x=box(y=[box()])))
    assert [node.path for node in graph.nodes] == ["x.y.0", "x", ""]
    assert list(graph.edges()) == [(0, 1), (1, 2)]
    assert str(graph).splitlines()[0] == "3 nodes"


@pytest.mark.parametrize("key", ["_cache_result_", "_not_deterministic_"])
def test_special_key_with_a_wrong_value_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} at a must be true or false"):
        instantiate({"a": box(**{key: "maybe"})})


def test_depth_of_nested_calls_is_not_limited() -> None:
    config: dict[str, Any] = {"_target_": f"{HERE}.add", "a": 0, "b": 1}
    for _ in range(5_000):
        config = {"_target_": f"{HERE}.add", "a": config, "b": 1}
    assert instantiate(config) == 5_001


def test_depth_of_references_is_not_limited() -> None:
    config: dict[str, Any] = {f"n{i}": {"_target_": f"{HERE}.add", "a": f"${{n{i + 1}}}", "b": 1} for i in range(3_000)}
    assert instantiate({**config, "n3000": 0}).n0 == 3_000
