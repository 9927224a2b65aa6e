"""A pool of processes on this machine, each one replaced when it dies. Started anew, never forked."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Any

from hydra_cached.config.importing import refuse_stale_bytecode
from hydra_cached.errors import WorkerDiedError
from hydra_cached.execution.tasks import Done, run_task
from hydra_cached.execution.worker_processes import (
    disregard_interrupts,
    holding_back_interrupts,
    kill_with_descendants,
)
from hydra_cached.graph import Graph, Node

_LOOK_AT_CLIENT_S = 0.5


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker takes over from the client.

    Attributes:
        folder: working directory.
        import_path: `sys.path`.
        log_level: number of the least level that is logged.
        client_pid: process that the worker ends with, also where that is killed.
        start_method: how `multiprocessing` starts processes unless it is told; None is the default of the system.
        prepare: called in the worker once it is set up.
    """

    folder: str
    import_path: tuple[str, ...]
    log_level: int
    client_pid: int
    start_method: str | None = None
    prepare: Callable[[], None] | None = None


@dataclass(slots=True, eq=False)
class _Slot:
    """One worker process and what it is doing."""

    executor: Any
    pid: Future[int]
    task: Future[Done] | None = None
    was_used: bool = False


class ProcessPool:
    """Worker processes, each with at most one task; a task waits for each, so that none is idle.

    Args:
        count: how many.
        setup: what they take over.
    """

    def __init__(self, count: int, setup: WorkerSetup) -> None:
        from loky.backend.context import get_context

        self.size = 2 * count
        self._setup = setup
        # tasks are handed on in a thread of its own, too
        self._lock = threading.RLock()
        self._finished: SimpleQueue[tuple[Future[Done], _Slot, Any] | None] = SimpleQueue()
        threading.Thread(target=self._hand_on, name="hydra-cached-pool", daemon=True).start()
        self._waiting: deque[tuple[bytes, Future[Done]]] = deque()
        self._is_closed = False
        self._context = get_context("loky")
        self._records = self._context.Queue()
        self._listener = QueueListener(self._records, _ToLoggers())
        self._listener.start()
        self._slots = [self._start() for _ in range(count)]

    def _start(self) -> _Slot:
        from loky.process_executor import ProcessPoolExecutor

        executor = ProcessPoolExecutor(
            max_workers=1, context=self._context, initializer=_set_up, initargs=(self._setup, self._records)
        )
        with holding_back_interrupts():
            return _Slot(executor, executor.submit(_warm_up))

    def begin(self, graph: Graph, tell: Callable[[str], None]) -> None:
        """Nothing more is needed."""

    def share(self, folder: str) -> None:
        """Processes of one machine see the same folders."""

    def scratch_parent(self, store_folder: str | None) -> str | None:
        """Where the system keeps such things."""
        return None

    def capacity(self, resources: Mapping[str, float]) -> int | None:
        """Nobody looks at resources here."""
        return None

    def refusal(self, resources: Mapping[str, float]) -> str:
        """Nobody looks at resources here."""
        return ""

    def starts(self, future: Future[Done]) -> int:
        """A call begins when it has a worker, and that is up."""
        with self._lock:
            slot = next((slot for slot in self._slots if slot.task is future), None)
            return 1 if future.done() or (slot is not None and slot.pid.done()) else 0

    def submit(self, packed: bytes, node: Node, call_key: str | None) -> Future[Done]:
        """Have a task done by the next worker that is free."""
        outer: Future[Done] = Future()
        with self._lock:
            self._waiting.append((packed, outer))
            self._feed()
        return outer

    def stop(self, future: Future[Done]) -> str:
        """Kill the worker that has this task."""
        with self._lock:
            self._waiting = deque(each for each in self._waiting if each[1] is not future)
            slot = next((slot for slot in self._slots if slot.task is future), None)
            if slot is None:
                return ""
            stopped = slot.executor
            _kill(slot)
            self._replace(slot)
            self._feed()
        stopped.shutdown(wait=True, kill_workers=True)
        return ""

    def close(self, *, is_killing: bool) -> None:
        """End all workers; with ``is_killing`` at once. Once more does nothing."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._waiting.clear()
            slots, self._slots = self._slots, []
        # one that has no log records to send need not even start to its end
        for slot in slots:
            is_at_once = is_killing or not slot.was_used
            if is_at_once:
                _kill(slot)
            slot.executor.shutdown(wait=True, kill_workers=is_at_once)
        self._finished.put(None)
        self._listener.stop()
        self._records.close()

    def _feed(self) -> None:
        """Give what waits to workers that have nothing, those first that are up."""
        for slot in sorted(self._slots, key=lambda slot: not slot.pid.done()):
            if slot.task is None and self._waiting:
                packed, outer = self._waiting.popleft()
                slot.task, slot.was_used = outer, True
                try:
                    inner = slot.executor.submit(run_task, packed)
                except RuntimeError:
                    # it died while it had nothing to do
                    self._replace(slot)
                    slot.task, slot.was_used = outer, True
                    inner = slot.executor.submit(run_task, packed)
                # not handled there: the executor's thread may hold a lock that `submit` waits for
                inner.add_done_callback(partial(self._put_down, outer, slot))

    def _put_down(self, outer: Future[Done], slot: _Slot, finished: Any) -> None:
        self._finished.put((outer, slot, finished))

    def _hand_on(self) -> None:
        while (item := self._finished.get()) is not None:
            self._pass_on(*item)

    def _pass_on(self, outer: Future[Done], slot: _Slot, finished: Any) -> None:
        with self._lock:
            if slot.task is not outer or self._is_closed:
                # it was stopped
                return
            error = finished.exception() if not finished.cancelled() else WorkerDiedError("a worker was stopped")
            if error is not None:
                self._replace(slot)
            slot.task = None
            self._feed()
        if error is None:
            outer.set_result(finished.result())
            return
        if not isinstance(error, WorkerDiedError):
            error = WorkerDiedError(f"a worker process died ({_reason(error)})", hint="was there enough memory?")
        outer.set_exception(error)

    def _replace(self, slot: _Slot) -> None:
        fresh = self._start()
        slot.executor, slot.pid, slot.task, slot.was_used = fresh.executor, fresh.pid, None, False


class _ToLoggers(logging.Handler):
    """Hands records of workers to the loggers here, as if they had been written here."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


