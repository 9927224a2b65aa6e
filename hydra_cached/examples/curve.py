"""Steps that fit a curve to noisy points; `curve_conf/` puts them together, with config groups and defaults lists.

    hydra-cached run --config-dir hydra_cached/examples/curve_conf -o error -m 'model=glob(*)' --print
    python -m hydra_cached.examples.curve_app -m model=line,parabola,average hydra/launcher=hydra_cached

The first command runs the configs as they are, the second one the application in ``curve_app.py``. Both measure the
points once for all models.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence

Point = tuple[float, float]
FUNCTIONS: dict[str, Callable[[float], float]] = {"sine": math.sin, "parabola": lambda x: x * x / 10}


def measure(function: str, count: int, noise: float, seed: int = 0, seconds: float = 0.0) -> list[Point]:
    """So many points of a function from 0 to 6, with noise. ``seconds`` stands for what measuring takes."""
    time.sleep(seconds)
    generator = random.Random(seed)
    return [(x, FUNCTIONS[function](x) + generator.gauss(0, noise)) for x in _steps(count)]


def fit_polynomial(points: Sequence[Point], degree: int) -> list[float]:
    """Coefficients of the polynomial with the least squared error, the constant first."""
    size = degree + 1
    rows = [
        [sum(x ** (row + column) for x, _ in points) for column in range(size)] + [sum(y * x**row for x, y in points)]
        for row in range(size)
    ]
    for index in range(size):
        pivot = max(range(index, size), key=lambda row: abs(rows[row][index]))
        rows[index], rows[pivot] = rows[pivot], rows[index]
        for row in range(size):
            if row != index:
                factor = rows[row][index] / rows[index][index]
                rows[row] = [one - factor * other for one, other in zip(rows[row], rows[index], strict=True)]
    return [rows[index][size] / rows[index][index] for index in range(size)]


def average(points: Sequence[Point]) -> list[float]:
    """The constant with the least squared error."""
    return [sum(y for _, y in points) / len(points)]


def measure_error(coefficients: Sequence[float], points: Sequence[Point]) -> float:
    """The mean squared distance of points from a polynomial, to three digits."""
    squares = [(y - sum(factor * x**power for power, factor in enumerate(coefficients))) ** 2 for x, y in points]
    return float(f"{sum(squares) / len(squares):.3g}")


def _steps(count: int) -> list[float]:
    return [6 * index / (count - 1) for index in range(count)]
