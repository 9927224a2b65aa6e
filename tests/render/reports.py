"""Reports, as runs would give them."""

from __future__ import annotations

from typing import Any

from hydra_cached.errors import HydraCachedError, NodeFailedError
from hydra_cached.execution.report import NodeReport, RunReport, Summary
from hydra_cached.planning import Reason


def node_report(**changes: Any) -> NodeReport:
    values: dict[str, Any] = {
        "path": "model.encoder",
        "paths": ("model.encoder", "other"),
        "target": "pkg.encode",
        "status": "ran",
        "reason": Reason("new", "no earlier result"),
        "recipe_key": "a" * 64,
        "call_key": None,
        "content_digest": "b" * 64,
        "seconds": 1.5,
        "size_bytes": 1200,
        "is_stored": True,
    }
    return NodeReport(**{**values, **changes})


def summary(**changes: Any) -> Summary:
    names = ("nodes", "hit", "cutoff", "ran", "skipped", "failed", "would_run", "unknown")
    return Summary(**{**dict.fromkeys(names, 0), "seconds": 4.123, "seconds_saved": 0.0, **changes})


def run_report(
    *, value: Any = None, error: HydraCachedError | None = None, is_ok: bool = True, **counts: Any
) -> RunReport:
    return RunReport("configs.ner", "20240102-030405-abcd", is_ok, value, error, (node_report(),), summary(**counts))


def failed(cause: BaseException, *, path: str = "model.encoder") -> NodeFailedError:
    error = NodeFailedError(f"node {path} failed", path=path, target="pkg.encode")
    error.__cause__ = cause
    return error
