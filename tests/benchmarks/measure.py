"""Times things side by side: run by run in turns, in one process, so that what disturbs one disturbs the other."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what was asked for, and what came out."""

    name: str
    target: str
    reached: str
    is_met: bool | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one call of each of several functions, by round."""

    by_function: tuple[tuple[float, ...], ...]

    def ratio(self, slow: int, fast: int) -> float:
        """The median of the ratios of the rounds."""
        return statistics.median(a / b for a, b in zip(self.by_function[slow], self.by_function[fast], strict=True))

    def seconds(self, index: int) -> float:
        return statistics.median(self.by_function[index])


def take_turns(*functions: Callable[[], Any], rounds: int, repeats: tuple[int, ...] | int = 1) -> Times:
    """Time each function ``rounds`` times, in turns, after one call that is not timed.

    Args:
        repeats: calls per timing, for functions that take microseconds; one number, or one for each.
    """
    counts = (repeats,) * len(functions) if isinstance(repeats, int) else repeats
    found: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(rounds):
        for times, function, count in zip(found, functions, counts, strict=True):
            # what one leaves behind, the next must not clean up
            gc.collect()
            started = time.perf_counter()
            for _ in range(count):
                function()
            times.append((time.perf_counter() - started) / count)
    return Times(tuple(map(tuple, found)))


def at_least(name: str, target: float, reached: float, unit: str = " x") -> Line:
    """So many times faster, or so much of something else."""
    digits = 1 if unit == " x" else 2
    return Line(name, f">= {target:g}{unit}", f"{reached:.{digits}f}{unit}", reached >= target)


def below(name: str, target: float, reached: float, unit: str) -> Line:
    return Line(name, f"< {target:g}{unit}", f"{reached:.2f}{unit}", reached < target)


def shown(name: str, reached: str) -> Line:
    """A figure without a target."""
    return Line(name, "", reached)


def print_table(title: str, lines: list[Line]) -> None:
    width = max(len(line.name) for line in lines)
    print(f"\n{title}\n{'':{width}}  {'target':>15}  {'reached':>14}")
    for line in lines:
        mark = {True: "yes", False: "NO", None: ""}[line.is_met]
        print(f"{line.name:{width}}  {line.target:>15}  {line.reached:>14}  {mark}".rstrip(), flush=True)
