"""What a run knows of a node once its turn has come. Filled in by the scheduler, read by the report."""

from __future__ import annotations

from hydra_cached.plan import Decision, Status
from hydra_cached.store import Entry


class Settled:
    """One node that was reused or called.

    Attributes:
        seconds: time of its calls, or what the call took that gave the reused result.
        holds: positions of the arguments whose objects the value still holds.
    """

    __slots__ = ("content_digest", "decision", "entry", "holds", "is_stored", "seconds", "status")

    def __init__(self, decision: Decision, status: Status) -> None:
        self.decision = decision
        self.status = status
        self.entry: Entry | None = decision.entry
        self.content_digest: str | None = decision.entry.info.content_digest if decision.entry else None
        self.seconds = decision.entry.info.seconds if decision.entry else 0.0
        self.is_stored = decision.entry is not None
        self.holds: tuple[str, ...] = decision.entry.info.holds if decision.entry else ()
