"""Which calls of generated configs are one node, against the definition: written out as trees, objects numbered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hydra_cached.graph import Place, build_graph
from hydra_cached.graph.expression import references

Child = tuple[str, int]


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Calls that refer to those before them, or hold copies of them."""
    written: list[dict[str, Any]] = [{"_target_": "builtins.dict"}, {"_target_": "builtins.dict"}]
    for _ in range(draw(st.integers(2, 7))):
        call: dict[str, Any] = {"_target_": "builtins.dict"}
        for name in "ab"[: draw(st.integers(1, 2))]:
            number = draw(st.integers(0, len(written) - 1))
            call[name] = f"${{n{number}}}" if draw(st.booleans()) else dict(written[number])
        written.append(call)
    return {f"n{number}": call for number, call in enumerate(written)}


def write_out(place: Place, numbers: dict[Place, int]) -> Iterator[Any]:
    """The tree of calls below a place, each by the number of the object that it makes."""
    yield numbers.setdefault(place, len(numbers))
    for name in sorted(place.kwargs):
        yield name
        for ref in references(place.kwargs[name]):
            yield from write_out(ref.place, numbers)
    yield "end"


@settings(max_examples=400, deadline=None)
@given(configs())
def test_calls_are_one_node_where_their_trees_and_what_these_share_are_equal(config: dict[str, Any]) -> None:
    graph = build_graph(config)
    found = {place: node.index for node in graph.nodes for place in node.places}
    trees = {place: list(write_out(place, {})) for place in found}
    for one, other in combinations(found, 2):
        assert (found[one] == found[other]) == (trees[one] == trees[other])


def test_many_layers_of_equal_calls_take_as_long_as_of_others() -> None:
    config: dict[str, Any] = {"a0": {"_target_": "builtins.list"}, "b0": {"_target_": "builtins.list"}}
    count = 1_500
    for layer in range(1, count):
        call = {"_target_": "builtins.dict", "x": f"${{a{layer - 1}}}", "y": f"${{b{layer - 1}}}"}
        config |= {f"a{layer}": call, f"b{layer}": dict(call)}
    graph = build_graph(config)
    assert len(graph.nodes) == count
    # not what grows with all that is below a call
    assert max(len(repr(node.pattern)) for node in graph.nodes) < 100
