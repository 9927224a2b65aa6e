"""Collects garbage: drops what was chosen, and reclaims what nobody needs or has. Chooses nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hydra_cached.store.directory import measure_folder
from hydra_cached.store.garbage import Limits, choose_garbage, measure_used
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.recovery import enter_objects
from hydra_cached.store.removal import clear_aside, remove_entries, sweep_shared_rows

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

_ROUNDS = 5
_ASIDE_AGE_S = 30 * 86_400.0
"""How long what was set aside is kept for inspection, unless a limit is lower."""


@dataclass(frozen=True, slots=True)
class Freed:
    """What a collection of garbage came to.

    Attributes:
        entries: number of entries that were dropped.
        leftovers: number of files of dead writers.
        disk_bytes: by how much the store became smaller.
    """

    entries: int
    leftovers: int
    disk_bytes: int


def collect_garbage(rows: Rows, limits: Limits, *, progress: Progress = ignore_progress) -> Freed:
    """Drop what exceeds limits, and what writers left that died before they were done.

    Objects that were written but not entered, because their writer died in between or has another index, are entered
    first: they count as any other. What was found damaged and set aside goes after a month, or before any entry does.

    Raises:
        StoreError: the index is locked, damaged or cannot be written.
    """
    before_bytes = measure_used(rows) + measure_folder(rows.directory.aside)
    limit_bytes = limits.max_size_bytes
    is_too_large = limit_bytes is not None and before_bytes > limit_bytes
    clear_aside(
        rows.directory, older_than_s=0.0 if is_too_large else min(_ASIDE_AGE_S, limits.max_age_s or _ASIDE_AGE_S)
    )
    leftovers, _ = rows.objects.remove_leftovers()
    enter_objects(rows)
    dropped: set[str] = set()
    for _ in range(_ROUNDS):
        # estimates of what an entry frees may fall short
        keys = [summary.key for summary in choose_garbage(rows, limits)]
        remove_entries(rows, keys, progress=progress)
        dropped.update(keys)
        if not keys:
            break
    sweep_shared_rows(rows)
    rows.index.shrink()
    after_bytes = measure_used(rows) + measure_folder(rows.directory.aside)
    return Freed(len(dropped), leftovers, max(0, before_bytes - after_bytes))
