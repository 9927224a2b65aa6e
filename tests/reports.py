"""What tests say of a run, in short."""

from __future__ import annotations

from hydra_cached.execution.report import RunReport


def statuses(report: RunReport) -> dict[str, str]:
    """The status of each node, by path."""
    return {node.path: node.status for node in report.nodes}


def reasons(report: RunReport) -> dict[str, str]:
    """The reason of each node that has one, by path."""
    return {node.path: node.reason.code for node in report.nodes if node.reason}


def outcomes(report: RunReport) -> dict[str, tuple[str, str]]:
    """Status and reason of each node, "" without one, by path."""
    return {node.path: (node.status, node.reason.code if node.reason else "") for node in report.nodes}
