from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from hydra_cached.config import load_pipeline
from hydra_cached.errors import ConfigError, OverrideError
from tests.config.conftest import Folder

PIPELINE = """
    from pipelines.steps import load

    config = {"_target_": load, "name": "a"}
    configs = {"small": {"_target_": load, "name": "small"}, "list": [{"n": 0}, {"n": 1}]}
    answer = 42

    def make():
        return {}
"""


@pytest.fixture
def ner(folder: Folder) -> Folder:
    folder.write("pipelines/ner.py", PIPELINE)
    folder.write("pipelines/steps.py", "def load(name): return name")
    folder.write("conf/ner.yaml", "lr: 1\nmodel: {lr: '${lr}', depth: 2}\nplain: {steps: [{n: 0}, {n: 1}]}\n")
    return folder


def refused(pipeline: str, object_name: str | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_pipeline(pipeline, object_name=object_name)
    assert "\n" not in caught.value.message
    return caught.value


def test_module_in_working_directory_is_loaded_without_pythonpath(ner: Folder) -> None:
    loaded = load_pipeline("pipelines.ner")
    assert loaded.config["name"] == "a"
    assert loaded.name == "pipelines.ner"
    assert loaded.is_python
    assert loaded.source == ner.root / "pipelines/ner.py"


def test_working_directory_stays_importable(ner: Folder) -> None:
    load_pipeline("conf/ner.yaml")
    assert sys.path[0] == str(ner.root)


@pytest.mark.usefixtures("ner")
@pytest.mark.parametrize("spelling", ["pipelines/ner.py", "./pipelines/ner.py", "pipelines/../pipelines/ner.py"])
def test_file_below_working_directory_is_the_module_of_its_dotted_name(spelling: str) -> None:
    assert load_pipeline(spelling).config is load_pipeline("pipelines.ner").config


def test_absolute_path_below_working_directory_is_the_same_module(ner: Folder) -> None:
    loaded = load_pipeline(str(ner.root / "pipelines/ner.py"))
    assert loaded.config is load_pipeline("pipelines.ner").config


@pytest.mark.usefixtures("ner")
@pytest.mark.parametrize(
    ("pipeline", "object_name", "expected"),
    [
        ("pipelines.ner:configs.list", None, [{"n": 0}, {"n": 1}]),
        ("pipelines/ner.py:configs.list.1", None, {"n": 1}),
        ("pipelines.ner", "configs.list.0", {"n": 0}),
        ("pipelines.ner:configs.list", "configs.list", [{"n": 0}, {"n": 1}]),
        ("conf/ner.yaml:plain", None, {"steps": [{"n": 0}, {"n": 1}]}),
        ("conf/ner.yaml", "plain.steps.1", {"n": 1}),
    ],
)
def test_object_is_chosen_by_colon_or_option(pipeline: str, object_name: str | None, expected: object) -> None:
    assert load_pipeline(pipeline, object_name=object_name).config == expected


@pytest.mark.usefixtures("ner")
def test_attribute_of_an_object_can_be_chosen() -> None:
    Path("classy.py").write_text("class Configs:\n    small = {'a': 1}\n")
    assert load_pipeline("classy:Configs.small").config == {"a": 1}


@pytest.mark.usefixtures("ner")
def test_two_different_objects_are_refused() -> None:
    error = refused("pipelines.ner:config", "answer")
    assert error.message == '"pipelines.ner:config" and -o answer name two objects'
    assert error.hint == "choose one: pipelines.ner:answer"


def test_whole_yaml_document_is_the_default(ner: Folder) -> None:
    loaded = load_pipeline("conf/ner.yaml")
    assert loaded.config["model"] == {"lr": "${lr}", "depth": 2}
    assert type(loaded.config) is dict
    assert not loaded.is_python
    assert loaded.source == ner.root / "conf/ner.yaml"


@pytest.mark.usefixtures("ner")
def test_interpolations_of_a_part_count_from_the_top_of_the_document() -> None:
    config = load_pipeline("conf/ner.yaml:model").config
    assert config.lr == 1
    assert load_pipeline("conf/ner.yaml:model", overrides=["depth=3"]).config == {"lr": 1, "depth": 3}


@pytest.mark.usefixtures("ner")
def test_part_of_a_document_sees_its_own_overrides() -> None:
    Path("own.yaml").write_text("model: {lr: 1, same: '${model.lr}'}\n")
    assert load_pipeline("own.yaml:model", overrides=["lr=5"]).config.same == 5


@pytest.mark.usefixtures("folder")
def test_override_of_a_part_may_refer_to_the_rest_of_the_document() -> None:
    Path("rest.yaml").write_text("lr: 7\nmodel: {lr: 1}\n")
    assert load_pipeline("rest.yaml:model", overrides=["lr=${lr}"]).config == {"lr": 7}


@pytest.mark.usefixtures("folder")
def test_part_of_a_document_without_interpolations_is_plain() -> None:
    Path("plain.yaml").write_text("a: {b: &b {c: 1}, d: *b}\n")
    config = load_pipeline("plain.yaml:a").config
    assert type(config) is dict
    assert config["b"] is config["d"]


@dataclass
class Schema:
    n: int = 1


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "source",
    [
        "config = {'n': 1}",
        "config = [1]",
        "from omegaconf import OmegaConf; config = OmegaConf.create({'n': 1})",
        "from omegaconf import OmegaConf; config = OmegaConf.create([1])",
        "from tests.config.test_load_pipeline import Schema as config",
        "from tests.config.test_load_pipeline import Schema; config = Schema()",
    ],
)
def test_every_kind_of_config_is_handed_on_as_it_is(source: str) -> None:
    Path("kinds.py").write_text(source)
    config = load_pipeline("kinds").config
    assert config is sys.modules["kinds"].config


