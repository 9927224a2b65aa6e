"""Tells values that no config can hold: builtin containers nested very deep, or inside themselves. Changes nothing."""

from __future__ import annotations

from typing import Any

DEEPEST = 5_000
"""So many levels of a value a config may hold: what OmegaConf does with it takes time in the square of that."""

_CONTAINERS = frozenset({dict, list, tuple})


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
