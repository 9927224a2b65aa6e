"""Runs the jobs of a Hydra multirun with one store for all of them, and tells what they had in common.

Each job is run by Hydra's own basic launcher, the only private module of Hydra's used here; tested with Hydra 1.3.2 to
1.3.8 and 1.4.0rc3.
"""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hydra_cached.api.ambient import use_store
from hydra_cached.errors import StoreError
from hydra_cached.plugin.tally import JobTally, find_shared
from hydra_cached.render.jobs import describe_jobs
from hydra_cached.store import Store

_LOGGER = logging.getLogger("hydra_cached")


def launch_jobs(
    setup: Mapping[str, Any], job_overrides: Sequence[Sequence[str]], initial_job_idx: int, cache_dir: str
) -> Sequence[Any]:
    """Run jobs in turn as Hydra does. Returns Hydra's own returns.

    Args:
        setup: what Hydra hands to a launcher: ``hydra_context``, ``task_function`` and ``config``.
        cache_dir: where results are kept.

    Raises:
        CompactHydraException: the directory cannot be used.
    """
    from hydra._internal.core_plugins.basic_launcher import BasicLauncher
    from hydra.core.utils import filter_overrides

    tallies: dict[int, JobTally] = {}
    with _open_store(cache_dir) as store:
        launcher = BasicLauncher()
        task_function = _with_store(setup["task_function"], store, tallies)
        launcher.setup(**{**setup, "task_function": task_function})
        try:
            returns: Sequence[Any] = launcher.launch(job_overrides, initial_job_idx)
        finally:
            # also after Ctrl-C
            rows = [
                tallies[number].row(number, " ".join(filter_overrides(overrides)))
                for number, overrides in enumerate(job_overrides, initial_job_idx)
                if number in tallies
            ]
            _LOGGER.info("%s", describe_jobs(rows, find_shared(tallies.values())))
    return returns


def _open_store(cache_dir: str) -> Store:
    """
    Raises:
        CompactHydraException: the directory cannot be used; Hydra shows it without a traceback.
    """
    from hydra.errors import CompactHydraException

    try:
        if not cache_dir:
            raise StoreError("hydra.launcher.cache_dir is empty", hint="name a directory, or leave it out")
        # absolute before a job changes the working directory
        return Store(os.path.abspath(cache_dir))
    except StoreError as exc:
        # the option of our own command is another one of Hydra's
        hint = f"\nhint: {exc.hint.replace('-c DIR', 'hydra.launcher.cache_dir=DIR')}" if exc.hint else ""
        raise CompactHydraException(f"error: {exc.message}{hint}") from exc


def _with_store(
    task_function: Callable[[Any], Any], store: Store, tallies: dict[int, JobTally]
) -> Callable[[Any], Any]:
    """The task function, in which `instantiate` uses the store. ``tallies`` is filled in, by number of the job."""
    from hydra.core.hydra_config import HydraConfig

    @functools.wraps(task_function)
    def run_job(config: Any) -> Any:
        tally = tallies[HydraConfig.get().job.num] = JobTally()
        started = time.perf_counter()
        try:
            with use_store(store, tally):
                returned = task_function(config)
            tally.is_ok = True
            return returned
        except SystemExit as exc:
            # Hydra would end all jobs with it
            if exc.code in (None, 0):
                tally.is_ok = True
                return None
            raise RuntimeError(f"the job exited with {exc.code}") from exc
        finally:
            tally.seconds = time.perf_counter() - started

    return run_job
