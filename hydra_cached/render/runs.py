"""Past runs as tables and as JSON. Reads no store."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hydra_cached.history import Comparison, Difference, PastNode, PastRun, RunHead
from hydra_cached.render.document import Document
from hydra_cached.render.quantities import format_age, format_count, format_seconds
from hydra_cached.render.stdout import write_data
from hydra_cached.render.tables import plain_lines

_KEY_DIGITS = 12
_HEADINGS = ("run", "age", "pipeline", "nodes", "reused", "ran", "failed", "time", "saved", "overrides")
_NUMBERS = frozenset({"age", "nodes", "reused", "ran", "failed", "time", "saved"})


def print_heads(heads: Sequence[RunHead]) -> None:
    """A table of runs on stdout, one line each, the newest first."""
    table = _table(_HEADINGS)
    now_s = time.time()
    for head in heads:
        table.add_row(*map(Text, _head_cells(head, now_s)))
    _print(table)


def heads_document(heads: Iterable[RunHead]) -> list[Document]:
    """The same for programs."""
    return [_head_document(head) for head in heads]


def print_run(run: PastRun) -> None:
    """One run on stdout: what `runs` shows of it, and its nodes."""
    table = _table(("path", "target", "status", "time", "key", "reason"))
    for node in run.nodes:
        table.add_row(*map(Text, _node_cells(node)))
    _print(table, "".join(f"{line}\n" for line in _head_lines(run.head)))


def run_document(run: PastRun) -> Document:
    """The same for programs; nodes as in `run --json`."""
    return {**_head_document(run.head), "nodes": [_node_document(node) for node in run.nodes]}


def print_comparison(comparison: Comparison) -> None:
    """What is another call in the second run, on stdout."""
    before, after = comparison.before, comparison.after
    top = f"before: {_title(before)}\nafter:  {_title(after)}\n"
    bottom = f"{describe_comparison(comparison)}\n"
    if not comparison.differences:
        write_data(top + bottom)
        return
    table = _table(("path", "target", "before", "after", "why"))
    for each in comparison.differences:
        table.add_row(*map(Text, _difference_cells(each)))
    _print(table, top, bottom)


def comparison_document(comparison: Comparison) -> Document:
    """The same for programs."""
    return {
        "before": _head_document(comparison.before),
        "after": _head_document(comparison.after),
        "nodes": [
            {
                "path": each.node.path,
                "target": each.node.target,
                "reason": {"code": each.reason, "detail": each.detail},
                "before": _node_document(each.before) if each.before else None,
                "after": _node_document(each.after) if each.after else None,
            }
            for each in comparison.differences
        ],
        "same": comparison.same,
        "unknown": comparison.unknown,
    }


def describe_comparison(comparison: Comparison) -> str:
    """`3 nodes differ, 12 are the same`."""
    count, same = len(comparison.differences), comparison.same
    differ, are = "differs" if count == 1 else "differ", "is" if same == 1 else "are"
    text = f"{format_count(count, 'node')} {differ}, {same} {are} the same"
    return f"{text}, {comparison.unknown} cannot be told" if comparison.unknown else text


def _title(head: RunHead) -> str:
    return " ".join((head.run_id, head.pipeline, *head.overrides))


def _head_lines(head: RunHead) -> Iterable[str]:
    yield f"run {head.run_id}: {head.pipeline} {' '.join(head.overrides)}".rstrip()
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(head.started_s))
    yield (
        f"began {began}, {head.outcome} in {format_seconds(head.seconds)} (saved {format_seconds(head.seconds_saved)})"
    )
    if head.error:
        yield f"error: {head.error}"


def _head_cells(head: RunHead, now_s: float) -> tuple[str, ...]:
    counts = head.counts
    failed = str(counts["failed"]) if head.outcome == "done" or counts["failed"] else head.outcome
    return (
        head.run_id,
        format_age(now_s - head.started_s),
        head.pipeline,
        str(counts["nodes"]),
        str(counts["hit"] + counts["cutoff"]),
        str(counts["ran"]),
        failed,
        format_seconds(head.seconds),
        format_seconds(head.seconds_saved),
        " ".join(head.overrides),
    )


def _head_document(head: RunHead) -> Document:
    document = asdict(head)
    document["overrides"] = list(head.overrides)
    document["error"] = head.error or None
    document["started"] = document.pop("started_s")
    return document


def _node_cells(node: PastNode) -> tuple[str, ...]:
    reason = f"{node.reason}: {node.detail}" if node.reason and node.detail else node.reason
    return (
        node.path or "(root)",
        node.target,
        node.status,
        format_seconds(node.seconds),
        _short_key(node),
        reason,
    )


def _node_document(node: PastNode) -> Document:
    return {
        "path": node.path,
        "target": node.target,
        "status": node.status,
        "reason": {"code": node.reason, "detail": node.detail} if node.reason else None,
        "recipe_key": node.recipe_key,
        "call_key": node.call_key,
        "seconds": node.seconds,
    }


def _difference_cells(difference: Difference) -> tuple[str, ...]:
    node = difference.node
    sides = [
        f"{side.status} {_short_key(side)}".rstrip() if side else "-" for side in (difference.before, difference.after)
    ]
    why = (
        difference.detail if difference.reason in ("added", "removed") else f"{difference.reason}: {difference.detail}"
    )
    return (node.path or "(root)", node.target, *sides, why.rstrip(": "))


def _short_key(node: PastNode) -> str:
    return (node.call_key or node.recipe_key or "")[:_KEY_DIGITS]


def _table(names: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", overflow="fold")
    return table


def _print(table: Table, top: str = "", bottom: str = "") -> None:
    """A table between lines of text: fitted to a terminal, whole in a pipe."""
    console = Console(highlight=False, soft_wrap=False)
    if console.is_terminal:
        console.print(Text(top), end="")
        console.print(table)
        console.print(Text(bottom), end="")
    else:
        write_data(top + plain_lines(table) + bottom)
