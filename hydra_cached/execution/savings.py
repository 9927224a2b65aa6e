"""Sums up the seconds that reuse saved, and those that a result took with all below it: each call once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hydra_cached.errors import HydraCachedError
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.settled import Settled
from hydra_cached.graph import Graph, Node
from hydra_cached.keys import Keys
from hydra_cached.store import Entry

_LARGEST_SUM = 100


class Savings:
    """What the calls of one run took, or would have taken.

    Args:
        settled: what became of the calls so far, by index; filled in by others.
    """

    def __init__(
        self, graph: Graph, keys: Keys | None, cache: ResultCache | None, settled: Mapping[int, Settled]
    ) -> None:
        self._graph = graph
        self._keys = keys
        self._cache = cache
        self._settled = settled
        self._own: dict[int, float] = {}
        self._reused: dict[int, float] = {}
        self._trees: dict[int, float] = {}
        self._skipped: dict[int, float] = {}
        self._first_parent: dict[int, int] = {}
        for child, parent in graph.edges():
            self._first_parent.setdefault(child, parent)

    def note_reuse(self, node: Node, entry: Entry, *, is_hit: bool) -> float:
        """Count a hit, with what is skipped below it, or a cutoff. Returns what it took when it was made."""
        seconds = self._own[node.index] = entry.info.seconds
        if is_hit:
            seconds = self._trees[node.index] = max(entry.info.tree_seconds, seconds)
        self._reused[node.index] = seconds
        return seconds

    def take_back(self, node: Node) -> None:
        """What was reused is computed after all."""
        self._reused.pop(node.index, None)
        self._trees.pop(node.index, None)

    def by_node(self, among: Collection[int] | None = None) -> dict[int, float]:
        """Seconds that each reused call saved; what several of them have below them counts for one of them alone.

        Args:
            among: indices of the nodes that count; None for all.
        """
        counted = [index for index in self._reused if among is None or index in among]
        hits = [index for index in counted if self._settled[index].status == "hit"]
        # of a cutoff nothing was skipped below
        return {**{index: self._reused[index] for index in counted}, **self._apart(hits)}

    def add_up(self, node: Node, settled: Settled) -> float:
        """Seconds of a call that was made, with all that its arguments took."""
        total = settled.seconds
        below = self._graph.below(node, limit=_LARGEST_SUM)
        if below is not None:
            known = [(index, self._settled[index]) for index in below if index in self._settled]
            total += sum(each.seconds for _, each in known if each.status != "hit")
            total += sum(self._apart([index for index, each in known if each.status == "hit"]).values())
        else:
            # in a large graph every call counts at the first one that uses it, so that none is counted twice
            for child in node.children:
                if self._first_parent[child] == node.index:
                    total += self._trees.get(child, 0.0)
        self._trees[node.index] = total
        return total

    def _apart(self, hits: Iterable[int]) -> dict[int, float]:
        """Seconds of hits with what is below each, and below none of those before it."""
        found: dict[int, float] = {}
        visited: set[int] = set()
        # children first
        for index in sorted(hits):
            visited.add(index)
            own: list[int] = []
            is_alone = True
            waiting = list(self._graph.nodes[index].children)
            while waiting:
                each = waiting.pop()
                if each in visited or each in self._settled:
                    is_alone = False
                    continue
                visited.add(each)
                own.append(each)
                waiting.extend(self._graph.nodes[each].children)
            if is_alone:
                found[index] = self._reused.get(index, 0.0)
            else:
                found[index] = self._own.get(index, 0.0) + sum(map(self._seconds_of_skipped, own))
        return found

    def _seconds_of_skipped(self, index: int) -> float:
        known = self._skipped.get(index)
        if known is None:
            known = self._skipped[index] = self._look_up(self._graph.nodes[index])
        return known

    def _look_up(self, node: Node) -> float:
        recipe = None if self._keys is None else self._keys.recipe(node)
        if recipe is None or self._cache is None:
            return 0.0
        try:
            entry = self._cache.find(recipe)
        except HydraCachedError:
            return 0.0
        return entry.info.seconds if entry is not None else 0.0
