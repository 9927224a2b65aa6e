"""What workers elsewhere must be able to do, whatever they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Protocol

from hydra_cached.execution.tasks import Done
from hydra_cached.graph import Graph, Node


class Pool(Protocol):
    """Workers that make calls of packed tasks."""

    @property
    def size(self) -> int:
        """How many calls it takes at a time."""

    def begin(self, graph: Graph, tell: Callable[[str], None]) -> None:
        """A run begins.

        Args:
            tell: says what the user should know.
        """

    def share(self, folder: str) -> None:
        """Make sure that all workers see a folder.

        Raises:
            UsageError: one does not.
        """

    def scratch_parent(self, store_folder: str | None) -> str | None:
        """Where values may lie that are not stored; None is where the system keeps such things."""

    def capacity(self, resources: Mapping[str, float]) -> int | None:
        """How many calls with these needs it can make at once; None where nobody looks at them."""

    def refusal(self, resources: Mapping[str, float]) -> str:
        """Why it can never make a call with these needs; "" where it can."""

    def submit(self, packed: bytes, node: Node, call_key: str | None) -> Future[Done]:
        """Have a task done. The future raises WorkerDiedError where its worker died."""

    def starts(self, future: Future[Done]) -> int:
        """How often a worker began a call: 0 while it waits for one."""

    def stop(self, future: Future[Done]) -> str:
        """Stop the worker that has this task. Returns what could not be done, "" where all is well."""

    def close(self, *, is_killing: bool) -> None:
        """End all workers; with ``is_killing`` at once."""
