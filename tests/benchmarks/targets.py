"""What the benchmarks call: next to nothing, so that what is measured is the price of the call."""

from __future__ import annotations

import time
from typing import Any

calls = [0]


class Leaf:
    """Keeps two arguments."""

    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any) -> None:
        self.a = a
        self.b = b

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Leaf) and (self.a, self.b) == (other.a, other.b)

    __hash__ = None  # type: ignore[assignment]


class Branch:
    """Keeps its children."""

    __slots__ = ("children",)

    def __init__(self, **children: Any) -> None:
        self.children = children

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Branch) and self.children == other.children

    __hash__ = None  # type: ignore[assignment]


class Listed:
    """Keeps one list."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Listed) and bool(self.items == other.items)

    __hash__ = None  # type: ignore[assignment]


def succeed(a: int, b: int = 1) -> int:
    """The sum of two numbers, which counts its calls."""
    calls[0] += 1
    return a + b


def take_5_ms(x: int) -> int:
    """``x``, after 5 milliseconds."""
    calls[0] += 1
    time.sleep(0.005)
    return x


def add_capped(a: int, b: int) -> int:
    """The sum of two numbers, kept small."""
    calls[0] += 1
    return (a + b) % 1_000_003


def sleep_50_ms(number: int, *before: Any) -> int:
    time.sleep(0.05)
    return number


def give_back(number: int) -> int:
    return number


def join_metrics(a: Any, b: Any) -> dict[str, float]:
    """A small result made of two others, or of numbers."""
    calls[0] += 1
    x, y = (each["metric_0"] if isinstance(each, dict) else each for each in (a, b))
    return describe_metrics((x + y) % 1_000_003)


def join_lists(a: Any, b: Any) -> list[float]:
    """A hundred numbers made of two such lists, or of numbers."""
    calls[0] += 1
    x, y = (each[0] if isinstance(each, list) else each for each in (a, b))
    return [(x + y) % 1_000_003 + number / 7 for number in range(100)]


def describe_metrics(x: int, name: str = "model") -> dict[str, float]:
    """A small result as calls give them."""
    return {f"metric_{number}": x + number / 7 for number in range(10)}
