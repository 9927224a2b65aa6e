"""Values that are rare in configs, each in every place where it can stand: ours does with it as Hydra does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from omegaconf import OmegaConf

from tests.graph import recording_targets as targets
from tests.graph.generated_configs import Case
from tests.graph.generated_values import ODD, STRUCTURED, Options, Text
from tests.graph.outcomes import IS_1_3, difference
from tests.graph.recording_targets import forget, register_resolvers

HERE = targets.__name__
PLACES: dict[str, Callable[[Any], Any]] = {
    "values": lambda value: {"a": value, "b": [1, value], "c": (value, 1)},
    "arguments": lambda value: [
        box(x=value),
        box(_args_=[value, (value,)]),
        box(x=value, _args_=[value], _partial_=True),
    ],
    "converted": lambda value: [
        box(x=[value], y={"z": value}, _convert_=mode) for mode in ("all", "object", "partial")
    ],
    "unexpanded": lambda value: box(x=value, y=[{"z": value}], z=(value,), _recursive_=False),
    "target": lambda value: {"_target_": value},
    "mode": lambda value: box(_convert_=value, x=[1]),
}
CONVERTING = ("all", "object", "partial")
RESOLVERS = (
    "count:1",
    "cached:1",
    "tree:1",
    "here:1",
    "same:${n}",
    "same:${m}",
    "same:'\\${n}'",
    "same:{k: ${n}}",
    "same:[${n}, ${m}]",
    "oc.create:{k: ${n}}",
    "oc.create:${m}",
    "oc.select:m.x",
    "oc.select:m.none,7",
    "oc.dict.keys:m",
    "oc.decode:'{k: 1}'",
)

pytestmark = pytest.mark.skipif(not IS_1_3, reason="compared with Hydra 1.3, whose semantics ours are")


@pytest.fixture(autouse=True)
def _resolvers() -> None:
    forget()
    register_resolvers()


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def check(value: Any, place: str, source: str) -> None:
    tree = {"n": 1, "m": {"x": 2, "y": box(), "z": "${.x}"}, "v": PLACES[place](value)}
    if not (place == "unexpanded" and "\\\\${" in repr(value)):
        # in a copy of what is not expanded, Hydra 1.3 resolves escaped interpolations, and in what was copied not
        tree["w"] = "${v}"
    assert difference(Case(tree, source, (), (), {})) == ""


@pytest.mark.parametrize("source", ["plain", "whole"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [*ODD, *STRUCTURED], ids=lambda value: type(value).__name__)
def test_odd_value(value: Any, place: str, source: str) -> None:
    check(value, place, source)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("resolver", RESOLVERS)
def test_what_a_resolver_gives(resolver: str, place: str) -> None:
    check(f"${{{resolver}}}", place, "readonly" if place == "unexpanded" else "plain")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "written", ["???", Text("???"), "${m.x", "}", "${}", "${.}", "${..n}", "${m.${k}}", "${oc.env:NO_SUCH_NAME}"]
)
def test_text_that_means_something(written: str, place: str) -> None:
    check(written, place, "plain")


@pytest.mark.parametrize("kind", ["DictConfig", "ListConfig"])
@pytest.mark.parametrize("found", [1, None, {"k": 1}, [1]], ids=repr)
def test_container_that_is_a_reference(found: Any, kind: str) -> None:
    container = getattr(__import__("omegaconf"), kind)
    assert difference(Case({"n": found, "v": container("${n}"), "w": box(x="${v}")}, "plain", (), (), {})) == ""


def test_same_dict_at_several_places() -> None:
    again = Options(box(x=[1]))
    tree = {"a": again, "b": [again, (again,)], "c": box(x=again, y={"z": again}), "d": box(x=again, _recursive_=False)}
    assert difference(Case(tree, "plain", (), (), {})) == ""
    assert difference(Case({**tree, "e": "${c.y}"}, "plain", (), (), {})) == ""


def test_input_in_which_a_container_is_used_is_left_as_it_was() -> None:
    inner = OmegaConf.create({"k": box(), "l": "${.k}"})
    before = repr(inner), inner._get_parent()
    assert difference(Case({"a": inner, "b": box(x=inner)}, "plain", (), (), {})) == ""
    assert (repr(inner), inner._get_parent()) == before
