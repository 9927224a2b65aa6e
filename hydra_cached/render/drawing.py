"""Draws a pipeline's nodes and edges as Mermaid or DOT text, coloured by status. Lays nothing out itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hydra_cached.execution.report import NodeReport, RunReport

# fill colours that dark text can be read on
FILLS = {
    "hit": "#c8e6c9",
    "cutoff": "#dcedc8",
    "would_run": "#ffe0b2",
    "ran": "#ffe0b2",
    "unknown": "#e1bee7",
    "skipped": "#eeeeee",
    "failed": "#ffcdd2",
}


def to_mermaid(report: RunReport, *, has_status: bool) -> str:
    """A Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html."""
    numbers = _numbers(report)
    lines = ["flowchart TD"]
    for node in report.nodes:
        label = "<br>".join(each.replace('"', "#quot;") for each in _label(node, has_status=has_status))
        style = f":::{node.status}" if has_status else ""
        lines.append(f'    n{numbers[node.path]}["{label}"]{style}')
    lines.extend(f"    n{child} --> n{parent}" for child, parent in _edges(report, numbers))
    if has_status:
        present = dict.fromkeys(node.status for node in report.nodes)
        lines.extend(f"    classDef {status} fill:{FILLS[status]},color:#000" for status in present)
    return "\n".join(lines) + "\n"


def to_dot(report: RunReport, *, has_status: bool) -> str:
    """A graph in Graphviz's DOT language: https://graphviz.org/doc/info/lang.html."""
    numbers = _numbers(report)
    lines = [
        "digraph pipeline {",
        '    node [shape=box, style="rounded,filled", fillcolor="#eeeeee", fontname=Helvetica];',
    ]
    for node in report.nodes:
        # a JSON string is a DOT string, with line breaks kept as \n
        label = json.dumps("\n".join(_label(node, has_status=has_status)), ensure_ascii=False)
        fill = f', fillcolor="{FILLS[node.status]}"' if has_status else ""
        lines.append(f"    n{numbers[node.path]} [label={label}{fill}];")
    lines.extend(f"    n{child} -> n{parent};" for child, parent in _edges(report, numbers))
    return "\n".join([*lines, "}"]) + "\n"


def _numbers(report: RunReport) -> dict[str, int]:
    return {node.path: number for number, node in enumerate(report.nodes)}


def _edges(report: RunReport, numbers: dict[str, int]) -> Iterator[tuple[int, int]]:
    for node in report.nodes:
        for child in node.children:
            yield numbers[child], numbers[node.path]


def _label(node: NodeReport, *, has_status: bool) -> list[str]:
    lines = [node.path or "(root)", node.target]
    if has_status:
        why = f": {node.reason.code.replace('_', ' ')}" if node.reason and node.status == "would_run" else ""
        lines.append(f"{node.status.replace('_', ' ')}{why}")
    return lines
