"""The code that counts for a target, as a list for people and as data. Collects nothing itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from hydra_cached.fingerprint import Definition

_NOT_SEEN = frozenset({"unfollowed", "opaque"})
_HINT = "what is reached there does not count: declare it by @depends_on(...), _depends_on_: [NAME] or a _version_"


def write_closure(target: str, definitions: Sequence[Definition]) -> None:
    """What counts, with where it stands, and then what could not be followed; on stdout, in colours on a terminal."""
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    counting = [each for each in definitions if each.kind not in _NOT_SEEN]
    not_seen = [each for each in definitions if each.kind in _NOT_SEEN]
    console.print(Text.assemble("what counts as code of ", (target, "bold"), ":"))
    _write(console, counting)
    if not_seen:
        console.print(Text("what could not be followed, or read:", "yellow"))
        _write(console, not_seen)
        console.print(Text(f"hint: {_HINT}", "dim"))


def closure_document(definitions: Sequence[Definition]) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {
            "kind": each.kind,
            "id": each.id,
            "digest": each.digest or None,
            "file": _shown_file(each.file) if each.file else None,
            "line": each.line,
        }
        for each in definitions
    ]


def _write(console: Console, definitions: Sequence[Definition]) -> None:
    width = max((len(each.kind) for each in definitions), default=0)
    for each in definitions:
        line = Text.assemble("  ", (f"{each.kind:<{width}}", "dim"), "  ")
        # a distribution says its version
        line.append(each.text if each.kind == "distribution" and each.text else each.id, "bold")
        if each.file:
            line.append(f"  {_shown_file(each.file)}" + (f":{each.line}" if each.line else ""))
        console.print(line)


def _shown_file(file: str) -> str:
    """A path as seen from the working directory where it lies inside."""
    relative = os.path.relpath(file)
    return file if relative.startswith(os.pardir) else relative
