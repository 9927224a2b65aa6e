"""What is wrong with a store, as a table or as JSON. Reads no store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from hydra_cached.render.document import Document
from hydra_cached.render.quantities import format_count, format_size
from hydra_cached.render.stdout import write_data
from hydra_cached.render.tables import new_table, print_table

if TYPE_CHECKING:
    from hydra_cached.store.verification import Verified

_SUBJECT_CHARACTERS = 24


def verified_document(verified: Verified) -> Document:
    """What was found, for programs."""
    return {
        "ok": not verified.problems,
        "rows": verified.rows,
        "objects": verified.objects,
        "object_bytes": verified.object_bytes,
        "problems": [
            {"kind": each.kind, "subject": each.subject, "detail": each.detail, "mended": each.is_mended}
            for each in verified.problems
        ],
    }


def print_problems(verified: Verified) -> None:
    """A table of problems on stdout, with a line about what was looked at below."""
    checked = (
        f"{format_count(verified.rows, 'row')} and {format_count(verified.objects, 'object')},"
        f" {format_size(verified.object_bytes)}"
    )
    if not verified.problems:
        write_data(f"nothing is wrong: {checked}\n")
        return
    table = new_table(("problem", "of", "detail", "mended"), numbers=frozenset(), folded="detail")
    for each in verified.problems:
        subject = each.subject
        if len(subject) > _SUBJECT_CHARACTERS and "/" not in subject:
            subject = subject[:_SUBJECT_CHARACTERS]
        cells = (each.kind.replace("_", " "), subject, each.detail, "yes" if each.is_mended else "no")
        table.add_row(*map(Text, cells))
    mended = sum(each.is_mended for each in verified.problems)
    found = format_count(len(verified.problems), "problem")
    print_table(table, f"{found}, {mended} mended; looked at {checked}")
