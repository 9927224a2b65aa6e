"""Stderr for our own words, also after user code closed its own. Imports no rich, and formats nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

_kept: TextIO | None = None


def keep_stderr() -> None:
    """Keep a descriptor of what is stderr now, for when `sys.stderr` can no longer be written to."""
    global _kept
    if _kept is None:
        _kept = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace", buffering=1)


class TalkStream:
    """Writes to `sys.stderr`, whatever that is at the time; where it is closed, to what was kept of it.

    What can be written to neither is lost: it is talk, and no reason to lose a result.
    """

    def write(self, text: str) -> int:
        for stream in (sys.stderr, _kept):
            try:
                stream.write(text)  # type: ignore[union-attr]
                stream.flush()  # type: ignore[union-attr]
                break
            except (OSError, ValueError, AttributeError):
                continue
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing to do: every write is flushed."""

    def isatty(self) -> bool:
        try:
            return sys.stderr.isatty()
        except (ValueError, AttributeError):
            return False

    def fileno(self) -> int:
        return sys.stderr.fileno()

    @property
    def encoding(self) -> str:
        return getattr(sys.stderr, "encoding", None) or "utf-8"

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)
