"""Which calls that are written at several places become one node."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from omegaconf import DictConfig, OmegaConf

from hydra_cached.graph import Graph, Items, Ref, build_graph
from hydra_cached.graph.merge import merge_equal_calls
from hydra_cached.graph.paths import Link
from tests.graph.targets_of_tests import Point

HERE = "tests.graph.targets_of_tests"
SUMMER = dt.timezone(dt.timedelta(hours=2))


def show(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.show", **kwargs}


def unexpanded(**kwargs: Any) -> dict[str, Any]:
    return show(_recursive_=False, **kwargs)


def are_one(first: Any, second: Any, **others: Any) -> bool:
    graph = build_graph({"first": first, "second": second, **others})
    return graph.find("first") is graph.find("second")


class Equal:
    """Equal to all of its kind, though they may do different things."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equal)

    def __hash__(self) -> int:
        return 1


# --- the call itself -------------------------------------------------------------------------------------------------


def test_equal_calls_are_one_node() -> None:
    assert are_one(show(x=[1, {"y": "z"}]), show(x=[1, {"y": "z"}]))


def test_order_of_keywords_does_not_count() -> None:
    assert are_one(show(a=1, b=[2]), show(b=[2], a=1))


def test_order_of_keywords_that_are_equal_calls_does_not_count() -> None:
    assert are_one(show(a=show(), b=show(), c=show(z=1)), show(c=show(z=1), b=show(), a=show()))


