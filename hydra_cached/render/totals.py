"""What a store holds in all and by target, as a table or as JSON. Reads no store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from hydra_cached.render.document import Document
from hydra_cached.render.quantities import format_count, format_seconds, format_size
from hydra_cached.render.tables import new_table, print_table

if TYPE_CHECKING:
    from hydra_cached.store.upkeep import Totals

_COLUMNS = ("target", "entries", "size", "hits", "saved")
_NUMBERS = frozenset({"entries", "size", "hits", "saved"})


def totals_document(totals: Totals) -> Document:
    """Totals for programs."""
    return {
        "entries": totals.entries,
        "size_bytes": totals.size_bytes,
        "disk_bytes": totals.disk_bytes,
        "pinned": totals.pinned,
        "hits": totals.hits,
        "seconds_saved": totals.seconds_saved,
        "targets": [
            {
                "target": each.target,
                "entries": each.entries,
                "size_bytes": each.size_bytes,
                "hits": each.hits,
                "seconds_saved": each.seconds_saved,
            }
            for each in totals.targets
        ],
    }


def print_totals(totals: Totals) -> None:
    """A table of targets on stdout, the largest first, with a line for the whole store below."""
    table = new_table(_COLUMNS, numbers=_NUMBERS, folded="target")
    for each in totals.targets:
        cells = (
            each.target,
            str(each.entries),
            format_size(each.size_bytes),
            str(each.hits),
            format_seconds(each.seconds_saved),
        )
        table.add_row(*map(Text, cells))
    pinned = f" ({totals.pinned} pinned)" if totals.pinned else ""
    print_table(
        table,
        f"{format_count(totals.entries, 'entry')}{pinned}, {format_size(totals.size_bytes)},"
        f" {format_size(totals.disk_bytes)} on disk; {format_count(totals.hits, 'hit')}"
        f" saved {format_seconds(totals.seconds_saved)}",
    )
