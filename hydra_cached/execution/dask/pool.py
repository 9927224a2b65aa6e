"""Calls on the workers of a Dask cluster, a few more at a time than it can make at once. Dask knows no dependencies.

What a call needs is there before it is sent, so each is a task of its own. Its key is the call's whole key and a part
that no other run has: Dask gives what it has under a key, whatever function it was asked to call.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

from hydra_cached.errors import WorkerDiedError
from hydra_cached.execution.dask.checks import check_versions, check_visible
from hydra_cached.execution.dask.clusters import Connection, configured_scratch, end, list_workers, within
from hydra_cached.execution.dask.shipping import ship
from hydra_cached.execution.dask.worker import Session, end_descendants, run_call
from hydra_cached.execution.tasks import Done
from hydra_cached.graph import Graph, Node

_LOOK_S = 1.0
_STOP_TIMEOUT_S = 10
_END_TIMEOUT_S = 2
_LEAVE_TIMEOUT_S = 2


@dataclass(slots=True)
class _Call:
    """One call under way: what Dask knows it by, how often it was begun, and where."""

    key: str
    dask_future: Any
    starts: int = 0
    worker: str = ""


class DaskPool:
    """The workers of a cluster.

    Args:
        connection: a client of it.
        session: what workers take over.
        is_shipping_code: the user's own modules are sent to the workers.

    Raises:
        UsageError: its workers have other versions.
    """

    def __init__(
        self,
        connection: Connection,
        session: Session,
        *,
        is_shipping_code: bool = False,
    ) -> None:
        self._connection = connection
        self._client = connection.client
        self._session = session
        self._untold: list[str] = []
        self._tell: Callable[[str], None] = self._untold.append
        self._is_shipping_code = is_shipping_code
        self._packed_session = b""
        self._token = secrets.token_hex(8)
        self._count = 0
        self._calls: dict[Future[Done], _Call] = {}
        self._by_key: dict[str, _Call] = {}
        self._workers: dict[str, dict[str, Any]] = {}
        self._looked_at = 0.0
        self._is_closed = False
        self._told: set[str] = set()
        self._probes: list[str] = []
        self._restarts: list[threading.Thread] = []
        self._problems: list[str] = []
        self._lock = threading.Lock()
        try:
            self._look()
            check_versions(self._client, session.versions)
            self._warn_of_threads()
            self._client.subscribe_topic(session.name, self._hear)
            self._client.forward_logging(level=session.log_level)
        except BaseException:
            self.close(is_killing=False)
            raise

    # --- what the cluster can do --------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """How many calls keep it busy: one for each of its threads, and one that waits for each worker."""
        self._look()
        threads: int = sum(each["nthreads"] for each in self._workers.values())
        return max(1, threads + len(self._workers))

    def capacity(self, resources: Mapping[str, float]) -> int | None:
        """How many calls with these needs it can make at once."""
        self._look()
        return sum(
            min(
                (int(each["resources"].get(name, 0) // amount) for name, amount in resources.items() if amount),
                default=0,
            )
            for each in self._workers.values()
        )

    def refusal(self, resources: Mapping[str, float]) -> str:
        """Why no worker, and none that may still come, can make a call with these needs; "" where one can."""
        if not any(resources.values()) or self.capacity(resources):
            return ""
        wanted = ", ".join(f"{name}={amount:g}" for name, amount in resources.items())
        if self._connection.may_grow or not self._workers:
            self._tell_once(f"waiting for a worker with {wanted}")
            return ""
        return f"no worker of the cluster has {wanted}"

    def _look(self) -> None:
        self._tell_problems()
        now = time.monotonic()
        if self._is_lost or (self._workers and now - self._looked_at < _LOOK_S):
            return
        self._looked_at = now
        self._workers = list_workers(self._client)
        if not self._workers:
            self._tell_once("the cluster has no workers yet: waiting for one")

    @property
    def _is_lost(self) -> bool:
        """Whether the client has given the scheduler up."""
        return not self._is_closed and self._client.status in ("closing", "closed")

    def _tell_once(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._tell(message)

    def _warn_of_threads(self) -> None:
        threaded = [address for address, each in self._workers.items() if each["nthreads"] > 1]
        if threaded:
            self._tell(
                f"workers with several threads ({threaded[0]} has {self._workers[threaded[0]]['nthreads']}): calls in "
                "one process share global state such as random numbers; start them with --nthreads 1"
            )

    # --- a run --------------------------------------------------------------------------------------------------------

    def begin(self, graph: Graph, tell: Callable[[str], None]) -> None:
        """A run begins."""
        self._tell = tell
        for message in self._untold:
            tell(message)
        if self._is_shipping_code:
            self._session = replace(self._session, shipped=ship(self._client, graph))
        self._pack_session()

    def share(self, folder: str) -> None:
        """Make sure that all workers see a folder.

        Raises:
            UsageError: one does not.
        """
        probe = os.path.join(folder, f".probe-{self._token}")
        with open(probe, "wb"):
            self._probes.append(probe)
        check_visible(self._client, probe)
        # workers that come later look themselves
        self._session = replace(self._session, probes=(*self._session.probes, probe))
        self._pack_session()

    def scratch_parent(self, store_folder: str | None) -> str | None:
        """Beside the store, which all workers reach; else in Dask's own folder for such things."""
        if store_folder is not None:
            return os.path.join(os.path.dirname(store_folder), "scratch")
        return configured_scratch()

    def _pack_session(self) -> None:
        import cloudpickle

        self._packed_session = cloudpickle.dumps(self._session, 5)

    # --- calls --------------------------------------------------------------------------------------------------------

    def submit(self, packed: bytes, node: Node, call_key: str | None) -> Future[Done]:
        """Have a task done by a worker that has what it needs."""
        self._count += 1
        # up to the first hyphen it is what Dask's dashboard sums up by
        name = node.target_id.replace("-", "_")
        key = f"{name}-{call_key or secrets.token_hex(32)}-{self._token}-{self._count}"
        outer: Future[Done] = Future()
        call = _Call(key, None)
        with self._lock:
            self._calls[outer] = self._by_key[key] = call
        try:
            call.dask_future = self._client.submit(
                run_call,
                self._packed_session,
                packed,
                key,
                key=key,
                pure=False,
                resources=dict(node.call.declared.resources) or None,
            )
        except Exception:
            if not self._is_lost:
                raise
            outer.set_exception(_lost())
            self._forget(outer)
            return outer
        outer.add_done_callback(self._forget)
        self._client.loop.add_callback(self._follow, call, outer)
        return outer

    def starts(self, future: Future[Done]) -> int:
        """How often a worker began this call: more than once where workers died."""
        if self._is_lost:
            # what waits for an answer would wait for ever
            for each in list(self._calls):
                if not each.done():
                    each.set_exception(_lost())
        call = self._calls.get(future)
        return 1 if call is None else call.starts

    def stop(self, future: Future[Done]) -> str:
        """Give up a call, and restart the worker that is at it, which takes seconds: in the background."""
        call = self._calls.get(future)
        if call is None:
            return ""
        self._forget(future)
        self._client.cancel([call.dask_future], force=True)
        if call.worker:
            restart = threading.Thread(
                target=self._restart, args=(call.worker,), name="hydra_cached-restart", daemon=True
            )
            self._restarts.append(restart)
            restart.start()
        return ""

    def _restart(self, worker: str) -> None:
        # a restart leaves what the call has started
        within(_END_TIMEOUT_S, self._client.run, end_descendants, workers=[worker])
        try:
            self._client.restart_workers([worker], timeout=_STOP_TIMEOUT_S)
        except Exception as exc:
            self._problems.append(
                f"a call that was given up goes on on the worker {worker}, which cannot be restarted "
                f"({type(exc).__name__}: {exc})"
            )

    def _tell_problems(self) -> None:
        while self._problems:
            self._tell(self._problems.pop(0))

    def close(self, *, is_killing: bool) -> None:
        """End what was started for this run, and take from the cluster what is ours. Once more does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        for restart in self._restarts:
            restart.join(0 if is_killing else _STOP_TIMEOUT_S)
        self._tell_problems()
        with self._lock:
            unfinished = [call.dask_future for call in self._calls.values() if call.dask_future is not None]
            self._calls.clear()
            self._by_key.clear()
        for probe in self._probes:
            if os.path.exists(probe):
                os.unlink(probe)
        end(self._connection, unfinished, self._session, is_killing=is_killing)

    # --- in the thread of Dask's client -------------------------------------------------------------------------------

    async def _follow(self, call: _Call, outer: Future[Done]) -> None:
        from distributed.scheduler import KilledWorker

        try:
            done = await self._client.gather(call.dask_future, asynchronous=True)
        except BaseException as exc:
            error: BaseException = exc
            if isinstance(exc, KilledWorker):
                error = WorkerDiedError(
                    f"the workers that ran it died, {max(call.starts, 1)} in all",
                    hint="was there enough memory?",
                    is_final=True,
                )
            elif type(exc).__module__.startswith(("distributed", "concurrent", "asyncio")):
                told = " ".join(f"{type(exc).__name__}: {exc}".split())
                error = WorkerDiedError(f"the cluster gave it up ({told})")
            if self._is_lost:
                error = _lost()
            if not outer.done():
                outer.set_exception(error)
        else:
            if not outer.done():
                outer.set_result(done)

    def _forget(self, future: Future[Done]) -> None:
        with self._lock:
            call = self._calls.pop(future, None)
            if call is not None:
                self._by_key.pop(call.key, None)

    def _hear(self, event: tuple[float, Any]) -> None:
        _, said = event
        with self._lock:
            call = self._by_key.get(said["begun"])
            if call is not None:
                call.worker, call.starts = said["worker"], call.starts + 1


def _lost() -> WorkerDiedError:
    return WorkerDiedError(
        "the connection to the cluster is lost", hint="see whether its scheduler is still there", is_final=True
    )
