from __future__ import annotations

import enum
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

from hydra_cached.errors import TargetError
from hydra_cached.targets import check_call, not_deterministic


def train(data: list[int], learning_rate: float = 0.1, *, seed: int, epochs: int = 1) -> None: ...
def anything(*args: Any, **kwargs: Any) -> None: ...
def first_only(data: Any, /, scale: int = 1) -> None: ...
def nothing() -> None: ...


@dataclass
class Model:
    depth: int
    width: int = 3


class Meta(type):
    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__call__()


class WithMeta(metaclass=Meta):
    def __init__(self) -> None: ...


class Aliased(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(populate_by_name=True)
    size: int = pydantic.Field(default=1, alias="n")


class Size(enum.Enum):
    SMALL = 1


class Holder:
    def method(self, n: int) -> None: ...

    @classmethod
    def make(cls, n: int) -> None: ...

    def __call__(self, n: int) -> None: ...


def injects(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> None:
        function(*args, seed=1, **kwargs)

    return call


def check(target: Callable[..., Any], count: int = 0, *names: str, is_partial: bool = False) -> None:
    check_call(target, count, names, path="model.x", target_id="pkg.f", is_partial=is_partial)


@pytest.mark.parametrize(
    ("target", "count", "names"),
    [
        (train, 1, ["seed"]),
        (train, 0, ["data", "seed", "epochs"]),
        (train, 2, ["seed"]),
        (anything, 9, ["x", "y"]),
        (first_only, 1, ["scale"]),
        (nothing, 0, []),
        (Model, 1, ["width"]),
        (Holder().method, 0, ["n"]),
        (Holder.method, 1, ["n"]),
        (Holder.make, 0, ["n"]),
        (Holder(), 1, []),
        (functools.partial(train, [1]), 0, ["seed"]),
        (functools.partial(train, seed=2), 0, ["data", "seed"]),
        (math.sqrt, 1, []),
        (lambda x: x, 0, ["x"]),
    ],
)
def test_valid_call_passes(target: Callable[..., Any], count: int, names: list[str]) -> None:
    check(target, count, *names)


@pytest.mark.parametrize(
    ("target", "count", "names"),
    [
        (WithMeta, 3, ["x"]),
        (Aliased, 0, ["size"]),
        (Aliased, 0, ["n", "ignored"]),
        (Size, 1, []),
        (dict, 0, ["a", "b"]),
        (injects(train), 1, []),
        (functools.lru_cache(train), 0, ["nonsense"]),
        (not_deterministic(max), 2, []),
    ],
)
def test_callable_whose_real_signature_is_unknown_is_let_be(
    target: Callable[..., Any], count: int, names: list[str]
) -> None:
    check(target, count, *names)


SHOWN = "it is train(data, learning_rate=0.1, *, seed, epochs=1)"


@pytest.mark.parametrize(
    ("target", "count", "names", "problem", "hint"),
    [
        (
            train,
            1,
            ["lerning_rate", "seed"],
            f'no argument "lerning_rate"; {SHOWN}',
            'did you mean "learning_rate"?',
        ),
        (train, 0, ["dat", "seed"], f'no argument "dat"; {SHOWN}', 'did you mean "data"?'),
        (
            train,
            1,
            ["seed", "foo", "bar"],
            f'no argument "foo", "bar"; {SHOWN}',
            'it takes "data", "learning_rate", "seed", "epochs"',
        ),
        (train, 0, ["seed"], f'"data" is missing; {SHOWN}', "add data: ... to the config, or _partial_: true"),
        (train, 0, [], f'"data", "seed" is missing; {SHOWN}', "add data: ... to the config, or _partial_: true"),
        (train, 3, ["seed"], f"3 positional arguments, it takes 2; {SHOWN}", "shorten _args_"),
        (train, 1, ["data", "seed"], f'"data" is given twice; {SHOWN}', "once in _args_ and once by name; keep one"),
        (first_only, 0, ["data"], '"data" is positional only; it is first_only(data, /, scale=1)', "give it in _args_"),
        (nothing, 0, ["x"], 'no argument "x"; it is nothing()', "it takes no arguments"),
        (len, 0, ["q"], 'no argument "q"; it is len(obj, /)', "it takes no names: give its arguments in _args_"),
        (Model, 0, ["dpeth"], 'no argument "dpeth"; it is Model(depth, width=3)', 'did you mean "depth"?'),
        (
            Holder.make,
            0,
            ["m"],
            'no argument "m"; it is make(n)',
            'it takes "n"',
        ),
        (math.sqrt, 0, ["x"], '"x" is positional only; it is sqrt(x, /)', "give it in _args_"),
    ],
)
def test_wrong_call_names_node_target_and_signature(
    target: Callable[..., Any], count: int, names: list[str], problem: str, hint: str | None
) -> None:
    with pytest.raises(TargetError) as caught:
        check(target, count, *names)
    error = caught.value
    assert error.message == f"wrong arguments for pkg.f at model.x: {problem}"
    assert error.hint == hint
    assert (error.path, error.target) == ("model.x", "pkg.f")


def test_root_has_no_path_to_name() -> None:
    with pytest.raises(TargetError, match=r'^wrong arguments for pkg\.f: no argument "x"'):
        check_call(nothing, 0, ["x"], path="", target_id="pkg.f", is_partial=False)


def test_partial_call_may_lack_arguments_but_not_invent_them() -> None:
    check(train, is_partial=True)
    with pytest.raises(TargetError, match='no argument "sede"'):
        check(train, 0, "sede", is_partial=True)


def test_long_signature_is_cut() -> None:
    def long(text: str = "x" * 1000) -> None: ...

    with pytest.raises(TargetError) as caught:
        check(long, 0, "y")
    assert len(caught.value.message) < 250
    assert caught.value.message.endswith("...")