@pytest.mark.parametrize(
    "change",
    [
        {"_convert_": "all"},
        {"_convert_": "partial"},
        {"_convert_": "object"},
        {"_partial_": True},
        {"_version_": "1"},
        {"_env_": ["HOME"]},
        {"_not_deterministic_": True},
        {"_args_": [1]},
        {"y": None},
        {"_target_": f"{HERE}.describe"},
    ],
    ids=str,
)
def test_calls_that_differ_in_one_key_are_two_nodes(change: dict[str, Any]) -> None:
    assert not are_one(show(x=1), show(**{"x": 1, **change}))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"_version_": "1"}, {"_version_": "2"}),
        ({"_env_": ["HOME"]}, {"_env_": ["PATH"]}),
        ({"_convert_": "all"}, {"_convert_": "partial"}),
    ],
    ids=str,
)
def test_value_of_a_special_key_counts(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert not are_one(show(x=1, **first), show(x=1, **second))


def test_inherited_convert_mode_counts() -> None:
    graph = build_graph({"a": show(x=show(y=1)), "b": show(x=show(y=1), _convert_="all")})
    assert graph.find("a.x") is not graph.find("b.x")


def test_recursive_mode_counts() -> None:
    # what a target is handed unexpanded refuses objects, what was built for it does not
    assert not are_one(show(x={"y": 1}), unexpanded(x={"y": 1}))


def test_calls_not_to_be_cached_are_two_nodes() -> None:
    assert not are_one(show(_cache_result_=False), show(_cache_result_=False))


def test_nothing_merges_where_nothing_is_shared() -> None:
    assert len(build_graph({"a": show(), "b": show()}, is_sharing=False).nodes) == 2


def nodes_of(graph: Graph, x: Any) -> int:
    """How many nodes there are when the last call of ``graph`` is written once more, with another ``x``."""
    places = [node.call for node in graph.nodes]
    places.append(replace(places[-1], index=len(places), kwargs={"x": x}))
    paths: list[list[Link]] = [[(None, place.index)] for place in places]
    return len(merge_equal_calls(places, paths, None, is_sharing=True).nodes)


def test_conversion_of_a_childs_value_counts() -> None:
    graph = build_graph(show(x=show(y=1)))
    (child,) = graph.nodes[-1].call.children
    assert nodes_of(graph, Ref(child, "none")) == 2
    assert nodes_of(graph, Ref(child, "all")) == 3


def test_list_and_tuple_are_other_arguments() -> None:
    graph = build_graph(show(x=[1], _convert_="all"))
    assert nodes_of(graph, Items(None, (1,), False)) == 1
    assert nodes_of(graph, Items(None, (1,), False, is_tuple=True)) == 2


def test_config_and_plain_container_are_other_arguments() -> None:
    graph = build_graph(show(x=[1], _convert_="all"))
    assert nodes_of(graph, Items(None, (1,), True)) == 2
    assert nodes_of(build_graph(show(x=[1])), Items(None, (1,), True, convert="all")) == 2


def test_which_child_an_argument_has_counts() -> None:
    assert not are_one(show(x=show(y=1)), show(x=show(y=2)))
    assert not are_one(show(a=show(y=1), b=show(y=2)), show(a=show(y=2), b=show(y=1)))


# --- literal arguments -----------------------------------------------------------------------------------------------

DISTINCT = {
    "True and 1": (True, 1),
    "1 and 1.0": (1, 1.0),
    "False and 0.0": (False, 0.0),
    "1 and its text": (1, "1"),
    "zeros of other sign": (0.0, -0.0),
    "text and bytes": ("a", b"a"),
    "None and its text": (None, "None"),
    "empty list and dict": ([], {}),
    "list and dict": ([1], {"a": 1}),
    "names inside": ({"a": 1}, {"b": 1}),
    "nesting": ([[1], 2], [[1, 2]]),
    "path and its text": (Path("a"), "a"),
    "paths of other classes": (Path("a"), PurePosixPath("a")),
    "paths": (Path("a"), Path("b")),
    "dates": (dt.date(2024, 1, 2), dt.date(2024, 1, 3)),
    "date and midnight": (dt.date(2024, 1, 2), dt.datetime(2024, 1, 2)),
    "one moment in two zones": (
        dt.datetime(2024, 1, 2, 10, tzinfo=dt.timezone.utc),
        dt.datetime(2024, 1, 2, 12, tzinfo=SUMMER),
    ),
    "first and second time of an hour": (dt.datetime(2024, 10, 27, 2), dt.datetime(2024, 10, 27, 2, fold=1)),
    "decimals": (Decimal("1.1"), Decimal("1.2")),
    "decimals of other precision": (Decimal("1"), Decimal("1.0")),
    "decimal zeros of other sign": (Decimal("0"), Decimal("-0")),
    "decimal and int": (Decimal("1"), 1),
    "numpy scalars": (np.float64(1), np.float64(2)),
    "numpy scalars of other types": (np.float32(1), np.float64(1)),
    "numpy scalar and int": (np.int64(1), 1),
    "numpy zeros of other sign": (np.float64(0.0), np.float64(-0.0)),
    "arrays that look alike": (np.zeros(5000), np.eye(1, 5000, 2500)[0]),
    "structured config and dict": (Point(1, 2), {"x": 1, "y": 2}),
    "structured configs": (Point(1, 2), Point(1, 3)),
}

EQUAL: dict[str, Callable[[], Any]] = {
    "float": lambda: float("1.5"),
    "nan": lambda: float("nan"),
    "text": lambda: "".join(["a", "b"]),
    "path": lambda: Path("a/b"),
    "date": lambda: dt.date(2024, 1, 2),
    "datetime": lambda: dt.datetime(2024, 1, 2, 3, 4),
    "datetime of a zone": lambda: dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc),
    "time": lambda: dt.time(3, 4),
    "timedelta": lambda: dt.timedelta(days=1),
    "decimal": lambda: Decimal("1.10"),
    "numpy float": lambda: np.float64(1.5),
    "numpy int": lambda: np.int32(1),
    "numpy bool": lambda: np.bool_(True),
    "structured config": lambda: Point(3, 4),
}


@pytest.mark.parametrize(("first", "second"), DISTINCT.values(), ids=DISTINCT.keys())
def test_other_values_make_two_nodes(first: Any, second: Any) -> None:
    assert not are_one(show(x=first), show(x=second))


@pytest.mark.parametrize(("first", "second"), DISTINCT.values(), ids=DISTINCT.keys())
def test_other_values_inside_make_two_nodes(first: Any, second: Any) -> None:
    assert not are_one(show(x={"y": [first]}), show(x={"y": [second]}))


@pytest.mark.parametrize(("first", "second"), DISTINCT.values(), ids=DISTINCT.keys())
def test_other_values_in_unexpanded_configs_make_two_nodes(first: Any, second: Any) -> None:
    # the interpolation has them read as OmegaConf's containers
    assert not are_one(unexpanded(x={"y": first, "z": "${n}"}), unexpanded(x={"y": second, "z": "${n}"}), n=1)


@pytest.mark.parametrize("make", EQUAL.values(), ids=EQUAL.keys())
def test_equal_values_make_one_node(make: Callable[[], Any]) -> None:
    assert are_one(show(x=make(), y=[make()]), show(x=make(), y=[make()]))


