"""Lets OmegaConf containers go that nobody has any more, without waiting for the garbage collector."""

from __future__ import annotations

import functools
import sys
from typing import Any


def part_rings(configs: list[Any]) -> None:
    """Take from the nodes of containers that only ``configs`` holds what leads back to these. Empties the list.

    Where something else has a container or a node of it, all stays as it is.
    """
    cost = _cost()
    while configs and cost is not None:
        config = configs.pop()
        nodes = _nodes(config)
        # each but the first is in its container, which it leads back to
        is_alone = _count(nodes) == 2 * (len(nodes) - 1) + cost[0] * len(nodes) + cost[1]
        if is_alone:
            for node in nodes[1:]:
                node.__dict__["_parent"] = None
        del config, nodes


def _nodes(config: Any) -> list[Any]:
    nodes = [config]
    for node in nodes:
        content = node.__dict__.get("_content")
        if isinstance(content, dict):
            nodes.extend(content.values())
        elif isinstance(content, list):
            nodes.extend(content)
    return nodes


def _count(nodes: list[Any]) -> int:
    return sum([sys.getrefcount(node) for node in nodes])


@functools.lru_cache(maxsize=1)
def _cost() -> tuple[int, int] | None:
    """What counting itself adds for a node and for a container here; None where counts do not say who has what."""
    from omegaconf import ListConfig

    found = []
    for size in (1, 3):
        configs = [ListConfig([1] * size)]
        config = configs.pop()
        nodes = _nodes(config)
        found.append(_count(nodes) - 2 * size)
        kept = [nodes[-1]]
        if _count(nodes) - 2 * size != found[-1] + len(kept):
            return None
        del config, nodes, kept
    each = (found[1] - found[0]) // 2
    return each, found[0] - 2 * each
