"""What a sweep came to, or would come to: a table with a line for each config. Counts nothing but lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rich.table import Table
from rich.text import Text

from hydra_cached.errors import NodeFailedError
from hydra_cached.render.console import print_error, talk_console
from hydra_cached.render.document import describe_exception, describe_value
from hydra_cached.render.failure import failure_line, print_failure
from hydra_cached.render.quantities import format_count, format_seconds
from hydra_cached.render.tables import plain_lines
from hydra_cached.render.talk import TalkStream

if TYPE_CHECKING:
    from hydra_cached.execution.report import RunReport, SweepReport

_LONGEST_RESULT = 60
_MOST_TRACEBACKS = 3
_NUMBERS = frozenset({"#", "time", "reused", "ran", "would run", "unknown", "about"})
_STYLES = {"done": "green", "failed": "red", "interrupted": "yellow"}


def print_failures(report: SweepReport) -> None:
    """What went wrong on stderr, each failure once however many configs it kept from being finished."""
    told: list[object] = []
    for number, (run, label) in enumerate(zip(report.runs, report.labels, strict=True)):
        error = run.error
        if error is None or any(each is (error.__cause__ or error) for each in told):
            continue
        told.append(error.__cause__ or error)
        if len(told) > _MOST_TRACEBACKS:
            continue
        if isinstance(error, NodeFailedError):
            print_failure(error, label or f"config {number}")
        else:
            print_error(f"{label or f'config {number}'}: {error.message}", error.hint)
    if len(told) > _MOST_TRACEBACKS:
        print_error(f"{len(told) - _MOST_TRACEBACKS} more failures are in the table", "run one of them without -m")


def print_sweep(report: SweepReport) -> None:
    """A table on stderr: a line for each config."""
    table = _table(("#", "overrides", "status", "time", "reused", "ran", "result"))
    for number, (run, label) in enumerate(zip(report.runs, report.labels, strict=True)):
        status = "done" if run.is_ok else "failed" if run.error else "interrupted"
        summary = run.summary
        table.add_row(
            str(number),
            Text(label or "-"),
            Text(status, _STYLES[status]),
            format_seconds(summary.seconds),
            str(summary.hit + summary.cutoff),
            str(summary.ran),
            Text(_describe_result(run)),
        )
    _print(table)


def closing_line(report: SweepReport) -> str:
    """What a sweep came to, on one line; nodes that configs have in common count once for each in the counts."""
    summary = report.summary
    done = sum(run.is_ok for run in report.runs)
    failed = sum(run.error is not None for run in report.runs)
    outcome = "done" if report.is_ok else "failed" if failed else "interrupted"
    configs = format_count(len(report.runs), "config")
    if not report.is_ok:
        configs += f" ({done} done, {failed} failed)"
    reused = summary.hit + summary.cutoff
    time = f"in {format_seconds(summary.seconds)} (saved {format_seconds(summary.seconds_saved)})"
    return (
        f"{outcome}: {configs}, {format_count(report.unique_nodes, 'distinct node')} of {summary.nodes}, "
        f"{summary.ran} ran, {reused} reused, {summary.failed} failed {time}"
    )


def print_sweep_plan(report: SweepReport) -> None:
    """The plan of a sweep on stderr: a line for each config, and what it comes to."""
    table = _table(("#", "overrides", "would run", "unknown", "reused", "about"))
    for number, (run, label) in enumerate(zip(report.runs, report.labels, strict=True)):
        summary = run.summary
        table.add_row(
            str(number),
            Text(label or "-"),
            str(summary.would_run),
            str(summary.unknown),
            str(summary.hit + summary.cutoff),
            _describe_estimate(run),
        )
    _print(table)
    talk_console().print(Text(describe_sweep_plan(report)))


def describe_sweep_plan(report: SweepReport) -> str:
    """`plan: 20 configs, 41 distinct nodes of 80, 21 would run, 59 reused, about 4.10 s`."""
    summary = report.summary
    counts = [
        format_count(len(report.runs), "config"),
        f"{format_count(report.unique_nodes, 'distinct node')} of {summary.nodes}",
        f"{summary.would_run} would run",
        *([f"{summary.unknown} unknown yet"] if summary.unknown else []),
        f"{summary.hit + summary.cutoff} reused",
        *([f"{summary.skipped} skipped"] if summary.skipped else []),
    ]
    seconds = sum(map(_estimate, report.runs))
    if seconds:
        counts.append(f"about {format_seconds(seconds)}")
    never = sum(
        not node.seconds for run in report.runs for node in run.nodes if node.status in ("would_run", "unknown")
    )
    text = f"plan: {', '.join(counts)}"
    return f"{text} and {format_count(never, 'node')} of unknown time" if seconds and never else text


def _describe_estimate(run: RunReport) -> str:
    seconds, summary = _estimate(run), run.summary
    # what never ran may take any time
    return format_seconds(seconds) if seconds or not (summary.would_run or summary.unknown) else "-"


def _estimate(run: RunReport) -> float:
    return sum(node.seconds for node in run.nodes if node.status in ("would_run", "unknown"))


def _describe_result(run: RunReport) -> str:
    if isinstance(run.error, NodeFailedError):
        text = failure_line(run.error)
    elif run.error is not None:
        text = describe_exception(run.error)
    else:
        text = describe_value(run.value) if run.is_ok else ""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_RESULT else f"{text[: _LONGEST_RESULT - 3]}..."


def _table(names: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        justify: Literal["left", "right"] = "right" if name in _NUMBERS else "left"
        table.add_column(name, justify=justify, overflow="fold", min_width=len(name))
    return table


def _print(table: Table) -> None:
    """A table on stderr: fitted to a terminal, whole in a pipe."""
    console = talk_console()
    if console.is_terminal:
        console.soft_wrap = False
        console.print(table)
    else:
        TalkStream().write(plain_lines(table))
