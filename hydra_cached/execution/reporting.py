"""Makes the report of a run out of what its nodes came to, or would come to. Counts; never prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from hydra_cached.execution.report import NodeReport, RunReport, Summary
from hydra_cached.execution.settled import Settled
from hydra_cached.graph import Graph, Node
from hydra_cached.planning import Planned, Status


def report_plan(graph: Graph, planned: Mapping[int, Planned], pipeline: str, run_id: str, seconds: float) -> RunReport:
    """The report of a plan: nothing was run. ``seconds`` of a node are what its call took when it last ran."""
    nodes = report_planned_nodes(graph, planned)
    saved = sum(each.seconds for each in nodes if each.status in ("hit", "cutoff"))
    return RunReport(pipeline, run_id, True, None, None, nodes, summarize(nodes, seconds, saved), True)


def report_planned_nodes(graph: Graph, planned: Mapping[int, Planned]) -> tuple[NodeReport, ...]:
    """What would become of every node."""
    return tuple(_report_planned(node, children, planned.get(node.index)) for node, children in _with_children(graph))


def _report_planned(node: Node, children: tuple[str, ...], planned: Planned | None) -> NodeReport:
    if planned is None:
        return _report_skipped(node, children)
    decision, entry = planned.decision, planned.decision.entry
    return NodeReport(
        path=node.path,
        paths=node.paths,
        target=node.target_id,
        status=planned.status,
        reason=decision.reason if entry is None else None,
        recipe_key=decision.recipe_key,
        call_key=decision.call_key,
        content_digest=entry.info.content_digest if entry else None,
        seconds=planned.seconds or 0.0,
        size_bytes=entry.size_bytes if entry else None,
        is_stored=entry is not None,
        children=children,
    )


def report_nodes(
    graph: Graph, settled: Mapping[int, Settled], known_recipe: Callable[[Node], str | None]
) -> tuple[NodeReport, ...]:
    """What became of every node of a run.

    Args:
        known_recipe: the recipe key of a node whose turn never came, where it was made all the same.
    """
    return tuple(
        _report_node(node, children, settled[node.index])
        if node.index in settled
        else _report_skipped(node, children, known_recipe(node))
        for node, children in _with_children(graph)
    )


def _with_children(graph: Graph) -> Iterator[tuple[Node, tuple[str, ...]]]:
    paths = [node.path for node in graph.nodes]
    for node in graph.nodes:
        yield node, tuple([paths[child] for child in node.children])


def _report_skipped(node: Node, children: tuple[str, ...], recipe_key: str | None = None) -> NodeReport:
    return NodeReport(
        node.path, node.paths, node.target_id, "skipped", None, recipe_key, None, None, 0.0, None, False, children
    )


def _report_node(node: Node, children: tuple[str, ...], settled: Settled) -> NodeReport:
    decision = settled.decision
    is_reused = settled.status in ("hit", "cutoff")
    return NodeReport(
        path=node.path,
        paths=node.paths,
        target=node.target_id,
        status=settled.status,
        reason=None if is_reused else decision.reason,
        recipe_key=decision.recipe_key,
        call_key=decision.call_key,
        content_digest=settled.content_digest,
        seconds=settled.seconds,
        size_bytes=settled.entry.size_bytes if settled.entry else None,
        is_stored=settled.is_stored,
        children=children,
    )


def summarize(nodes: Iterable[NodeReport], seconds: float, seconds_saved: float) -> Summary:
    """Counts of what became of nodes."""
    counts: dict[Status, int] = {}
    total = 0
    for node in nodes:
        counts[node.status] = counts.get(node.status, 0) + 1
        total += 1
    return Summary(
        nodes=total,
        hit=counts.get("hit", 0),
        cutoff=counts.get("cutoff", 0),
        ran=counts.get("ran", 0),
        skipped=counts.get("skipped", 0),
        failed=counts.get("failed", 0),
        would_run=counts.get("would_run", 0),
        unknown=counts.get("unknown", 0),
        seconds=seconds,
        seconds_saved=seconds_saved,
    )
