"""References that lead back to themselves are an error that names the ring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError

from hydra_cached import instantiate, run
from hydra_cached.errors import ConfigError
from hydra_cached.graph import build_graph
from tests.graph.outcomes import IS_1_3, hydra_instantiate

HERE = "tests.graph.targets_of_tests"


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


RINGS: dict[str, tuple[Any, str]] = {
    "itself": ({"a": "${a}"}, "a -> a"),
    "leaves": ({"a": "${b}", "b": "${c}", "c": "${a}"}, "a -> b -> c -> a"),
    "leaves of calls": ({"a": box(x="${b.y}"), "b": box(y="${a.x}")}, "a.x -> b.y -> a.x"),
    "calls": ({"a": box(x="${b}"), "b": box(x="${c}"), "c": box(x="${a}")}, "a -> b -> c -> a"),
    "further below": ({"a": box(x=["${b.x}"]), "b": box(x=box(y="${a}"))}, "a -> a.x -> b.x -> a"),
    "items": ({"s": [box(x="${s[1]}"), box(x="${s[0]}")]}, "s.0 -> s.1 -> s.0"),
    "positional arguments": ({"a": box(_args_="${b}"), "b": ["${a}"]}, "a -> b -> a"),
    "targets": ({"a": {"_target_": "${b.t}"}, "b": {"t": "${a._target_}"}}, "a._target_ -> b.t -> a._target_"),
    "unexpanded": ({"a": box(x={"y": "${b}"}, _recursive_=False), "b": box(x="${a}")}, "a -> a.x -> b -> a"),
    "resolver": ({"a": "${oc.env:NO_SUCH_NAME,${b}}", "b": "${a}"}, "a -> b -> a"),
    "relative": ({"k": {"a": "${.b}", "b": "${..k.a}"}}, "k.a -> k.b -> k.a"),
    "text": ({"a": box(x="v ${b}"), "b": box(x="w ${a}")}, "a -> a.x -> b -> b.x -> a"),
    "nested": ({"k": "a", "a": box(x="${${k}}")}, "a -> a.x -> a"),
    "values of a dict": ({"c": "${oc.dict.values:c}"}, "c -> c"),
    "keys of a dict": ({"d": {"c": "${oc.dict.keys:d.c}"}}, "d.c -> d.c"),
    "selected": ({"a": box(x="${oc.select:b,1}"), "b": "${a.x}"}, "a.x -> b -> a.x"),
    "reached from outside": ({"a": box(x="${b}"), "b": "${c}", "c": "${b}"}, "b -> c -> b"),
}


@pytest.mark.parametrize("as_config", [lambda config: config, OmegaConf.create], ids=["plain", "omegaconf"])
@pytest.mark.parametrize(("config", "ring"), RINGS.values(), ids=RINGS)
def test_ring_is_named(config: Any, ring: str, as_config: Callable[[Any], Any]) -> None:
    with pytest.raises((ConfigError, InterpolationResolutionError)) as caught:
        build_graph(as_config(config))
    assert str(caught.value).partition("\n")[0].endswith(f": {ring}")
    if IS_1_3:
        # later ones resolve only what is read
        with pytest.raises((RecursionError, InterpolationResolutionError)):
            hydra_instantiate(as_config(config))


@pytest.mark.parametrize("x", ["${a}", ["${a}"], {"y": "${a}"}])
def test_reference_to_what_it_is_a_part_of_is_named(x: Any) -> None:
    for config in ({"a": box(x=x)}, OmegaConf.create({"a": box(x=x)})):
        with pytest.raises((ConfigError, InterpolationResolutionError), match=r": a -> .*a\.x.* -> a$|: a -> a$"):
            build_graph(config)


def test_ring_of_leaves_has_hydras_class_for_callers_and_ours_for_the_command_line() -> None:
    config = {"a": "${b}", "b": "${a}"}
    with pytest.raises(InterpolationResolutionError, match=r"^Recursive interpolation detected: a -> b -> a$"):
        instantiate(config)
    with pytest.raises(ConfigError, match=r"^the config refers to itself in a ring: a -> b -> a$") as caught:
        run(config)
    assert caught.value.hint == "remove one of the references"


@pytest.mark.parametrize("make", [lambda config: config, OmegaConf.create], ids=["plain", "omegaconf"])
@pytest.mark.parametrize("config", [{"a": {"x": "${a}"}}, {"a": ["${a}"]}, {"a": box(x={"y": "${a}"})}])
def test_ring_of_containers_has_hydras_class_for_callers_too(make: Callable[[Any], Any], config: Any) -> None:
    with pytest.raises(InterpolationResolutionError):
        hydra_instantiate(make(config))
    with pytest.raises(InterpolationResolutionError, match=r"^Recursive interpolation detected: a -> .*a$"):
        instantiate(make(config))
    with pytest.raises(ConfigError, match=r"^the config refers to itself in a ring: a -> .*a$"):
        run(make(config))


@pytest.mark.parametrize("make", [lambda value: value, lambda value: box(x=value)], ids=["leaves", "calls"])
def test_long_ring_is_told_in_one_line(make: Callable[[Any], Any]) -> None:
    config = {f"n{i}": make(f"${{n{(i + 1) % 3000}}}") for i in range(3000)}
    with pytest.raises((ConfigError, InterpolationResolutionError)) as caught:
        build_graph(config)
    assert str(caught.value).endswith(": n0 -> n1 -> n2 -> n3 -> ... (2993 more) -> n2997 -> n2998 -> n2999 -> n0")


def test_dict_that_contains_itself_is_named() -> None:
    config = box()
    config["x"] = {"y": [config]}
    with pytest.raises(InterpolationResolutionError, match=r": \(root\) -> x -> x.y -> \(root\)$"):
        instantiate(config)
    with pytest.raises(ConfigError, match=r"contains itself: \(root\) -> x.y.0$"):
        instantiate({**config, "z": "${oc.env:HOME}", "w": config}["w"], z="${oc.env:HOME}")


def test_list_that_contains_itself_is_named() -> None:
    config: list[Any] = [1]
    config.append(config)
    with pytest.raises(InterpolationResolutionError, match="Recursive interpolation detected: a"):
        instantiate({"a": config})


def test_what_only_looks_like_a_ring_is_none() -> None:
    config = {"a": box(x="${b.y}", y=1), "b": box(x="${a.y}", y=2)}
    assert instantiate(config).a.kwargs == {"x": 2, "y": 1}


def test_resolver_that_asks_for_itself_is_an_error_of_omegaconf_as_in_hydra() -> None:
    OmegaConf.register_new_resolver("ask_again", lambda *, _root_: _root_.a)
    try:
        for make in (instantiate, hydra_instantiate):
            with pytest.raises(InterpolationResolutionError, match=r"^RecursionError raised while resolving"):
                make({"a": "${ask_again:}"})
    finally:
        OmegaConf.clear_resolver("ask_again")
