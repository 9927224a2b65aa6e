"""The JSON document of a run. Its keys are a contract; nothing else of a run is printed with it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, TypeAlias

from hydra_cached.errors import HydraCachedError, NodeFailedError

if TYPE_CHECKING:
    from hydra_cached.execution.report import NodeReport, RunReport, SweepReport

Document: TypeAlias = dict[str, Any]

_COUNTS = ("nodes", "hit", "cutoff", "ran", "skipped", "failed", "would_run", "unknown")


def report_document(report: RunReport) -> Document:
    """The document of a run that was finished, failed or interrupted."""
    error = report.error if report.is_ok or report.error else KeyboardInterrupt("interrupted")
    return {
        "pipeline": report.pipeline,
        "run_id": report.run_id,
        "ok": report.is_ok,
        "result": describe_value(report.value) if report.is_ok and not report.is_plan else None,
        "error": _error_document(error) if error else None,
        "nodes": [_node_document(node) for node in report.nodes],
        "summary": dataclasses.asdict(report.summary),
    }


def failure_document(pipeline: str, error: BaseException) -> Document:
    """The document of a run that did not begin: no nodes, all counts zero."""
    return {
        "pipeline": pipeline,
        "run_id": "",
        "ok": False,
        "result": None,
        "error": _error_document(error),
        "nodes": [],
        "summary": {**dict.fromkeys(_COUNTS, 0), "seconds": 0.0, "seconds_saved": 0.0},
    }


def sweep_document(report: SweepReport) -> Document:
    """The document of a sweep: those of its runs, and the sums."""
    summary = {**dataclasses.asdict(report.summary), "unique_nodes": report.unique_nodes}
    return {"runs": [report_document(run) for run in report.runs], "summary": summary}


def failed_sweep_document(pipeline: str, error: BaseException) -> Document:
    """The document of a sweep that did not begin."""
    failed = failure_document(pipeline, error)
    return {"runs": [failed], "summary": {**failed["summary"], "unique_nodes": 0}}


def dump_json(document: Document | list[Document]) -> str:
    """Strict JSON, indented, ending in a newline; all characters but lone surrogates are written as they are."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # a lone surrogate cannot be encoded; as \\udc80 it is an escape that JSON knows
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def describe_value(value: Any) -> str:
    """The repr of a result; one that raises is replaced by the type's name."""
    try:
        return repr(value)
    except Exception as exc:
        return f"<{type(value).__qualname__}, whose repr raised {type(exc).__name__}>"


def describe_exception(error: BaseException) -> str:
    """What an exception says; one that raises at that says nothing."""
    try:
        return str(error)
    except Exception:
        return ""


def _error_document(error: BaseException) -> Document:
    said = error.__cause__ if isinstance(error, NodeFailedError) and error.__cause__ else error
    message = said.message if isinstance(said, HydraCachedError) else describe_exception(said)
    return {"path": getattr(error, "path", ""), "type": type(said).__name__, "message": message}


def _node_document(node: NodeReport) -> Document:
    return {
        "path": node.path,
        "paths": list(node.paths),
        "target": node.target,
        "status": node.status,
        "reason": {"code": node.reason.code, "detail": node.reason.detail} if node.reason else None,
        "recipe_key": node.recipe_key,
        "call_key": node.call_key,
        "content_digest": node.content_digest,
        "seconds": node.seconds,
        "bytes": node.size_bytes,
        "stored": node.is_stored,
    }
