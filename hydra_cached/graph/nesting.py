"""Deals with what is nested very deep: reads configs at any depth, and tells values that no config can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hydra_cached.errors import ConfigError
from hydra_cached.fingerprint.depth import call_deep

T = TypeVar("T")

DEEPEST = 5_000
"""So many levels of a value a config may hold: what OmegaConf does with it takes time in the square of that."""

_CONTAINERS = frozenset({dict, list, tuple})


def at_any_depth(function: Callable[[], T]) -> T:
    """The result of ``function``, which reads a config, on a larger stack where it needs one.

    Raises:
        ConfigError: not even that is enough.
    """
    try:
        return call_deep(function)
    except RecursionError as exc:
        raise ConfigError("the config is nested too deep", hint="build it of fewer levels") from exc


def is_endless(value: Any) -> bool:
    """Whether dicts, lists and tuples in ``value`` are nested deeper than `DEEPEST`, or contain themselves.

    >>> ring = []
    >>> ring.append({"a": ring})
    >>> is_endless(ring), is_endless([[], {"a": []}])
    (True, False)
    """
    heights: dict[int, int] = {}
    above: set[int] = set()
    waiting: list[tuple[Any, bool]] = [(each, False) for each in _inner([value])]
    while waiting:
        each, is_done = waiting.pop()
        if is_done:
            above.discard(id(each))
            heights[id(each)] = 1 + max((heights[id(item)] for item in _inner(each)), default=0)
            if heights[id(each)] > DEEPEST:
                return True
        elif id(each) in above:
            return True
        elif id(each) not in heights:
            above.add(id(each))
            waiting.append((each, True))
            waiting.extend((item, False) for item in _inner(each))
    return False


def _inner(container: Any) -> list[Any]:
    items = container.values() if type(container) is dict else container
    return [each for each in items if type(each) in _CONTAINERS]
