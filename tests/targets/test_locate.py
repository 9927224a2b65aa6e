from __future__ import annotations

import importlib
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hydra_cached.errors import TargetError
from hydra_cached.targets import check_callable, locate_target

Project = Callable[[Mapping[str, str]], Path]


def refused(name: str, path: str = "") -> TargetError:
    with pytest.raises(TargetError) as caught:
        locate_target(name, path=path)
    assert "\n" not in caught.value.message
    assert caught.value.path == path
    assert caught.value.target == name
    return caught.value


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("json.loads", json.loads),
        ("os.path.join", os.path.join),
        ("builtins.str.upper", str.upper),
        ("json.decoder.JSONDecoder.decode", json.JSONDecoder.decode),
        ("json", json),
        ("math.pi", math.pi),
    ],
)
def test_dotted_name_leads_to_its_object(name: str, expected: object) -> None:
    assert locate_target(name) is expected


def test_submodule_is_imported_when_needed(project: Project) -> None:
    project(
        {
            "lazy_package/__init__.py": "",
            "lazy_package/inner/__init__.py": "",
            "lazy_package/inner/deep.py": "def f(): ...",
        }
    )
    assert locate_target("lazy_package.inner.deep.f").__qualname__ == "f"


def test_attribute_wins_over_submodule_of_the_same_name(project: Project) -> None:
    project({"both_package/__init__.py": "def thing(): ...", "both_package/thing.py": ""})
    assert callable(locate_target("both_package.thing"))


def test_names_agree_with_hydra(project: Project) -> None:
    from hydra.utils import get_object

    project({"agreeing/__init__.py": "from agreeing.sub import g as sub_g", "agreeing/sub.py": "class g:\n    n = len"})
    for name in ("agreeing", "agreeing.sub", "agreeing.sub_g", "agreeing.sub.g.n"):
        assert locate_target(name) is get_object(name)


@pytest.mark.parametrize(
    ("name", "reason", "hint"),
    [
        ("json.laods", 'no "laods" in module "json"', 'did you mean "json.loads"?'),
        ("jsn.loads", 'no module "jsn"', 'did you mean "json.loads"?'),
        ("os.pth.join", 'no "pth" in module "os"', 'did you mean "os.path.join"?'),
        ("json.decodr.JSONDecoder", 'no "decodr" in module "json"', 'did you mean "json.decoder.JSONDecoder"?'),
        (
            "json.JSONDecoder.deocde",
            'no "deocde" in class "json.JSONDecoder"',
            'did you mean "json.JSONDecoder.decode"?',
        ),
        (
            "json.loads.x",
            'no "x" in function "json.loads"',
            "a function holds nothing that can be called by name; end the name before it",
        ),
        ("json.JSONDecoder.qqzz", 'no "qqzz" in class "json.JSONDecoder"', "it has decode, raw_decode"),
        (
            "json.encoder.qqzz",
            'no "qqzz" in module "json.encoder"',
            "it has JSONEncoder, py_encode_basestring, py_encode_basestring_ascii",
        ),
        ("nope", 'no module "nope"', "a module must be in the working directory, or installed"),
        ("len", 'no module "len"', 'did you mean "builtins.len"?'),
        ("zzqqzzqq.f", 'no module "zzqqzzqq"', "a module must be in the working directory, or installed"),
        ("json..loads", "it is no dotted name", 'write it as "module.name"; relative names are not supported'),
        (".json", "it is no dotted name", 'write it as "module.name"; relative names are not supported'),
        ("", "it is no dotted name", 'write it as "module.name"; relative names are not supported'),
    ],
)
def test_misspelt_name_is_shown_with_the_near_one(name: str, reason: str, hint: str | None) -> None:
    error = refused(name)
    assert error.message == f'cannot import "{name}": {reason}'
    assert error.hint == hint


def test_message_names_the_place_in_the_config() -> None:
    error = refused("json.laods", path="model.data")
    assert error.message.startswith('cannot import "json.laods" at model.data: ')
    assert isinstance(error.__cause__, ModuleNotFoundError)


def test_near_name_may_be_a_module_that_is_not_yet_imported(project: Project) -> None:
    project({"near_package/__init__.py": "", "near_package/loading.py": "def f(): ..."})
    assert refused("near_package.loadign.f").hint == 'did you mean "near_package.loading.f"?'


@pytest.mark.parametrize(
    ("source", "reason", "hint"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero", "that exception comes from the module itself"),
        ("raise ValueError('a\\nb')", "ValueError: a b", "that exception comes from the module itself"),
        (
            "import not_installed_anywhere",
            "ModuleNotFoundError: No module named 'not_installed_anywhere'",
            'install "not_installed_anywhere", or mend its import',
        ),
        ("import sys; sys.exit(3)", "SystemExit: 3", "that exception comes from the module itself"),
        (
            "def __getattr__(name): raise (RuntimeError if name == 'f' else AttributeError)('lazy ' + name)",
            "RuntimeError: lazy f",
            "that exception comes from the module itself",
        ),
    ],
)
def test_module_that_raises_is_told_from_a_missing_one(project: Project, source: str, reason: str, hint: str) -> None:
    project({"raising_target.py": source})
    error = refused("raising_target.f", path="model")
    assert error.message == f'cannot import "raising_target.f" at model: {reason}'
    assert error.hint == hint
    assert error.__cause__ is not None


def test_nothing_is_remembered_between_look_ups(project: Project) -> None:
    project({"growing.py": "a = 1"})
    refused("growing.f")
    project({"growing.py": "def f(): ..."})
    importlib.reload(importlib.import_module("growing"))
    assert callable(locate_target("growing.f"))


def test_callable_passes_the_check() -> None:
    check_callable(len, "builtins.len", path="a")


@pytest.mark.parametrize(
    ("target", "name", "message", "hint"),
    [
        (3, "pkg.n", 'cannot call "pkg.n" at model: it is of type int', "a target is a function"),
        (json, "json", 'cannot call "json" at model: it is a module', 'such as "json.'),
    ],
)
def test_what_is_not_callable_is_refused(target: object, name: str, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        check_callable(target, name, path="model")
    assert caught.value.message == message
    assert caught.value.hint is not None
    assert hint in caught.value.hint
    assert (caught.value.path, caught.value.target) == ("model", name)
