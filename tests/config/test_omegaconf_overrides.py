from __future__ import annotations

import copy
import threading
import warnings
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import pytest
from omegaconf import MISSING, OmegaConf

from hydra_cached.config import apply_overrides
from hydra_cached.errors import OverrideError


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Optimizer:
    lr: float = 0.1
    colour: Colour = Colour.RED


@dataclass
class Schema:
    optimizer: Optimizer = field(default_factory=Optimizer)
    items: list[int] = field(default_factory=lambda: [1, 2])
    must: int = MISSING
    extra: Any = None


@dataclass(frozen=True)
class Frozen:
    n: int = 1


def refused(config: Any, override: str) -> OverrideError:
    with pytest.raises(OverrideError) as caught:
        apply_overrides(config, [override])
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("config", [Schema, Schema()])
def test_dataclass_becomes_a_typed_config_only_when_overridden(config: Any) -> None:
    assert apply_overrides(config, []) is config
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        applied = apply_overrides(config, ["optimizer.lr=2", "optimizer.colour=BLUE", "items.0=5", "must=3"])
    assert OmegaConf.get_type(applied) is Schema
    assert applied.optimizer == {"lr": 2.0, "colour": Colour.BLUE}
    assert applied["items"] == [5, 2]
    assert applied.must == 3
    assert Schema().optimizer.lr == 0.1


@pytest.mark.parametrize(
    ("override", "message", "hint"),
    [
        (
            "optimizer.lr=abc",
            "Value 'abc' of type 'str' could not be converted to Float",
            'give "optimizer.lr" a value of the type its class declares',
        ),
        ("optimizer.colour=PINK", "Invalid value 'PINK'", "a value of the type its class declares"),
        ("items.0=x", "could not be converted to Integer", "a value of the type its class declares"),
        ("optimizer=3", "int is not a subclass of Optimizer", "a value of the type its class declares"),
        ("optimizer.lrr=1", 'no key "lrr" in the config at "optimizer"', 'did you mean "optimizer.lr"?'),
        ("optimizer={lrr:1}", "Key 'lrr' not in 'Optimizer'", "use +optimizer={lrr:1} to add it"),
        ("optimizer.lr.x=1", '"optimizer.lr" is 0.1, not a dict or list', "replace it"),
        ("items.9=1", 'no item 9 in the list at "items"', "its items are 0 to 1"),
        ("must.x=1", 'no key "x" in the config at "must"', "use +must.x=1 to add it"),
    ],
)
def test_what_the_class_does_not_allow_is_refused(override: str, message: str, hint: str) -> None:
    error = refused(Schema, override)
    assert message in error.message
    assert error.hint is not None
    assert hint in error.hint


def test_plus_adds_a_field_to_a_typed_config() -> None:
    assert apply_overrides(Schema, ["+optimizer.momentum=1"]).optimizer.momentum == 1


def test_read_only_config_stays_as_it_is() -> None:
    config = OmegaConf.create({"a": {"b": 1}})
    OmegaConf.set_readonly(config, True)
    for given, override in ((config, "a.b=2"), (config, "~a"), (Frozen, "n=2")):
        error = refused(given, override)
        assert "read-only" in error.message
        assert error.hint == "the config is read-only; make it writable where it is defined"


def test_flags_of_the_config_outlive_the_override() -> None:
    config = OmegaConf.create({"a": {"b": 1}})
    OmegaConf.set_struct(config, True)
    applied = apply_overrides(config, ["a.b=2", "+a.c=3"])
    assert applied == {"a": {"b": 2, "c": 3}}
    assert OmegaConf.is_struct(applied)
    assert config == {"a": {"b": 1}}


def test_absent_key_is_refused_without_the_struct_flag_too() -> None:
    error = refused(OmegaConf.create({"model": {"lr": 1}}), "model.lr_rate=2")
    assert error.hint == 'did you mean "model.lr"? use +model.lr_rate=2 to add it'


def test_part_of_a_larger_config_is_copied_with_the_whole() -> None:
    whole = OmegaConf.create({"a": {"n": 1, "same": "${a.n}", "other": "${b}"}, "b": 7})
    applied = apply_overrides(whole.a, ["n=2"])
    assert applied == {"n": 2, "same": 2, "other": 7}
    assert whole.a == {"n": 1, "same": 1, "other": 7}


def test_root_may_be_a_list_config() -> None:
    assert apply_overrides(OmegaConf.create([{"n": 1}]), ["0.n=2"]) == [{"n": 2}]


def test_typed_configs_inside_plain_ones_are_changed_in_a_copy() -> None:
    inner, plain = OmegaConf.create({"n": 1}), {"k": 1}
    config = {"a": inner, "b": [Optimizer()], "c": Optimizer, "d": plain}
    applied = apply_overrides(config, ["a.n=2", "b.0.lr=3", "c={lr:4}"])
    assert applied["a"] == {"n": 2}
    assert applied["b"][0].lr == 3.0
    assert applied["c"].lr == 4.0
    assert applied["d"] is plain
    assert inner == {"n": 1}
    assert type(applied) is dict


def test_objects_in_a_config_survive() -> None:
    config = OmegaConf.create({"_target_": len, "n": 1}, flags={"allow_objects": True})
    applied = apply_overrides(config, ["n=2"])
    assert applied["_target_"] is len
    holder = Schema(extra=refused)
    assert apply_overrides(holder, ["must=1"]).extra is refused


def test_object_that_cannot_be_copied_is_handed_on() -> None:
    lock = threading.Lock()
    config = OmegaConf.create({"lock": lock, "n": 1}, flags={"allow_objects": True})
    assert apply_overrides(config, ["n=2"]).lock is lock


def test_attrs_class_becomes_a_typed_config() -> None:
    attr = pytest.importorskip("attr")
    schema = attr.make_class("AttrsSchema", {"n": attr.ib(type=int, default=1)})
    assert apply_overrides(schema, ["n=2"]).n == 2


def test_given_config_is_never_changed() -> None:
    config = OmegaConf.create({"a": {"b": [1, {"c": 2}]}, "d": "${a.b}"})
    before = copy.deepcopy(config)
    for override in ("a.b.1.c=3", "+e=1", "~d", "a.b=[]", "a={b:[9]}"):
        apply_overrides(config, [override])
        assert config == before
