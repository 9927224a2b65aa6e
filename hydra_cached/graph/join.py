"""Joins several configs into one graph, in which calls that are equal in several of them are one node.

Each config is read by itself: its references count from its own root, and no call of one refers to a call of another.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hydra_cached.fingerprint.collector import pause_collection
from hydra_cached.fingerprint.depth import call_deep
from hydra_cached.graph.build import read_config
from hydra_cached.graph.expression import Items, Ref, references
from hydra_cached.graph.indirect import check_indirect_targets
from hydra_cached.graph.merge import merge_equal_calls
from hydra_cached.graph.node import Graph, Place, spell_paths
from hydra_cached.graph.paths import KeyPath, Link, spread
from hydra_cached.graph.places import Places
from hydra_cached.targets import UNCHECKED, TargetPolicy


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One config of a joined graph.

    Attributes:
        root: the expression of what it returns.
        paths: index of each of its nodes, in topological order -> the paths that it has in this config, dotted, the
            shortest one first.
        places: index of each of its nodes -> the first place in this config.
    """

    root: Any
    paths: dict[int, tuple[str, ...]]
    places: dict[int, Place]

    def roots(self) -> tuple[Place, ...]:
        """Places whose values the result needs, without repetition."""
        return tuple(dict.fromkeys(ref.place for ref in references(self.root)))


@dataclass(frozen=True, slots=True, eq=False)
class JoinedGraph:
    """The graph of several configs, and what of it belongs to each, in the order in which they were added."""

    graph: Graph
    parts: tuple[Part, ...]

    def narrow(self, indices: Sequence[int]) -> JoinedGraph:
        """The same, where of each config only the value of one node is wanted: its index, for each part."""
        chosen = zip(self.parts, indices, strict=True)
        parts = tuple([replace(part, root=Ref(part.places[index], "none")) for part, index in chosen])
        return JoinedGraph(replace(self.graph, root=_list_roots(parts)), parts)


class Joiner:
    """Collects configs for one graph.

    >>> joiner = Joiner()
    >>> for number in (1, 2):
    ...     joiner.add({"both": {"_target_": "builtins.dict"}, "own": {"_target_": "builtins.abs", "_args_": [number]}})
    >>> joined = joiner.join()
    >>> len(joined.graph.nodes), [list(part.paths.values()) for part in joined.parts]
    (3, [[('both',), ('own',)], [('both',), ('own',)]])
    """

    def __init__(self, policy: TargetPolicy = UNCHECKED) -> None:
        self._policy = policy
        self._places: list[Place] = []
        self._paths: list[Sequence[Link] | None] = []
        self._roots: list[Any] = []
        self._ranges: list[range] = []
        # read once, places hold nothing of their configs but what is in them; ids are compared until the end
        self._alive: list[Any] = []

    def add(self, config: Any) -> None:
        """Read one more config.

        Raises:
            TargetError: a ``_target_`` cannot be imported, is not callable or is refused.
            ConfigError: the config refers to itself in a ring, or a special key has a value it cannot have.
            hydra.errors.InstantiationException: the config is none.
            omegaconf.errors.OmegaConfBaseException: an interpolation cannot be resolved, a value is missing.
        """
        with pause_collection():
            places, root = read_config(config, {}, functools.partial(Places, True, (), self._policy))
            if self._policy.is_enforced:
                check_indirect_targets(places.places, self._policy)
        first = len(self._places)
        for place in places.places:
            place.index += first
        self._places += places.places
        self._paths += places.paths
        self._roots.append(root)
        self._ranges.append(range(first, len(self._places)))
        self._alive.append((config, places))

    def join(self) -> JoinedGraph:
        """The graph of all that was added; its root is the list of what each config returns."""
        with pause_collection():
            # deep for literals that are nested deep
            graph = call_deep(
                lambda: merge_equal_calls(self._places, self._paths, None, is_sharing=True, parts=self._ranges)
            )
            parts = tuple([self._part(graph, *each) for each in zip(self._roots, self._ranges, strict=True)])
        starts = tuple([indices.start for indices in self._ranges[1:]])
        return JoinedGraph(replace(graph, root=_list_roots(parts), starts=starts, policy=self._policy), parts)

    def _part(self, graph: Graph, root: Any, indices: range) -> Part:
        paths: dict[int, list[KeyPath]] = {}
        places: dict[int, Place] = {}
        for index in indices:
            place, written = self._places[index], self._paths[index]
            node = graph.node_of_place[index]
            places.setdefault(node, place)
            paths.setdefault(node, []).extend(map(spread, [place.link] if written is None else written))
        return Part(root, {node: spell_paths(paths[node]) for node in sorted(paths)}, places)


def _list_roots(parts: Sequence[Part]) -> Items:
    return Items(None, tuple([part.root for part in parts]), is_config=False)
