"""What one call gives another is looked at as well: a denied callable must not come by a way around its name."""

from __future__ import annotations

import builtins
import functools
import json
import math
import operator
import os
import subprocess
import sys
from collections import namedtuple
from typing import Any

import pytest

from hydra_cached.errors import TargetError
from hydra_cached.targets import ArgumentGuard, TargetPolicy

Pair = namedtuple("Pair", "one two")


class Model:
    """An object that can be called, as models can."""

    def __init__(self) -> None:
        self.inside = os.system

    def __call__(self) -> None: ...


def check(value: Any, *allow: str) -> None:
    ArgumentGuard(TargetPolicy(allow)).check(0, value, target="builtins.map", path="model.data")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (eval, "builtins.eval, which runs code that the config supplies"),
        (os.system, "os.system, which runs shell commands"),
        (subprocess.Popen, "subprocess.Popen, which runs shell commands"),
        (os.environ.update, "os.environ.update, which changes the process in which everything else runs"),
        (sys.modules.get, "sys.modules.get, which changes the process in which everything else runs"),
        (functools.partial(functools.partial(os.remove), "x"), "os.remove, which deletes, moves or changes files"),
        (json, "the module json, which would give more than is checked"),
        (sys._getframe(), "frame, which leads into Python's own workings"),
        (check.__code__, "code, which leads into Python's own workings"),
        ([1, {"a": (2, {3, eval})}], "builtins.eval, which runs code that the config supplies"),
        (Pair(1, [os.system]), "os.system, which runs shell commands"),
        (operator.methodcaller, "operator.methodcaller, which could take any name, once it is called"),
        (getattr, "builtins.getattr, which could take any name, once it is called"),
        (vars(builtins), "builtins.__build_class__, which changes or exposes other code at run time"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_denied_does_not_come_as_a_result(value: Any, what: str) -> None:
    with pytest.raises(TargetError) as caught:
        check(value)
    assert caught.value.message.startswith('target "builtins.map" at model.data is refused: its argument is ')
    assert type(value) is dict or caught.value.message.endswith(what)
    assert caught.value.path == "model.data"


@pytest.mark.parametrize(
    "value",
    [
        1,
        "os.system",
        len,
        Model,
        Model(),
        Model().__call__,
        math.sqrt,
        functools.partial(max, 1),
        lambda: 1,
        [Model(), {"f": json.loads, "g": [str.upper, dict]}],
        iter([1]),
        {1, 2},
        Pair(1, 2),
        range(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_pipelines_hand_on_comes_through(value: Any) -> None:
    check(value)


def test_containers_that_contain_themselves_come_through() -> None:
    value: list[Any] = [1]
    value.append({"again": value})
    check(value)
    value.append(eval)
    with pytest.raises(TargetError):
        check(value)


def test_exactly_listed_it_comes_through() -> None:
    check(eval, "builtins.eval")
    check([json], "json", "mypkg.*")
    with pytest.raises(TargetError) as caught:
        check(eval, "builtins.*")
    assert caught.value.hint == "allow it with --allow 'builtins.eval' --allow 'builtins.*' if you trust this config"


def test_a_result_is_looked_at_once() -> None:
    guard = ArgumentGuard(TargetPolicy())
    guard.check(0, [1], target="f", path="")
    guard.check(0, eval, target="g", path="")
    with pytest.raises(TargetError, match='target "g" at the root is refused'):
        guard.check(1, eval, target="g", path="")
