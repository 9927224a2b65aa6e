"""Small things in which Hydra is particular, each one found by a generated config: ours does the same."""

from __future__ import annotations

from typing import Any

import pytest
from hydra.errors import InstantiationException
from omegaconf import DictConfig, ListConfig, OmegaConf

from hydra_cached import instantiate
from tests.graph import recording_targets as targets
from tests.graph.generated_configs import Case
from tests.graph.generated_references import Path
from tests.graph.outcomes import IS_1_3, difference, hydra_instantiate
from tests.graph.recording_targets import Corner, Point, events, forget, register_resolvers

HERE = targets.__name__


@pytest.fixture(autouse=True)
def _resolvers() -> None:
    forget()
    register_resolvers()


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def case(tree: Any, source: str = "plain", part: Path = (), args: tuple[Any, ...] = (), **kwargs: Any) -> Case:
    return Case(tree, source, part, args, kwargs)


CASES = {
    "a resolver is called once for a value and what refers to it": case({"a": "${count:x}", "b": "${a}", "c": "${a}"}),
    "a resolver is called again for a reference before its value": case({"b": "${a}", "a": "${count:x}"}),
    "a resolver is called once in a container that is referred to": case(
        {"a": {"x": "${count:x}"}, "b": box(y="${a}"), "c": "${a}"}, "whole"
    ),
    "a resolver is called once in a config passed on unexpanded": case(
        {"a": box(x={"y": "${count:x}", "z": "${.y}"}, _recursive_=False), "b": "${a.x.y}"}, "readonly"
    ),
    "a resolver is called once where the caller overrides it": case({"a": "${count:x}", "b": "${a}"}, a=0),
    "a resolver makes a tree with a call in it": case({"a": "${tree:x}", "b": {"c": "${a}"}}, "whole"),
    "a resolver makes a tree for a read-only config": case({"a": "${tree:x}"}, "readonly"),
    "the first item of a list has no full_key": case([{"_target_": "math.pi"}]),
    "the second item of a list has one": case([1, {"_target_": "math.pi"}]),
    "the first item as a part has none": case([{"_target_": f"{HERE}.fail"}], "whole", (0,)),
    "an item of an inner list": case({"a": [[{"_target_": "math.pi"}]]}, "whole"),
    "an empty target": case({"a": {"_target_": ""}}),
    "a relative target": case({"a": {"_target_": ".f"}}),
    "a missing target": case({"_target_": "???"}),
    "a target that raises with a cause": case({"a": {"_target_": f"{HERE}.fail_with_cause"}}),
    "an absent module": case({"a": {"_target_": "no_such_module.f"}}),
    "an absent attribute of a class": case({"a": {"_target_": f"{HERE}.Box.no_such"}}),
    "positional arguments that are no list": case({"a": box(_args_=3)}),
    "positional arguments that are a dict": case({"a": box(_args_={"k": 1})}),
    "positional arguments that are None, replaced": case(box(_args_=None), args=(1,)),
    "positional arguments that are a dict, replaced": case(box(_args_={"k": 1}), args=(1,)),
    "positional arguments of an unexpanded call, replaced": case(
        box(_args_={"k": 1}, _recursive_=False), "whole", (), (1,), x={"y": 1}
    ),
    "positional arguments that are calls, replaced": case(box(_args_=[box(x=1)]), args=(1,)),
    "a missing item of a list": case({"a": [1, "???"]}),
    "a reference to a missing value": case({"a": "${b}", "b": "???"}, "whole"),
    "a missing value with an override": case(box(a="???"), "plain", (), (), b={"c": 1}),
    "a container passed on unexpanded": case(box(x={"y": [1, {}]}, _recursive_=False)),
    "a read-only container passed on unexpanded": case(
        box(_args_=[[{"x": 1}], 2], y=["${_args_}"], _recursive_=False), "readonly"
    ),
    "a callable in a container passed on unexpanded": case(box(x={"_target_": targets.show}, _recursive_=False)),
    "a callable in an override": case(box(_recursive_=False), "whole", (), (), x={"_target_": targets.show}),
    "a callable beside a reference": case(box(x={"_target_": targets.show, "y": "${.z}", "z": 1}, _recursive_=False)),
    "keys that are no strings": case({"a": box(), "b": {1: 2, 2.5: box()}}),
    "a missing positional that is handed on": case({"a": box(_args_=["???", 1], _recursive_=False)}),
    "a keyword that is no string": case({**box(a=1), 2.5: 3}),
    "a partial list": case([{"_target_": "math.pi"}], _partial_=True),
    "a partial list with a fault": case(["${nothing}"], _partial_=True),
    "an unknown convert": case(box(x=[1], _convert_="sideways")),
    "convert of None": case(box(x=[1], _convert_=None)),
    "modes in capitals": case({"a": box(x=[1], y=Point(), _convert_="ALL"), "b": [1], "_convert_": "Partial"}),
    "a mode in capitals in a config": case({"a": box(x=[1], _convert_="OBJECT")}, "whole"),
    "a list that is partial, or not quite": case([box()], _partial_=None),
    "a flag that is a list": case(box(_recursive_=[])),
    "a target that is a dict": case({"a": {"_target_": {"b": 1}}}),
    "what is not expanded knows its name": case(
        {"a": {"_target_": f"{HERE}.ask", "x": {"y": 1}, "_recursive_": False}}
    ),
    "a reference that is not expanded knows its name": case(
        {"n": {"y": 1}, "a": {"_target_": f"{HERE}.ask", "x": "${n}", "_recursive_": False}}, "whole"
    ),
    "what cannot be converted tells where it is": case(
        {"a": [box(x=[Corner("???")], _recursive_=False, _convert_="object")]}  # type: ignore[arg-type]
    ),
    "escaped text that is converted unexpanded": case(
        {"n": 1, "a": box(x={"y": "\\${n}"}, _recursive_=False, _convert_="all")}
    ),
    "escaped text that leads nowhere": case({"a": box(x="\\${no_such}")}),
    "a method of a class in what is not expanded": case(
        {"a": box(x={"_target_": targets.Box.make}, _recursive_=False)}
    ),
    "an opaque object": case(box(x=targets.OPAQUE, y=[targets.OPAQUE])),
    "a result that is a config": case({"a": {"_target_": f"{HERE}.make_config"}, "b": box(x="${a}", _convert_="all")}),
    "a result that is a dataclass": case({"a": {"_target_": f"{HERE}.make_point"}, "b": box(x=["${a}"])}),
    "a schema with typed references": case({"number": "6", "maybe": "${.number}"}, "merged Call"),
    "a schema with a wrong reference": case({"number": "${.either}", "either": "text"}, "Call"),
    "a part of a list that refers to the rest": case([1, box(x="${0}", y="${..[0]}")], "whole", (1,)),
    "environment": case({"a": "${oc.env:NO_SUCH_NAME,3}", "b": "${oc.decode:'[1, 2]'}", "c": "${oc.select:a,4}"}),
}


