"""Sweeps have the points that Hydra's basic sweeper gives, in its order."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from hydra_cached.config.compose import open_composer
from hydra_cached.config.sweeps import MAX_POINTS, expand_sweep
from hydra_cached.errors import OverrideError
from tests.config.conf_dirs import CONFIG_DIR

Project = Callable[[Mapping[str, str]], Path]


def hydra_expands(texts: list[str], config_loader: Any = None) -> list[list[str]]:
    """What Hydra's own sweeper makes of it; private, as Hydra offers it to its own files only."""
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    parsed = OverridesParser.create(config_loader).parse_overrides(texts)
    [batch] = BasicSweeper.split_arguments(parsed, None)
    return [list(point) for point in batch]


def expand(texts: list[str], config_loader: Any = None) -> list[list[str]]:
    return [list(point.overrides) for point in expand_sweep(texts, config_loader=config_loader)]


LIKE_HYDRA = [
    "a=1,2",
    "a=1 b=2",
    "a=1,2 b=3,4,5",
    "a=1,2 b=3,4 c=5,6",
    "+a=1,2",
    "++a.b=x,y",
    "a.0=1,2",
    "a=choice(1,2,3)",
    "a=choice('x y',\"it's\",'a,b')",
    "a='x,y',z",
    "a=null,true,1.0,1,'1',1e3,inf",
    "a=[1,2],[3],[]",
    "a={x:1},{y:[1,{z:2}]}",
    "a=range(0,4)",
    "a=range(4)",
    "a=range(0,10,3) b=range(3,0,-1)",
    "a=range(0,1,0.25)",
    "a=range(1.0,0.0,-0.5)",
    "a=sort(3,1,2)",
    "a=sort(range(0,3),reverse=true)",
    "a=sort(choice(b,c,a)) b=1,2",
    "a=tag(t1,t2,choice(1,2))",
    "a=tag(t,range(0,2))",
    "a=int(choice(1.0,2.0))",
    "a=float(range(0,2))",
    "a=1,2 a=3,4,5",
    "a=1,2 b=0,1 a=3",
    "a=3 b=0,1 a=1,2",
    "a=1,2 +a=3",
    "group=a,b",
    "group@package=a,b",
    "group/sub@package.deep=a,b other=1,2",
    "a=${b},${c.d} b=${oc.env:X,1}",
    "~a=1 b=1,2",
    "hydra.job.num=1,2",
]


@pytest.mark.parametrize("texts", LIKE_HYDRA)
def test_points_and_order_are_those_of_hydras_sweeper(texts: str) -> None:
    # an override with a space in it is quoted, so that it is no boundary between two
    words = [texts] if "'" in texts else texts.split()

    assert expand(words) == hydra_expands(words)


values = st.one_of(st.integers(-5, 5), st.floats(0, 1), st.sampled_from(["x", "y z", "null", "it's", "true"]))
choices = st.lists(values.map(lambda value: repr(value) if isinstance(value, str) else str(value)), min_size=1)
ranges = st.builds("range({},{},{})".format, st.integers(-3, 0), st.integers(1, 4), st.integers(1, 2))
overrides = st.builds(
    "{}{}={}".format,
    st.sampled_from(["", "+", "++"]),
    st.sampled_from(["a", "b", "c.d"]),
    st.one_of(choices.map(",".join), choices.map(lambda each: f"choice({','.join(each)})"), ranges),
)


@given(st.lists(overrides, max_size=4))
def test_any_sweep_is_expanded_as_hydra_expands_it(texts: list[str]) -> None:
    assert expand(texts) == hydra_expands(texts)


def test_a_shuffled_sweep_has_hydras_order_for_the_same_seed() -> None:
    texts = ["a=shuffle(1,2,3,4,5,6,7,8)", "b=shuffle(range(0,8))"]
    random.seed(7)
    expected = hydra_expands(texts)
    random.seed(7)

    assert expand(texts) == expected
    assert expected != hydra_expands([text.replace("shuffle", "sort") for text in texts])


@pytest.mark.parametrize(
    "glob", ["model=glob(*)", "model=glob([s*,l*],exclude=small)", "model=glob(*) data@train=glob([*])"]
)
def test_globs_choose_among_the_options_of_a_group(glob: str, project: Project) -> None:
    project(CONFIG_DIR)
    with open_composer("conf", "config") as composer:
        points = expand(glob.split(), composer.config_loader)
        assert points == hydra_expands(glob.split(), composer.config_loader)
    assert points


def test_a_deletion_stays_a_deletion() -> None:
    # Hydra 1.3's sweeper makes "~a=null" of it, which deletes only a null
    assert expand(["~a", "b=1,2"]) == [["~a", "b=1"], ["~a", "b=2"]]


def test_a_point_is_told_apart_by_what_is_swept() -> None:
    points = expand_sweep(["n=3", "lr=1,2", "+model.size=s,l", "m=0,1", "m=5"])

    assert [point.label for point in points] == [
        "lr=1 +model.size=s",
        "lr=1 +model.size=l",
        "lr=2 +model.size=s",
        "lr=2 +model.size=l",
    ]
    assert points[0].overrides == ("n=3", "lr=1", "+model.size=s", "m=5")


def test_without_overrides_there_is_one_point() -> None:
    assert [(point.overrides, point.label) for point in expand_sweep([])] == [((), "")]


@pytest.mark.parametrize(
    ("texts", "message", "hint"),
    [
        (["a=interval(0,1)"], '"a=interval(0,1)" has no end', "write a=range(START,STOP,STEP)"),
        (["+a=tag(t,interval(0,1))"], '"+a=tag(t,interval(0,1))" has no end', "or +a=choice(A,B)"),
        (["a=range(3,3)"], '"a=range(3,3)" is a choice of nothing', "one value at least"),
        (["a=range(0,1,0)"], 'cannot enumerate "a=range(0,1,0)": ValueError', "the step must not be 0"),
        (["a=range(0,1,0.0)"], 'cannot enumerate "a=range(0,1,0.0)"', "the step must not be 0"),
        (["a=choice()"], "empty choice is not legal", "one value at least"),
        (["a=1,,2"], 'cannot parse the override "a=1,,2": unexpected ","', "quote the value"),
        (["a=glob(*)"], '"a=glob(*)" chooses from a config group', "config groups need --config-dir DIR"),
        (["a=1,2", "b=[1"], 'cannot parse the override "b=[1"', "close its brackets"),
        (["a=range(0,1000)", "b=range(0,1000)"], f"more than {MAX_POINTS:,} configs", "fewer"),
        (["a=range(0,1000000000000)"], f"more than {MAX_POINTS:,} configs", "fewer"),
    ],
)
def test_what_cannot_be_enumerated_is_refused(texts: list[str], message: str, hint: str) -> None:
    with pytest.raises(OverrideError) as caught:
        expand_sweep(texts)

    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
