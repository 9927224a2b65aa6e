"""An explanation of one node, for people and as a document. Finds out nothing itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from hydra_cached.render.quantities import format_age, format_seconds
from hydra_cached.render.tree import STYLES

if TYPE_CHECKING:
    from hydra_cached.planning import Change, Explanation

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def write_explanation(explanation: Explanation) -> None:
    """Why a node would run, on stdout, in colours on a terminal."""
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for line in _lines(explanation):
        console.print(line)


def explanation_document(explanation: Explanation) -> dict[str, Any]:
    """The same as data."""
    reason, earlier = explanation.reason, explanation.earlier
    return {
        "path": explanation.path,
        "target": explanation.target,
        "status": explanation.status,
        "reason": {"code": reason.code, "detail": reason.detail} if reason else None,
        "recipe_key": explanation.recipe_key,
        "call_key": explanation.call_key,
        "earlier": None
        if earlier is None
        else {"key": earlier.key, "path": earlier.path, "created": earlier.created_s, "seconds": earlier.seconds},
        "differences": [
            {
                "code": change.difference.code,
                "name": change.difference.name,
                "detail": change.difference.detail,
                "before": change.before,
                "now": change.now,
                "diff": list(change.diff),
            }
            for change in explanation.changes
        ],
        "files": [{"argument": each.argument, "path": each.label, "role": each.role} for each in explanation.files],
    }


def _lines(explanation: Explanation) -> Iterator[Text]:
    status = explanation.status.replace("_", " ")
    yield Text.assemble(
        (explanation.path or "(root)", "bold"),
        (f" {explanation.target}", "dim"),
        "  ",
        (status, STYLES[explanation.status]),
        _reason(explanation),
    )
    earlier = explanation.earlier
    if earlier is not None:
        age = format_age(time.time() - earlier.created_s)
        what = "reuses" if explanation.status in ("hit", "cutoff") else "nearest earlier result:"
        yield Text(f"  {what} {earlier.key[:12]}, made {age} ago in {format_seconds(earlier.seconds)}")
        if earlier.accepted:
            yield Text(f"  accepted by {earlier.accepted[0]} in the place of one of other code")
    for change in explanation.changes:
        yield from _change_lines(change)
    for each in explanation.files:
        named = f" (argument {each.argument})" if each.argument else ""
        yield Text(f"  {each.role}: {each.label}{named}")


def _reason(explanation: Explanation) -> str:
    reason = explanation.reason
    if reason is None:
        return ""
    words = reason.code.replace("_", " ")
    return f": {words} ({reason.detail})" if reason.detail else f": {words}"


def _change_lines(change: Change) -> Iterator[Text]:
    difference = change.difference
    yield Text.assemble("  ", (difference.code.replace("_", " "), "bold"), f": {difference.detail}")
    if change.before is not None or change.now is not None:
        before = "not there" if change.before is None else change.before
        now = "not there" if change.now is None else change.now
        yield Text.assemble("    ", (before, "red"), " -> ", (now, "green"))
    for line in change.diff:
        yield Text(f"    {line}", _DIFF_STYLES.get(line[:1], ""))
