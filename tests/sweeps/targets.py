"""Callables of the pipelines that tests sweep over."""

from __future__ import annotations

import builtins
from typing import Any
from weakref import WeakSet

from tests.graph.targets_of_tests import note


class Weight:
    """A number with identity."""

    def __init__(self) -> None:
        self.value = 0


class Model:
    """Has weights."""

    def __init__(self, size: int = 1) -> None:
        note(f"model {size}")
        self.weights = [Weight() for _ in range(size)]

    @property
    def numbers(self) -> list[int]:
        return [weight.value for weight in self.weights]


class Optimizer:
    """Holds its model's weights."""

    def __init__(self, model: Model, lr: int = 1) -> None:
        note(f"optimizer {lr}")
        self.weights = list(model.weights)
        self.lr = lr


def load(n: int = 3) -> list[int]:
    note(f"load {n}")
    return list(range(n))


def scale(values: list[int], by: int = 1) -> list[int]:
    note(f"scale {by}")
    return [value * by for value in values]


def append(values: list[int], value: int) -> list[int]:
    """Changes its argument in place, and gives it back."""
    note(f"append {value}")
    values.append(value)
    return values


def total(values: list[int], offset: int = 0) -> int:
    note(f"total {offset}")
    return sum(values) + offset


def fit(model: Model, steps: int) -> Model:
    """Trains in place."""
    note(f"fit {steps}")
    for weight in model.weights:
        weight.value += steps
    return model


def train(optimizer: Optimizer, model: Model, steps: int) -> dict[str, Any]:
    """Whether optimizer and model belong together shows in the result."""
    note(f"train {steps}")
    for weight in optimizer.weights:
        weight.value += steps * optimizer.lr
    return {"weights": model.numbers, "steps": steps}


def fail_on(value: int, values: Any = None, bad: int = 3) -> int:
    note(f"fail_on {value}")
    if value == bad:
        raise ValueError(f"{value} is bad")
    return value


def interrupt(value: int) -> int:
    if value == 1:
        raise KeyboardInterrupt
    return value


def generate(n: int) -> Any:
    note(f"generate {n}")
    return iter(range(n))


def lock(n: int = 0) -> Any:
    """Neither copied nor pickled."""
    import threading

    note("lock")
    return threading.Lock()


alive: WeakSet[Any] = WeakSet()
builtins.alive_in_sweeps = alive  # type: ignore[attr-defined]


class Large:
    """Knows how many of its kind there are."""

    def __init__(self, n: int = 0) -> None:
        note("large")
        self.n = n
        self._count()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._count()

    def _count(self) -> None:
        getattr(builtins, "alive_in_sweeps").add(self)  # noqa: B009  mypy knows no such attribute


def count_alive(large: Large, number: int) -> int:
    note(f"count {number}")
    large.n += 1
    return len(getattr(builtins, "alive_in_sweeps"))  # noqa: B009
