"""What happens during a run, as frozen values. Library rooms emit them; rooms above listen. Nothing is printed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins.

    Attributes:
        nodes: number of distinct calls.
        workers: how many of them may be made at a time.
        configs: how many configs are run together.
    """

    run_id: str
    pipeline: str
    nodes: int
    workers: int = 1
    configs: int = 1


@dataclass(frozen=True, slots=True)
class Surveyed:
    """It is known which nodes the result needs: ``needed`` of them, those that are reused included."""

    needed: int


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The store was asked. ``kind`` is "recipe" or "call"; ``key`` is the full hexadecimal key.

    ``scope`` says of which config the node is, where several are run together; here and below.
    """

    path: str
    target: str
    kind: str
    key: str
    is_found: bool
    scope: str = ""


@dataclass(frozen=True, slots=True)
class NodeStarted:
    """A target is about to be called. ``reason`` is the code and detail of why it must run.

    ``expected_s`` is what the call took when it last ran, None where that is not known.
    """

    path: str
    target: str
    reason_code: str
    reason_detail: str
    expected_s: float | None = None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class NodeFinished:
    """A node is settled. ``status`` as in the JSON contract; ``seconds`` is what the call took, now or when it ran.

    ``saved_s`` is what reusing it saved: that and the time of all that was not even looked at below it.
    """

    path: str
    target: str
    status: str
    seconds: float
    size_bytes: int | None
    is_stored: bool
    scope: str = ""
    saved_s: float = 0.0


@dataclass(frozen=True, slots=True)
class NodeFailed:
    """A target raised. ``message`` is the repr of the user's exception."""

    path: str
    target: str
    message: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Another process computes the result of a node. ``pid`` is None where it cannot be told which."""

    path: str
    target: str
    pid: int | None
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know that does not stop the run."""

    path: str
    message: str


Event: TypeAlias = RunStarted | Surveyed | LookedUp | NodeStarted | NodeFinished | NodeFailed | WaitingFor | Warned
Listener: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener that listens to nothing."""
