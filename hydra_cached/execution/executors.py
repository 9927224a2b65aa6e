"""Opens what makes the calls of a run: nothing for this process, threads, processes. Chooses by name only."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from hydra_cached.errors import UsageError
from hydra_cached.execution.dispatching import Dispatcher

EXECUTORS = ("inline", "processes", "threads")


def count_cpus() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def open_dispatcher(executor: str | None, jobs: int) -> Iterator[Dispatcher | None]:
    """What makes the calls of a run, closed at its end; None makes them here, one after another.

    Args:
        executor: one of `EXECUTORS`; None is processes for more than one job, else inline.
        jobs: how many calls at once.

    Raises:
        UsageError: there is no such executor, or it does not take so many jobs.
    """
    name = executor or ("processes" if jobs > 1 else "inline")
    if name not in EXECUTORS:
        raise UsageError(f'unknown executor "{name}"', hint=f"choose one of {', '.join(EXECUTORS)}")
    if name == "inline":
        if jobs > 1:
            raise UsageError("the executor inline makes one call at a time", hint="leave out -j, or --executor")
        yield None
    elif name == "threads":
        from hydra_cached.execution.threads import ThreadDispatcher

        threads = ThreadDispatcher(jobs)
        try:
            yield threads
        finally:
            threads.close()
    else:
        from hydra_cached.execution.processes import ProcessPool, WorkerSetup
        from hydra_cached.execution.remote import RemoteDispatcher

        root = logging.getLogger()
        setup = WorkerSetup(os.getcwd(), tuple(sys.path), root.level, partial(_restore, _pack_resolvers()))
        # the workers start while the graph is being built
        processes = RemoteDispatcher(ProcessPool(jobs, setup))
        try:
            yield processes
        finally:
            processes.close()


def _pack_resolvers() -> dict[str, bytes]:
    if "omegaconf" not in sys.modules:
        return {}
    import cloudpickle

    from hydra_cached.config.resolvers import registered_resolvers

    packed = {}
    for name, function in registered_resolvers().items():
        try:
            packed[name] = cloudpickle.dumps(function, 5)
        except Exception:
            # it holds what cannot travel: a worker that needs it says so
            continue
    return packed


def _restore(packed: Mapping[str, bytes]) -> None:
    if not packed:
        return
    import cloudpickle

    from hydra_cached.config.resolvers import restore_resolvers

    found: dict[str, Callable[..., Any]] = {}
    for name, function in packed.items():
        try:
            found[name] = cloudpickle.loads(function)
        except Exception:
            # its module cannot be imported here
            continue
    restore_resolvers(found)
