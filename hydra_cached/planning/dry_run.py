"""The plan of a whole graph without running anything: what would be reused, what would run, what is not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hydra_cached.graph import Graph, Node, Place
from hydra_cached.planning.decision import Context, Decision, Known, Policy, Status, decide
from hydra_cached.planning.differences import explain_absence, find_differences, find_nearest, is_certainly_new
from hydra_cached.planning.reason import Reason
from hydra_cached.planning.survey import survey
from hydra_cached.store import EntryInfo

# asked for, or declared, whatever the calls below give
_CERTAIN = frozenset({"forced", "not_deterministic", "excluded", "not_stored", "not_digestible", "not_persisted"})
_BROKEN = frozenset({"output_changed", "code_changed", "shares_argument"})


@dataclass(frozen=True, slots=True)
class Planned:
    """What is going to become of a node.

    Attributes:
        seconds: what its call took when it last ran; None where that is not known.
    """

    status: Status
    decision: Decision
    seconds: float | None


def draw_up(graph: Graph, context: Context | None, policy: Policy) -> dict[int, Planned]:
    """What would become of every node that the result needs, by index; those that are not in it are skipped."""
    return _DryRun(graph, context, policy).draw_up()


def known_below(graph: Graph, node: Node, planned: Mapping[int, Planned], context: Context) -> Known | None:
    """What a plan knows of the results of a node's calls; None where one of them is not known yet."""
    entries: dict[int, EntryInfo] = {}
    for child in node.children:
        plan = planned.get(child)
        entry = plan.decision.entry if plan is not None else None
        if plan is None:
            # below what is reused: found by its own recipe, if it is still there
            entry = decide(graph.nodes[child], context, Policy()).entry
        if entry is None:
            return None
        entries[child] = entry.info
    return Known(
        lambda place: entries[graph.node_of(place).index].content_digest,
        lambda place: entries[graph.node_of(place).index].mentions,
    )


class _DryRun:
    def __init__(self, graph: Graph, context: Context | None, policy: Policy) -> None:
        self._graph = graph
        self._context = context
        self._policy = policy
        self._planned: dict[int, Planned] = {}
        self._entries: dict[str, Sequence[EntryInfo]] = {}

    def draw_up(self) -> dict[int, Planned]:
        graph = self._graph
        demanded = [graph.node_of(place) for place in graph.roots()]
        found = survey(
            graph,
            demanded,
            self._policy,
            lambda node: decide(node, self._context, self._policy),
            is_stored=self._context is not None,
        )
        for index, decision in found.hits.items():
            self._planned[index] = self._reused("hit", decision)
        for index in sorted(found.asked):
            self._planned[index] = self._plan(graph.nodes[index], found.asked[index])
        return self._planned

    def _plan(self, node: Node, asked: Decision) -> Planned:
        code = asked.reason.code if asked.reason else ""
        if self._context is None or (asked.verdict == "run" and not node.children) or code in _CERTAIN:
            return self._run(node, asked)
        open_children = [child for child in node.children if self._planned[child].status in ("would_run", "unknown")]
        if not open_children:
            decision = decide(node, self._context, self._policy, Known(self._digest_of, self._mentions_of), asked)
            if decision.verdict == "cutoff" and code != "shares_argument":
                return self._reused("cutoff", decision)
            return self._run(node, asked if code == "shares_argument" else decision)
        if code in _BROKEN:
            return self._run(node, asked)
        keys = self._context.keys
        if is_certainly_new(node, keys, self._entries_of(node.target_id)):
            return self._run(node, replace(asked, reason=asked.reason or self._explain(node)))
        first = self._graph.nodes[min(open_children, key=lambda child: self._first_open(child))].path or "the root"
        reason = asked.reason or Reason("upstream_changed", f"unknown until {first} runs")
        return Planned("unknown", replace(asked, reason=reason), self._estimate(node))

    def _first_open(self, index: int) -> int:
        # what is itself unknown becomes known later than what runs
        return index if self._planned[index].status == "would_run" else len(self._graph.nodes) + index

    def _explain(self, node: Node) -> Reason:
        """Why a node runs whatever its calls give."""
        assert self._context is not None
        keys, index = self._context.keys, self._context.index
        nothing = Known(lambda place: None, lambda place: ())
        earlier = find_nearest(node, keys, index, nothing)
        if earlier is None:
            return explain_absence(node, keys, index, None)
        found = find_differences(node, keys, index, earlier, None)
        return Reason(found[0].code, found[0].detail) if found else Reason("new", "no result with these arguments")

    def _run(self, node: Node, decision: Decision) -> Planned:
        return Planned("would_run", decision, self._estimate(node))

    def _reused(self, status: Status, decision: Decision) -> Planned:
        return Planned(status, decision, decision.entry.info.seconds if decision.entry else None)

    def _estimate(self, node: Node) -> float | None:
        if self._context is None:
            return None
        latest = self._context.index.latest(node.target_id, node.path)
        if not latest:
            # written elsewhere, but the same function
            latest = self._entries_of(node.target_id)
        return latest[0].seconds if latest else None

    def _entries_of(self, target: str) -> Sequence[EntryInfo]:
        assert self._context is not None
        known = self._entries.get(target)
        if known is None:
            known = self._entries[target] = self._context.index.entries_of(target)
        return known

    def _digest_of(self, place: Place) -> str | None:
        entry = self._planned[self._graph.node_of(place).index].decision.entry
        return entry.info.content_digest if entry else None

    def _mentions_of(self, place: Place) -> Sequence[str]:
        entry = self._planned[self._graph.node_of(place).index].decision.entry
        return entry.info.mentions if entry else ()
