"""From the overrides of a sweep to those of each of its configs, as Hydra's basic sweeper has them. Applies none."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from hydra_cached.config.kinds import one_line
from hydra_cached.config.override_grammar import parse_in_hydra
from hydra_cached.errors import OverrideError

MAX_POINTS = 100_000
"""How many configs one sweep may have: more are a slip, and would take all memory before anything runs."""


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One config of a sweep.

    Attributes:
        overrides: all overrides that make it, in Hydra's grammar.
        swept: those of them that other points have with another value; they tell the points apart.
    """

    overrides: tuple[str, ...]
    swept: tuple[str, ...]

    @property
    def label(self) -> str:
        """What tells it apart, on one line: `lr=0.1 model=small`."""
        return " ".join(self.swept)


def expand_sweep(texts: Iterable[str], *, config_loader: Any = None) -> list[SweepPoint]:
    """The points of a sweep: the cartesian product of its choices, the last one varying fastest.

    A later override of the same key takes the place of an earlier one. Without a sweep there is one point.

    Args:
        texts: overrides in Hydra's grammar: `a=1,2`, `choice(...)`, `range(...)`, `glob(...)` for config groups, each
            within `shuffle(...)`, `sort(...)` or `tag(...)` where wanted; and plain ones.
        config_loader: Hydra's, which knows the options of config groups.

    Raises:
        OverrideError: not in the grammar; a sweep that cannot be enumerated; a choice of nothing; too many points.

    >>> [point.overrides for point in expand_sweep(["lr=1,2", "n=3"])]
    [('lr=1', 'n=3'), ('lr=2', 'n=3')]
    """
    choices: dict[str, tuple[str, ...]] = {}
    swept: set[str] = set()
    for text in texts:
        override = parse_in_hydra(text, config_loader)
        key = override.get_key_element()
        if override.is_sweep_override():
            choices[key] = _enumerate(override, key, text)
            swept.add(key)
        else:
            choices[key] = (_spell(override, key),)
            swept.discard(key)
    _check_size(choices.values())
    is_swept = [key in swept for key in choices]
    return [
        SweepPoint(overrides, tuple(itertools.compress(overrides, is_swept)))
        for overrides in itertools.product(*choices.values())
    ]


def _enumerate(override: Any, key: str, text: str) -> tuple[str, ...]:
    if not override.is_discrete_sweep():
        raise OverrideError(
            f'"{text}" has no end: an interval cannot be enumerated',
            hint=f"write {key}=range(START,STOP,STEP) or {key}=choice(A,B)",
        )
    from hydra.errors import HydraException

    try:
        values = tuple(itertools.islice(override.sweep_string_iterator(), MAX_POINTS + 1))
    except (HydraException, ValueError, ArithmeticError) as exc:
        kind = type(override.value()).__name__
        if kind == "Glob":
            raise OverrideError(
                f'"{text}" chooses from a config group', hint="config groups need --config-dir DIR"
            ) from exc
        hint = "the step must not be 0" if kind == "RangeSweep" else f"write {key}=choice(A,B)"
        raise OverrideError(
            f'cannot enumerate "{text}": {one_line(exc).partition(" full_key:")[0]}', hint=hint
        ) from exc
    if not values:
        raise OverrideError(f'"{text}" is a choice of nothing', hint="a sweep needs one value at least")
    return tuple([f"{key}={value}" for value in values])


def _spell(override: Any, key: str) -> str:
    # Hydra's basic sweeper turns "~a" into "~a=null", which deletes only a null
    return key if override.value_type is None else f"{key}={override.get_value_element_as_str()}"


def _check_size(choices: Iterable[Sequence[str]]) -> None:
    count = 1
    for each in choices:
        count *= len(each)
    if count > MAX_POINTS:
        raise OverrideError(
            f"the sweep has more than {MAX_POINTS:,} configs", hint="sweep fewer keys at once, or fewer values"
        )
