"""Brings values to hand: loaded, restored, or computed again. Without recursion, however deep the chain."""

from __future__ import annotations

from collections.abc import Iterable

from hydra_cached.errors import EntryError, EntryUnreadableError
from hydra_cached.events import Warned
from hydra_cached.execution.calling import Caller
from hydra_cached.execution.deciding import Decider
from hydra_cached.execution.files import Before
from hydra_cached.execution.settled import Settled
from hydra_cached.execution.state import RunState
from hydra_cached.graph import Node, Place
from hydra_cached.planning import Decision, Reason, fault_reason


class Fetcher:
    """Values of one run."""

    def __init__(self, run: RunState, decider: Decider, caller: Caller) -> None:
        self._run = run
        self._decider = decider
        self._caller = caller

    def ensure(self, wanted: Iterable[Place]) -> None:
        """Bring the values of places to hand, which have been expected before.

        Raises:
            NodeFailedError: one had to be computed again, and that failed.
        """
        stack = list(wanted)[::-1]
        opened: set[Place] = set()
        while stack:
            place = stack[-1]
            if self._run.values.is_at_hand(place):
                stack.pop()
            else:
                stack.extend(self._bring(place, opened)[::-1])

    def demote(self, node: Node, settled: Settled, fault: EntryError) -> None:
        """A result that fails to load is decided again as a miss."""
        run = self._run
        run.emit(Warned(node.path, f"{node.path or 'the root'} is computed again: {fault.message}"))
        # its bytes are right: elsewhere, or with another version of a library, it may load
        is_kept = isinstance(fault, EntryUnreadableError) and settled.status != "ran"
        run.committer.discard(node, settled, is_kept=is_kept)
        if settled.status == "ran":
            settled.entry, settled.is_stored = None, False
        else:
            del run.settled[node.index]
            run.demoted[node.index] = fault_reason(fault)

    def _bring(self, place: Place, opened: set[Place]) -> list[Place]:
        """One step on the way to the value of a place. Returns places that must come first."""
        run = self._run
        node = run.graph.node_of(place)
        settled = run.settled.get(node.index)
        if settled is None:
            return self._settle_late(node, place, opened)
        if run.values.restore(place):
            return []
        # loaded, it would hold copies of what this place's arguments are
        is_holding = settled.status == "ran" and bool(settled.holds) and not settled.is_apart
        if settled.entry is not None and run.cache is not None and not is_holding:
            try:
                run.values.put(place, run.cache.load(settled.entry, place))
            except EntryError as exc:
                self.demote(node, settled, exc)
            return []
        if settled.staged is not None and not is_holding:
            try:
                run.values.put(place, settled.staged.load())
            except EntryError as exc:
                # somebody tidied up where it lay
                settled.staged = None
                run.emit(Warned(node.path, f"{node.path or 'the root'} is computed again: {exc.message}"))
            return []
        missing = self._open(place, opened)
        if not missing:
            reason = Reason("not_stored", "its value is needed once more")
            value = self._caller.call_again(node, place, settled, reason)
            run.values.put(place, value)
            run.values.release(place.children)
            opened.discard(place)
        return missing

    def _settle_late(self, node: Node, place: Place, opened: set[Place]) -> list[Place]:
        """Settle a node below one that was to be reused and could not be."""
        run = self._run
        reason = run.demoted.get(node.index)
        if reason is None and node.call not in opened:
            decision = self._decider.check_sharing(node, self._decider.decide(node, is_known=False))
            if decision.verdict == "hit":
                self._decider.reuse(node, decision)
                return []
        missing = self._open(node.call, opened)
        if missing:
            return missing
        decision = self._decider.decide(node, is_known=True)
        if reason is not None:
            keys = (decision.recipe_key, decision.call_key)
            decision = Decision(
                "run",
                None,
                reason,
                *keys,
                is_storable=decision.entry is not None or decision.is_storable,
                is_replacing=reason.code == "entry_unreadable",
            )
        before: Before | None = None
        if decision.verdict == "run":
            decision, before = self._decider.look_at_files(node, decision)
        if decision.verdict == "run":
            # the first place may have no consumer of its own; its copies are made of its value all the same
            self._caller.call_node(node, decision, before)
        else:
            self._decider.reuse(node, decision)
            run.values.release(node.call.children)
        return []

    def _open(self, place: Place, opened: set[Place]) -> list[Place]:
        """Arguments of a place that are not at hand; they are expected from now on."""
        if place not in opened:
            opened.add(place)
            self._run.values.expect(place.children)
        return [child for child in place.children if not self._run.values.is_at_hand(child)]
