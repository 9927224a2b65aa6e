"""What the jobs of a Hydra multirun came to, and what they had in common, as text for a log. Counts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from hydra_cached.render.quantities import format_count, format_seconds
from hydra_cached.render.tables import new_table, plain_lines

_NUMBERS = frozenset({"#", "time", "made", "reused", "saved"})


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job: how many calls it made, and how many results of others it reused."""

    number: int
    label: str
    is_ok: bool
    seconds: float
    made: int
    reused: int
    saved_s: float


@dataclass(frozen=True, slots=True)
class SharedRow:
    """Calls of one target: how many all jobs made, and how often their results were reused."""

    target: str
    made: int
    reused: int
    saved_s: float


def describe_jobs(jobs: Sequence[JobRow], shared: Sequence[SharedRow]) -> str:
    """A table of jobs, and one of what they shared, where they shared anything."""
    table = new_table(
        ("#", "overrides", "status", "time", "made", "reused", "saved"), numbers=_NUMBERS, folded="overrides"
    )
    for job in jobs:
        status = "done" if job.is_ok else "failed"
        times = (format_seconds(job.seconds), str(job.made), str(job.reused), format_seconds(job.saved_s))
        table.add_row(*map(Text, (str(job.number), job.label or "-", status, *times)))
    text = f"{format_count(len(jobs), 'job')}\n{plain_lines(table)}"
    if not shared:
        return f"{text}nothing was shared"
    table = new_table(("shared", "made", "reused", "saved"), numbers=_NUMBERS, folded="shared")
    for row in shared:
        counts = (str(row.made), str(row.reused), format_seconds(row.saved_s))
        table.add_row(*map(Text, (row.target, *counts)))
    return f"{text}{plain_lines(table)}saved {format_seconds(sum(row.saved_s for row in shared))}"
