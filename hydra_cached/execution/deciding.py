"""Asks the plan, with what a run knows so far; nothing is decided here that `plan` would not decide."""

from __future__ import annotations

from dataclasses import replace

from hydra_cached.events import LookedUp, NodeFinished
from hydra_cached.execution.files import Before
from hydra_cached.execution.settled import Settled
from hydra_cached.execution.state import RunState
from hydra_cached.graph import Node
from hydra_cached.planning import Decision, Reason, Status, decide, find_shared_holders, run_again


class Decider:
    """Decisions of one run."""

    def __init__(self, run: RunState) -> None:
        self._run = run

    def decide(self, node: Node, *, is_known: bool, asked: Decision | None = None) -> Decision:
        """The plan's decision; look-ups are told.

        Args:
            is_known: whether the node's calls are settled.
            asked: the decision before they were.
        """
        run = self._run
        decision = decide(node, run.context, run.policy, run.known if is_known else None, asked)
        if decision.entry is not None and node.index in run.policy.sampled:
            reason = Reason("forced", "computed again to verify the stored result")
            decision = replace(run_again(decision, reason), look_ups=decision.look_ups, verifies=decision.entry)
        for look_up in decision.look_ups:
            run.emit(
                LookedUp(run.path_of(node), node.target_id, look_up.kind, look_up.key, look_up.is_found, node.scope)
            )
        return decision

    def decide_finally(self, node: Node, asked: Decision, *, is_refreshed: bool = False) -> Decision:
        """The decision now that the node's calls are settled: reuse, or run."""
        run = self._run
        if run.cache is None or (asked.reason is not None and asked.reason.code == "shares_argument"):
            return asked
        if asked.verifies is not None and not is_refreshed:
            return asked
        is_spoilt = run.keys is not None and asked.is_storable and bool(run.keys.identity(node).problem)
        is_open = bool(node.children) or is_spoilt or is_refreshed
        decision = self.decide(node, is_known=True, asked=None if is_refreshed else asked) if is_open else asked
        twin = run.committer.find_twin(node, decision) if decision.verdict == "run" else None
        if twin is not None:
            decision = Decision("hit", twin, None, decision.recipe_key, decision.call_key)
        return self.check_sharing(node, decision)

    def check_sharing(self, node: Node, decision: Decision) -> Decision:
        """The decision, or another where reusing what was found would part objects that belong together."""
        run = self._run
        if run.keys is None or decision.entry is None or not decision.entry.info.holds:
            return decision
        reused = {index: each.decision for index, each in run.settled.items() if each.status in ("hit", "cutoff")}
        reused.update({index: each for index, each in run.asked.items() if each.verdict == "hit"})
        running = {index for index, each in run.settled.items() if each.status == "ran"}
        running.update(index for index in run.asked if index not in run.settled and index not in reused)
        running.discard(node.index)
        for index, reason in find_shared_holders(run.graph, run.policy, {**reused, node.index: decision}, running):
            if index == node.index:
                return run_again(decision, reason)
        return decision

    def look_at_files(self, node: Node, decision: Decision) -> tuple[Decision, Before | None]:
        """The files that a call names, just before it; and the decision, which may be another one for what they are."""
        run = self._run
        call_files = run.committer.files
        if call_files is None or run.keys is None:
            return decision, None
        stamps = call_files.stamp(node)
        if not stamps:
            return decision, call_files.look_before(node, stamps)
        is_refreshed = run.keys.refresh(node)
        if is_refreshed or decision.call_key != run.keys.call(node, run.known.digest_of, run.known.mentions_of):
            decision = self.decide_finally(node, run.asked.get(node.index, decision), is_refreshed=True)
        return decision, call_files.look_before(node, stamps)

    def reuse(self, node: Node, decision: Decision) -> None:
        """Settle a node by what was found."""
        run = self._run
        status: Status = "hit" if decision.verdict == "hit" else "cutoff"
        settled = run.settled[node.index] = Settled(decision, status)
        assert decision.entry is not None, "what is reused was found"
        saved_s = run.committer.note_reuse(node, decision)
        size_bytes = decision.entry.size_bytes
        run.emit(
            NodeFinished(
                run.path_of(node), node.target_id, status, settled.seconds, size_bytes, True, node.scope, saved_s
            )
        )
