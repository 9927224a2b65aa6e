"""What a run came to, as values. Never prints and never decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hydra_cached.errors import HydraCachedError
from hydra_cached.planning import Reason, Status


@dataclass(frozen=True, slots=True)
class NodeReport:
    """One node after a run or in a plan.

    Attributes:
        path: shortest config path, "" at the root.
        paths: every config path at which the call is written or referred to.
        target: id of the callable.
        seconds: time of the call when it ran; else the time a reuse saved (0.0 when skipped).
        size_bytes: length of the stored payload, or None.
        children: paths of the nodes in its arguments.
    """

    path: str
    paths: tuple[str, ...]
    target: str
    status: Status
    reason: Reason | None
    recipe_key: str | None
    call_key: str | None
    content_digest: str | None
    seconds: float
    size_bytes: int | None
    is_stored: bool
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by status, and seconds of wall time spent and saved."""

    nodes: int
    hit: int
    cutoff: int
    ran: int
    skipped: int
    failed: int
    would_run: int
    unknown: int
    seconds: float
    seconds_saved: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """The whole of a run.

    Attributes:
        value: what the pipeline returned, None after a failure.
        error: why it stopped, or None. A NodeFailedError's ``__cause__`` is the user's own exception.
        is_plan: nothing was run; there is no value.
    """

    pipeline: str
    run_id: str
    is_ok: bool
    value: Any
    error: HydraCachedError | None
    nodes: tuple[NodeReport, ...]
    summary: Summary
    is_plan: bool = False


@dataclass(frozen=True, slots=True)
class SweepReport:
    """The whole of a sweep: each config's run, and what they come to together.

    Attributes:
        runs: in the order of the configs. A node that several have in common is "ran" in the first and "hit" in the
            others; the ``seconds`` of a run are those of the calls that count as its own.
        labels: what tells each config apart, "" where there is nothing.
        summary: the counts of all runs added up; ``seconds`` is the wall time of the sweep.
        unique_nodes: number of distinct calls.
    """

    pipeline: str
    run_id: str
    runs: tuple[RunReport, ...]
    labels: tuple[str, ...]
    summary: Summary
    unique_nodes: int

    @property
    def is_ok(self) -> bool:
        return all(run.is_ok for run in self.runs)


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM during a sweep; ``report`` tells what was done by then, and all of that is stored."""

    def __init__(self, report: SweepReport) -> None:
        super().__init__("interrupted")
        self.report = report


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM during a run; ``report`` tells what was done by then, and all of that is stored."""

    def __init__(self, report: RunReport) -> None:
        super().__init__("interrupted")
        self.report = report
