"""Enters runs into the history."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_cached.errors import StoreError
from hydra_cached.events import Listener, Warned
from hydra_cached.execution.report import RunReport
from hydra_cached.history import PastNode, PastRun, RunHead, record_run
from hydra_cached.store import Store


def write_down(store: Store, report: RunReport, overrides: Sequence[str], began_s: float, listener: Listener) -> None:
    """Enter a run into the history; where that cannot be written, the results count all the same."""
    summary = report.summary
    head = RunHead(
        run_id=report.run_id,
        started_s=began_s,
        pipeline=report.pipeline,
        overrides=tuple(overrides),
        outcome="done" if report.is_ok else "failed" if report.error else "interrupted",
        error=report.error.message.partition("\n")[0] if report.error else "",
        counts={name: getattr(summary, name) for name in ("nodes", "hit", "cutoff", "ran", "skipped", "failed")},
        seconds=summary.seconds,
        seconds_saved=summary.seconds_saved,
    )
    nodes = tuple(
        PastNode(
            node.path,
            node.target,
            node.status,
            node.reason.code if node.reason else "",
            node.reason.detail if node.reason else "",
            node.seconds,
            node.recipe_key,
            node.call_key,
        )
        for node in report.nodes
    )
    try:
        record_run(store, PastRun(head, nodes))
    except StoreError as exc:
        listener(Warned("", f"the run is not in the history: {exc.message}"))
