"""Opens what makes the calls of a run: nothing, threads, processes, a cluster. Chooses by name only."""

from __future__ import annotations

import logging
import multiprocessing
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from hydra_cached.errors import UsageError
from hydra_cached.execution.dispatching import Dispatcher

if TYPE_CHECKING:
    from hydra_cached.execution.pools import Pool

EXECUTORS = ("inline", "processes", "threads", "dask")


def count_cpus() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where the calls of a run are made.

    Attributes:
        executor: one of `EXECUTORS`; None is dask with a cluster, processes for more than one job, else inline.
        jobs: how many calls at once.
        cluster: of Dask: an address, a scheduler file, "module:factory", a cluster or a client; None starts one of
            ``jobs`` workers.
        is_shipping_code: the user's own modules are sent to its workers.
    """

    executor: str | None = None
    jobs: int = 1
    cluster: Any = None
    is_shipping_code: bool = False

    @property
    def name(self) -> str:
        """The executor.

        Raises:
            UsageError: there is none of that name, or it does not take what it is given.
        """
        name = self.executor or ("dask" if self.cluster is not None else "processes" if self.jobs > 1 else "inline")
        if name not in EXECUTORS:
            raise UsageError(f'unknown executor "{name}"', hint=f"choose one of {', '.join(EXECUTORS)}")
        if name == "inline" and self.jobs > 1:
            raise UsageError("the executor inline makes one call at a time", hint="leave out -j, or --executor")
        if name != "dask":
            for is_given, option in ((self.cluster is not None, "--cluster"), (self.is_shipping_code, "--ship-code")):
                if is_given:
                    raise UsageError(f"{option} is for the executor dask, not for {name}", hint="add --executor dask")
        if self.cluster is not None and self.jobs > 1:
            raise UsageError("a cluster has as many workers as it has", hint="leave out -j, or --cluster")
        return name


@contextmanager
def open_dispatcher(workplace: Workplace) -> Iterator[Dispatcher | None]:
    """What makes the calls of a run, closed at its end; None makes them here, one after another.

    Raises:
        UsageError: there is no such executor, or it does not take what it is given; or its cluster cannot be used.
    """
    name, jobs = workplace.name, workplace.jobs
    if name == "inline":
        yield None
    elif name == "threads":
        from hydra_cached.execution.threads import ThreadDispatcher

        threads = ThreadDispatcher(jobs)
        try:
            yield threads
        finally:
            threads.close()
    else:
        from hydra_cached.execution.remote import RemoteDispatcher

        # the workers start while the graph is being built
        remote = RemoteDispatcher(_start_processes(jobs) if name == "processes" else _connect_dask(workplace))
        try:
            yield remote
        finally:
            remote.close()


def _start_processes(jobs: int) -> Pool:
    from hydra_cached.execution.processes import ProcessPool, WorkerSetup

    setup = WorkerSetup(
        folder=os.getcwd(),
        import_path=tuple(sys.path),
        log_level=logging.getLogger().level,
        client_pid=os.getpid(),
        start_method=multiprocessing.get_start_method(allow_none=True),
        prepare=partial(_restore, _pack_resolvers()),
    )
    return ProcessPool(jobs, setup)


def _connect_dask(workplace: Workplace) -> Pool:
    from hydra_cached.execution.dask.clusters import connect

    connection = connect(workplace.cluster, workplace.jobs)
    # only now: without Dask, connecting says what to install
    from hydra_cached.execution.dask.pool import DaskPool
    from hydra_cached.execution.dask.worker import Session, own_versions

    session = Session(
        name=f"hydra-cached-{secrets.token_hex(8)}",
        folder=os.getcwd(),
        import_path=tuple(sys.path),
        log_level=logging.getLogger().level,
        versions=own_versions(),
        prepare=partial(_restore, _pack_resolvers()),
    )
    return DaskPool(connection, session, is_shipping_code=workplace.is_shipping_code)


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
