"""Has calls made in threads of this process, for targets that release the interpreter lock. Values pass as they are.

Targets that use global state (numpy's or Python's own random numbers, the working directory) get in each other's way
there, so threads are only used where they are asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeAlias

from hydra_cached.execution.calling import Caller, Prepared
from hydra_cached.execution.dispatching import Collected
from hydra_cached.execution.files import Before
from hydra_cached.execution.state import RunState
from hydra_cached.execution.worker import Outcome, try_target
from hydra_cached.graph import Node
from hydra_cached.planning import Decision

_POLL_S = 0.2

Tried: TypeAlias = tuple[Outcome, list[str]]
"""What a call came to, and what the tries before raised."""


class ThreadDispatcher:
    """Calls in threads.

    Args:
        size: how many.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="hydra-cached")
        self._flights: dict[Future[Tried], Prepared] = {}

    def begin(self, run: RunState, caller: Caller) -> None:
        """A run begins."""
        self._run = run
        self._caller = caller

    def look_ahead(self, *, is_failing: bool) -> None:
        """Everything can be called in a thread."""

    def close(self) -> None:
        """Wait for the threads to end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def needs_values(self) -> bool:
        return True

    @property
    def has_room(self) -> bool:
        return len(self._flights) < self._size

    @property
    def under_way(self) -> int:
        return len(self._flights)

    @property
    def keys(self) -> Collection[str]:
        return {each.settled.decision.call_key or "" for each in self._flights.values()} - {""}

    def accepts(self, node: Node, decision: Decision) -> bool:
        """Everything can be called in a thread."""
        return True

    def dispatch(self, node: Node, decision: Decision, before: Before | None) -> bool:
        """Begin a call."""
        prepared = self._caller.prepare(node, decision, before)
        self._flights[self._pool.submit(self._work, prepared)] = prepared
        return True

    def collect(self) -> list[Collected]:
        """Wait until a call is done."""
        done: set[Future[Tried]] = set()
        while not done:
            # in short steps: a lock is not interrupted on every system
            self._run.interrupts.raise_if_come()
            done, _ = wait(self._flights, timeout=_POLL_S, return_when=FIRST_COMPLETED)
        return [self._land(future) for future in sorted(done, key=lambda each: self._flights[each].node.index)]

    def abandon(self) -> list[Collected]:
        """Begin nothing more. What is under way cannot be stopped; it ends with the process, or when it is done."""
        self._flights.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)
        # the signal may have come to them as well
        return []

    def _land(self, future: Future[Tried]) -> Collected:
        prepared = self._flights.pop(future)

        def finish() -> bool:
            outcome, failed_tries = future.result()
            for attempt, what in enumerate(failed_tries):
                self._caller.tell_retry(prepared.node, what, attempt)
            self._caller.finish(prepared, outcome)
            return True

        return Collected(prepared.node, prepared.settled.decision, finish)

    def _work(self, prepared: Prepared) -> Tried:
        # KeyboardInterrupt is the main thread's
        if prepared.before is None:
            return self._try(prepared)
        with prepared.before.watch:
            return self._try(prepared)

    def _try(self, prepared: Prepared) -> Tried:
        failed_tries: list[str] = []
        outcome = try_target(prepared.call, prepared.node.call.declared.retries, failed_tries.append)
        return outcome, failed_tries