@pytest.mark.usefixtures("folder")
@pytest.mark.filterwarnings("ignore:register_new_resolver")
def test_resolvers_registered_by_the_module_work() -> None:
    Path("resolving.py").write_text(
        "from omegaconf import OmegaConf\n"
        "OmegaConf.register_new_resolver('test_load_pipeline_double', lambda n: 2 * int(n), replace=True)\n"
        "config = {'n': '${test_load_pipeline_double:4}'}\n"
    )
    assert OmegaConf.create(load_pipeline("resolving").config).n == 8


@pytest.mark.usefixtures("ner")
def test_overrides_are_applied() -> None:
    assert load_pipeline("pipelines.ner:configs.small", overrides=["name=b"]).config["name"] == "b"
    assert load_pipeline("pipelines.ner:configs.small").config["name"] == "small"


@pytest.mark.usefixtures("ner")
def test_bad_override_is_an_override_error() -> None:
    with pytest.raises(OverrideError, match='no key "nmae" in the config'):
        load_pipeline("pipelines.ner", overrides=["nmae=b"])


@pytest.mark.usefixtures("ner")
@pytest.mark.parametrize(
    ("pipeline", "message", "hint"),
    [
        ("pipelines.nre", 'no module "pipelines.nre"', 'did you mean "pipelines.ner"?'),
        ("pipeline.ner", 'no module "pipeline.ner"', 'did you mean "pipelines.ner"?'),
        ("ner", 'no module "ner"', 'did you mean "conf/ner.yaml"?'),
        ("steps", 'no module "steps"', 'did you mean "pipelines.steps"?'),
        ("pipelines.ner.config", 'no module "pipelines.ner.config"', 'did you mean "pipelines.ner:config"?'),
        ("zzqqzzqq", 'no module "zzqqzzqq"', "the working directory is"),
        ("pipelines/nre.py", 'no file "pipelines/nre.py"', 'did you mean "pipelines/ner.py"?'),
        ("pipeline/ner.py", 'no file "pipeline/ner.py"', 'did you mean "pipelines/ner.py"?'),
        ("pipelines.ner.py", 'no file "pipelines.ner.py"', 'did you mean "pipelines/ner.py"?'),
        ("pipelines/ner", 'no file "pipelines/ner"', 'did you mean "pipelines/ner.py"?'),
        ("pipelines/ner.txt", 'no file "pipelines/ner.txt"', 'did you mean "pipelines/ner.py"?'),
        ("conf/ner.yml", 'no file "conf/ner.yml"', 'did you mean "conf/ner.yaml"?'),
        ("conf/", '"conf/" is a directory', "a pipeline is a module"),
        ("no/such/place.yaml", 'no file "no/such/place.yaml"', "a pipeline is a module"),
        ("", '"" is no pipeline', "a pipeline is a module"),
        ("a..b", '"a..b" is no pipeline', "a pipeline is a module"),
        ("pipelines.ner:", '"" is no object name', "write NAME"),
        ("pipelines.ner:conifg", 'module "pipelines.ner" has no "conifg"', 'did you mean "pipelines.ner:config"?'),
        (
            "pipelines.ner:configs.smal",
            '"configs" in module "pipelines.ner" has no "smal"',
            'did you mean "pipelines.ner:configs.small"?',
        ),
        ("pipelines.ner:configs.list.7", '"configs.list" in module "pipelines.ner" has no "7"', "configs.list.0"),
        ("pipelines.steps", 'module "pipelines.steps" has no "config"', "define config = {...} in it"),
        (
            "pipelines",
            'module "pipelines" has no "config"',
            "it is a package; name what is in it, such as pipelines.ner",
        ),
        ("conf", 'module "conf" has no "config"', "such as conf/ner.yaml"),
        ("pipelines.ner:answer", '"answer" in module "pipelines.ner" is an int, not a config', "a config is a dict"),
        ("pipelines.ner:make", '"make" in module "pipelines.ner" is a function, not a config', "config = make()"),
        ("conf/ner.yaml:modle", '"conf/ner.yaml" has no "modle"', 'did you mean "conf/ner.yaml:model"?'),
        ("conf/ner.yaml:lr", '"lr" in "conf/ner.yaml" is an int, not a config', "a config is a dict"),
    ],
)
def test_what_cannot_be_found_is_named_with_a_hint(pipeline: str, message: str, hint: str) -> None:
    error = refused(pipeline)
    assert message in error.message
    assert error.hint is not None
    assert hint in error.hint


@pytest.mark.usefixtures("folder")
def test_file_of_another_kind_is_refused() -> None:
    Path("config.json").write_text("{}")
    error = refused("config.json")
    assert error.message == '"config.json" is neither Python nor YAML'


@pytest.mark.usefixtures("folder")
def test_directory_with_the_name_of_a_file_is_refused() -> None:
    Path("folder.yaml").mkdir()
    assert refused("folder.yaml").message == '"folder.yaml" is a directory, not a file'


@pytest.mark.usefixtures("folder")
def test_file_with_a_colon_in_its_name_is_loaded() -> None:
    Path("a:b.yaml").write_text("n: 1\n")
    assert load_pipeline("a:b.yaml").config == {"n": 1}
    assert load_pipeline("a:b.yaml").source == Path("a:b.yaml").absolute()


@pytest.mark.usefixtures("folder")
def test_modules_other_configs_are_listed_when_the_default_is_missing() -> None:
    Path("listed.py").write_text("first = {}\nsecond = [1]\n_hidden = {}\nnumber = 3\n")
    assert refused("listed").hint == "choose one with -o NAME: first, second"
