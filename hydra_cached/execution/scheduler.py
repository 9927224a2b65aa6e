"""Runs a graph: asks the plan for each node, reuses or calls, and alone commits entries. Decides nothing itself.

One pass down from the result finds what can be reused by recipe key; a ready queue in topological order, which is the
order of Hydra's calls, then settles the rest. A value lives until its last consumer has run.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NoReturn

from hydra_cached.errors import EntryError, HydraCachedError, MissingInputError
from hydra_cached.events import Event, Listener, LookedUp, NodeFailed, NodeFinished, NodeStarted, Warned
from hydra_cached.execution.aliases import Aliases
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.commit import Committer
from hydra_cached.execution.files import NO_WRITES, Before, Writes
from hydra_cached.execution.interrupts import Interrupts
from hydra_cached.execution.settled import Settled
from hydra_cached.execution.values import ABSENT, Values, copy_for, shared_children
from hydra_cached.execution.worker import call_target, failed_node, is_consumed_once
from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import Graph, Node, Place, bind, bind_call
from hydra_cached.keys import FileUse
from hydra_cached.plan import (
    Context,
    Decision,
    Known,
    Policy,
    Reason,
    Status,
    decide,
    fault_reason,
    find_shared_holders,
    run_again,
    survey,
)


class Scheduler:
    """One run of one graph.

    Args:
        context: what decisions are made from, or None with ``cache`` None: then nothing is looked up, digested or
            stored.
    """

    def __init__(
        self,
        graph: Graph,
        context: Context | None,
        cache: ResultCache | None,
        policy: Policy,
        listener: Listener,
        code: CodeFingerprints,
        files: FileDigests,
    ) -> None:
        self.graph = graph
        self.settled: dict[int, Settled] = {}
        keys = None if context is None else context.keys
        self.committer = Committer(graph, keys, cache, policy, self.settled, listener, code, files)
        self._context = context
        self._known = Known(self.committer.digest_of, self.committer.mentions_of)
        self._keys = keys
        self._cache = cache
        self._policy = policy
        self._emit: Callable[[Event], None] = listener
        self.interrupts = Interrupts()
        self._values = Values()
        self._aliases = Aliases()
        self._parents: dict[int, list[int]] = {}
        self._waiting: dict[int, int] = {}
        self._asked: dict[int, Decision] = {}
        self._ready: list[int] = []
        self._demoted: dict[int, Reason] = {}

    def run(self) -> Any:
        """The value of the pipeline.

        Raises:
            NodeFailedError: a target raised; what was finished before is stored.
        """
        roots = self.graph.roots()
        self._values.expect(roots)
        try:
            sample = self._policy.sampled if self._context is not None else ()
            self._expand([*map(self.graph.node_of, roots), *(self.graph.nodes[index] for index in sorted(sample))])
            while self._ready:
                self._settle(self.graph.nodes[heapq.heappop(self._ready)])
            self._ensure(roots)
            return bind(self.graph.root, {place: self._values.take(place) for place in roots}.__getitem__)
        finally:
            self.committer.flush()

    def known_recipe(self, node: Node) -> str | None:
        """The recipe key of a node, also of one below a hit; None where it was not needed."""
        return None if self._keys is None else self._keys.known_recipe(node)

    # --- down: what is found by recipe key, and what must be asked for ------------------------------------------------

    def _expand(self, demanded: list[Node]) -> None:
        found = survey(
            self.graph,
            demanded,
            self._policy,
            lambda node: self._decide(node, is_known=False),
            is_stored=self._context is not None,
        )
        self._asked = found.asked
        for index in found.asked:
            node = self.graph.nodes[index]
            self._values.expect(node.call.children)
            self._values.expect(shared_children(node))
        for index in sorted(found.hits):
            self._reuse(self.graph.nodes[index], found.hits[index])
        for index in found.asked:
            open_children = [child for child in self.graph.nodes[index].children if child not in self.settled]
            self._waiting[index] = len(open_children)
            for child in open_children:
                self._parents.setdefault(child, []).append(index)
            if not open_children:
                heapq.heappush(self._ready, index)

    def _decide(self, node: Node, *, is_known: bool, asked: Decision | None = None) -> Decision:
        decision = decide(node, self._context, self._policy, self._known if is_known else None, asked)
        if decision.entry is not None and node.index in self._policy.sampled:
            reason = Reason("forced", "computed again to verify the stored result")
            decision = replace(run_again(decision, reason), look_ups=decision.look_ups, verifies=decision.entry)
        for look_up in decision.look_ups:
            self._emit(LookedUp(node.path, node.target_id, look_up.kind, look_up.key, look_up.is_found))
        return decision

    # --- up: settle each node whose children are settled --------------------------------------------------------------

    def _settle(self, node: Node) -> None:
        decision = self._decide_finally(node, self._asked[node.index])
        before: Before | None = None
        if decision.verdict == "run":
            digests = [self.committer.digest_of(place) for place in node.call.children]
            self._ensure(node.call.children)
            if digests != [self.committer.digest_of(place) for place in node.call.children]:
                # an argument had to be computed again, and is another one now
                decision = self._decide_finally(node, self._asked[node.index])
        if decision.verdict == "run":
            decision, before = self._look_at_files(node, decision)
        if decision.verdict == "run":
            self._call_node(node, decision, before)
        else:
            self._reuse(node, decision)
            self._values.release(node.call.children)
        self._values.release(shared_children(node))
        for parent in self._parents.get(node.index, ()):
            self._waiting[parent] -= 1
            if not self._waiting[parent]:
                heapq.heappush(self._ready, parent)

    def _look_at_files(self, node: Node, decision: Decision) -> tuple[Decision, Before | None]:
        """The files that a call names, just before it; and the decision, which may be another one for what they are."""
        call_files = self.committer.files
        if call_files is None or self._keys is None:
            return decision, None
        stamps = call_files.stamp(node)
        if not stamps:
            return decision, call_files.look_before(node, stamps)
        is_refreshed = self._keys.refresh(node)
        if is_refreshed or decision.call_key != self._keys.call(node, self._known.digest_of, self._known.mentions_of):
            decision = self._decide_finally(node, self._asked.get(node.index, decision), is_refreshed=True)
        return decision, call_files.look_before(node, stamps)

    def _decide_finally(self, node: Node, asked: Decision, *, is_refreshed: bool = False) -> Decision:
        """The decision now that the children are settled: reuse, or run."""
        if self._cache is None or (asked.reason is not None and asked.reason.code == "shares_argument"):
            return asked
        if asked.verifies is not None and not is_refreshed:
            return asked
        is_spoilt = self._keys is not None and asked.is_storable and bool(self._keys.identity(node).problem)
        is_open = bool(node.children) or is_spoilt or is_refreshed
        decision = self._decide(node, is_known=True, asked=None if is_refreshed else asked) if is_open else asked
        twin = self.committer.find_twin(node, decision) if decision.verdict == "run" else None
        if twin is not None:
            decision = Decision("hit", twin, None, decision.recipe_key, decision.call_key)
        return self._check_sharing(node, decision)

    def _check_sharing(self, node: Node, decision: Decision) -> Decision:
        """The decision, or another where reusing what was found would part objects that belong together."""
        if self._keys is None or decision.entry is None or not decision.entry.info.holds:
            return decision
        reused = {index: each.decision for index, each in self.settled.items() if each.status in ("hit", "cutoff")}
        running = {index for index, each in self.settled.items() if each.status == "ran"}
        running.update(index for index in self._asked if index not in self.settled and index != node.index)
        for index, reason in find_shared_holders(self.graph, self._policy, {**reused, node.index: decision}, running):
            if index == node.index:
                return run_again(decision, reason)
        return decision

    def _reuse(self, node: Node, decision: Decision) -> None:
        status: Status = "hit" if decision.verdict == "hit" else "cutoff"
        settled = self.settled[node.index] = Settled(decision, status)
        assert decision.entry is not None, "what is reused was found"
        self.committer.note_reuse(node, decision)
        self._emit(
            NodeFinished(node.path, node.target_id, status, settled.seconds, decision.entry.size_bytes, is_stored=True)
        )

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call_node(self, node: Node, decision: Decision, before: Before | None) -> None:
        """Call the target for the node's first place, and give every other place that is waited for its own copy."""
        reason = decision.reason or Reason("new")
        settled = Settled(decision, "ran")
        value, writes = self._call_watched(node, settled, reason, before)
        self.settled[node.index] = settled
        arguments = [
            (child, self._values.peek(child)) for child in node.call.children if self._values.is_at_hand(child)
        ]
        self._values.put(node.call, value)
        self.committer.commit(node, value, arguments, writes)
        if self.committer.is_watching:
            self._aliases.note(node.call, value, arguments)
            if settled.entry is None:
                self._values.take_snapshot(node.call)
            self._find_changes(node)
        if not is_consumed_once(value):
            for place in node.places[1:]:
                if self._values.is_expected(place):
                    self._share(node, place, value)
        if is_consumed_once(value) and self._values.is_shared_beyond(node.call):
            self._values.keep_until_done(node.call, node.call.children)
        else:
            self._values.release(node.call.children)
        size = settled.entry.size_bytes if settled.entry else None
        self._emit(NodeFinished(node.path, node.target_id, "ran", settled.seconds, size, settled.is_stored))

    def _call_watched(self, node: Node, settled: Settled, reason: Reason, before: Before | None) -> tuple[Any, Writes]:
        """The value of the first place, and what the call did to files."""
        if before is None or self.committer.files is None:
            return self._call(node, node.call, settled, reason), NO_WRITES
        missing = next((each for each in before.inputs if each.digest is None), None)
        if missing is not None:
            settled.status = "failed"
            self.settled[node.index] = settled
            self._fail_for_input(node, missing)
        with before.watch:
            value = self._call(node, node.call, settled, reason)
        writes = self.committer.files.look_after(node, before)
        if writes.outputs and self._context is not None:
            self._context.conditions.forget()
        return value, writes

    def _fail_for_input(self, node: Node, missing: FileUse) -> NoReturn:
        argument = f" (argument {missing.argument})" if missing.argument else ""
        error = MissingInputError(
            f"input file {missing.label}{argument} of {node.path or 'the root'} is not there",
            hint="mend the path, or what is to write it; relative paths start from the working directory",
            path=node.path,
            target=node.target_id,
        )
        self._emit(NodeFailed(node.path, node.target_id, error.message))
        raise error

    def _call(self, node: Node, place: Place, settled: Settled, reason: Reason) -> Any:
        arguments = {child: self._values.take(child) for child in place.children}
        try:
            call = bind_call(place, arguments.__getitem__)
        except HydraCachedError:
            raise
        except Exception as exc:
            settled.status = "failed"
            self.settled[node.index] = settled
            self._fail(node, exc, is_call=False)
        self._emit(NodeStarted(node.path, node.target_id, reason.code, reason.detail))
        outcome = call_target(call)
        settled.seconds += outcome.seconds
        if outcome.error is not None:
            settled.status = "failed"
            self.settled[node.index] = settled
            self._fail(node, outcome.error)
        # a target that goes on with what it has after Ctrl-C gives no result to keep
        self.interrupts.raise_if_come()
        return outcome.value

    def _fail(self, node: Node, error: BaseException, *, is_call: bool = True) -> NoReturn:
        failure = failed_node(node, error, is_call=is_call)
        self._emit(NodeFailed(node.path, node.target_id, failure.message))
        raise failure from error

    def _share(self, node: Node, place: Place, value: Any) -> None:
        copied = copy_for(place, node, value, self._peek, self._values.is_expected)
        if copied is ABSENT:
            return
        self._values.put(place, copied)
        entry = self.settled[node.index].entry
        if entry is not None and self._cache is not None:
            self._cache.adopt(entry, copied, place)

    def _peek(self, place: Place) -> Any:
        return self._values.peek(place) if self._values.is_at_hand(place) else ABSENT

    def _find_changes(self, node: Node) -> None:
        """A call that changed an argument in place spoils it for the others: they get a fresh one."""
        children = node.call.children
        suspects = [place for place in children if self._values.is_shared_beyond(place)]
        suspects += [place for place in self._aliases.others(children) if place is not node.call]
        for place in suspects:
            if not self._values.is_at_hand(place) or not self._values.is_expected(place):
                continue
            if self.committer.holdings.is_changed(self.graph.node_of(place), self._values.peek(place)):
                self._values.drop(place)
                self._aliases.part(place)
                what = f"{node.target_id} at {node.path or 'the root'} changed the result of {_path_of(place)} in place"
                self._emit(Warned(node.path, f"{what}; other users of it get a fresh copy"))
        self.committer.holdings.find_changed_literals(node)

    # --- values: loaded, restored, or computed again, without recursion -----------------------------------------------

    def _ensure(self, wanted: Iterable[Place]) -> None:
        """Bring the values of places to hand, which have been expected before."""
        stack = list(wanted)[::-1]
        opened: set[Place] = set()
        while stack:
            place = stack[-1]
            if self._values.is_at_hand(place):
                stack.pop()
            else:
                stack.extend(self._bring(place, opened)[::-1])

    def _bring(self, place: Place, opened: set[Place]) -> list[Place]:
        """One step on the way to the value of a place. Returns places that must come first."""
        node = self.graph.node_of(place)
        settled = self.settled.get(node.index)
        if settled is None:
            return self._settle_late(node, place, opened)
        if self._values.restore(place):
            return []
        # loaded, it would hold copies of what this place's arguments are
        is_holding = settled.status == "ran" and bool(settled.holds)
        if settled.entry is not None and self._cache is not None and not is_holding:
            try:
                self._values.put(place, self._cache.load(settled.entry, place))
            except EntryError as exc:
                self._demote(node, settled, exc)
            return []
        missing = self._open(place, opened)
        if not missing:
            value = self._call(node, place, settled, Reason("not_stored", "its value is needed once more"))
            self._values.put(place, value)
            self._values.release(place.children)
            opened.discard(place)
        return missing

    def _settle_late(self, node: Node, place: Place, opened: set[Place]) -> list[Place]:
        """Settle a node below one that was to be reused and could not be."""
        reason = self._demoted.get(node.index)
        if reason is None and node.call not in opened:
            decision = self._check_sharing(node, self._decide(node, is_known=False))
            if decision.verdict == "hit":
                self._reuse(node, decision)
                return []
        missing = self._open(node.call, opened)
        if missing:
            return missing
        decision = self._decide(node, is_known=True)
        if reason is not None:
            keys = (decision.recipe_key, decision.call_key)
            decision = Decision(
                "run", None, reason, *keys, is_storable=decision.entry is not None or decision.is_storable
            )
        before: Before | None = None
        if decision.verdict == "run":
            decision, before = self._look_at_files(node, decision)
        if decision.verdict == "run":
            # the first place may have no consumer of its own; its copies are made of its value all the same
            self._call_node(node, decision, before)
        else:
            self._reuse(node, decision)
            self._values.release(node.call.children)
        return []

    def _open(self, place: Place, opened: set[Place]) -> list[Place]:
        """Arguments of a place that are not at hand; they are expected from now on."""
        if place not in opened:
            opened.add(place)
            self._values.expect(place.children)
        return [child for child in place.children if not self._values.is_at_hand(child)]

    def _demote(self, node: Node, settled: Settled, fault: EntryError) -> None:
        """A result that fails to load is decided again as a miss."""
        self._emit(Warned(node.path, f"{node.path or 'the root'} is computed again: {fault.message}"))
        self.committer.discard(node, settled)
        if settled.status == "ran":
            settled.entry, settled.is_stored = None, False
        else:
            del self.settled[node.index]
            self._demoted[node.index] = fault_reason(fault)


def _path_of(place: Place) -> str:
    return ".".join(map(str, place.path)) or "the root"