@pytest.mark.skipif(not IS_1_3, reason="compared with Hydra 1.3, whose semantics ours are")
@pytest.mark.parametrize("each", CASES.values(), ids=CASES.keys())
def test_outcome_is_as_with_hydra(each: Case) -> None:
    assert difference(each) == ""


@pytest.mark.parametrize(
    ("written", "chain"),
    [
        ("no_such_module.f", (ImportError, ModuleNotFoundError)),
        (f"{HERE}.no_such", (ImportError, ModuleNotFoundError)),
        (f"{HERE}.Box.no_such", (ImportError, AttributeError)),
        ("", (ImportError,)),
        (".f", (ValueError,)),
    ],
)
def test_target_that_is_not_found_has_hydras_causes(written: str, chain: tuple[type[Exception], ...]) -> None:
    for each in (instantiate, hydra_instantiate):
        with pytest.raises(InstantiationException, match=f"^Error locating target '{written}'") as caught:
            each({"a": {"_target_": written}})
        causes: list[Any] = []
        cause = caught.value.__cause__
        while cause is not None:
            causes.append(type(cause))
            cause = cause.__cause__
        assert tuple(causes) == chain


def test_cause_of_a_target_that_is_not_found_has_the_hint() -> None:
    with pytest.raises(InstantiationException) as caught:
        instantiate({"a": {"_target_": f"{HERE}.shwo"}})
    assert f'did you mean "{HERE}.show"?' in str(caught.value.__cause__)