@pytest.mark.parametrize("make", EQUAL.values(), ids=EQUAL.keys())
def test_equal_values_in_unexpanded_configs_make_one_node(make: Callable[[], Any]) -> None:
    assert are_one(unexpanded(x={"y": make(), "z": "${n}"}), unexpanded(x={"y": make(), "z": "${n}"}), n=1)


def test_keys_of_other_types_make_two_nodes() -> None:
    assert not are_one(show(x={1: "a"}), show(x={True: "a"}))
    assert not are_one(show(x={1: "a"}), show(x={1.0: "a"}))
    assert not are_one(show(x={1: "a"}), show(x={"1": "a"}))


def test_objects_of_unknown_class_do_not_merge_by_equality() -> None:
    assert Equal() == Equal()
    assert not are_one(show(x=Equal()), show(x=Equal()))
    assert not are_one(unexpanded(x=[Equal(), "${n}"]), unexpanded(x=[Equal(), "${n}"]), n=1)


def test_same_object_of_unknown_class_makes_one_node() -> None:
    same = Equal()
    assert are_one(show(x=same, y=[same]), show(x=same, y=[same]))


# --- configs handed on unexpanded ------------------------------------------------------------------------------------


def test_missing_and_none_are_other_values() -> None:
    assert not are_one(unexpanded(x={"y": None}), unexpanded(x={"y": "???"}))
    assert are_one(unexpanded(x={"y": "???"}), unexpanded(x={"y": "???"}))


def test_missing_and_none_and_empty_containers_are_other_values() -> None:
    def with_container(content: Any) -> Any:
        return unexpanded(x={"y": DictConfig(content)})

    assert not are_one(with_container(None), with_container("???"))
    assert not are_one(with_container(None), with_container({}))
    assert not are_one(with_container({}), with_container("???"))
    assert are_one(with_container("???"), with_container("???"))


def test_class_of_an_unexpanded_structured_config_counts() -> None:
    assert not are_one(unexpanded(x=OmegaConf.structured(Point(1, 2))), unexpanded(x=OmegaConf.create(dict(x=1, y=2))))


def test_unexpanded_config_that_may_not_be_changed_is_another_argument() -> None:
    config = OmegaConf.create({"first": unexpanded(x={"y": 1}), "second": unexpanded(x={"y": 1})})
    OmegaConf.set_readonly(config.second.x, True)
    graph = build_graph(config)
    assert graph.find("first") is not graph.find("second")


def test_what_an_unexpanded_interpolation_gives_counts() -> None:
    assert not are_one(unexpanded(x=["${n}"]), unexpanded(x=["${m}"]), n=1, m=True)
    assert are_one(unexpanded(x=["${n}"]), unexpanded(x=["${m}"]), n=1, m=1)


# --- one object or two -----------------------------------------------------------------------------------------------


def test_one_call_twice_and_two_equal_calls_make_two_nodes() -> None:
    assert not are_one(show(a="${x}", b="${x}"), show(a=show(), b=show()), x=show())


def test_two_equal_calls_make_one_node_wherever_they_are_written() -> None:
    assert are_one(show(a="${x}", b=show()), show(a=show(), b="${x}"), x=show())


def test_which_arguments_are_one_object_counts() -> None:
    x, first, second = show(), show(a="${x}", b="${x}", c=show()), show(a="${x}", b=show(), c="${x}")
    assert not are_one(first, second, x=x)


def test_one_call_and_two_equal_calls_further_below_make_two_nodes() -> None:
    def below(p: Any, q: Any) -> dict[str, Any]:
        return show(a=show(k=p, side=1), b=show(k=q, side=2))

    assert not are_one(below("${x}", "${x}"), below(show(), show()), x=show())
    assert are_one(below(show(), show()), below(show(), show()), x=show())


def test_children_are_merged_where_their_parents_are_not() -> None:
    graph = build_graph({"a": show(x=show(y=1), z=1), "b": show(x=show(y=1), z=2)})
    assert graph.find("a.x") is graph.find("b.x")
    assert [len(node.places) for node in graph.nodes] == [2, 1, 1]


def test_nodes_keep_children_before_parents() -> None:
    graph = build_graph({"a": show(x=show(y=1)), "b": show(x=show(y=1), z=show(y=1)), "c": show(x=show(y=1))})
    assert all(child < parent for child, parent in graph.edges())
    assert graph.find("a") is graph.find("c")
