"""What the store holds, as a table or as JSON. Reads no store."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from io import StringIO
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hydra_cached.render.document import Document
from hydra_cached.render.quantities import format_age, format_count, format_seconds, format_size
from hydra_cached.render.stdout import write_data
from hydra_cached.store import EntrySummary

if TYPE_CHECKING:
    from hydra_cached.store.listing import TargetTotals

KEY_DIGITS = 12
_COLUMNS = ("key", "target", "size", "seconds", "age", "saved")
_NUMBERS = frozenset({"size", "seconds", "age", "saved"})


def print_entries(summaries: Sequence[EntrySummary], *, whole: TargetTotals | None = None) -> None:
    """A table of entries on stdout, one line each, with a line of totals below. In a pipe nothing is cut or wrapped.

    Args:
        whole: what there is in all, where not all is shown.
    """
    table = new_table(_COLUMNS, numbers=_NUMBERS, folded="target")
    now_s = time.time()
    for summary in summaries:
        table.add_row(*map(Text, _cells(summary, now_s)))
    print_table(table, describe_total(summaries) if whole is None else _describe_part(len(summaries), whole))


def print_table(table: Table, last_line: str) -> None:
    """A table on stdout with a line below it. In a pipe nothing is cut or wrapped."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        console.print(Text(last_line))
    else:
        write_data(f"{plain_lines(table)}{last_line}\n")


def new_table(columns: Sequence[str], *, numbers: Collection[str], folded: str) -> Table:
    """An empty table.

    Args:
        numbers: columns that are lined up on the right.
        folded: the column that gives way on a narrow terminal.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        justify: Literal["left", "right"] = "right" if name in numbers else "left"
        table.add_column(name, justify=justify, no_wrap=name != folded, overflow="fold")
    return table


def describe_total(summaries: Sequence[EntrySummary]) -> str:
    """`12 entries, 3.4 MB, saved 2 min 05 s so far`."""
    size = format_size(sum(summary.size_bytes for summary in summaries))
    saved = format_seconds(sum(summary.seconds_saved for summary in summaries))
    return f"{format_count(len(summaries), 'entry')}, {size}, saved {saved} so far"


def _describe_part(shown: int, whole: TargetTotals) -> str:
    total = f"{format_count(whole.entries, 'entry')}, {format_size(whole.size_bytes)}"
    return f"{total}; shown are the newest {shown}" if shown < whole.entries else total


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
        summary.key[:KEY_DIGITS],
        summary.target,
        format_size(summary.size_bytes),
        format_seconds(summary.seconds),
        format_age(now_s - summary.created_s),
        format_seconds(summary.seconds_saved),
    )


def plain_lines(table: Table) -> str:
    """A table as text, in which nothing is cut or wrapped."""
    # the header of a column is not among its cells
    longest = sum(max(map(cell_len, [str(column.header), *map(str, column.cells)])) + 2 for column in table.columns)
    stream = StringIO()
    Console(file=stream, width=max(longest, 80), color_system=None).print(table)
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())
