"""Configs of a Hydra config directory are composed as Hydra composes them, and its globals stay as they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf import OmegaConf

from hydra_cached.config import Choice, load_choice, load_sweep
from hydra_cached.errors import ConfigError, OverrideError
from tests.config.conf_dirs import CONFIG_DIR

Project = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def folder(project: Project) -> Path:
    return project(CONFIG_DIR)


def choose(*overrides: str, config_name: str | None = None, object_name: str | None = None) -> Choice:
    return Choice(None, overrides, object_name, "conf", config_name)


def load(*overrides: str, config_name: str | None = None) -> Any:
    return OmegaConf.to_container(load_choice(choose(*overrides, config_name=config_name)).config)


def hydra_composes(folder: Path, *overrides: str) -> Any:
    # only 1.3 wants the version
    versions: dict[str, Any] = {"version_base": None} if hydra.__version__.startswith("1.3.") else {}
    with hydra.initialize_config_dir(str(folder / "conf"), **versions):
        return OmegaConf.to_container(hydra.compose("config", list(overrides)))


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["lr=1"],
        ["model=large"],
        ["model=large", "model.size=7", "+model.depth=2"],
        ["data@train=numbers"],
        ["data@train:test=numbers"],
        ["+data@valid=numbers"],
        ["+extra=logging"],
        ["+extra/logged=all"],
        ["~model"],
        ["~data@train"],
        ["~lr"],
        ["+new={a:[1,2]}"],
        ["++lr=null"],
        ["hydra.job.name=other"],
    ],
    ids=" ".join,
)
def test_values_groups_packages_and_deletions_are_hydras(overrides: list[str], folder: Path) -> None:
    try:
        expected = hydra_composes(folder, *overrides)
    except Exception:
        with pytest.raises(ConfigError):
            load(*overrides)
    else:
        assert load(*overrides) == expected


def test_another_primary_config_is_chosen_with_or_without_its_suffix(folder: Path) -> None:
    assert load(config_name="other") == load(config_name="other.yaml") == {"lr": 7}


def test_a_part_of_the_config_knows_the_rest(folder: Path) -> None:
    loaded = load_choice(choose("+model.of=${lr}", object_name="model"))

    assert OmegaConf.to_container(loaded.config, resolve=True) == {"_target_": "builtins.dict", "size": 1, "of": 0.1}


def test_it_is_known_where_the_config_came_from(folder: Path) -> None:
    loaded = load_choice(choose())

    assert (loaded.name, loaded.source, loaded.is_python) == ("conf/config", folder / "conf" / "config.yaml", False)


def test_a_sweep_goes_over_values_and_options_of_groups(folder: Path) -> None:
    sweep = load_sweep(choose("model=glob(*)", "lr=1,2"))

    assert [point.label for point in sweep.points] == [
        "model=large lr=1", "model=large lr=2", "model=small lr=1", "model=small lr=2",
    ]  # fmt: skip
    assert [(config.model.size, config.lr) for config in sweep.configs] == [(100, 1), (100, 2), (1, 1), (1, 2)]


@pytest.mark.parametrize("is_failing", [False, True])
def test_hydras_globals_are_left_as_they_were(is_failing: bool, folder: Path) -> None:
    VersionBase.instance().version_base = before = VersionBase.instance().version_base
    if is_failing:
        with pytest.raises(ConfigError):
            load("model=nope")
    else:
        load()

    assert not GlobalHydra().is_initialized()
    assert VersionBase.instance().version_base == before


def test_within_a_hydra_application_its_own_state_comes_back(folder: Path) -> None:
    versions: dict[str, Any] = {"version_base": None} if hydra.__version__.startswith("1.3.") else {}
    with hydra.initialize_config_dir(str(folder / "conf" / "model"), **versions):
        load()

        assert hydra.compose("large").size == 100


@pytest.mark.parametrize(
    ("overrides", "message", "hint"),
    [
        (["model=lage"], 'no option "lage" in config group "model"', "did you mean model=large?"),
        (["model=x"], 'no option "x" in config group "model"', "choose one of large, small"),
        (["nope=1"], "cannot apply \"nope=1\": could not override 'nope'", "use +nope=1"),
        (["models=small"], "cannot apply \"models=small\": could not override 'models'", "use +models=small"),
        (["~nope"], 'cannot apply "~nope": could not delete from config', "GROUP=OPTION"),
        (["+lr=1"], 'cannot apply "+lr=1": could not append to config', "remove + prefix: 'lr=1'"),
        (["lr=1,2"], '"lr=1,2" is a sweep', "run it with -m"),
        (["lr"], 'cannot parse the override "lr"', "write KEY=VALUE"),
    ],
)
def test_an_override_that_does_not_fit_is_one_line_with_a_hint(
    overrides: list[str], message: str, hint: str, folder: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(*overrides)

    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert "\n" not in caught.value.message + (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", 'conf/bad.yaml", line 2, column 1: '),
        ("defaults:\n  - nope: x\n", 'no option "x" in config group "nope"'),
        ("defaults:\n  - model\n", "Could not load 'model'"),
        ("defaults:\n  - absent\n", "could not load 'absent'"),
        ("a: ${\n", "cannot compose the config of"),
    ],
)
def test_a_config_that_cannot_be_composed_is_one_line_with_a_hint(text: str, message: str, project: Project) -> None:
    project({**CONFIG_DIR, "conf/bad.yaml": text})

    with pytest.raises(ConfigError) as caught:
        load(config_name="bad")

    assert message.lower() in caught.value.message.lower()
    assert caught.value.hint
    assert "\n" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("config_dir", "config_name", "message", "hint"),
    [
        ("cnf", None, 'the config directory "cnf" does not exist', "--config-dir names"),
        ("conf/config.yaml", None, "is a file, not a directory", "--config-dir names"),
        ("conf", "confg", 'no config "confg" in "conf"', "did you mean --config-name config?"),
        ("conf", "x", 'no config "x" in "conf"', "choose one with --config-name: config, other"),
        (".", None, 'no config "config" in "."', "a primary config is a .yaml file"),
    ],
)
def test_a_directory_or_config_that_is_not_there_is_named(
    config_dir: str, config_name: str | None, message: str, hint: str, folder: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_choice(Choice(None, config_dir=config_dir, config_name=config_name))

    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(("override", "hint"), [("lr=1,x=2", "quote the value"), ("lr=interval(0,1)", "range(")])
def test_a_sweep_that_cannot_be_enumerated_is_refused(override: str, hint: str, folder: Path) -> None:
    with pytest.raises(OverrideError) as caught:
        load_sweep(choose(override))

    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["second", "second.yml"])
def test_a_suffix_that_hydra_does_not_read_is_said(name: str, project: Project) -> None:
    project({**CONFIG_DIR, "conf/second.yml": "x: 1\n"})
    with pytest.raises(ConfigError) as caught:
        load(config_name=name)

    assert caught.value.message == f'no config "{name}" in "conf"'
    assert caught.value.hint == 'Hydra reads .yaml files alone: rename "second.yml"'
