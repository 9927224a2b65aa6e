"""The closing line of a run. Counts nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra_cached.render.quantities import format_count, format_seconds

if TYPE_CHECKING:
    from hydra_cached.execution.report import RunReport


def closing_line(report: RunReport) -> str:
    """What a run came to, on one line.

    `done: 8 nodes, 1 hit, 0 cutoff, 7 ran, 0 failed in 4.12 s (saved 0 s)`; nodes that were skipped because
    something above them was reused, or below them failed, are named where there are some.
    """
    outcome = "done" if report.is_ok else "failed" if report.error else "interrupted"
    summary = report.summary
    counts = [
        format_count(summary.nodes, "node"),
        f"{summary.hit} hit",
        f"{summary.cutoff} cutoff",
        f"{summary.ran} ran",
        *([f"{summary.skipped} skipped"] if summary.skipped else []),
        f"{summary.failed} failed",
    ]
    seconds, saved = format_seconds(summary.seconds), format_seconds(summary.seconds_saved)
    return f"{outcome}: {', '.join(counts)} in {seconds} (saved {saved})"
