"""What the store holds, as a table or as JSON. Reads no store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hydra_cached.render.document import Document
from hydra_cached.render.quantities import format_age, format_count, format_seconds, format_size
from hydra_cached.render.stdout import write_data
from hydra_cached.store import EntrySummary

_KEY_DIGITS = 12
_COLUMNS = ("key", "target", "size", "seconds", "age", "saved")
_NUMBERS = frozenset({"size", "seconds", "age", "saved"})


def print_entries(summaries: Sequence[EntrySummary], *, limit: int | None = None) -> None:
    """A table of entries on stdout, one line each, with a line of totals below. In a pipe nothing is cut or wrapped.

    Args:
        summaries: what the store listed; the totals count all of them.
        limit: show only so many, from the front.
    """
    shown = summaries if limit is None else summaries[:limit]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in _COLUMNS:
        is_number = name in _NUMBERS
        table.add_column(name, justify="right" if is_number else "left", no_wrap=name != "target", overflow="fold")
    now_s = time.time()
    for summary in shown:
        table.add_row(*map(Text, _cells(summary, now_s)))
    total = describe_total(summaries)
    if len(shown) < len(summaries):
        total += f"; shown are the newest {len(shown)}"
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        console.print(Text(total))
    else:
        write_data(plain_lines(table) + total + "\n")


def describe_total(summaries: Sequence[EntrySummary]) -> str:
    """`12 entries, 3.4 MB, saved 2 min 05 s so far`."""
    size = format_size(sum(summary.size_bytes for summary in summaries))
    saved = format_seconds(sum(summary.seconds_saved for summary in summaries))
    return f"{format_count(len(summaries), 'entry')}, {size}, saved {saved} so far"


def entries_document(summaries: Sequence[EntrySummary]) -> list[Document]:
    """The same for programs; times in seconds, ``created`` since the epoch."""
    now_s = time.time()
    return [
        {
            "key": summary.key,
            "target": summary.target,
            "path": summary.path,
            "size_bytes": summary.size_bytes,
            "seconds": summary.seconds,
            "created": summary.created_s,
            "age_seconds": max(0.0, now_s - summary.created_s),
            "hits": summary.hits,
            "seconds_saved": summary.seconds_saved,
            "schema": summary.schema,
        }
        for summary in summaries
    ]


def _cells(summary: EntrySummary, now_s: float) -> tuple[str, ...]:
    return (
        summary.key[:_KEY_DIGITS],
        summary.target,
        format_size(summary.size_bytes),
        format_seconds(summary.seconds),
        format_age(now_s - summary.created_s),
        format_seconds(summary.seconds_saved),
    )


def plain_lines(table: Table) -> str:
    """A table as text, in which nothing is cut or wrapped."""
    longest = sum(max(len(str(cell)) for cell in (column.header, *column.cells)) + 2 for column in table.columns)
    stream = StringIO()
    Console(file=stream, width=max(longest, 80), color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())
