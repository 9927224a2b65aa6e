"""Has calls made in other processes: arguments and results pass as files, not through here. Commits what comes back."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from inspect import isgeneratorfunction
from typing import NoReturn

from hydra_cached.errors import EntryError, HydraCachedError, NodeFailedError, NotSerializableError, WorkerDiedError
from hydra_cached.events import NodeFinished, Warned
from hydra_cached.execution.calling import Caller
from hydra_cached.execution.carrying import unpack_error
from hydra_cached.execution.dispatching import Collected
from hydra_cached.execution.files import Before
from hydra_cached.execution.outbound import Outbound
from hydra_cached.execution.packing import PackedTask
from hydra_cached.execution.pools import Pool
from hydra_cached.execution.settled import Settled
from hydra_cached.execution.staging import StagedValue
from hydra_cached.execution.state import RunState
from hydra_cached.execution.tasks import Done
from hydra_cached.execution.worker import failed_node
from hydra_cached.graph import Node, Place
from hydra_cached.planning import Decision, Reason, draw_up
from hydra_cached.store import Entry, EntryInfo

CHEAP_S = 0.001
"""What takes less is called by the client itself: sending it away would take longer."""

_POLL_S = 0.2
# objects that other calls use too, and what is known not to be pickled
_STAYING = frozenset({"shares_argument", "not_stored"})
_MOST_DEATHS = 3


@dataclass(slots=True)
class _Flight:
    node: Node
    settled: Settled
    before: Before | None
    packed: PackedTask
    is_told: bool = False
    deadline: float | None = None
    deaths: int = 0


class RemoteDispatcher:
    """Calls in the workers of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flights: dict[Future[Done], _Flight] = {}
        # calls that need what all workers who have it are busy with
        self._held_back: deque[_Flight] = deque()
        self._with_needs = 0
        self._landed: list[Collected] = []
        self._keys: Counter[str] = Counter()
        self._outbound = Outbound(pool)
        # targets whose calls or results turned out not to travel
        self._at_home: set[str] = set()

    def begin(self, run: RunState, caller: Caller) -> None:
        """A run begins."""
        self._run = run
        self._caller = caller
        self._outbound.begin(run)
        self._pool.begin(run.graph, lambda message: run.emit(Warned("", message)))
        if run.cache is not None and run.cache.object_folder is not None:
            self._pool.share(run.cache.object_folder)

    def close(self, *, is_killing: bool = False) -> None:
        """End all workers, and remove what they left."""
        self._pool.close(is_killing=is_killing)
        self._outbound.close()

    def look_ahead(self, *, is_failing: bool) -> None:
        """See whether workers have what calls need. What may yet be found in the store is only warned of.

        Raises:
            NodeFailedError: none has, and the call must be made.
        """
        run = self._run
        refused = {
            index: refusal
            for index in run.asked
            if (refusal := self._pool.refusal(dict(run.graph.nodes[index].call.declared.resources)))
        }
        if not refused:
            return
        planned = draw_up(run.graph, run.context, run.policy)
        for index, refusal in refused.items():
            node = run.graph.nodes[index]
            if is_failing and index in planned and planned[index].status == "would_run":
                self._refuse(node, Settled(run.asked[index], "ran"), refusal)
            self._warn(node, f"cannot run: {refusal}")

    def _refuse(self, node: Node, settled: Settled, refusal: str) -> NoReturn:
        error = NodeFailedError(
            f"{node.path or 'the root'} ({node.target_id}) cannot run: {refusal}",
            hint="start workers with --resources, or change _resources_",
            path=node.path,
            target=node.target_id,
        )
        self._caller.fail(node, settled, error)

    @property
    def needs_values(self) -> bool:
        return False

    @property
    def has_room(self) -> bool:
        return len(self._flights) - self._with_needs < self._pool.size

    @property
    def under_way(self) -> int:
        return len(self._flights) + len(self._held_back)

    @property
    def keys(self) -> Collection[str]:
        return self._keys.keys()

    # --- sending ------------------------------------------------------------------------------------------------------

    def accepts(self, node: Node, decision: Decision) -> bool:
        """Whether a call may leave this process, and is worth that."""
        if node.target_id in self._at_home or (decision.reason and decision.reason.code in _STAYING):
            return False
        if isgeneratorfunction(node.call.target) and not node.call.declared.is_materialized:
            # what it gives cannot travel
            return False
        if self._run.context is not None and not node.call.declared.resources:
            latest = self._run.context.index.latest(node.target_id, node.path)
            if latest and latest[0].seconds < CHEAP_S:
                return False
        return all(self._may_travel(place) for place in node.call.children)

    def dispatch(self, node: Node, decision: Decision, before: Before | None) -> bool:
        """Send a call away; False where it cannot be pickled, or an argument cannot.

        Raises:
            NodeFailedError: an input is missing.
        """
        settled = Settled(decision, "ran")
        self._caller.check_inputs(node, settled, before)
        try:
            packed = self._outbound.pack(node, decision, before)
        except (NotSerializableError, EntryError):
            packed = None
        if packed is None:
            self._at_home.add(node.target_id)
            return False
        needs = dict(node.call.declared.resources)
        if refusal := self._pool.refusal(needs):
            self._refuse(node, settled, refusal)
        if decision.call_key is not None:
            self._keys[decision.call_key] += 1
        flight = _Flight(node, settled, before, packed)
        if self._is_to_wait(needs):
            self._held_back.append(flight)
        else:
            self._submit(flight)
        return True

    def _is_to_wait(self, needs: Mapping[str, float]) -> bool:
        """Whether all who have what a call needs are busy: then it leaves the others' places free."""
        if not needs or self._pool.capacity(needs) is None:
            return False
        busy = sum(dict(each.node.call.declared.resources) == needs for each in self._flights.values())
        return busy >= max(1, self._pool.capacity(needs) or 0)

    def _submit(self, flight: _Flight) -> None:
        future = self._pool.submit(flight.packed.content, flight.node, flight.settled.decision.call_key)
        self._flights[future] = flight
        if flight.node.call.declared.resources and self._pool.capacity({}) is not None:
            self._with_needs += 1
        self._look_at_start(future, flight)

    def _look_at_start(self, future: Future[Done], flight: _Flight) -> None:
        """Tell that a worker began a call, and let its time run from there."""
        if not flight.is_told and (future.done() or self._pool.starts(future)):
            self._tell_start(flight)

    def _tell_start(self, flight: _Flight) -> None:
        flight.is_told = True
        node = flight.node
        self._caller.tell_start(node, flight.settled.decision.reason or Reason("new"))
        if node.call.declared.timeout_s is not None:
            flight.deadline = time.monotonic() + node.call.declared.timeout_s

    def _take(self, future: Future[Done]) -> _Flight:
        """A call is under way no more."""
        flight = self._flights.pop(future)
        if flight.node.call.declared.resources and self._pool.capacity({}) is not None:
            self._with_needs -= 1
        return flight

    def _may_travel(self, place: Place) -> bool:
        """Whether the value of an argument means the same as a copy: nothing else here is tied to it."""
        settled = self._run.settled[self._run.graph.node_of(place).index]
        if settled.is_plain:
            return True
        return not settled.holds and self._run.values.count(place) == 1

    # --- receiving ----------------------------------------------------------------------------------------------------

    def collect(self) -> list[Collected]:
        """Wait until a call is done, a worker died or a deadline passed."""
        while not self._landed:
            self._run.interrupts.raise_if_come()
            for future, flight in list(self._flights.items()):
                self._look_at(future, flight)
            done, _ = wait(self._flights, timeout=0 if self._landed else _POLL_S, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda each: self._flights[each].node.index):
                self._land(future)
            self._send_held_back()
            if not self._flights:
                break
        landed, self._landed = self._landed, []
        return landed

    def _send_held_back(self) -> None:
        for _ in range(len(self._held_back)):
            flight = self._held_back.popleft()
            if self._is_to_wait(dict(flight.node.call.declared.resources)):
                self._held_back.append(flight)
            else:
                self._submit(flight)

    def _land(self, future: Future[Done]) -> None:
        flight = self._flights[future]
        if not flight.is_told:
            self._tell_start(flight)
        error = future.exception()
        if error is None:
            result = future.result()
            self._collect(future, lambda: self._finish(flight, result))
        elif isinstance(error, WorkerDiedError) and not error.is_final and flight.deaths + 1 < _MOST_DEATHS:
            self._take(future)
            self._tell_death(flight, error.message)
            self._submit(flight)
        else:
            self._collect(future, self._failing(flight, error))

    def _look_at(self, future: Future[Done], flight: _Flight) -> None:
        """See how a call does that is under way."""
        if future.done():
            return
        self._look_at_start(future, flight)
        if flight.deadline is not None and flight.deadline < time.monotonic():
            error: BaseException = TimeoutError(f"it took more than {flight.node.call.declared.timeout_s:g} s")
            self._give_up(future, error)
            return
        # pools that begin a call again by themselves
        while flight.deaths + 1 < self._pool.starts(future):
            if flight.deaths + 1 >= _MOST_DEATHS:
                died = f"the workers that ran it died, {_MOST_DEATHS} in all"
                self._give_up(future, WorkerDiedError(died, hint="was there enough memory?"))
                return
            self._tell_death(flight, "a worker died")

    def _tell_death(self, flight: _Flight, what: str) -> None:
        flight.deaths += 1
        node = flight.node
        self._run.emit(Warned(node.path, f"{what} while it ran {node.path or 'the root'}; it is run again"))

    def _give_up(self, future: Future[Done], error: BaseException) -> None:
        flight = self._flights[future]
        if problem := self._pool.stop(future):
            self._warn(flight.node, f"is given up, but {problem}")
        self._collect(future, self._failing(flight, error))

    def _collect(self, future: Future[Done], finish: Callable[[], bool]) -> None:
        """A call came back, or nothing more is expected of it."""
        flight = self._take(future)
        if flight.packed.staged is not None:
            self._outbound.drop(flight.packed.staged)
        self._landed.append(Collected(flight.node, flight.settled.decision, finish))
        key = flight.settled.decision.call_key
        if key is not None:
            self._keys[key] -= 1
            if not self._keys[key]:
                del self._keys[key]

    def _failing(self, flight: _Flight, error: BaseException) -> Callable[[], bool]:
        def fail() -> bool:
            failure = failed_node(flight.node, error)
            failure.__cause__ = error
            self._caller.fail(flight.node, flight.settled, failure)

        return fail

    def _finish(self, flight: _Flight, done: Done) -> bool:
        """Settle a node by what a worker says; False where the call must be made here."""
        run, node, settled = self._run, flight.node, flight.settled
        for attempt, what in enumerate(done.failed_tries):
            self._caller.tell_retry(node, what, attempt)
        if done.impossible:
            self._at_home.add(node.target_id)
            how = "called again, in this process" if done.seconds else "called in this process"
            self._warn(node, f"is {how}: {done.impossible}")
            return False
        settled.seconds += done.seconds
        if done.error:
            self._failing(flight, unpack_error(done.error))()
        assert done.staged is not None, "what is neither impossible nor failed has a value"
        if flight.before is not None:
            flight.before.watch.written.update(done.written)
        writes = self._caller.look_after(node, flight.before, done.seen.mentions)
        settled.staged, settled.is_apart = done.staged, True
        run.settled[node.index] = settled
        done.seen.holds = run.committer.holdings.find_deeper(node, done.held)
        staged = done.staged
        run.committer.record(node, done.seen, writes, lambda *arguments: self._enter(staged, *arguments))
        for number in done.changed:
            self._caller.tell_change(node, node.call.children[number])
        run.values.release(node.call.children)
        self._drop_unused(node)
        size = settled.entry.size_bytes if settled.entry else None
        run.emit(NodeFinished(node.path, node.target_id, "ran", settled.seconds, size, settled.is_stored, node.scope))
        return True

    def _warn(self, node: Node, what: str) -> None:
        self._run.emit(Warned(node.path, f"{node.target_id} at {node.path or 'the root'} {what}"))

    def _enter(self, staged: StagedValue, info: EntryInfo, is_replacing: bool, conditions: str) -> Entry:
        assert self._run.cache is not None, "results are entered into a cache"
        entry = Entry(info, staged.codec, staged.size_bytes, staged.payload, staged.digest or None)
        return replace(self._run.cache.enter(entry, replace=is_replacing, conditions=conditions), payload=None)

    def _drop_unused(self, node: Node) -> None:
        for place in node.call.children:
            settled = self._run.settled[self._run.graph.node_of(place).index]
            is_waited_for = any(self._run.values.is_expected(each) for each in self._run.graph.node_of(place).places)
            if settled.staged is not None and not is_waited_for:
                try:
                    self._outbound.drop(settled.staged)
                except HydraCachedError:
                    # removed with the rest at the end
                    continue
                settled.staged = None

    def abandon(self) -> list[Collected]:
        """Kill what is under way."""
        for future in [each for each in self._flights if each.done() and each.exception() is None]:
            self._land(future)
        self._flights.clear()
        self._held_back.clear()
        self._pool.close(is_killing=True)
        return self._landed