def _set_up(setup: WorkerSetup, records: Any) -> None:
    disregard_interrupts()
    if os.name == "posix":
        threading.Thread(target=_end_with, args=(setup.client_pid,), daemon=True).start()
    # loky leaves its own there, which processes of the user's know nothing of
    multiprocessing.set_start_method(setup.start_method, force=True)
    os.chdir(setup.folder)
    sys.path[:] = setup.import_path
    refuse_stale_bytecode()
    root = logging.getLogger()
    root.handlers[:] = [QueueHandler(records)]
    root.setLevel(setup.log_level)
    if setup.prepare is not None:
        setup.prepare()


def _end_with(client_pid: int) -> None:
    """End this process as soon as its client has, which could not say goodbye."""
    while os.getppid() == client_pid:
        time.sleep(_LOOK_AT_CLIENT_S)
    kill_with_descendants(os.getpid())


def _warm_up() -> int:
    """Import what every task needs."""
    import cloudpickle  # noqa: F401

    return os.getpid()


def _kill(slot: _Slot) -> None:
    if slot.pid.done() and not slot.pid.cancelled() and slot.pid.exception() is None:
        kill_with_descendants(slot.pid.result())


def _reason(error: BaseException) -> str:
    # loky describes at length what may have been the reason; the exit code is what it knows
    text = str(error)
    _, found, codes = text.partition("exit codes of the workers are ")
    return codes.strip("{} .\n").partition("}")[0] if found else type(error).__name__
