"""What a target receives when a call of the graph is bound to values."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf import DictConfig, ListConfig, OmegaConf

from hydra_cached.errors import TargetError
from hydra_cached.graph import Graph, Place, bind_call, build_graph

HERE = "tests.graph.targets_of_tests"


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def make(graph: Graph, path: str = "") -> Any:
    """Make the call at ``path``, and those in its arguments."""
    node = graph.find(path)
    assert node is not None

    def value_of(place: Place) -> Any:
        return bind_call(place, value_of)()

    return bind_call(node.call, value_of)()


@pytest.mark.parametrize("is_omega", [False, True], ids=["plain", "omegaconf"])
@pytest.mark.parametrize("recursive", [True, False], ids=["built", "unexpanded"])
@pytest.mark.parametrize(
    ("value", "kind"), [({"y": {"z": 1}}, DictConfig), ([[1], {"z": 1}], ListConfig)], ids=["dict", "list"]
)
def test_config_that_is_an_argument_has_no_parent(value: Any, kind: type, recursive: bool, is_omega: bool) -> None:
    config: Any = {"a": {"b": box(x=value, _recursive_=recursive)}}
    made = make(build_graph(OmegaConf.create(config) if is_omega else config), "a.b")
    found = made.kwargs["x"]
    assert isinstance(found, kind)
    assert made.kwargs["x"]._get_parent() is None
    assert found == value


@pytest.mark.parametrize("recursive", [True, False], ids=["built", "unexpanded"])
def test_config_that_is_a_positional_argument_has_no_parent(recursive: bool) -> None:
    made = make(build_graph({"a": box(_args_=[{"y": 1}, [2]], _recursive_=recursive)}), "a")
    first, second = made.args
    assert (type(first), type(second)) == (DictConfig, ListConfig)
    assert first._get_parent() is second._get_parent() is None


@pytest.mark.parametrize("recursive", [True, False], ids=["built", "unexpanded"])
def test_config_with_interpolations_has_no_parent(recursive: bool) -> None:
    config = {"n": {"m": 3}, "a": box(x={"y": "${n.m}", "z": "${n}"}, w="${n}", _recursive_=recursive)}
    made = make(build_graph(config), "a")
    assert made.kwargs["x"] == {"y": 3, "z": {"m": 3}}
    assert [made.kwargs[name]._get_parent() for name in "xw"] == [None, None]


def test_config_that_the_caller_gives_has_no_parent() -> None:
    part = OmegaConf.create({"p": {"y": 1}}).p
    made = make(build_graph(box(), [part]))
    assert made.args == ({"y": 1},)
    assert made.args[0]._get_parent() is None


def test_config_that_is_an_argument_of_a_partial_has_no_parent() -> None:
    made = make(build_graph({"a": box(x={"y": 1}, _partial_=True)}), "a")
    assert made.keywords["x"]._get_parent() is None


def test_part_of_a_config_that_a_call_returned_has_no_parent() -> None:
    part = {
        "_target_": "operator.getitem",
        "_args_": [{"_target_": "omegaconf.OmegaConf.create", "obj": {"y": {"z": 1}}}, "y"],
    }
    made = make(build_graph(box(x=part)))
    assert made.kwargs["x"] == {"z": 1}
    assert made.kwargs["x"]._get_parent() is None


def test_parts_of_an_argument_keep_their_parent() -> None:
    made = make(build_graph({"a": box(x={"y": {"z": 1}})}), "a")
    assert made.kwargs["x"].y._get_parent() is made.kwargs["x"]


def test_config_written_by_the_user_keeps_its_parent() -> None:
    config = OmegaConf.create({"a": box(x={"y": 1}, _recursive_=False)})
    make(build_graph(config), "a")
    assert config.a.x._get_parent() is config.a


def test_each_call_is_given_a_config_of_its_own() -> None:
    graph = build_graph({"n": [1], "a": box(x="${n}", _recursive_=False)})
    first, second = make(graph, "a"), make(graph, "a")
    first.kwargs["x"].append(2)
    assert second.kwargs["x"] == [1]


@pytest.mark.parametrize(
    ("args", "spelled"),
    [
        (3, "'int'. value: '3'"),
        ({"x": 1}, "'DictConfig'. value: '{'x': 1}'"),
        ({"_target_": f"{HERE}.make_dict"}, "'dict'. value: '{'x': 1, 'y': [1, 2]}'"),
    ],
    ids=["leaf", "dict", "call"],
)
def test_positional_arguments_that_are_no_sequence_name_node_and_target(args: Any, spelled: str) -> None:
    with pytest.raises(TargetError) as caught:
        make(build_graph({"steps": [box(_args_=args)]}), "steps.0")
    error = caught.value
    assert f"Unsupported _args_ type: {spelled}" in str(error)
    assert error.path == "steps.0"
    assert error.target == f"{HERE}.Box"
    assert error.hint


def test_positional_arguments_that_a_call_gives_are_spread() -> None:
    assert make(build_graph(box(_args_={"_target_": f"{HERE}.make_list", "n": 2}))).args == (0, 1)
