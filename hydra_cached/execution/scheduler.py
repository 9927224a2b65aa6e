"""Runs a graph: asks the plan for each node, reuses or calls, and alone commits entries. Decides nothing itself.

One pass down from the result finds what can be reused by recipe key; a ready queue in topological order, which is the
order of Hydra's calls, then settles the rest, here or by a dispatcher elsewhere. A value lives until its last consumer
has run.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from hydra_cached.errors import NodeFailedError, TargetError
from hydra_cached.events import Listener, Surveyed
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.calling import Caller
from hydra_cached.execution.claiming import POLL_S, Claiming
from hydra_cached.execution.deciding import Decider
from hydra_cached.execution.dispatching import Collected, Dispatcher
from hydra_cached.execution.fetching import Fetcher
from hydra_cached.execution.files import Before
from hydra_cached.execution.state import RunState
from hydra_cached.execution.values import shared_children
from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import Graph, Node, Place, bind
from hydra_cached.planning import Context, Decision, Policy, find_late, survey


class Scheduler:
    """One run of one graph.

    Args:
        context: what decisions are made from, or None with ``cache`` None: then nothing is looked up, digested or
            stored.
        dispatcher: makes calls elsewhere; None makes all of them here, one after another.
        is_keeping_going: after a failure, go on with what does not depend on it.
        lock_timeout_s: wait at most so long, in seconds, for another process that computes the same.

    Attributes:
        failures: of nodes, in the order in which they came.
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
        *,
        dispatcher: Dispatcher | None = None,
        is_keeping_going: bool = False,
        lock_timeout_s: float = 0.0,
    ) -> None:
        self.graph = graph
        self.state = RunState(graph, context, cache, policy, listener, code, files)
        self.failures: list[NodeFailedError | TargetError] = []
        self._decider = Decider(self.state)
        self._caller = Caller(self.state)
        self._fetcher = Fetcher(self.state, self._decider, self._caller)
        self._dispatcher = dispatcher
        self._claiming = Claiming(self.state, lock_timeout_s)
        self._collected: deque[Collected] = deque()
        self._is_ending = False
        # nodes that another process computes
        self._contended: list[int] = []
        self._is_keeping_going = is_keeping_going
        self._parents: dict[int, list[int]] = {}
        self._waiting: dict[int, int] = {}
        self._ready: list[int] = []
        # nodes whose equal call is under way, by its key
        self._parked: dict[str, list[int]] = {}

    def run(self) -> Any:
        """The value of the pipeline.

        Raises:
            NodeFailedError: a target raised; what was finished before is stored.
        """
        self.settle()
        if self.failures:
            raise self.failures[0] from self.failures[0].__cause__
        return self.value(self.graph.root, self.graph.roots())

    def settle(self) -> None:
        """Settle every node that the result needs. Failures are noted; without keeping going, the first one ends it."""
        roots = self.graph.roots()
        self.state.values.expect(roots)
        if self._dispatcher is not None:
            self._dispatcher.begin(self.state, self._caller)
        try:
            sample = self.state.policy.sampled if self.state.context is not None else ()
            self._expand([*map(self.graph.node_of, roots), *(self.graph.nodes[index] for index in sorted(sample))])
            self._look_ahead()
            self._work()
        except BaseException:
            self._is_ending = True
            if self._dispatcher is not None:
                self._collected += self._dispatcher.abandon()
                self._land_collected()
            raise
        finally:
            self._claiming.release_all()
            self.state.committer.flush()
            self.state.code.settle()

    def value(self, root: Any, places: tuple[Place, ...]) -> Any:
        """The value of an expression of the graph, once all is settled.

        Args:
            places: the calls in it, which were expected.

        Raises:
            NodeFailedError: one had to be computed again, and that failed.
        """
        self._fetcher.ensure(places)
        self.state.committer.flush()
        return bind(root, {place: self.state.values.take(place) for place in places}.__getitem__)

    def known_recipe(self, node: Node) -> str | None:
        """The recipe key of a node, also of one below a hit; None where it was not needed."""
        return None if self.state.keys is None else self.state.keys.known_recipe(node)

    # --- down: what is found by recipe key, and what must be asked for ------------------------------------------------

    def _expand(self, demanded: list[Node]) -> None:
        state = self.state
        found = survey(
            self.graph,
            demanded,
            state.policy,
            lambda node: self._decider.decide(node, is_known=False),
            is_stored=state.context is not None,
        )
        late = find_late(self.graph, state.keys, found)
        # once more for what is found to have changed: the rest is settled, or on its way
        hits = {index: each for index, each in found.hits.items() if index not in state.settled}
        known = state.settled.keys() | state.asked.keys()
        asked = {index: each for index, each in found.asked.items() if index not in known}
        state.asked |= asked
        state.emit(Surveyed(len(known | hits.keys() | asked.keys())))
        for index in asked:
            node = self.graph.nodes[index]
            state.values.expect(node.call.children)
            state.values.expect(shared_children(node))
        for index in sorted(hits):
            if index in late:
                state.asked[index] = hits[index]
                heapq.heappush(self._ready, index)
            elif index not in state.asked:
                self._decider.reuse(self.graph.nodes[index], hits[index])
        for index in asked:
            open_children = [child for child in self.graph.nodes[index].children if child not in state.settled]
            self._waiting[index] = len(open_children)
            for child in open_children:
                self._parents.setdefault(child, []).append(index)
            if not open_children:
                heapq.heappush(self._ready, index)

    # --- up: settle each node whose children are settled --------------------------------------------------------------

    def _work(self) -> None:
        dispatcher = self._dispatcher
        while True:
            is_stopping = bool(self.failures) and not self._is_keeping_going
            while self._ready and not is_stopping and (dispatcher is None or dispatcher.has_room):
                index = heapq.heappop(self._ready)
                self._guard(index, partial(self._begin, self.graph.nodes[index]))
                is_stopping = bool(self.failures) and not self._is_keeping_going
            if dispatcher is None or not dispatcher.under_way:
                if is_stopping or not (self._ready or self._contended):
                    return
                self._look_again()
                continue
            self._collected += dispatcher.collect()
            self._land_collected()
            self._look_again()

    def _look_ahead(self) -> None:
        if self._dispatcher is not None:
            try:
                self._dispatcher.look_ahead(is_failing=not self._is_keeping_going)
            except NodeFailedError as exc:
                self.failures.append(exc)

    def _land_collected(self) -> None:
        # taken one by one: what an interrupt leaves is landed before the run ends
        while self._collected:
            collected = self._collected.popleft()
            self._guard(collected.node.index, partial(self._land, collected))

    def _look_again(self) -> None:
        """Ask again for what other processes compute; a little later where there is nothing else to do."""
        if not self._ready:
            self.state.interrupts.raise_if_come()
            time.sleep(POLL_S)
        for index in self._contended:
            heapq.heappush(self._ready, index)
        self._contended.clear()

    def _guard(self, index: int, step: Callable[[], None]) -> None:
        try:
            step()
        except (NodeFailedError, TargetError) as exc:
            self._claiming.release(index)
            self.failures.append(exc)

    def _begin(self, node: Node) -> None:
        """Settle a node here, or send it on its way."""
        state, dispatcher = self.state, self._dispatcher
        if state.asked[node.index].verdict == "hit":
            self._reuse_late(node, state.asked[node.index])
            return
        decision = self._decider.decide_finally(node, state.asked[node.index])
        if decision.verdict == "run":
            if not self._claiming.may_begin(node, decision):
                self._contended.append(node.index)
                return
            if self._claiming.is_there(node, decision):
                decision = self._decider.decide_finally(node, state.asked[node.index], is_refreshed=True)
        if decision.verdict == "run" and dispatcher is not None and dispatcher.accepts(node, decision):
            if decision.call_key is not None and decision.is_storable and decision.call_key in dispatcher.keys:
                self._parked.setdefault(decision.call_key, []).append(node.index)
                return
            if dispatcher.needs_values:
                decision = self._bring_arguments(node, decision)
            decision, before = self._decider.look_at_files(node, decision)
            if decision.verdict == "run" and dispatcher.dispatch(node, decision, before):
                return
        if decision.verdict == "run":
            self._call_here(node, decision)
        else:
            self._decider.reuse(node, decision)
            state.values.release(node.call.children)
            self._end(node)

    def _reuse_late(self, node: Node, decision: Decision) -> None:
        """Reuse a node whose files a call of this run may have written, unless one did."""
        state, keys = self.state, self.state.keys
        assert keys is not None, "it was found by its key"
        for index in (*(self.graph.below(node) or ()), node.index):
            keys.refresh(self.graph.nodes[index])
        if keys.recipe(node) != decision.recipe_key:
            del state.asked[node.index]
            self._expand([node])
        else:
            self._decider.reuse(node, decision)
        if node.index in state.settled:
            self._tell_parents(node)

    def _land(self, collected: Collected) -> None:
        try:
            is_settled = collected.finish()
        except NodeFailedError:
            self._unpark(collected.decision)
            raise
        if is_settled:
            self._end(collected.node)
        elif not self._is_ending:
            self._call_here(collected.node, collected.decision)

    def _bring_arguments(self, node: Node, decision: Decision) -> Decision:
        """Bring arguments to hand. Returns the decision, which is another one where an argument is."""
        state = self.state
        digests = [state.committer.digest_of(place) for place in node.call.children]
        self._fetcher.ensure(node.call.children)
        if digests != [state.committer.digest_of(place) for place in node.call.children]:
            # one had to be computed again, and came out differently
            return self._decider.decide_finally(node, state.asked[node.index])
        return decision

    def _call_here(self, node: Node, decision: Decision) -> None:
        state = self.state
        decision = self._bring_arguments(node, decision)
        before: Before | None = None
        if decision.verdict == "run":
            decision, before = self._decider.look_at_files(node, decision)
        if decision.verdict == "run":
            self._caller.call_node(node, decision, before)
        else:
            self._decider.reuse(node, decision)
            state.values.release(node.call.children)
        self._end(node)

    def _end(self, node: Node) -> None:
        """A node is settled: what waited for it may be ready now."""
        state = self.state
        self._claiming.release(node.index)
        state.values.release(shared_children(node))
        self._unpark(state.settled[node.index].decision)
        self._tell_parents(node)

    def _tell_parents(self, node: Node) -> None:
        for parent in self._parents.get(node.index, ()):
            self._waiting[parent] -= 1
            if not self._waiting[parent]:
                heapq.heappush(self._ready, parent)

    def _unpark(self, decision: Decision) -> None:
        """Let go on what waited for an equal call; it finds what that has given, or makes its own."""
        for index in self._parked.pop(decision.call_key or "", ()):
            heapq.heappush(self._ready, index)
