"""Several configs in one graph: what is equal is one node, and each config means what it means alone."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import InterpolationKeyError

from hydra_cached.config import apply_overrides
from hydra_cached.errors import ConfigError, TargetError
from hydra_cached.fingerprint import CodeFingerprints
from hydra_cached.graph import JoinedGraph, Joiner, Node, Part, bind, bind_call, build_graph
from hydra_cached.keys import Keys
from hydra_cached.targets import allow_only

DATA: dict[str, Any] = {"_target_": "builtins.list", "_args_": [[1, 2]]}


def join(*configs: Any) -> JoinedGraph:
    joiner = Joiner()
    for config in configs:
        joiner.add(config)
    return joiner.join()


def call(target: str, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"builtins.{target}", **kwargs}


def values(joined: JoinedGraph) -> list[Any]:
    """What each config returns, each place called for itself."""
    made: dict[Any, Any] = {}

    def value_of(place: Any) -> Any:
        if place not in made:
            made[place] = bind_call(place, value_of)()
        return made[place]

    return [bind(part.root, value_of) for part in joined.parts]


def targets(nodes: list[Node]) -> list[str]:
    return [node.target_id.rpartition(".")[2] for node in nodes]


def test_what_configs_have_in_common_is_one_node() -> None:
    configs = [call("dict", data=DATA, lr=lr) for lr in (1, 2, 3)]

    joined = join(*configs)

    assert targets(list(joined.graph.nodes)) == ["list", "dict", "dict", "dict"]
    assert [list(part.paths) for part in joined.parts] == [[0, 1], [0, 2], [0, 3]]
    assert values(joined) == [{"data": [1, 2], "lr": lr} for lr in (1, 2, 3)]


def test_equal_configs_are_one() -> None:
    joined = join(call("dict", data=DATA), call("dict", data=dict(DATA)))

    assert len(joined.graph.nodes) == 2
    assert joined.parts[0].paths == joined.parts[1].paths


@pytest.mark.parametrize("is_omegaconf", [False, True])
def test_references_count_from_the_root_of_their_own_config(is_omegaconf: bool) -> None:
    base = {"lr": 1, "model": call("dict", lr="${lr}", data="${data}"), "data": DATA}
    # an override leaves what it does not touch the very same object
    configs: list[Any] = [apply_overrides(base, [f"lr={lr}"]) for lr in (1, 2)]
    if is_omegaconf:
        configs = [OmegaConf.create(config) for config in configs]

    joined = join(*configs)

    assert [made["model"] for made in values(joined)] == [{"lr": 1, "data": [1, 2]}, {"lr": 2, "data": [1, 2]}]
    assert targets(list(joined.graph.nodes)) == ["list", "dict", "dict"]


@pytest.mark.filterwarnings("ignore:register_new_resolver")
def test_a_resolver_is_called_for_each_config() -> None:
    count = iter(range(10))
    OmegaConf.register_new_resolver("count_of_join", lambda: next(count), replace=True)
    try:
        made = values(join(*[call("dict", n="${count_of_join:}") for _ in range(2)]))
    finally:
        OmegaConf.clear_resolver("count_of_join")
    assert made == [{"n": 0}, {"n": 1}]


def test_no_object_is_shared_between_configs() -> None:
    config = {"a": DATA, "b": "${a}", "_convert_": "all"}

    first, second = values(join(config, config))

    assert first["a"] is first["b"]
    assert second["a"] is second["b"]
    assert first["a"] is not second["a"]


def test_a_node_has_the_paths_of_each_config() -> None:
    joined = join({"deep": {"er": {"data": DATA}}}, {"x": DATA, "y": DATA}, {"other": call("dict")})

    assert [list(part.paths.values()) for part in joined.parts] == [[("deep.er.data",)], [("x", "y")], [("other",)]]
    assert joined.graph.nodes[0].paths == ("x", "deep.er.data", "y")


def test_a_config_that_is_a_target_or_a_list_or_empty_can_be_joined() -> None:
    joined = join(DATA, [DATA, 5], {}, call("abs", _args_=[-3]))

    assert values(joined) == [[1, 2], [[1, 2], 5], {}, 3]
    assert [list(part.paths.values()) for part in joined.parts] == [[("",)], [("0",)], [], [("",)]]


def tangled(number: int) -> dict[str, Any]:
    """Equal calls that are, and are not, the same object: told apart by patterns."""
    same = call("list", _args_=[[call("dict", n=0)]])
    return {
        "shared": call("dict", a=same, b="${shared.a}", n=number),
        "apart": call("dict", a=same, b=call("list", _args_=[[call("dict", n=0)]]), n=number),
        "again": call("dict", a=call("dict", n=0), b=call("dict", n=0)),
    }


def test_joining_changes_no_key() -> None:
    configs = [tangled(number) for number in range(3)]
    joined = join(*configs)
    keys = Keys(joined.graph, CodeFingerprints())

    for config, part in zip(configs, joined.parts, strict=True):
        alone = build_graph(config)
        keys_alone = Keys(alone, CodeFingerprints())
        found = {paths: keys.recipe(joined.graph.nodes[index]) for index, paths in part.paths.items()}
        assert found == {node.paths: keys_alone.recipe(node) for node in alone.nodes}
        assert None not in found.values()


def test_nodes_that_are_not_shared_stay_one_for_each_config() -> None:
    config = {"a": call("list", _cache_result_=False)}

    assert len(join(config, config).graph.nodes) == 2


def test_what_is_wrong_with_a_config_is_said_when_it_is_added() -> None:
    joiner = Joiner(allow_only(["builtins.list"]))
    joiner.add(DATA)
    with pytest.raises(TargetError, match="refused"):
        joiner.add(call("dict"))
    with pytest.raises(InterpolationKeyError):
        joiner.add({"a": "${nope}"})
    ring: dict[str, Any] = {}
    ring["a"] = ring
    with pytest.raises(ConfigError, match=r"ring|itself"):
        joiner.add(ring)


def test_roots_of_a_part_are_the_calls_its_result_needs() -> None:
    joined = join({"a": DATA, "b": "${a}", "c": call("dict", data=DATA)})
    [part] = joined.parts

    assert isinstance(part, Part)
    assert [joined.graph.node_of(place).target_id for place in part.roots()] == ["builtins.list", "builtins.dict"]
