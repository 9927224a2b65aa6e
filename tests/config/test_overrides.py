from __future__ import annotations

import copy
import enum
from typing import Any

import pytest
from omegaconf import OmegaConf

from hydra_cached.config import apply_overrides
from hydra_cached.errors import OverrideError


class Size(enum.Enum):
    SMALL = 1


def base() -> dict[str, Any]:
    return {
        "model": {"lr": 1, "layers": {"depth": 2, "width": None}},
        "steps": [1, {"n": 2}, [3]],
        "name": "x",
        "same": "${model.layers}",
        "must": "???",
        "none": None,
    }


def refused(config: Any, override: str) -> OverrideError:
    before = copy.deepcopy(config)
    with pytest.raises(OverrideError) as caught:
        apply_overrides(config, [override])
    assert config == before
    assert "\n" not in caught.value.message + (caught.value.hint or "")
    return caught.value


def hydra_applies(config: Any, override: str) -> Any:
    """What Hydra itself makes of it, or None where it refuses; private, as Hydra offers it to its own files only."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from hydra.core.override_parser.overrides_parser import OverridesParser

    composed: Any = OmegaConf.create(config)
    OmegaConf.set_struct(composed, True)
    try:
        ConfigLoaderImpl._apply_overrides_to_config(OverridesParser.create().parse_overrides([override]), composed)
    except Exception:
        return None
    return OmegaConf.to_container(composed)


LIKE_HYDRA = """
    model.lr=2 model.layers.depth=5 +model.n=1 ++model.n=1 ++model.lr=7 +model.q.w=1 +model.q={a:{b:1}}
    model={lr:3} model={q:3} +model={q:3} ++model={q:{k:1}} +model={lr:4} model.layers={depth:1} model.layers=null
    model.layers=3 model={layers:{depth:7}} model={layers:4} model={} +model={layers:{q:1}}
    ~model.lr ~model ~model.lr=1 ~model.lr=2 ~model.layers.depth=2 ~nope ~model.nope
    steps.0=5 steps.1.n=9 steps.2.0=1 steps.9=1 steps.2.9=1 steps=[1] steps={a:1} steps.x=1 +steps=[7] ++steps.0=3
    +steps.0=3 steps.1={n:4} steps.1={o:4} +steps.1.o=4 +steps.1={o:5} +steps.3=1 ~steps ~steps=[1]
    model=[1] name=y +name=y ++name=y name=[1,2] name={k:1} name.q=1 same=5 same={d:9} none=1 +none=1 +none.k=1 none.k=1
    none=[1] none={k:1} must=1 +must=1 must.x=1 +must.x=1 must={k:1} nope=1 nope.x=1 +nope=null +nope={a:[1,{b:2}]}
    model.lr=${name} name='a,b' name="q" name=a\\,b name=1e-3 name=true name=0x1 name=??? name= model.lr.x=1
