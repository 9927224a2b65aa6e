"""The nodes of a pipeline as a tree: each call once, with what became or would become of it. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from hydra_cached.render.console import talk_console
from hydra_cached.render.quantities import format_count, format_seconds

if TYPE_CHECKING:
    from hydra_cached.execution.report import NodeReport, RunReport

STYLES = {
    "hit": "green",
    "cutoff": "green",
    "ran": "yellow",
    "would_run": "yellow",
    "unknown": "magenta",
    "skipped": "dim",
    "failed": "red",
}


def print_plan(report: RunReport) -> None:
    """The plan as a tree on stderr, and what it comes to."""
    console = talk_console()
    print_tree(report, console)
    console.print(Text(describe_plan(report)))


def write_tree(report: RunReport, *, has_status: bool) -> None:
    """The tree on stdout, in colours on a terminal."""
    print_tree(report, Console(soft_wrap=True, highlight=False, markup=False, emoji=False), has_status=has_status)


def print_tree(report: RunReport, console: Console, *, has_status: bool = True) -> None:
    """One line for each node, below the one that uses it; a node that is used again is named only."""
    for indent, node, is_again in _walk(report):
        line = Text(indent)
        line.append(node.path or "(root)", "bold")
        line.append(f" {node.target}", "dim")
        if is_again:
            line.append(" (above)", "dim")
        elif has_status:
            line.append("  ")
            line.append(node.status.replace("_", " "), STYLES[node.status])
            line.append(_detail(node))
        console.print(line)


def describe_plan(report: RunReport) -> str:
    """What a plan comes to, on one line."""
    summary = report.summary
    counts = [
        f"{summary.would_run} would run",
        *([f"{summary.unknown} unknown yet"] if summary.unknown else []),
        f"{summary.hit} hit",
        f"{summary.cutoff} cutoff",
        *([f"{summary.skipped} skipped"] if summary.skipped else []),
    ]
    open_nodes = [node for node in report.nodes if node.status in ("would_run", "unknown")]
    seconds = sum(node.seconds for node in open_nodes)
    unknown = sum(not node.seconds for node in open_nodes)
    time = ""
    if open_nodes and unknown < len(open_nodes):
        time = f", about {format_seconds(seconds)}"
        time += f" and {format_count(unknown, 'node')} of unknown time" if unknown else ""
    return f"plan: {format_count(summary.nodes, 'node')}, {', '.join(counts)}{time}"


def _walk(report: RunReport) -> Iterator[tuple[str, NodeReport, bool]]:
    """(indent, node, whether it was shown before), depth first, without recursion."""
    by_path = {node.path: node for node in report.nodes}
    used = {child for node in report.nodes for child in node.children}
    roots = [node for node in report.nodes if node.path not in used]
    shown: set[str] = set()
    stack = [("", "", node) for node in reversed(roots)]
    while stack:
        indent, below, node = stack.pop()
        yield indent, node, node.path in shown
        if node.path in shown:
            continue
        shown.add(node.path)
        last = len(node.children) - 1
        for number in range(last, -1, -1):
            tail, further = ("└─ ", "   ") if number == last else ("├─ ", "│  ")
            stack.append((below + tail, below + further, by_path[node.children[number]]))


def _detail(node: NodeReport) -> str:
    parts = []
    if node.reason is not None and node.reason.code != "not_persisted":
        words = node.reason.code.replace("_", " ")
        if node.status == "unknown":
            words = node.reason.detail
        elif node.reason.detail and node.reason.code != "new":
            words += f" ({node.reason.detail})"
        parts.append(words)
    if node.seconds:
        about = "~" if node.status in ("would_run", "unknown") else ""
        parts.append(f"{about}{format_seconds(node.seconds)}")
    return f": {', '.join(parts)}" if parts else ""
