"""Turns what can be read only once into lists. Knows nothing of the store."""

from __future__ import annotations

from typing import Any


def materialize(value: Any) -> Any:
    """``value`` with a list in place of every iterator: itself, or in the builtin containers that it consists of.

    Reading an iterator runs the code behind it, so whatever that raises is raised here.

    >>> materialize(x * x for x in range(3))
    [0, 1, 4]
    >>> materialize({"train": iter("ab"), "test": ["c"]})
    {'train': ['a', 'b'], 'test': ['c']}
    """
    cls = type(value)
    if hasattr(cls, "__next__"):
        return [materialize(each) for each in value]
    if cls is list or cls is tuple:
        items = [materialize(each) for each in value]
        is_same = all(item is each for item, each in zip(items, value, strict=True))
        return value if is_same else cls(items)
    if cls is dict:
        pairs = {key: materialize(each) for key, each in value.items()}
        return value if all(pairs[key] is each for key, each in value.items()) else pairs
    return value
