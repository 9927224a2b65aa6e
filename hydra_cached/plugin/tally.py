"""Counts what the jobs of a multirun made and found. A listener for each job; prints nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from hydra_cached.events import Event, NodeFinished, Warned
from hydra_cached.render.jobs import JobRow, SharedRow

_LOGGER = logging.getLogger("hydra_cached")


class JobTally:
    """What one job made, and what it found made."""

    def __init__(self) -> None:
        self.is_ok = False
        self.seconds = 0.0
        # by target
        self.made: dict[str, int] = {}
        self.found: dict[str, list[float]] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warned):
            _LOGGER.warning("%s", event.message)
        elif isinstance(event, NodeFinished):
            if event.status == "ran":
                self.made[event.target] = self.made.get(event.target, 0) + 1
            else:
                self.found.setdefault(event.target, []).append(event.saved_s)

    def row(self, number: int, label: str) -> JobRow:
        """Its line in the table."""
        saved_s = sum(map(sum, self.found.values()))
        reused = sum(map(len, self.found.values()))
        return JobRow(number, label, self.is_ok, self.seconds, sum(self.made.values()), reused, saved_s)


def find_shared(tallies: Iterable[JobTally]) -> list[SharedRow]:
    """Results that were made once and found again, by target: those that saved most come first."""
    made: dict[str, int] = {}
    found: dict[str, list[float]] = {}
    for tally in tallies:
        for target, count in tally.made.items():
            made[target] = made.get(target, 0) + count
        for target, saved in tally.found.items():
            found.setdefault(target, []).extend(saved)
    rows = [SharedRow(target, made.get(target, 0), len(saved), sum(saved)) for target, saved in found.items()]
    return sorted(rows, key=lambda row: (-row.saved_s, row.target))
