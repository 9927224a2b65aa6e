"""Tasks as bytes: by pickle where a worker can import what they name, else by value; large ones lie in a file."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass

from hydra_cached.errors import HydraCachedError
from hydra_cached.execution.staging import StagedValue, stage
from hydra_cached.execution.tasks import Task
from hydra_cached.store import dump_value

LARGE_BYTES = 256 * 1024
"""Longer ones are written to a file and mapped: passing them through pipes takes many times as long."""


@dataclass(frozen=True, slots=True)
class PackedTask:
    """A task as a worker gets it.

    Attributes:
        content: what `hydra_cached.execution.tasks.run_task` takes.
        staged: the file that it leads to, or None.
    """

    content: bytes
    staged: StagedValue | None = None


def pack_task(task: Task, folder: Callable[[], str]) -> PackedTask | None:
    """A task as bytes, or None where it holds what cannot be pickled.

    Args:
        folder: makes, where needed, the folder in which a large one may lie.
    """
    content = _pickle(task)
    if content is None:
        content = _pickle_by_value(task)
    elif len(content) > LARGE_BYTES:
        try:
            staged = stage(dump_value(task), folder())
        except HydraCachedError:
            return PackedTask(content)
        return PackedTask(pickle.dumps(staged, 5), staged)
    return None if content is None else PackedTask(content)


def _pickle(task: Task) -> bytes | None:
    """Five times as fast as by value; None where that is needed."""
    import cloudpickle

    if cloudpickle.list_registry_pickle_by_value():
        return None
    try:
        content = pickle.dumps(task, 5)
    except Exception:
        return None
    # a worker has another main module
    return None if b"__main__" in content else content


def _pickle_by_value(task: Task) -> bytes | None:
    import cloudpickle

    try:
        content: bytes = cloudpickle.dumps(task, 5)
    except Exception:
        # anything that a user's __reduce__ or __getstate__ may raise
        return None
    return content
