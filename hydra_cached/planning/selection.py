"""Finds the nodes that a user names, and chooses nodes at random. Decides nothing about them."""

from __future__ import annotations

import difflib
import math
import random
import re
from collections.abc import Collection

from hydra_cached.errors import UsageError
from hydra_cached.graph import Graph, Node
from hydra_cached.keys import Keys

_KEY = re.compile(r"[0-9a-f]{8,64}\Z")


def find_node(graph: Graph, keys: Keys, name: str) -> Node:
    """The node at a config path, or with a recipe key that begins with ``name`` (8 digits or more).

    Raises:
        UsageError: there is none, or more than one; the hint names what is near.
    """
    found = graph.find(name)
    if found is not None:
        return found
    if _KEY.match(name.lower()):
        matches = [node for node in graph.nodes if (keys.recipe(node) or "").startswith(name.lower())]
        if len(matches) == 1:
            return matches[0]
    paths = [path for node in graph.nodes for path in node.paths]
    near = difflib.get_close_matches(name, paths, n=1)
    below = [path for path in paths if path.startswith(f"{name}.")]
    if near:
        hint = f'did you mean "{near[0]}"?'
    elif below:
        hint = f'nothing is called there; below it there is "{below[0]}"'
    else:
        shown = sorted(set(paths), key=lambda path: (path.count("."), path))[:8]
        hint = "the pipeline calls " + ", ".join(path or '"" (the root)' for path in shown)
    raise UsageError(f'no node "{name}" in the pipeline', hint=hint)


def find_nodes(graph: Graph, keys: Keys, name: str) -> list[Node]:
    """As `find_node`; in a joined graph several configs may have a node at one path.

    Raises:
        UsageError: there is none.
    """
    return [node for node in graph.nodes if name in node.paths] or [find_node(graph, keys, name)]


def find_above(graph: Graph, indices: Collection[int]) -> frozenset[int]:
    """Indices of all nodes that contain one of these."""
    found: set[int] = set()
    for node in graph.nodes:
        if any(child in found or child in indices for child in node.children):
            found.add(node.index)
    return frozenset(found)


def choose_sample(graph: Graph, percent: float) -> frozenset[int]:
    """Indices of so many of a hundred nodes, at random, and at least one; none for 0."""
    if percent <= 0 or not graph.nodes:
        return frozenset()
    count = min(len(graph.nodes), math.ceil(len(graph.nodes) * percent / 100))
    return frozenset(random.sample(range(len(graph.nodes)), count))
