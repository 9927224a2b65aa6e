"""A pool of processes on this machine, each one replaced when it dies. Started anew, never forked."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from logging.handlers import QueueHandler, QueueListener
from typing import Any

from hydra_cached.config.fresh_imports import refuse_stale_bytecode
from hydra_cached.errors import WorkerDiedError
from hydra_cached.execution.tasks import Done, run_task
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
        prepare: called in the worker once it is set up.
    """

    folder: str
    import_path: tuple[str, ...]
    log_level: int
    client_pid: int
    prepare: Callable[[], None] | None = None


@dataclass(slots=True)
class _Slot:
    """One worker process and what it is doing."""

    executor: Any
    pid: Future[int]
    task: Future[Done] | None = None


class ProcessPool:
    """Worker processes, each with at most one task.

    Args:
        size: how many.
        setup: what they take over.
    """

    def __init__(self, size: int, setup: WorkerSetup) -> None:
        from loky.backend.context import get_context

        self.size = size
        self._setup = setup
        self._is_closed = False
        self._context = get_context("loky")
        self._records = self._context.Queue()
        self._listener = QueueListener(self._records, _ToLoggers())
        self._listener.start()
        self._slots = [self._start() for _ in range(size)]

    def _start(self) -> _Slot:
        from loky.process_executor import ProcessPoolExecutor

        executor = ProcessPoolExecutor(
            max_workers=1, context=self._context, initializer=_set_up, initargs=(self._setup, self._records)
        )
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
        """A call begins when its worker is up."""
        slot = next((slot for slot in self._slots if slot.task is future), None)
        return 1 if slot is None or slot.pid.done() else 0

    def submit(self, packed: bytes, node: Node, call_key: str | None) -> Future[Done]:
        """Have a task done by a worker that is free."""
        slot = next(slot for slot in self._slots if slot.task is None or slot.task.done())
        outer: Future[Done] = Future()
        inner = slot.executor.submit(run_task, packed)
        slot.task = outer
        inner.add_done_callback(lambda finished: self._pass_on(finished, outer, slot))
        return outer

    def stop(self, future: Future[Done]) -> str:
        """Kill the worker that has this task."""
        slot = next((slot for slot in self._slots if slot.task is future), None)
        if slot is not None:
            _kill(slot)
            slot.executor.shutdown(wait=True, kill_workers=True)
            self._replace(slot)
        return ""

    def close(self, *, is_killing: bool) -> None:
        """End all workers; with ``is_killing`` at once. Once more does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        for slot in self._slots:
            if is_killing:
                _kill(slot)
            slot.executor.shutdown(wait=True, kill_workers=is_killing)
        self._slots = []
        self._listener.stop()
        self._records.close()

    def _pass_on(self, finished: Any, outer: Future[Done], slot: _Slot) -> None:
        if outer.done():
            return
        error = finished.exception() if not finished.cancelled() else WorkerDiedError("a worker was stopped")
        if error is None:
            outer.set_result(finished.result())
            return
        if not isinstance(error, WorkerDiedError):
            error = WorkerDiedError(f"a worker process died ({_reason(error)})", hint="was there enough memory?")
        if not self._is_closed and slot in self._slots:
            self._replace(slot)
        outer.set_exception(error)

    def _replace(self, slot: _Slot) -> None:
        fresh = self._start()
        slot.executor, slot.pid, slot.task = fresh.executor, fresh.pid, None


class _ToLoggers(logging.Handler):
    """Hands records of workers to the loggers here, as if they had been written here."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


def _set_up(setup: WorkerSetup, records: Any) -> None:
    # the client decides what Ctrl-C means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.name == "posix":
        threading.Thread(target=_end_with, args=(setup.client_pid,), daemon=True).start()
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
    os._exit(1)


def _warm_up() -> int:
    """Import what every task needs."""
    import cloudpickle  # noqa: F401

    return os.getpid()


def _kill(slot: _Slot) -> None:
    if slot.pid.done() and not slot.pid.cancelled() and slot.pid.exception() is None:
        try:
            os.kill(slot.pid.result(), getattr(signal, "SIGKILL", signal.SIGTERM))
        except OSError:
            return  # gone already


def _reason(error: BaseException) -> str:
    # loky describes at length what may have been the reason; the exit code is what it knows
    text = str(error)
    _, found, codes = text.partition("exit codes of the workers are ")
    return codes.strip("{} .\n").partition("}")[0] if found else type(error).__name__
