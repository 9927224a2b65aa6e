"""Checks before a run that the workers of a cluster can take part in it. Names the one that cannot."""

from __future__ import annotations

import os
from typing import Any

from hydra_cached.errors import UsageError
from hydra_cached.execution.dask.worker import Versions, compare, look_for, own_versions


def check_versions(client: Any, wanted: Versions) -> None:
    """
    Raises:
        UsageError: a worker has another Python, hydra-cached or cloudpickle than this process.
    """
    for address, found in client.run(own_versions, on_error="return").items():
        if isinstance(found, Versions):
            said = compare(found, wanted)
        else:
            said = f"no hydra-cached that can be used ({type(found).__name__}: {found})"
        if said:
            hint = "install the same versions on all workers: the minor version of Python, hydra-cached, cloudpickle"
            raise UsageError(f"the worker {address} has {said}", hint=hint)


def check_visible(client: Any, probe: str) -> None:
    """
    Raises:
        UsageError: a worker does not see a file that was just written here.
    """
    for address, missing in client.run(look_for, (probe,), on_error="return").items():
        if missing != []:
            raise UsageError(
                f'the worker {address} does not see "{os.path.dirname(probe)}"',
                hint="choose a cache directory that all workers reach, with -p -c DIR; or workers on this machine",
            )
