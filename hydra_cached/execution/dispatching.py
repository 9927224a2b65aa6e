"""How the scheduler has calls made elsewhere: in threads, in processes, on other machines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from hydra_cached.execution.calling import Caller
from hydra_cached.execution.files import Before
from hydra_cached.execution.state import RunState
from hydra_cached.graph import Node
from hydra_cached.planning import Decision


@dataclass(frozen=True, slots=True)
class Collected:
    """A call that came back.

    Attributes:
        finish: settles the node; False where the call must be made here instead. Raises NodeFailedError on failure.
    """

    node: Node
    decision: Decision
    finish: Callable[[], bool]


class Dispatcher(Protocol):
    """Has calls made elsewhere. Asked by the scheduler alone, in its own thread."""

    def begin(self, run: RunState, caller: Caller) -> None:
        """A run begins; one at a time."""

    def look_ahead(self, *, is_failing: bool) -> None:
        """See that what is asked for can be done, before anything is; else say so.

        Args:
            is_failing: the run is to end over a call that must be made and never can.

        Raises:
            NodeFailedError: there is one.
        """

    @property
    def has_room(self) -> bool:
        """Whether one more call can be taken."""

    @property
    def under_way(self) -> int:
        """How many calls were taken and not collected."""

    @property
    def keys(self) -> Collection[str]:
        """Call keys of what is under way."""

    @property
    def needs_values(self) -> bool:
        """Whether arguments must be at hand in this process before a call is dispatched."""

    def accepts(self, node: Node, decision: Decision) -> bool:
        """Whether a call may be made elsewhere, and is worth that."""

    def dispatch(self, node: Node, decision: Decision, before: Before | None) -> bool:
        """Take a call; False where that turns out to be impossible, and it must be made here.

        Raises:
            NodeFailedError: it cannot even begin.
        """

    def collect(self) -> Iterable[Collected]:
        """Wait until something is done."""

    def abandon(self) -> list[Collected]:
        """The run ends before its time: stop what is under way, as far as it can be stopped.

        Returns:
            Calls that were done by then, with results to keep.
        """
