"""What a run knows of a node once its turn has come. Filled in by the scheduler, read by the report."""

from __future__ import annotations

from hydra_cached.errors import NodeFailedError, TargetError
from hydra_cached.execution.staging import StagedValue
from hydra_cached.planning import Decision, Status
from hydra_cached.store import Entry


class Settled:
    """One node that was reused or called.

    Attributes:
        seconds: time of its calls, or what the call took that gave the reused result.
        holds: positions of the arguments whose objects the value still holds.
        mentions: texts in the value that may name files.
        conditions: digest of what, besides its key, its reuse depends on; "" for nothing.
        staged: where the value lies while the run goes on, if it is neither stored nor at hand.
        is_plain: the value is data without identity, as far as is known.
        is_apart: it was made in another process, so that it holds nothing of what lies here.
        error: why it failed.
    """

    __slots__ = (
        "conditions", "content_digest", "decision", "entry", "error", "holds", "is_apart", "is_plain", "is_stored",
        "mentions", "seconds", "staged", "status",
    )  # fmt: skip

    def __init__(self, decision: Decision, status: Status) -> None:
        self.decision = decision
        self.status = status
        self.entry: Entry | None = decision.entry
        info = None if decision.entry is None else decision.entry.info
        self.content_digest: str | None = info.content_digest if info else None
        self.seconds = info.seconds if info else 0.0
        self.is_stored = decision.entry is not None
        self.holds: tuple[str, ...] = info.holds if info else ()
        self.mentions: tuple[str, ...] = info.mentions if info else ()
        self.conditions = decision.entry.conditions if decision.entry is not None else ""
        self.staged: StagedValue | None = None
        self.is_plain = info.is_plain if info else False
        self.is_apart = False
        self.error: NodeFailedError | TargetError | None = None
