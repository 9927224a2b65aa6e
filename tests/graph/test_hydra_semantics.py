"""The same config through Hydra's instantiate and ours: results, types, errors and order of calls."""

from __future__ import annotations

import importlib
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import pytest
from hydra.errors import InstantiationException
from omegaconf import DictConfig, OmegaConf

from hydra_cached import instantiate
from tests.graph import targets_of_tests
from tests.graph.outcomes import IS_1_3, hydra_instantiate
from tests.graph.targets_of_tests import Box, Point, Shape, calls

HERE = "tests.graph.targets_of_tests"


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def show(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.show", **kwargs}


CONFIGS: dict[str, Any] = {
    "leaf": box(name="a"),
    "no target": {"x": 1, "y": [1, {"z": 2}]},
    "empty dict": {},
    "empty list": [],
    "list at the top": [box(name=1), box(name=2), 3],
    "tuple inside": show(x=(1, 2)),
    "dict of targets": {"a": box(name=1), "b": {"c": [box(name=2)]}},
    "literal containers": show(x=[1, [2]], y={"z": {"w": 1}}),
    "convert all": show(x=[1, [2]], y={"z": {"w": 1}}, _convert_="all"),
    "convert partial": show(x=[1, [2]], y={"z": {"w": 1}}, _convert_="partial"),
    "convert object": show(x=[1, [2]], y={"z": {"w": 1}}, _convert_="object"),
    "convert inherited": show(x=show(y=[1]), _convert_="all"),
    "convert of a child": show(x=show(y=[1], _convert_="all"), z=[2]),
    "convert on a dict": {"x": {"_convert_": "all", "y": 1, "z": [box(name=1)]}},
    "convert at a top without target": {"_convert_": "all", "a": [1], "b": box(name=1)},
    "convert none inside all": show(x={"_convert_": "none", "y": [1]}, _convert_="all"),
    "result dict in a container": {"a": [{"_target_": f"{HERE}.make_dict"}]},
    "result dict as argument": show(x={"_target_": f"{HERE}.make_dict"}),
    "args": {"_target_": f"{HERE}.show", "_args_": [1, [2], box(name=3)], "k": 4},
    "args converted": {"_target_": f"{HERE}.show", "_args_": [1, [2], {"x": 1}], "_convert_": "all"},
    "args as text": {"_target_": f"{HERE}.show", "_args_": "ab"},
    "not recursive": show(x=box(name=1), y=[box(name=2)], _recursive_=False),
    "not recursive, all": show(x=box(name=1), _recursive_=False, _convert_="all"),
    "recursive off in the middle": show(x=show(y=box(name=1), _recursive_=False)),
    "None": show(x=None),
    "interpolation of a leaf": {"x": 3, "a": show(v="${x}", w="v ${x}")},
    "relative interpolation": {"a": show(v=1, w="${.v}")},
    "interpolation of a container": {"x": {"y": [1, 2]}, "a": show(v="${x}", _convert_="all")},
    "interpolation of a target": {"x": box(name=1), "a": show(v="${x}")},
    "interpolated target": {"t": f"{HERE}.show", "a": {"_target_": "${t}", "v": 1}},
    "interpolated mode": {"m": "all", "a": show(v=[1], _convert_="${m}")},
    "environment": show(v="${oc.env:HOME}"),
    "resolver that gives a list": {"x": {"a": 1, "b": 2}, "l": show(v="${oc.dict.values:x}", _convert_="all")},
    "class as target": {"_target_": Box, "name": "c"},
    "builtin": {"_target_": "builtins.dict", "a": 1},
    "method": {"_target_": "builtins.str.upper", "_args_": ["abc"]},
    "bytes, floats, bools": show(a=b"x", b=1.5, c=True, d="text"),
    "structured class": Shape,
    "structured instance": Shape(corner=Point(5, 6)),
    "structured inside": {"a": show(p=Point(3, 4))},
    "structured inside, partial": {"a": show(p=Point(3, 4), _convert_="partial")},
    "structured inside, object": {"a": show(p=Point(3, 4), _convert_="object")},
    "structured inside, all": {"a": show(p=Point(3, 4), _convert_="all")},
    "structured without target, object": {"_convert_": "object", "p": Point(3, 4)},
    "DictConfig": OmegaConf.create({"a": box(name=1), "b": [1, "${a}"]}),
    "ListConfig": OmegaConf.create([box(name=1), {"x": 2}]),
}


Pair = namedtuple("Pair", "one two")


def outcome(instantiate_: Callable[..., Any], config: Any, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
    calls.clear()
    try:
        value = instantiate_(config, *args, **kwargs)
    except Exception as exc:
        cause = exc.__cause__
        return type(exc), str(exc), type(cause), list(calls)
    return value, targets_of_tests.describe(value), list(calls)


def ours(config: Any, *args: Any, **kwargs: Any) -> Any:
    return instantiate(config, *args, cache="DISABLED", **kwargs)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_result_types_and_order_of_calls_are_as_with_hydra(config: Any) -> None:
    assert outcome(ours, config) == outcome(hydra_instantiate, config)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_sharing_changes_no_result(config: Any) -> None:
    assert outcome(instantiate, config)[:2] == outcome(hydra_instantiate, config)[:2]


@pytest.mark.parametrize(
    "config",
    [
        {"_target_": "no_such_module.f"},
        {"a": {"_target_": f"{HERE}.no_such_function"}},
        {"a": {"_target_": 3}},
        {"a": {"_target_": "math.pi"}},
        {"a": "${nothing}"},
        {"a": box(name="???")},
        {"a": {"b": "???"}},
        {"a": [{"_target_": f"{HERE}.fail"}]},
        {"_target_": f"{HERE}.fail"},
        {"_target_": f"{HERE}.add", "a": 1},
        {"a": show(_recursive_="yes")},
        {"a": show(_partial_="yes")},
    ],
)
def test_errors_have_the_type_the_full_key_and_the_cause_of_hydras(config: Any) -> None:
    theirs = outcome(hydra_instantiate, config)
    assert outcome(ours, config)[0] is theirs[0]
    # 1.4 resolves while it calls, so that its errors of OmegaConf name the key too
    lines = None if IS_1_3 or issubclass(theirs[0], InstantiationException) else 1
    assert outcome(ours, config)[1].splitlines()[:lines] == theirs[1].splitlines()[:lines]
    assert issubclass(theirs[2], outcome(ours, config)[2]) or theirs[2].__name__ == "ImportError"


@pytest.mark.parametrize(
    ("config", "args", "kwargs"),
    [
        (show(x=1), (), {"x": 2, "y": [3]}),
        (show(x={"a": 1, "b": 2}), (), {"x": {"b": 3}}),
        (show(x=1), (5, 6), {}),
        ({"_target_": f"{HERE}.show", "_args_": [1]}, (2,), {}),
        (show(x=[1]), (), {"_convert_": "all"}),
        (show(x=box(name=1)), (), {"_recursive_": False}),
        ({"a": 1}, (), {"a": 2}),
        ([box(name=1)], (), {"_convert_": "all"}),
        (show(x=1), (), {"y": box(name=2)}),
        (show(x=1), (), {"y": Box(name=2)}),
    ],
)
def test_arguments_of_the_caller_are_as_with_hydra(config: Any, args: Any, kwargs: Any) -> None:
    assert outcome(ours, config, *args, **kwargs) == outcome(hydra_instantiate, config, *args, **kwargs)


def test_part_of_a_config_resolves_references_to_the_rest() -> None:
    config = OmegaConf.create({"x": 1, "data": box(name="d"), "model": show(v="${x}", w="${data}")})
    assert outcome(ours, config.model) == outcome(hydra_instantiate, config.model)


def test_config_is_left_as_it_was() -> None:
    config = {"x": [1, box(name=1)], "y": "${x}"}
    copied = {"x": [1, box(name=1)], "y": "${x}"}
    instantiate(config)
    assert config == copied
    omega = OmegaConf.create(config)
    instantiate(omega, x=3)
    assert omega == OmegaConf.create(copied)


@pytest.mark.parametrize("convert", ["none", "all"])
@pytest.mark.parametrize("written", ["\\${x}", ["\\${x}"], {"k": "\\${x}"}, "text \\${x}"])
def test_escaped_interpolation_is_as_with_hydra(written: Any, convert: str) -> None:
    # 1.3 resolves a config and then reads it, so that an escaped interpolation is resolved after all
    config = {"x": 1, "a": show(v=written, _args_=[written], _convert_=convert)}
    assert outcome(ours, config) == outcome(hydra_instantiate, config)
    assert outcome(instantiate, config)[0]["a"][1]["v"] == outcome(hydra_instantiate, config)[0]["a"][1]["v"]


def test_none_gives_none() -> None:
    assert instantiate(None) is None
    # on which Hydra 1.3 fails
    assert instantiate(DictConfig(None)) is None
    assert instantiate(OmegaConf.create({"a": DictConfig(None)}).__dict__["_content"]["a"]) is None


def test_read_only_part_may_hold_interpolations() -> None:
    # which Hydra 1.3 cannot resolve, as it writes into its copy
    config = OmegaConf.create({"a": 1, "b": show(v=["${a}"], _convert_="all")})
    OmegaConf.set_readonly(config.b, True)
    assert instantiate(config)["b"][1]["v"] == [1]


def test_partial_can_be_called_with_the_rest() -> None:
    partial = instantiate({"_target_": f"{HERE}.add", "_partial_": True, "a": 1, "b": "???"})
    assert partial(b=2) == hydra_instantiate({"_target_": f"{HERE}.add", "_partial_": True, "a": 1})(b=2) == 3


@pytest.mark.parametrize("config", [1, "text", {1, 2}, object(), Pair(1, 2), *([(1, 2)] if IS_1_3 else [])])
def test_what_is_no_config_is_refused(config: Any) -> None:
    with pytest.raises(InstantiationException, match="Cannot instantiate config of type") as theirs:
        hydra_instantiate(config)
    with pytest.raises(InstantiationException) as ours:
        instantiate(config)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.skipif(not IS_1_3, reason="Hydra 1.4 has no TargetConf")
def test_old_target_config_without_a_target_is_explained() -> None:
    # calling it warns, or fails, for what `hydra.main` was told last
    kind = importlib.import_module("hydra.types").TargetConf
    config = kind.__new__(kind)
    assert "Config has missing value for key `_target_`" in outcome(ours, config)[1]
    assert outcome(ours, config) == outcome(hydra_instantiate, config)
