"""What is running, and how far a run has come, at the bottom of a terminal. Listens to events only."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hydra_cached.events import Event, Listener, NodeFailed, NodeFinished, NodeStarted, RunStarted, Surveyed
from hydra_cached.render.console import talk_console
from hydra_cached.render.footer import Footer
from hydra_cached.render.quantities import format_seconds

_Name: TypeAlias = tuple[str, str, str]
"""Path, target and scope of a node."""

_MOST_ROWS = 5
_BAR_COLUMNS = 24


class Board:
    """How far a run has come. A listener: cheap to call, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started_s = time.monotonic()
        self._total = 0
        self._done = 0
        self._reused = 0
        self._failed = 0
        self._workers = 1
        # in a sweep several nodes may have all of these in common
        self._running: dict[_Name, list[_Call]] = {}

    def __call__(self, event: Event) -> None:
        kind = type(event)
        if kind is NodeStarted:
            assert isinstance(event, NodeStarted)
            call = _Call(time.monotonic(), event.expected_s)
            with self._lock:
                self._running.setdefault((event.path, event.target, event.scope), []).append(call)
        elif kind is NodeFinished or kind is NodeFailed:
            assert isinstance(event, (NodeFinished, NodeFailed))
            with self._lock:
                self._end(event)
        elif isinstance(event, RunStarted):
            self._total, self._workers = event.nodes, event.workers
        elif isinstance(event, Surveyed):
            # what is below a hit is no part of the work
            self._total = event.needed

    def _end(self, event: NodeFinished | NodeFailed) -> None:
        key = (event.path, event.target, event.scope)
        calls = self._running.get(key)
        if calls:
            calls.pop(0)
            if not calls:
                del self._running[key]
        self._done += 1
        if isinstance(event, NodeFailed):
            self._failed += 1
        elif event.status != "ran":
            self._reused += 1

    def count_rows(self) -> int:
        """How many lines it takes to show everything, up to a few."""
        return min(1 + max(self._workers, 1), _MOST_ROWS)

    def lines(self, row_count: int) -> tuple[Table, list[Table | Text]]:
        """The line that counts, and one for each call that runs, the oldest first."""
        now_s = time.monotonic()
        with self._lock:
            calls = [(name, call) for name, calls in self._running.items() for call in calls]
            counts = [f"{self._done} of {max(self._total, self._done)}"]
            if self._reused:
                counts.append(f"{self._reused} reused")
            if self._failed:
                counts.append(f"{self._failed} failed")
            bar = ProgressBar(total=max(self._total, self._done, 1), completed=self._done, width=_BAR_COLUMNS)
        if self._workers > 1:
            counts.append(f"{len(calls)} of {self._workers} workers busy")
        counts.append(format_seconds(now_s - self._started_s))
        head = Table.grid(padding=(0, 1))
        head.add_row(bar, Text(", ".join(counts), no_wrap=True, overflow="ellipsis"))
        calls.sort(key=lambda each: each[1].started_s)
        shown = calls if len(calls) < row_count else calls[: row_count - 2]
        rows: list[Table | Text] = [_describe(name, call, now_s) for name, call in shown]
        if len(shown) < len(calls):
            rows.append(Text(f"  and {len(calls) - len(shown)} more", style="dim"))
        return head, rows


class _Call:
    """One call that is under way."""

    __slots__ = ("expected_s", "started_s")

    def __init__(self, started_s: float, expected_s: float | None) -> None:
        self.started_s = started_s
        self.expected_s = expected_s


def _describe(name: _Name, call: _Call, now_s: float) -> Table:
    path, target, scope = name
    times = format_seconds(now_s - call.started_s)
    if call.expected_s is not None:
        times += f" of about {format_seconds(call.expected_s)}"
    row = Table.grid(padding=(0, 2), expand=True)
    # the time is what changes: it stays, and the name is cut
    row.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    row.add_column(no_wrap=True, justify="right", width=cell_len(times))
    where = f" ({target}) of {scope}" if scope else f" ({target})"
    row.add_row(Text.assemble("  ", (path or "(root)", "bold"), where), Text(times))
    return row


class Painter:
    """Turns the board into lines of text with colours as the terminal has them."""

    def __init__(self, board: Board, terminal: Console) -> None:
        self._board = board
        self._colors = terminal.color_system
        self._no_color = terminal.no_color

    def paint(self, columns: int, row_count: int) -> Sequence[str]:
        stream = StringIO()
        console = Console(
            file=stream,
            width=columns,
            force_terminal=True,
            color_system=self._colors,  # type: ignore[arg-type]
            no_color=self._no_color,
            legacy_windows=False,
            highlight=False,
        )
        head, rows = self._board.lines(row_count)
        for each in (head, *rows):
            console.print(each, crop=True, overflow="ellipsis", no_wrap=True)
        return stream.getvalue().splitlines()


@contextlib.contextmanager
def show_board() -> Iterator[Listener | None]:
    """A listener that shows a run at the bottom of the terminal while the block lasts; None where that cannot be."""
    terminal = talk_console()
    if not _can_draw(terminal):
        yield None
        return
    board = Board()
    footer = Footer(terminal.file.fileno(), board.count_rows, Painter(board, terminal).paint)
    footer.start()
    try:
        yield board
    finally:
        footer.stop()


def _can_draw(terminal: Console) -> bool:
    if os.name != "posix" or not terminal.is_terminal or terminal.is_dumb_terminal:
        return False
    try:
        # FORCE_COLOR makes a terminal of a pipe, but not one with rows
        return terminal.file.isatty()
    except (OSError, ValueError):
        return False
