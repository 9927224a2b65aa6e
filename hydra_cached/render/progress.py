"""A bar on stderr while something takes its time. In a pipe there is none."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

_PATIENCE_S = 0.5


@contextlib.contextmanager
def showing_progress(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function to be called with what is done and what there is in all.

    A bar appears on a terminal when it has been going on for half a second.

    Args:
        what: what is going on, "verifying".
        unit: what is counted: "entries", or "bytes", which are shown as sizes.
    """
    from hydra_cached.render.console import talk_console

    console = talk_console()
    if not console.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    count = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn(), console=console, transient=True
    )
    task = bar.add_task(what, total=None)
    started = time.monotonic()

    def show(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        if not bar.live.is_started and time.monotonic() - started > _PATIENCE_S:
            bar.start()

    try:
        yield show
    finally:
        bar.stop()
