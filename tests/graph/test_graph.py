"""The graph as a value: nodes in order, edges, paths, and how it prints."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from hydra_cached.graph import build_graph
from tests.graph.targets_of_tests import calls

HERE = "tests.graph.targets_of_tests"


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def make_layers(count: int) -> dict[str, Any]:
    config: dict[str, Any] = {"n0": box(), "n1": box(name=1)}
    for i in range(2, count):
        config[f"n{i}"] = box(a=f"${{n{i - 1}}}", b=f"${{n{i - 2}}}", name=i)
    return config


def test_building_calls_nothing() -> None:
    calls.clear()
    build_graph({"a": box(name=1), "b": box(x="${a}", _partial_=True)})
    assert calls == []


def test_nodes_are_in_topological_order_with_their_edges() -> None:
    graph = build_graph(make_layers(50))
    assert [node.index for node in graph.nodes] == list(range(50))
    edges = list(graph.edges())
    assert all(child < parent for child, parent in edges)
    assert edges[:4] == [(1, 2), (0, 2), (2, 3), (1, 3)]
    assert sorted(graph.below(graph.nodes[4]) or ()) == [0, 1, 2, 3]
    assert graph.below(graph.nodes[-1], limit=10) is None


def test_it_prints_a_line_for_each_node() -> None:
    shared = box(name="${x}")
    graph = build_graph({"x": 1, "data": shared, "steps": [{"s": shared}, box(y="${data}", z=box(name=2))]})
    assert str(graph).splitlines() == [
        "3 nodes",
        f"data: {HERE}.Box()  also at steps.0.s, steps.1.y",
        f"steps.1.z: {HERE}.Box()",
        f"steps.1: {HERE}.Box(data, steps.1.z)",
    ]


def test_call_at_the_root_and_odd_keys_print_on_one_line_each() -> None:
    config = box(**{"two\nlines": box(name=1), "dotted.key": box(name=2), "ä b": box(name=3), "l": [lambda: 1]})
    assert str(build_graph(config)).splitlines() == [
        "4 nodes",
        rf"two\nlines: {HERE}.Box()",
        f"dotted.key: {HERE}.Box()",
        f"ä b: {HERE}.Box()",
        rf"(root): {HERE}.Box(two\nlines, dotted.key, ä b)",
    ]
    assert str(build_graph({"a": {"_target_": lambda: 1}})).startswith("1 node\na: ")


def test_its_parts_have_short_names_however_large_it_is() -> None:
    # written out with all that is below, it would never come to an end
    graph = build_graph(make_layers(60))
    node = graph.nodes[-1]
    assert repr(graph) == "<Graph of 60 nodes>"
    assert repr(node) == f"<Node 59 n59: {HERE}.Box>"
    assert repr(node.call) == f"<Place n59: {HERE}.Box>"
    assert repr(graph.root.values[-1]) == f"Ref(place=<Place n59: {HERE}.Box>, convert='none')"


def make_chain(length: int) -> dict[str, Any]:
    config: dict[str, Any] = box(x=0)
    for _ in range(length - 1):
        config = box(x=config)
    return config


def test_paths_in_deep_configs_share_their_beginnings() -> None:
    graph = build_graph(make_chain(5_000))
    assert len(graph.nodes[0].call.path) == 4_999
    links: set[int] = set()
    for node in graph.nodes:
        link = node.links[0]
        while link is not None and id(link) not in links:
            links.add(id(link))
            link = link[0]
    assert len(links) == 4_999


@pytest.mark.parametrize("is_enabled", [True, False])
def test_garbage_collection_is_left_as_it_was(is_enabled: bool) -> None:
    config = {f"n{i}": box(name=i) for i in range(10_000)}
    frozen = gc.get_freeze_count()
    if not is_enabled:
        gc.disable()
    try:
        build_graph(config)
        assert gc.isenabled() is is_enabled
    finally:
        gc.enable()
    assert gc.get_freeze_count() == frozen


def test_what_the_caller_froze_stays_frozen() -> None:
    config = {f"n{i}": box(name=i) for i in range(10_000)}
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        build_graph(config)
        assert gc.get_freeze_count() == frozen > 0
    finally:
        gc.unfreeze()
