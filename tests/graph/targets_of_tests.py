"""Callables that the tests of graphs and runs name as targets."""

from __future__ import annotations

import asyncio
import builtins
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

calls: list[Any] = []
"""What was called, in order; tests clear it."""

# a list that the functions below named would count as their code, and change with every call
builtins.calls_of_tests = calls  # type: ignore[attr-defined]


def note(name: Any) -> None:
    """Take note of a call."""
    getattr(builtins, "calls_of_tests").append(name)  # noqa: B009  mypy knows no such attribute


class Box:
    """Keeps what it was given and takes note of its making."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        note(kwargs.get("name"))
        self.args = args
        self.kwargs = kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and (self.args, self.kwargs) == (other.args, other.kwargs)

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Box({self.args}, {self.kwargs})"


def show(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """What the target received, with the types of it."""
    values = [*args, *kwargs.values()]
    return args, kwargs, [describe(value) for value in values]


def describe(value: Any) -> Any:
    """Types all the way down."""
    name = type(value).__name__
    if name in ("list", "tuple", "ListConfig"):
        return name, [describe(each) for each in value]
    if name in ("dict", "DictConfig"):
        return name, [(key, describe(value[key])) for key in value]
    return name


def fail(**kwargs: Any) -> None:
    raise ValueError("no luck")


def add(a: int, b: int) -> int:
    note("add")
    return a + b


def make_list(n: int) -> list[int]:
    note("make_list")
    return list(range(n))


def make_dict() -> dict[str, Any]:
    return {"x": 1, "y": [1, 2]}


def count(n: int) -> Iterator[int]:
    note("count")
    return (i for i in range(n))


class Pair(NamedTuple):
    numbers: Iterator[int]
    total: int


def count_in_tuple(n: int) -> Any:
    return count(n), [n]


def count_in_dict(n: int) -> Any:
    return {"numbers": [n, {"all": count(n)}]}


def count_in_pair(n: int) -> Any:
    return [Pair(count(n), n)]


def total_of_first(x: Any, name: Any) -> int:
    """The sum of the numbers that an iterator somewhere in ``x`` gives."""
    while not hasattr(x, "__next__"):
        x = x["all"] if "all" in x else x["numbers"][1] if "numbers" in x else x[0]
    return sum(x)


def append(values: list[int], value: int) -> int:
    """Changes its argument."""
    values.append(value)
    return len(values)


@dataclass
class Point:
    x: int = 1
    y: int = 2


@dataclass
class Shape:
    _target_: str = "tests.graph.targets_of_tests.show"
    corner: Point = field(default_factory=Point)
    sides: list[int] = field(default_factory=lambda: [1, 2])


class Model:
    """A model with a weight, as an object of its own."""

    def __init__(self, weight: float = 0.0) -> None:
        note("Model")
        self.weights = Weights(weight)


class Weights:
    def __init__(self, value: float) -> None:
        self.value = value


class Optimizer:
    """Holds its model's weights, as optimizers do."""

    def __init__(self, model: Model, rate: float = 0.1) -> None:
        note("Optimizer")
        self.weights = model.weights
        self.rate = rate

    def step(self) -> None:
        self.weights.value += self.rate


class Trainer:
    def __init__(self, model: Model, optimizer: Optimizer) -> None:
        note("Trainer")
        self.model = model
        self.optimizer = optimizer


def fit(model: Model) -> Model:
    """Changes its argument and returns it."""
    note("fit")
    model.weights.value += 1
    return model


def weight_of(model: Model) -> float:
    return model.weights.value


def total(values: Any) -> Any:
    note("total")
    return sum(values)


def same(x: Any) -> Any:
    """Returns its argument."""
    return x


def make_list_too(n: int) -> list[int]:
    """As `make_list`, but another function."""
    return list(range(n))


def pair(a: Any, b: Any) -> list[Any]:
    return [a, b]


def draw() -> list[float]:
    note("draw")
    return [random.random()]


def make_counter() -> Callable[[], int]:
    """A closure with a state of its own."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return count

    return step


def grow(n: int, before: Any = None) -> list[int]:
    """A result that is stored as an object file."""
    note("grow")
    return list(range(n))


class Unloadable:
    """Can be pickled, but not loaded again."""

    def __init__(self) -> None:
        note("Unloadable")

    def __reduce__(self) -> Any:
        return _refuse, ()


def _refuse() -> None:
    raise RuntimeError("cannot be loaded")


class BadError(Exception):
    """Cannot even say what it is."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


def fail_badly() -> None:
    raise BadError


def cancel() -> None:
    raise asyncio.CancelledError


class WithLocalFunction:
    """Cannot be pickled, and so not be stored."""

    def __init__(self, n: int) -> None:
        self.double: Callable[[], int] = lambda: 2 * n


def double_of(thing: WithLocalFunction) -> int:
    return thing.double()


class Uncopyable:
    """Refuses to be copied or pickled."""

    def __init__(self, n: int = 0, a: Any = None, b: Any = None) -> None:
        note("Uncopyable")
        self.n = n
        self.a = a
        self.b = b

    def __deepcopy__(self, memo: object) -> Uncopyable:
        raise TypeError("cannot be copied")

    def __reduce__(self) -> str:
        raise TypeError("cannot be pickled")
