"""Runs a graph: asks the plan for each node, reuses or calls, and alone commits entries. Decides nothing itself.

One pass down from the result finds what can be reused by recipe key; a ready queue in topological order, which is the
order of Hydra's calls, then settles the rest. A value lives until its last consumer has run.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, NoReturn

from hydra_cached.errors import EntryError
from hydra_cached.events import Event, Listener, LookedUp, NodeFailed, NodeFinished, NodeStarted, Warned
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.commit import Committer
from hydra_cached.execution.values import Values
from hydra_cached.execution.worker import Outcome, call_target, failed_node, is_consumed_once
from hydra_cached.fingerprint import CodeFingerprints
from hydra_cached.graph import Graph, Node, Place, bind, bind_call
from hydra_cached.keys import Keys
from hydra_cached.plan import Decision, Policy, Reason, Status, decide, fault_reason, find_shared_holder
from hydra_cached.store import Entry


class Settled:
    """What is known of a node once its turn has come. Filled in by the scheduler, read by the report."""

    __slots__ = ("content_digest", "decision", "entry", "holds", "is_stored", "seconds", "status")

    def __init__(self, decision: Decision, status: Status) -> None:
        self.decision = decision
        self.status = status
        self.entry: Entry | None = decision.entry
        self.content_digest: str | None = decision.entry.info.content_digest if decision.entry else None
        self.seconds = decision.entry.info.seconds if decision.entry else 0.0
        self.is_stored = decision.entry is not None
        self.holds: tuple[str, ...] = decision.entry.info.holds if decision.entry else ()


class Scheduler:
    """One run of one graph.

    Args:
        keys: keys of the graph, or None with ``cache`` None: then nothing is looked up, digested or stored.
    """

    def __init__(
        self,
        graph: Graph,
        keys: Keys | None,
        cache: ResultCache | None,
        policy: Policy,
        listener: Listener,
        code: CodeFingerprints,
    ) -> None:
        self.graph = graph
        self.settled: dict[int, Settled] = {}
        self._keys = keys
        self._cache = cache
        self._policy = policy
        self._emit: Callable[[Event], None] = listener
        self._parents: dict[int, list[int]] = {}
        self.committer = Committer(graph, keys, cache, policy, self.settled, listener, code)
        self._values = Values(graph)
        self._waiting: dict[int, int] = {}
        self._asked: dict[int, Decision] = {}
        self._ready: list[int] = []

    def run(self) -> Any:
        """The value of the pipeline.

        Raises:
            NodeFailedError: a target raised; what was finished before is stored.
        """
        roots = [self.graph.node_of(place) for place in self.graph.roots()]
        self._values.expect(self.graph.roots())
        self._expand(roots)
        try:
            while self._ready:
                self._settle(self.graph.nodes[heapq.heappop(self._ready)])
            return bind(self.graph.root, self._obtain)
        finally:
            self.committer.flush()

    # --- down: what is found by recipe key, and what must be asked for ------------------------------------------------

    def _expand(self, demanded: list[Node]) -> None:
        hits: dict[int, Decision] = {}
        stack = list(demanded)
        while stack:
            node = stack.pop()
            if node.index not in hits and node.index not in self._asked:
                decision = self._decide(node, has_digests=False)
                if decision.verdict == "hit":
                    hits[node.index] = decision
                else:
                    self._ask(node, decision, stack)
            if not stack and self._keys is not None:
                found = find_shared_holder(self.graph, self._keys, hits, self._asked)
                if found is not None:
                    index, reason = found
                    self._ask(self.graph.nodes[index], _run_again(hits.pop(index), reason), stack)
        for index in sorted(hits):
            self._reuse(self.graph.nodes[index], hits[index])
        for index in self._asked:
            open_children = [child for child in self.graph.nodes[index].children if child not in self.settled]
            self._waiting[index] = len(open_children)
            for child in open_children:
                self._parents.setdefault(child, []).append(index)
            if not open_children:
                heapq.heappush(self._ready, index)

    def _ask(self, node: Node, decision: Decision, stack: list[Node]) -> None:
        self._asked[node.index] = decision
        self._values.expect(node.call.children)
        stack.extend(self.graph.nodes[child] for child in node.children)

    def _decide(self, node: Node, *, has_digests: bool) -> Decision:
        decision = decide(node, self._keys, self._cache, self._policy, self._digest_of if has_digests else None)
        for look_up in decision.look_ups:
            self._emit(LookedUp(node.path, node.target_id, look_up.kind, look_up.key, look_up.is_found))
        return decision

    def _digest_of(self, place: Place) -> str | None:
        return self.settled[self.graph.node_of(place).index].content_digest

    # --- up: settle each node whose children are settled --------------------------------------------------------------

    def _settle(self, node: Node) -> None:
        decision = self._asked[node.index]
        is_sharing = decision.reason is not None and decision.reason.code == "shares_argument"
        if self._cache is not None and node.children and not is_sharing:
            decision = self._check_sharing(node, self._decide(node, has_digests=True))
        if decision.verdict in ("hit", "cutoff"):
            self._reuse(node, decision)
        else:
            self._call_node(node, decision)
        if not self._values.holds_children(node):
            self._values.release(node.call.children)
        for parent in self._parents.get(node.index, ()):
            self._waiting[parent] -= 1
            if not self._waiting[parent]:
                heapq.heappush(self._ready, parent)

    def _check_sharing(self, node: Node, decision: Decision) -> Decision:
        """The decision, or another where reusing what was found would part objects that belong together."""
        if self._keys is None or decision.entry is None or not decision.entry.info.holds:
            return decision
        reused = {index: each.decision for index, each in self.settled.items() if each.status in ("hit", "cutoff")}
        running = {index for index, each in self.settled.items() if each.status == "ran"}
        running.update(index for index in self._asked if index not in self.settled and index != node.index)
        found = find_shared_holder(self.graph, self._keys, {**reused, node.index: decision}, running)
        return _run_again(decision, found[1]) if found is not None and found[0] == node.index else decision

    def _reuse(self, node: Node, decision: Decision) -> None:
        status: Status = "hit" if decision.verdict == "hit" else "cutoff"
        settled = self.settled[node.index] = Settled(decision, status)
        assert decision.entry is not None
        self.committer.note_reuse(node, decision)
        self._emit(
            NodeFinished(node.path, node.target_id, status, settled.seconds, decision.entry.size_bytes, is_stored=True)
        )

    def _call_node(self, node: Node, decision: Decision) -> None:
        """Call the target for the node's first place, and give every other place that is waited for its own copy."""
        reason = decision.reason or Reason("new")
        call = bind_call(node.call, self._obtain)
        self._emit(NodeStarted(node.path, node.target_id, reason.code, reason.detail))
        outcome = call_target(call)
        settled = self.settled[node.index] = Settled(decision, "ran")
        settled.seconds = outcome.seconds
        if outcome.error is not None:
            settled.status = "failed"
            self._fail(node, outcome)
        self.committer.commit(node, outcome.value, self._values)
        self._values.put(node.call, outcome.value)
        if not is_consumed_once(outcome.value):
            for place in node.places[1:]:
                if self._values.is_expected(place):
                    self._values.put_copy(place, outcome.value)
        self._find_changed_arguments(node)
        entry = settled.entry
        size = entry.size_bytes if entry else None
        self._emit(NodeFinished(node.path, node.target_id, "ran", outcome.seconds, size, settled.is_stored))

    def _fail(self, node: Node, outcome: Outcome) -> NoReturn:
        assert outcome.error is not None
        self._emit(NodeFailed(node.path, node.target_id, repr(outcome.error)))
        raise failed_node(node, outcome.error) from outcome.error

    def _find_changed_arguments(self, node: Node) -> None:
        """A call that changed an argument in place spoils it for the others: they get a fresh one."""
        for place in node.call.children:
            child = self.graph.node_of(place)
            if not self._values.is_shared_beyond(place) or not self.committer.is_changed(
                child, self._values.peek(place)
            ):
                continue
            self._values.drop(place)
            self._emit(
                Warned(
                    node.path,
                    f"{node.target_id} at {node.path or 'the root'} changed its argument "
                    f"{child.path or '(root)'} in place; other users of it get a fresh copy",
                )
            )

    # --- values -------------------------------------------------------------------------------------------------------

    def _obtain(self, place: Place) -> Any:
        """The value of a place: at hand, loaded, copied, or computed (again) where nothing else gives it."""
        if self._values.is_at_hand(place):
            return self._values.take(place)
        node = self.graph.node_of(place)
        if node.index not in self.settled:
            self._settle_late(node)
            if self._values.is_at_hand(place):
                return self._values.take(place)
        entry = self.settled[node.index].entry
        if entry is not None and self._cache is not None:
            try:
                return self._values.put(place, self._cache.load(entry, place))
            except EntryError as exc:
                self._recover(node, exc)
                return self._obtain(place)
        return self._call_again(place)

    def _settle_late(self, node: Node) -> None:
        """Settle a node below one that was to be reused and could not be."""
        decision = self._decide(node, has_digests=False)
        if decision.verdict != "hit":
            self._settle_children(node)
            decision = self._decide(node, has_digests=True)
        if decision.verdict == "run":
            self._call_late(node, decision)
        else:
            self._reuse(node, decision)

    def _settle_children(self, node: Node) -> None:
        for child in node.children:
            if child not in self.settled:
                self._settle_late(self.graph.nodes[child])

    def _call_late(self, node: Node, decision: Decision) -> None:
        # expected once more by the caller, who is not among the consumers counted on the way down
        self._values.expect((node.call, *node.call.children))
        self._call_node(node, decision)
        if not self._values.holds_children(node):
            self._values.release(node.call.children)

    def _recover(self, node: Node, fault: EntryError) -> None:
        """A hit that fails to load is decided again as a miss."""
        self._emit(Warned(node.path, f"{node.path or 'the root'} is computed again: {fault.message}"))
        old = self.settled[node.index].decision
        self.committer.forget_reuse(node, old)
        self._settle_children(node)
        decision = Decision("run", None, fault_reason(fault), old.recipe_key, old.call_key, is_storable=True)
        self._call_late(node, decision)

    def _call_again(self, place: Place) -> Any:
        """Another call for a value that could neither be kept, loaded nor copied."""
        node = self.graph.node_of(place)
        self._emit(NodeStarted(node.path, node.target_id, "not_stored", "its value cannot be copied"))
        outcome = call_target(bind_call(place, self._obtain))
        if outcome.error is not None:
            self._fail(node, outcome)
        self.settled[node.index].seconds += outcome.seconds
        # what can be read once belongs to the consumer that asked
        return outcome.value if is_consumed_once(outcome.value) else self._values.put(place, outcome.value)


def _run_again(decision: Decision, reason: Reason) -> Decision:
    # not stored once more: the entry that was found is as good
    return Decision("run", None, reason, decision.recipe_key, decision.call_key)
