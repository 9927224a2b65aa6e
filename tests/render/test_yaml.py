"""Configs as YAML: what is shared is written once, and a parser loads back what was written."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from hydra_cached.errors import ConfigError
from hydra_cached.render.yaml import config_to_yaml

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=8)
    | st.dates()
)
CONFIGS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Model:
    _target_: str = "builtins.dict"
    layers: int = 3
    name: str = "???"


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError("no repr")


def node(**arguments: Any) -> dict[str, Any]:
    return {"_target_": "builtins.dict", **arguments}


@given(st.dictionaries(st.text(max_size=8), CONFIGS, max_size=4))
def test_a_parser_loads_back_what_was_written(config: dict[str, Any]) -> None:
    assert yaml.safe_load(config_to_yaml(config)) == config


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "1.5",
        "1e3",
        "1e-3",
        "0o17",
        "0x1f",
        "1_000",
        "1:30",
        ".5",
        "yes",
        "null",
        "~",
        "=",
        "2020-01-01",
        "???",
        "",
    ],
)
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    written = config_to_yaml({"a": text})
    assert yaml.safe_load(written) == {"a": text}
    assert OmegaConf.to_container(OmegaConf.create(written)) == {"a": text}


def test_a_shared_node_is_written_once_under_its_shortest_path() -> None:
    encoder = node(size=3)
    text = config_to_yaml({"steps": [{"deep": encoder}], "model": {"encoder": encoder}, "other": {"b": {"c": encoder}}})
    assert text == (
        "steps:\n- deep: &model_encoder\n    _target_: builtins.dict\n    size: 3\n"
        "model:\n  encoder: *model_encoder\nother:\n  b:\n    c: *model_encoder\n"
    )


def test_what_an_alias_refers_to_loads_as_one_object() -> None:
    encoder = node()
    loaded = yaml.safe_load(config_to_yaml({"a": encoder, "b": [encoder]}))
    assert loaded["a"] is loaded["b"][0]


def test_equal_nodes_that_are_written_separately_stay_separate() -> None:
    assert "&" not in config_to_yaml({"a": node(), "b": node()})


def test_a_shared_container_is_anchored_only_when_there_is_a_node_in_it() -> None:
    numbers, steps = [1, 2], [node()]
    text = config_to_yaml({"a": numbers, "b": numbers, "c": steps, "d": steps})
    assert text == "a:\n- 1\n- 2\nb:\n- 1\n- 2\nc: &c\n- _target_: builtins.dict\nd: *c\n"


def test_anchors_are_unique_where_paths_differ_in_punctuation_only() -> None:
    first, second = node(n=1), node(n=2)
    loaded = yaml.safe_load(config_to_yaml({"a b": first, "a_b": second, "c": {"d": [first, second]}}))
    assert [each["n"] for each in loaded["c"]["d"]] == [1, 2]


def test_interpolations_stay_as_written() -> None:
    config = {"a": 1, "b": "${a}", "c": node(x="${oc.env:HOME}")}
    assert yaml.safe_load(config_to_yaml(config)) == config
    assert yaml.safe_load(config_to_yaml(OmegaConf.create(config))) == config


@pytest.mark.parametrize("make", [dict, OmegaConf.create])
def test_a_resolved_reference_to_a_node_is_an_alias(make: Any) -> None:
    config = make({"n": 2, "encoder": node(size="${n}"), "model": {"encoder": "${encoder}"}})
    assert config_to_yaml(config, resolve=True) == (
        "n: 2\nencoder: &encoder\n  _target_: builtins.dict\n  size: 2\nmodel:\n  encoder: *encoder\n"
    )


def test_a_resolved_reference_ahead_of_its_node_carries_the_anchor() -> None:
    text = config_to_yaml({"model": {"encoder": "${encoder}"}, "encoder": node()}, resolve=True)
    assert text == "model:\n  encoder: &encoder\n    _target_: builtins.dict\nencoder: *encoder\n"


def test_missing_values_are_shown_when_resolving() -> None:
    assert yaml.safe_load(config_to_yaml({"a": "???", "b": "${c}", "c": 1}, resolve=True)) == {
        "a": "???",
        "b": 1,
        "c": 1,
    }


def test_a_reference_to_nothing_is_an_error_when_resolving() -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        config_to_yaml({"a": "${nowhere}"}, resolve=True)


def test_callables_are_written_as_their_target_id() -> None:
    config = {"a": {"_target_": math.sqrt, "type": dict}, "b": {"_target_": Path.read_text}}
    assert yaml.safe_load(config_to_yaml(config)) == {
        "a": {"_target_": "math.sqrt", "type": "builtins.dict"},
        "b": {"_target_": "pathlib.Path.read_text"},
    }


def test_dataclasses_are_written_as_the_configs_they_are() -> None:
    expected = {"_target_": "builtins.dict", "layers": 3, "name": "???"}
    config = {"cls": Model, "instance": Model(layers=4), "omega": OmegaConf.structured(Model)}
    assert yaml.safe_load(config_to_yaml(Model)) == expected
    assert yaml.safe_load(config_to_yaml(config)) == {
        "cls": expected,
        "instance": {**expected, "layers": 4},
        "omega": expected,
    }


def test_one_dataclass_at_two_places_is_two_nodes() -> None:
    model = Model()
    assert "&" not in config_to_yaml({"a": model, "b": model})


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Colour.RED, "RED"),
        (Path("data/x.txt"), "data/x.txt"),
        ((1, 2), [1, 2]),
        (3 + 4j, "(3+4j)"),
        (datetime.date(2020, 1, 2), datetime.date(2020, 1, 2)),
    ],
)
def test_values_without_a_form_in_yaml_are_readable(value: Any, written: Any) -> None:
    assert yaml.safe_load(config_to_yaml({"a": value})) == {"a": written}


def test_an_object_whose_repr_fails_does_not_hide_the_rest() -> None:
    loaded = yaml.safe_load(config_to_yaml({"a": Unprintable(), "b": 1}))
    assert "Unprintable object at" in loaded["a"]
    assert loaded["b"] == 1


def test_text_is_written_for_people() -> None:
    long = "word " * 60 + "end"
    text = config_to_yaml({"z": "two\nlines\n", "a": "größer als 3 µm 🙂", "long": long})
    assert text == f"z: |\n  two\n  lines\na: größer als 3 µm 🙂\nlong: {long}\n"


def test_a_config_that_contains_itself_is_an_error() -> None:
    config: dict[str, Any] = {"a": {"b": {}}}
    config["a"]["b"]["c"] = config["a"]
    with pytest.raises(ConfigError, match=r"a -> a\.b\.c"):
        config_to_yaml(config)


def test_a_config_that_is_nested_too_deep_is_an_error() -> None:
    config: dict[str, Any] = {}
    for _ in range(100_000):
        config = {"a": config}
    with pytest.raises(ConfigError, match="nested too deep"):
        config_to_yaml(config)
