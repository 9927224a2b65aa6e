"""Configs of a sweep over a config directory are those that Hydra composes, also where they are copies of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import hydra
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from hydra_cached.config import Choice, load_choice, load_sweep
from hydra_cached.config.compose import Composer, open_composer
from hydra_cached.config.variants import compose_variants
from hydra_cached.errors import ConfigError
from tests.config.conf_dirs import CONFIG_DIR

Project = Callable[[Mapping[str, str]], Path]
Composed = list[tuple[str, ...]]

CONFIGS = {
    **CONFIG_DIR,
    "conf/searching.yaml": """
        defaults:
          - further: one
          - _self_
        hydra:
          searchpath: [file://more]
        lr: 1
        """,
    "more/further/one.yaml": "n: 1\n",
    "more/further/two.yaml": "n: 2\n",
    "conf/linked.yaml": """
        defaults:
          - config
          - _self_
        link: ${model}
        of_hydra: ${hydra.job}
        """,
}


@pytest.fixture
def folder(project: Project) -> Path:
    return project(CONFIGS)


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> Composed:
    """What Hydra is asked to compose."""
    found: Composed = []
    compose = Composer.compose

    def note(self: Composer, overrides: Sequence[str], **options: Any) -> Any:
        found.append(tuple(overrides))
        return compose(self, overrides, **options)

    monkeypatch.setattr(Composer, "compose", note)
    return found


def choose(*overrides: str, config_name: str | None = None) -> Choice:
    return Choice(None, overrides, None, "conf", config_name)


def hydra_composes(folder: Path, overrides: Sequence[str], config_name: str = "config") -> Any:
    # only 1.3 wants the version
    versions: dict[str, Any] = {"version_base": None} if hydra.__version__.startswith("1.3.") else {}
    with hydra.initialize_config_dir(str(folder / "conf"), **versions):
        return hydra.compose(config_name, list(overrides))


def spell(config: Any) -> tuple[str, bool]:
    # the type of a value counts, and the order of keys
    return repr(OmegaConf.to_container(config)), bool(OmegaConf.is_struct(config))


def spell_or_explain(compose: Callable[[], list[Any]]) -> Any:
    """The configs, or the message where there are none."""
    try:
        return [spell(each) for each in compose()]
    except ConfigError as exc:
        return exc.message


SWEPT = [
    "lr=1,2,3,4",
    "+model.depth=1,2 ++lr=range(0,3)",
    "model=large,small model.size=1,2,3,4",
    "model=large,small lr=1,2",
    "lr=1,2,3,4 +new={a:[1,2]} ~data@train",
    "~lr +lr=1,2,3,4",
    "model={size:3},{size:4},{size:5},{size:6}",
    "extra=logging extra.level=1,2,3,4",
    "data@train=words,numbers lr=1,2,3,4",
    "+list=[1],[2],[3],[4] hydra.job.name=x",
    "model.size=1,2,3,4 +model.of=${lr}",
    "lr=null,true,'1',1.0",
    # one within the other: their order matters
    "model.size=1,2,3,4 model={size:7}",
    "+a={b:1} +a.c=1,2,3,4",
    "lr={a:1} lr.a=1,2,3,4",
    "model.size=7,2,3,4 model.size=5",
]


@pytest.mark.parametrize("text", SWEPT)
def test_every_config_of_a_sweep_is_the_one_that_hydra_composes(text: str, folder: Path) -> None:
    sweep = load_sweep(choose(*text.split()))

    for point, config in zip(sweep.points, sweep.configs, strict=True):
        assert spell(config) == spell(hydra_composes(folder, point.overrides))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("linked", "link.size=5,2,3,4 model.size=5"),
        ("linked", "++of_hydra.name=5,2,3,4"),
        ("searching", "further=one,two lr=1,2,3,4"),
        ("searching", "further=two lr=1,2,3,4"),
    ],
)
def test_references_and_further_places_of_groups_are_hydras_too(name: str, text: str, folder: Path) -> None:
    try:
        sweep = load_sweep(choose(*text.split(), config_name=name))
    except ConfigError:
        with pytest.raises(Exception, match=r"."):
            hydra_composes(folder, [each.partition(",")[0] for each in text.split()], name)
    else:
        for point, config in zip(sweep.points, sweep.configs, strict=True):
            assert spell(config) == spell(hydra_composes(folder, point.overrides, name))


OVERRIDES = [
    "lr=1", "lr=2", "+lr=3", "++lr={a: 1}", "~lr", "++lr.a=2", "model.size=1", "model.size=2", "model={size: 5}",
    "model=large", "~model", "model.size=${lr}", "+new=1", "+new={b: 1}", "+new.b=2", "size=3", "data@train=numbers",
    "++train._args_.0=[9]", "~train", "extra=logging", "++extra.level=4", "hydra.job.name=x", "++model.list=[1]",
]  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(variants=st.lists(st.lists(st.sampled_from(OVERRIDES), max_size=4).map(tuple), min_size=4, max_size=6))
def test_whatever_is_overridden_hydra_would_compose_the_same(variants: list[tuple[str, ...]], folder: Path) -> None:
    with open_composer("conf", "config") as composer:
        expected = spell_or_explain(lambda: [composer.compose(each) for each in variants])
        assert spell_or_explain(lambda: compose_variants(composer, variants)) == expected


def test_configs_that_differ_in_values_are_composed_once(folder: Path, composed: Composed) -> None:
    load_sweep(choose("model=large,small", "lr=range(0,20)"))

    # each choice of groups alone, and once more to see that it comes out the same
    assert composed == [("model=large",), ("model=large", "lr=0"), ("model=small",), ("model=small", "lr=0")]


def test_configs_have_no_value_in_common(folder: Path) -> None:
    first, second, *_ = load_sweep(choose("lr=1,2,3,4")).configs
    first.model.size = 5

    assert second.model.size == 1


@pytest.mark.parametrize("text", ["nope=1,2,3,4", "+lr=1,2,3,4", "lr=1,2,3,4 model=x", "lr.x=1,2,3,4"])
def test_what_is_wrong_with_a_sweep_is_said_as_for_one_config(text: str, folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_sweep(choose(*text.split()))
    with pytest.raises(ConfigError) as one:
        load_choice(choose(*[each.partition(",")[0] for each in text.split()]))

    assert (caught.value.message, caught.value.hint) == (one.value.message, one.value.hint)


def test_one_config_that_hydra_cannot_compose_is_named(folder: Path, composed: Composed) -> None:
    with pytest.raises(ConfigError, match=r'cannot apply "lr\.a=4"'):
        load_sweep(choose("++lr={a:1},{a:2},{a:3},4,{a:5}", "lr.a=4"))

    assert len(composed) == 3
