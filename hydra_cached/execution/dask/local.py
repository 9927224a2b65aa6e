"""A cluster of worker processes on this machine, started for one run. Knows no call."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import time
from typing import Any

from hydra_cached.execution.staging import Scratch
from hydra_cached.execution.worker_processes import holding_back_interrupts, kill_with_descendants

_PRELOADED = "hydra_cached.execution.dask.worker"
_CLOSE_TIMEOUT_S = 5
_START_TIMEOUT_S = 0.5
_POLL_S = 0.02
# how Dask names the processes of its workers
_WORKER_NAME = "Dask Worker process"


class LocalWorkers:
    """Workers on this machine, with a scheduler in this process.

    Args:
        count: how many.
        scratch: folder for what Dask needs; removed at the end.

    Attributes:
        cluster: a `distributed.LocalCluster`.

    Raises:
        OSError, RuntimeError, TimeoutError: they do not start.
    """

    def __init__(self, count: int, scratch: Scratch) -> None:
        import dask
        from distributed import LocalCluster

        self._scratch = scratch
        # workers of somebody else's cluster in this process
        self._others = {child.pid for child in multiprocessing.active_children()}
        self._was_killed = False
        # it counts for those that take the place of dead ones, too
        self._settings = dask.config.set(
            {
                # started anew, never forked
                "distributed.worker.multiprocessing-method": "spawn",
                # a call may start processes of its own
                "distributed.worker.daemon": False,
                # a call whose workers died so often is given up, as without Dask
                "distributed.scheduler.allowed-failures": 2,
                "temporary-directory": scratch.folder,
            }
        )
        self.cluster: Any = None
        try:
            # its threads start the workers
            with holding_back_interrupts():
                self.cluster = LocalCluster(
                    n_workers=0,
                    threads_per_worker=1,
                    processes=True,
                    # results are mapped files, which count as memory and need none
                    memory_limit=0,
                    preload=[_PRELOADED],
                    # no dashboard, and what Dask serves instead of it not at a port that others want
                    scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                    silence_logs=logging.CRITICAL,
                )
            self.cluster.scale(count)
            self.cluster.sync(_wait_for_workers, self.cluster)
        except BaseException:
            self.kill()
            self.close()
            raise

    def kill(self) -> None:
        """End the workers at once, with all that they started; nothing takes their place."""
        self._was_killed = True
        starting = 0 if self.cluster is None else kill_workers(self.cluster)
        deadline = time.monotonic() + _START_TIMEOUT_S
        # they would tell at length that nobody waits for them any more
        while starting > 0 and time.monotonic() < deadline:
            starting -= self._kill_starting()
            time.sleep(_POLL_S)

    def close(self) -> None:
        """End the scheduler, and the workers when they are done."""
        if self.cluster is not None:
            with contextlib.suppress(Exception):
                self.cluster.close(timeout=_CLOSE_TIMEOUT_S)
        if self._was_killed:
            self._kill_starting()
        self._settings.__exit__(None, None, None)
        self._scratch.remove()

    def _kill_starting(self) -> int:
        """End workers that start at this moment: their nannies do not know the number of their process yet.

        Returns how many there were.
        """
        children = [each for each in multiprocessing.active_children() if each.name.startswith(_WORKER_NAME)]
        found = {each.pid for each in children if each.pid is not None} - self._others
        self._others |= found
        for pid in found:
            kill_with_descendants(pid)
        return len(found)


async def _wait_for_workers(cluster: Any) -> None:
    await cluster
    for nanny in cluster.workers.values():
        # raises what kept it from starting
        await nanny


def kill_workers(cluster: Any) -> int:
    """End those workers of a cluster that are processes of this one; nothing takes their place.

    Returns how many of them have no process yet, or none that is known.
    """
    from distributed import Nanny

    # Dask would wait for each of them when this process ends
    cluster.shutdown_on_close = False
    # it also tells of workers that vanish, in its own time
    logging.getLogger("distributed.diskutils").setLevel(logging.CRITICAL)
    for name in ("asyncio", "tornado.application"):
        logging.getLogger(name).addFilter(_is_news)
    # also those that are still starting
    workers = getattr(cluster, "_created", None) or getattr(cluster, "workers", {}).values()
    starting = 0
    for nanny in [each for each in workers if isinstance(each, Nanny)]:
        nanny.close_gracefully()
        if nanny.pid is not None:
            kill_with_descendants(nanny.pid)
        else:
            starting += 1
    return starting


def _is_news(record: logging.LogRecord) -> bool:
    return record.exc_info is None or "Nanny failed" not in str(record.exc_info[1])
