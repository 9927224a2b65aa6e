"""The private builder of OmegaConf containers gives what the public calls give."""

from __future__ import annotations

import enum
import pickle
from pathlib import Path
from typing import Any

import pytest
from omegaconf import AnyNode, DictConfig, ListConfig, OmegaConf

from hydra_cached.graph.omega_nodes import build_dict, build_items, build_list
from tests.graph.outcomes import IS_1_3
from tests.graph.targets_of_tests import Box, Point


class Colour(enum.Enum):
    RED = 1


VALUES: list[Any] = [
    1,
    True,
    1.5,
    None,
    b"x",
    "text",
    "${x}",
    "???",
    Path("a/b"),
    Colour.RED,
    Box(1),
    Box,
    print,
    {1, 2},
    [1, [2, {"x": 3}]],
    (1, 2),
    {"a": {"b": [1]}},
    Point(3, 4),
    OmegaConf.create({"x": [1]}),
    OmegaConf.create([1, {"y": Box(2)}], flags={"allow_objects": True}),
]
FLAGS = {"allow_objects": True}
# parents are compared as flags, contents apart; what a node remembers of its flags is a cache
_APART = ("_parent", "_content", "_val", "_flags_cache")


def public_dict(keys: list[str], values: list[Any]) -> DictConfig:
    config = OmegaConf.create({}, flags=FLAGS)
    for key, value in zip(keys, values, strict=True):
        config[key] = kept(value)
    return config


def public_list(values: list[Any]) -> ListConfig:
    if IS_1_3:
        return OmegaConf.create(values, flags=FLAGS)
    config = OmegaConf.create([], flags=FLAGS)
    for value in values:
        config.append(kept(value))
    return config


def kept(value: Any) -> Any:
    """As Hydra hands it to OmegaConf: since 1.4, a dataclass instance stays one."""
    return value if IS_1_3 or not isinstance(value, Point) else AnyNode(value, flags=FLAGS)


def inner(node: Any) -> Any:
    """Everything that makes up a node, parents as flags."""
    found = {name: value for name, value in vars(node).items() if name not in _APART}
    content = vars(node).get("_content", vars(node).get("_val"))
    if isinstance(content, dict):
        content = {key: (child._get_parent() is node, inner(child)) for key, child in content.items()}
    elif isinstance(content, list) and isinstance(node, ListConfig):
        content = [(child._get_parent() is node, inner(child)) for child in content]
    return type(node), found, content


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_dict_of_a_value_is_as_built_in_public(value: Any) -> None:
    assert inner(build_dict(["k"], [value])) == inner(public_dict(["k"], [value]))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_list_of_a_value_is_as_built_in_public(value: Any) -> None:
    assert inner(build_list([value])) == inner(public_list([value]))


def test_containers_of_many_values_are_equal_and_work() -> None:
    keys = [f"k{i}" for i in range(len(VALUES))]
    built, public = build_dict(keys, VALUES), public_dict(keys, VALUES)
    assert inner(built) == inner(public)
    built["k0"] = 5
    del built["k1"]
    built.new = [Box(1)]
    assert built.k0 == 5
    assert inner(build_list(VALUES)) == inner(public_list(VALUES))


def test_built_config_can_be_pickled_merged_and_copied() -> None:
    built = build_dict(["a", "b"], [1, [2]])
    assert pickle.loads(pickle.dumps(built)) == built == OmegaConf.merge(built, {}) == built.copy()
    assert OmegaConf.to_container(build_list([1, "x", None])) == [1, "x", None]


@pytest.mark.parametrize("value", [{"a": [1, {"b": Box(1)}]}, [Box(1), [2, {}]], {}, []], ids=str)
def test_container_that_is_hung_in_is_as_one_that_is_assigned(value: Any) -> None:
    def made() -> Any:
        return build_list(value) if isinstance(value, list) else build_dict(list(value), list(value.values()))

    assert inner(build_dict(["k", "l"], [made(), 1], {0})) == inner(public_dict(["k", "l"], [made(), 1]))
    assert inner(build_list([1, made()], {1})) == inner(build_list([1, made()]))
    (item,) = build_items([made()], {0})
    assert inner(item) == inner(build_list([made()])[0])
    assert item._get_parent() is None
