"""Writes a first-party project of many modules, all of which one target reaches."""

from __future__ import annotations

from pathlib import Path

_MODULE = '''
"""Module {n} of a project."""

from __future__ import annotations

import math
from dataclasses import dataclass

{imports}

LIMIT_{n} = {n}
WEIGHTS_{n} = {{"low": {n}, "high": [1, 2.5, "three"], "table": {{"a": (1, 2), "b": None}}}}


@dataclass
class Options_{n}:
    """Options of step {n}."""

    size: int = {n}
    name: str = "options"

    def area(self) -> int:
        return self.size * LIMIT_{n}

    def label(self) -> str:
        # as a user would write it
        return f"{{self.name}}:{{self.area():>4}}"


def scale_{n}(values: list[float], by: float = 1.5) -> list[float]:
    """Every value, scaled."""
    return [value * by + LIMIT_{n} for value in values]


def clip_{n}(values: list[float], *, low: float = 0.0, high: float = 1.0) -> list[float]:
    found = []
    for value in values:
        if value < low:
            found.append(low)
        elif value > high:
            found.append(high)
        else:
            found.append(value)
    return found


def total_{n}(values: list[float]) -> float:
    return math.fsum(clip_{n}(scale_{n}(values))) + WEIGHTS_{n}["low"]


def label_{n}(options: Options_{n} | None = None) -> str:
    options = options or Options_{n}(size=LIMIT_{n})
    try:
        return options.label().upper()
    except (ValueError, AttributeError) as exc:
        raise RuntimeError(f"no label in {n}") from exc


def choose_{n}(name: str) -> float:
    table = {{key: float(value) if isinstance(value, int) else 0.0 for key, value in WEIGHTS_{n}.items()}}
    return table.get(name, -1.0)


def step_{n}(values: list[float]) -> float:
    """Step {n}, which calls what it needs of other modules."""
    result = total_{n}(values) + len(label_{n}()) + choose_{n}("low")
{calls}
    return result
'''


def write_project(folder: Path, modules: int = 200, package: str = "generated") -> str:
    """Write a package of modules of eleven definitions; the dotted name of a target that reaches all."""
    (folder / package).mkdir(parents=True, exist_ok=True)
    (folder / package / "__init__.py").write_text("", encoding="utf-8")
    for n in range(modules):
        below = [m for m in (2 * n + 1, 2 * n + 2) if m < modules]
        imports = [f"from {package} import part_{m}" if m % 2 else f"from .part_{m} import step_{m}" for m in below]
        calls = [
            f"    result += part_{m}.step_{m}(values)" if m % 2 else f"    result += step_{m}(values)" for m in below
        ]
        text = _MODULE.format(n=n, imports="\n".join(imports), calls="\n".join(calls))
        (folder / package / f"part_{n}.py").write_text(text.lstrip(), encoding="utf-8")
    return f"{package}.part_0.step_0"