def test_references_to_a_resolved_value_agree() -> None:
    made = instantiate({"id": "${count:x}", "a": box(id="${id}"), "b": box(id="${id}")}, _convert_="all")
    assert made["id"] == made["a"].kwargs["id"] == made["b"].kwargs["id"] == "x-1"
    assert [event for event in events if event[0] == "count"] == [("count", "x")]


@pytest.mark.skipif(not IS_1_3, reason="compared with Hydra 1.3, whose semantics ours are")
@pytest.mark.parametrize("recursive", [True, False])
def test_resolvers_above_a_part_are_called_as_by_hydra(recursive: bool) -> None:
    called = []
    for each in (instantiate, hydra_instantiate):
        forget()
        # Hydra changes it
        config = OmegaConf.create({"x": ["${count:x}"], "a": box(y="${..x}", _recursive_=recursive)})
        each(config.a, z=1)
        called.append([event for event in events if "count" in str(event)])
    assert called[0] == called[1] != []


def test_resolvers_leave_the_callers_config_as_it_was() -> None:
    config = OmegaConf.create({"a": "${count:x}", "b": {"c": "${tree:y}"}, "d": "${b}"})
    before = repr(config)
    instantiate(config)
    instantiate(config.b)
    assert repr(config) == before


def test_containers_in_results_have_no_parent() -> None:
    made = instantiate(OmegaConf.create({"a": {"b": [1]}, "c": "${a}"}))
    assert made._get_parent() is None
    assert made.a._get_parent() is made
    assert instantiate([{"x": 1}])._get_parent() is None


def test_result_can_be_pickled_without_the_pipeline() -> None:
    import pickle

    large = OmegaConf.create({"part": {"x": 1}, "rest": ["text" * 1000] * 100})
    assert len(pickle.dumps(instantiate(large.part))) < 2_000


@pytest.mark.skipif(IS_1_3, reason="Hydra 1.3 knows no tuples")
@pytest.mark.parametrize("convert", ["none", "all"])
def test_tuples_stay_tuples_where_hydra_keeps_them(convert: str) -> None:
    config = {"a": (1, {"b": ()}), "_convert_": convert}
    for given in (config, OmegaConf.create(config), OmegaConf.create(config).a):
        ours, theirs = instantiate(given), hydra_instantiate(given)
        assert ours == theirs
        assert type(ours) is type(theirs)
        assert repr(ours) == repr(theirs)


@pytest.mark.skipif(IS_1_3, reason="Hydra 1.3 makes a config of it")
def test_dataclass_in_a_result_stays_one_where_hydra_keeps_it() -> None:
    config = {"a": {"_target_": f"{HERE}.make_point"}, "b": [{"_target_": f"{HERE}.make_point"}]}
    for each in (instantiate, hydra_instantiate):
        made = each(config)
        assert type(made.a) is type(made.b[0]) is Point


def test_mapping_of_the_caller_is_merged_or_replaces_as_in_hydra() -> None:
    config = OmegaConf.create({**box(x={"a": 1, "b": 2}, y=box(c=3), z=1), "w": "${x}"})
    kwargs: dict[str, Any] = {"x": {"b": 3}, "y": {"d": 4}, "z": {"e": 5}}
    ours, theirs = instantiate(config, **kwargs), hydra_instantiate(config, **kwargs)
    for key in "xyz":
        assert repr(ours.kwargs[key]) == repr(theirs.kwargs[key])
    assert ours.kwargs["x"] == ({"a": 1, "b": 3} if IS_1_3 else {"b": 3})


def test_config_of_a_part_is_read_with_flags_of_its_own() -> None:
    config = OmegaConf.create({"a": box(x={"y": "${b}"}, _recursive_=False), "b": [1]})
    OmegaConf.set_readonly(config, True)
    made = instantiate(config.a).kwargs["x"]
    made.y.append(2)
    assert isinstance(made, DictConfig)
    assert isinstance(made.y, ListConfig)
    assert config.b == [1]