""".split()


@pytest.mark.parametrize("override", LIKE_HYDRA)
def test_result_is_the_one_hydra_gives(override: str) -> None:
    config = base()
    expected = hydra_applies(config, override)
    for given in (config, OmegaConf.create(config)):
        if expected is None:
            refused(given, override)
            continue
        applied = apply_overrides(given, [override])
        assert (OmegaConf.to_container(applied) if OmegaConf.is_config(applied) else applied) == expected
        assert given == base()


def test_without_overrides_the_config_itself_is_returned() -> None:
    config = base()
    assert apply_overrides(config, []) is config


def test_overrides_are_applied_in_turn() -> None:
    assert apply_overrides({"a": 1}, ["+b=1", "b=2", "~a", "+a.c=3"]) == {"b": 2, "a": {"c": 3}}


def test_only_the_containers_on_the_path_are_copied() -> None:
    shared = {"n": 1}
    config = {"a": {"x": shared, "y": shared, "z": 1}, "b": [shared, {"k": shared}], "c": {"d": 1}}
    applied = apply_overrides(config, ["a.z=2"])
    assert applied["a"] is not config["a"]
    assert applied["a"]["x"] is applied["a"]["y"] is applied["b"][0] is applied["b"][1]["k"] is shared
    assert applied["b"] is config["b"]
    assert applied["c"] is config["c"]


def test_override_below_one_use_of_a_shared_dict_leaves_the_other_alone() -> None:
    shared = {"n": 1}
    applied = apply_overrides({"a": shared, "b": shared}, ["a.n=2"])
    assert applied == {"a": {"n": 2}, "b": {"n": 1}}
    assert applied["b"] is shared


def test_merged_dict_keeps_what_it_does_not_name() -> None:
    kept = {"k": 1}
    applied = apply_overrides({"a": {"kept": kept, "n": 1}}, ["a={n:2}"])
    assert applied["a"]["kept"] is kept
    assert applied["a"]["n"] == 2


def test_callables_and_other_objects_survive() -> None:
    marker, target = object(), lambda: 1
    config = {"_target_": target, "marker": marker, "deep": {"marker": marker, "n": 1}}
    applied = apply_overrides(config, ["deep.n=2"])
    assert applied["_target_"] is target
    assert applied["deep"]["marker"] is applied["marker"] is marker


def test_root_may_be_a_list() -> None:
    assert apply_overrides([{"n": 1}, {"n": 2}], ["1.n=3"]) == [{"n": 1}, {"n": 3}]


def test_tuple_stays_a_tuple() -> None:
    assert apply_overrides({"a": (1, {"n": 2})}, ["a.1.n=3", "a.0=0"]) == {"a": (0, {"n": 3})}


def test_int_and_enum_keys_are_found_by_their_spelling() -> None:
    assert apply_overrides({"a": {0: 1, Size.SMALL: 2}}, ["a.0=3", "a.SMALL=4"]) == {"a": {0: 3, Size.SMALL: 4}}


def test_dict_value_may_add_keys_that_are_no_strings() -> None:
    assert apply_overrides({"a": {"b": 1}}, ["+a={0:c}"]) == {"a": {"b": 1, 0: "c"}}


def test_interpolation_is_kept_as_text() -> None:
    assert apply_overrides({"a": 1, "b": 2}, ["a=${b}", "b=${oc.env:HOME,x}"]) == {"a": "${b}", "b": "${oc.env:HOME,x}"}


@pytest.mark.parametrize("override", ["~none", "~must", "~steps.0", "~none=null"])
def test_anything_that_is_there_can_be_deleted(override: str) -> None:
    # Hydra 1.3 sees neither null nor "???", and no items of lists; 1.4 does
    key = override.lstrip("~").partition("=")[0]
    for config in (base(), OmegaConf.create(base())):
        applied = apply_overrides(config, [override])
        assert applied["steps"] == [{"n": 2}, [3]] if key == "steps.0" else key not in applied


@pytest.mark.parametrize(
    ("override", "message", "hint"),
    [
        (
            "model.lr_rate=0.1",
            'no key "lr_rate" in the config at "model"',
            'did you mean "model.lr"? use +model.lr_rate=0.1 to add it',
        ),
        ("modle.lr=2", 'no key "modle" in the config', 'did you mean "model.lr"? use +modle.lr=2 to add it'),
        ("depth=2", 'no key "depth" in the config', 'did you mean "model.layers.depth"? use +depth=2 to add it'),
        (
            "model.zzz=2",
            'no key "zzz" in the config at "model"',
            "the keys there are lr, layers; use +model.zzz=2 to add it",
        ),
        ("~modle", 'no key "modle" in the config', 'did you mean "model"?'),
        ("none.k=1", 'no key "k" in the config at "none"', "use +none.k=1 to add it"),
        ("+name=y", 'cannot add "name": it is in the config already', "use name=y to change it, or ++name=y"),
        ("~model.lr=2", 'cannot delete "model.lr": it is 1, not 2', "use ~model.lr to delete it whatever it is"),
        ("steps.9=1", 'no item 9 in the list at "steps"', "its items are 0 to 2; to make it longer, set all of it"),
        ("steps.first=1", '"first" is no index into the list at "steps"', "its items are 0 to 2"),
        ("name.q=1", 'cannot apply "name.q=1": "name" is \'x\', not a dict or list', "replace it: name={q: ...}"),
        ("++model.lr.q=1", 'cannot apply "++model.lr.q=1": "model.lr" is 1', "replace it: model.lr={q: ...}"),
        ("same.depth=1", '"same" is the reference "${model.layers}"', "override what it refers to: model.layers.depth"),
        ("+same.k=1", '"same" is the reference "${model.layers}"', "override what it refers to: model.layers.k"),
        ("model=[1]", '"model" is a dict, the value a list', "delete it first: ~model +model=[1]"),
        ("steps={a:1}", '"steps" is a list, the value a dict', "delete it first: ~steps +steps={a:1}"),
    ],
)
def test_override_that_does_not_fit_says_what_was_meant(override: str, message: str, hint: str) -> None:
    for config in (base(), OmegaConf.create(base())):
        error = refused(config, override)
        assert message in error.message
        assert error.hint is not None
        assert hint in error.hint


def test_merged_dict_may_not_add_keys() -> None:
    error = refused(base(), "model={layers:{zzz:2}}")
    assert error.message == 'no key "zzz" in the config at "model.layers"'
    assert error.hint == "the keys there are depth, width; use +model={layers:{zzz:2}} to add it"


def test_nothing_is_inside_an_empty_list() -> None:
    assert refused({"a": []}, "a.0=1").hint == "it is empty; to make it longer, set all of it"


def test_resolver_call_is_no_path_to_suggest() -> None:
    assert refused({"a": "${oc.env:HOME}"}, "a.b=1").hint == "override what it refers to"


@pytest.mark.parametrize(
    ("override", "message", "hint"),
    [
        ("a=1,2", '"a=1,2" is a sweep', "run it with -m"),
        ("a=choice(1,2)", '"a=choice(1,2)" is a sweep', "run it with -m"),
        ("a=range(1,3)", '"a=range(1,3)" is a sweep', "run it with -m"),
        ("a=glob(*)", '"a=glob(*)" is a sweep', "run it with -m"),
        ("a@b=1", '"a@b=1" chooses from a config group', "config groups need --config-dir"),
        ("a/b=1", '"a/b=1" chooses from a config group', "write a.b=1"),
        ("=1", 'the override "=1" names no key', "write KEY=VALUE"),
        ("a", 'cannot parse the override "a"', "write KEY=VALUE"),
        ("", 'cannot parse the override ""', "write KEY=VALUE"),
        ("a..b=1", 'cannot parse the override "a..b=1": unexpected "."', "quote the value"),
        ("a=[1", 'cannot parse the override "a=[1"', "close its brackets"),
        ("a=unknown(1)", 'has no function "unknown"', "it has bool, choice"),
    ],
)
def test_override_outside_the_grammar_is_refused(override: str, message: str, hint: str) -> None:
    error = refused({"a": 1}, override)
    assert message in error.message
    assert error.hint is not None
    assert hint in error.hint


def test_brackets_in_the_key_give_the_item_or_the_spelling_with_dots() -> None:
    # Hydra 1.4 accepts them, 1.3 does not
    config = {"steps": [{"n": 1}]}
    try:
        applied = apply_overrides(config, ["steps[0].n=3"])
    except OverrideError as error:
        applied = [error.message, error.hint]
    assert applied in (
        {"steps": [{"n": 3}]},
        [
            'cannot parse the override "steps[0].n=3": unexpected "["',
            "name an item of a list by a dot: steps.0.n=3",
        ],
    )
