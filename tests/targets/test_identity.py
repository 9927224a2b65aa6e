from __future__ import annotations

import collections
import datetime
import functools
import json
import operator
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hydra_cached.errors import TargetError
from hydra_cached.targets import locate_target, target_id

Project = Callable[[Mapping[str, str]], Path]


def outer() -> Callable[[], int]:
    def inner() -> int:
        return 1

    return inner


class Base:
    @classmethod
    def make(cls) -> Base:
        return cls()

    @staticmethod
    def static() -> int:
        return 1

    def method(self) -> int:
        return 1

    class Inner:
        def method(self) -> int:
            return 1

    def __call__(self) -> int:
        return 1


class Child(Base):
    pass


kept_lambda = lambda: 1  # noqa: E731
kept_partial = functools.partial(json.loads, "1")
kept_instance = Base()
other_instance = Base()
kept_method = other_instance.method
anonymous_instance = [Base()]
HERE = __name__


@functools.lru_cache
def cached() -> int:
    return 1


@functools.wraps(cached)
def wrapper() -> int:
    return 1


@pytest.mark.parametrize(
    ("spelled", "target", "expected"),
    [
        ("os.path.join", os.path.join, "posixpath.join"),
        ("builtins.len", len, "builtins.len"),
        ("builtins.str.upper", str.upper, "builtins.str.upper"),
        ("builtins.dict.fromkeys", dict.fromkeys, "builtins.dict.fromkeys"),
        ("datetime.datetime.now", datetime.datetime.now, "datetime.datetime.now"),
        ("random.random", random.random, "random.random"),
        ("random.seed", random.seed, "random.seed"),
        ("json.JSONDecoder", json.JSONDecoder, "json.decoder.JSONDecoder"),
        ("json.JSONDecoder.decode", json.JSONDecoder.decode, "json.decoder.JSONDecoder.decode"),
        ("collections.OrderedDict", collections.OrderedDict, "collections.OrderedDict"),
        ("numpy.array", np.array, "numpy.array"),
        ("numpy.add", np.add, "numpy.add"),
        ("numpy.mean", np.mean, "numpy.mean"),
        ("numpy.linalg.norm", np.linalg.norm, "numpy.linalg.norm"),
        ("numpy.random.rand", np.random.rand, "numpy.random.rand"),
        ("numpy.ndarray.sum", np.ndarray.sum, "numpy.ndarray.sum"),
        (f"{HERE}.outer", outer, f"{HERE}.outer"),
        (f"{HERE}.Base", Base, f"{HERE}.Base"),
        (f"{HERE}.Base.method", Base.method, f"{HERE}.Base.method"),
        (f"{HERE}.Base.Inner.method", Base.Inner.method, f"{HERE}.Base.Inner.method"),
        (f"{HERE}.Base.static", Base.static, f"{HERE}.Base.static"),
        (f"{HERE}.Base.make", Base.make, f"{HERE}.Base.make"),
        (f"{HERE}.Child.make", Child.make, f"{HERE}.Child.make"),
        (f"{HERE}.Child.method", Child.method, f"{HERE}.Base.method"),
        (f"{HERE}.cached", cached, f"{HERE}.cached"),
        (f"{HERE}.kept_lambda", kept_lambda, f"{HERE}.kept_lambda"),
        (f"{HERE}.kept_instance", kept_instance, f"{HERE}.kept_instance"),
        (f"{HERE}.kept_method", kept_method, f"{HERE}.kept_method"),
        (f"{HERE}.wrapper", wrapper, f"{HERE}.wrapper"),
        (f"{HERE}.target_id", target_id, "hydra_cached.targets.identity.target_id"),
        ("hydra_cached.target_id", target_id, "hydra_cached.targets.identity.target_id"),
    ],
)
def test_spelled_or_handed_over_a_callable_has_one_id_that_leads_back(
    spelled: str, target: Callable[..., Any], expected: str
) -> None:
    assert target_id(spelled) == expected
    assert target_id(target) == expected
    assert target_id(expected) == expected
    assert locate_target(expected) == target


@pytest.mark.parametrize(
    "spelled", [f"{HERE}.kept_partial", f"{HERE}.kept_instance.method", f"{HERE}.cached.__wrapped__"]
)
def test_what_is_known_by_its_spelling_only_keeps_it(spelled: str) -> None:
    assert target_id(spelled) == spelled


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (lambda: 1, f"{HERE}.<lambda>"),
        (outer(), f"{HERE}.outer.<locals>.inner"),
        (functools.partial(os.path.join, "a"), "functools.partial(posixpath.join)"),
        (functools.partial(lambda: 1), f"functools.partial({HERE}.<lambda>)"),
        (Base().method, f"{HERE}.Base.method"),
        (anonymous_instance[0], f"{HERE}.Base()"),
        (operator.itemgetter(1), "operator.itemgetter()"),
        ("abc".upper, "builtins.str.upper"),
        (np.random.default_rng(1).normal, "numpy.random._generator.Generator.normal"),
    ],
)
def test_callable_that_no_name_leads_to_is_described(target: Callable[..., Any], expected: str) -> None:
    assert target_id(target) == expected


def test_re_export_has_the_id_of_its_definition(project: Project) -> None:
    project({"facade/__init__.py": "from facade.impl import f, g", "facade/impl.py": "def f(): ...\ng = lambda: 1"})
    assert target_id("facade.f") == "facade.impl.f"
    assert target_id("facade.g") == "facade.impl.g"


def test_module_that_a_callable_falsely_claims_is_not_believed(project: Project) -> None:
    project({"liar.py": "def f(): ...\nf.__module__ = 'json'\ndef loads(): ...\nloads.__module__ = 'json'"})
    assert target_id("liar.f") == "liar.f"
    assert target_id("liar.loads") == "liar.loads"


def test_object_that_answers_to_any_attribute_is_named() -> None:
    class Any:
        def __getattr__(self, name: str) -> int:
            return 1

        def __call__(self) -> None: ...

    assert target_id(Any()) == f"{HERE}.test_object_that_answers_to_any_attribute_is_named.<locals>.Any()"


def test_id_is_the_same_in_another_process() -> None:
    names = ["os.path.join", "random.random", "numpy.random.rand", f"{HERE}.kept_lambda"]
    program = f"from hydra_cached.targets import target_id; print([target_id(n) for n in {names!r}])"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": root, "PYTHONHASHSEED": "7"},
        check=True,
    )
    assert done.stdout.strip() == repr([target_id(name) for name in names])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("json.laods", 'cannot import "json.laods": no "laods" in module "json"'),
        ("math.pi", 'cannot call "math.pi": it is of type float'),
        ("json", 'cannot call "json": it is a module'),
    ],
)
def test_name_of_nothing_callable_is_refused(name: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        target_id(name)
    assert caught.value.message == message
    assert caught.value.hint


def test_what_a_decorator_returned_is_called_by_the_name_it_was_given(project: Project) -> None:
    project(
        {
            "wrapping/__init__.py": "",
            "wrapping/helper.py": "def deco(f):\n    def w():\n        return f()\n    return w\n",
            "wrapping/main.py": "from wrapping.helper import deco\n@deco\ndef g(): ...\n@deco\ndef h(): ...\n",
            "wrapping/user.py": "from wrapping.main import g\n",
        }
    )
    for name in ("g", "h"):
        found = locate_target(f"wrapping.main.{name}")
        assert target_id(f"wrapping.main.{name}") == target_id(found) == f"wrapping.main.{name}"
    locate_target("wrapping.user.g")
    assert target_id("wrapping.user.g") == "wrapping.main.g"
