"""Past runs, as runs would leave them."""

from __future__ import annotations

from typing import Any

from hydra_cached.history import PastNode, PastRun, RunHead


def key(number: int) -> str:
    """A key of 64 hexadecimal digits."""
    return f"{number:064x}"


def past_node(path: str = "model", **changes: Any) -> PastNode:
    values: dict[str, Any] = {
        "path": path,
        "target": "pkg.fit",
        "status": "ran",
        "reason": "new",
        "detail": "no earlier result of this call",
        "seconds": 1.5,
        "recipe_key": key(1),
        "call_key": key(2),
    }
    return PastNode(**{**values, **changes})


def past_run(number: int = 1, *nodes: PastNode, **changes: Any) -> PastRun:
    """A run of some second; different numbers are different runs."""
    values: dict[str, Any] = {
        "run_id": f"20240102-0304{number // 1000:02d}-{number:08x}",
        "started_s": 1_700_000_000.0 + number,
        "pipeline": "conf",
        "overrides": ("lr=1",),
        "outcome": "done",
        "error": "",
        "counts": {"nodes": 3, "hit": 1, "cutoff": 0, "ran": 2, "skipped": 0, "failed": 0},
        "seconds": 2.5,
        "seconds_saved": 60.0,
    }
    return PastRun(RunHead(**{**values, **changes}), nodes or (past_node(),))
