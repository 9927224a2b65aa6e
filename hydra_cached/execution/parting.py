"""Parts what became of the nodes of a joined graph among its configs: what each would have reported alone, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hydra_cached.execution.report import NodeReport
from hydra_cached.graph import JoinedGraph, Part
from hydra_cached.planning import Status

_FOUND_LATER: dict[Status, Status] = {"ran": "hit", "cutoff": "hit", "would_run": "hit", "unknown": "hit"}
"""What a node is to a config that comes after the first one with it."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one config has of the nodes of a sweep.

    Attributes:
        nodes: its nodes, with the paths that they have in it.
        own: indices of those that count as its own: no config before it has them.
        lent: indices of those that an earlier config made.
        needed: indices of those that its result needs.
    """

    nodes: tuple[NodeReport, ...]
    own: frozenset[int]
    lent: frozenset[int]
    needed: frozenset[int]


def share_out(joined: JoinedGraph, nodes: Sequence[NodeReport]) -> tuple[Share, ...]:
    """The share of each config.

    Args:
        nodes: what became, or would become, of each node of the graph, in its order.
    """
    needed = [_find_needed(joined, part, nodes) for part in joined.parts]
    anywhere = frozenset().union(*needed)
    taken: set[int] = set()
    shares = []
    for part, of_part in zip(joined.parts, needed, strict=True):
        # what was computed below a hit, because its result did not load, is the first one's too
        counted = {index for index in part.paths if index in of_part or index not in anywhere}
        lent = frozenset(counted & taken)
        reports = [_report(joined, part, index, nodes[index], index in counted, index in lent) for index in part.paths]
        shares.append(Share(tuple(reports), frozenset(counted - taken), lent, of_part))
        taken |= counted
    return tuple(shares)


def _find_needed(joined: JoinedGraph, part: Part, nodes: Sequence[NodeReport]) -> frozenset[int]:
    """Indices of the nodes that a config's result needs: those below a hit are not looked at."""
    found: set[int] = set()
    waiting = [joined.graph.node_of(place).index for place in part.roots()]
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            if nodes[index].status != "hit":
                waiting.extend(joined.graph.nodes[index].children)
    return frozenset(found)


def _report(
    joined: JoinedGraph, part: Part, index: int, node: NodeReport, is_counted: bool, is_lent: bool
) -> NodeReport:
    paths = part.paths[index]
    children = tuple([part.paths[child][0] for child in joined.graph.nodes[index].children])
    moved = replace(node, path=paths[0], paths=paths, children=children)
    if not is_counted:
        return replace(moved, status="skipped", reason=None, seconds=0.0)
    if is_lent and node.status in _FOUND_LATER:
        return replace(moved, status=_FOUND_LATER[node.status], reason=None)
    return moved
