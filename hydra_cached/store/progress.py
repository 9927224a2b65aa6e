"""How long operations say how far they are. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called with what is done and what there is to do in all, in the same unit; the whole may grow on the way."""


def ignore_progress(done: int, total: int) -> None:
    """The listener to whom it does not matter."""
