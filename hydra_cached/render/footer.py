"""Keeps lines at the bottom of a terminal, below all that anything writes there. Knows nothing of what they say.

The rows above are made the terminal's scrolling region, as apt and others do. So nothing that is written, by user code,
by processes below it or by libraries in C, can run into these lines, and no stream has to be watched or replaced.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence

INTERVAL_S = 0.15
DELAY_S = 0.5
"""A run that takes less shows nothing."""

_FEWEST_ROWS = 8
_SAVE, _RESTORE, _DOWN = "\x1b7", "\x1b8", "\x1bD"
_WHOLE_REGION, _ERASE_BELOW, _ERASE_LINE = "\x1b[r", "\x1b[J", "\x1b[K"


class Footer:
    """Lines at the bottom of a terminal, drawn again and again by a thread.

    Args:
        descriptor: of the terminal.
        count_rows: how many lines are wanted now; fewer are shown on a terminal with few rows.
        render: gives the lines, no more and no longer than the numbers of columns and rows that it is handed.
    """

    def __init__(
        self, descriptor: int, count_rows: Callable[[], int], render: Callable[[int, int], Sequence[str]]
    ) -> None:
        # of our own: user code may close the terminal's, and open a file in its place
        self._descriptor = os.dup(descriptor)
        self._count_rows = count_rows
        self._render = render
        # what was taken of a terminal of which size
        self._taken: tuple[os.terminal_size, int] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw_until_ended, name="hydra_cached-footer", daemon=True)
        self._process = os.getpid()

    def start(self) -> None:
        """Begin to draw, after a while."""
        self._thread.start()

    def stop(self) -> None:
        """Give all rows back. The cursor stays where it is. May be called again."""
        self._ended.set()
        # a forked child has neither the thread nor the terminal to itself
        if os.getpid() == self._process and self._thread.is_alive():
            self._thread.join()
            os.close(self._descriptor)

    def _draw_until_ended(self) -> None:
        # a terminal that went away is no reason to lose a run
        with contextlib.suppress(OSError):
            try:
                pause_s = DELAY_S
                while not self._ended.wait(pause_s):
                    self._draw()
                    pause_s = INTERVAL_S
            finally:
                self._give_back()

    def _draw(self) -> None:
        if self._is_in_background():
            return
        size = os.get_terminal_size(self._descriptor)
        count = min(self._count_rows(), size.lines // 3)
        if (size, count) != self._taken:
            # after a change of size the old region is void
            self._give_back()
            if size.lines < _FEWEST_ROWS:
                return
            self._take(size, count)
        # no character in the last column: it would make some terminals wrap
        lines = self._render(size.columns - 1, count)
        first = size.lines - count + 1
        rows = [lines[index] if index < len(lines) else "" for index in range(count)]
        drawn = [f"\x1b[{first + index};1H\x1b[0m{row}\x1b[0m{_ERASE_LINE}" for index, row in enumerate(rows)]
        self._write(_SAVE + "".join(drawn) + _RESTORE)

    def _is_in_background(self) -> bool:
        """Whether somebody else is at work on the terminal, such as the shell after Ctrl-Z and bg."""
        try:
            return os.tcgetpgrp(self._descriptor) != os.getpgrp()
        except OSError:
            # not the terminal that we were started from
            return False

    def _take(self, size: os.terminal_size, count: int) -> None:
        # line feeds that keep the column: the cursor may stand behind a prompt
        room = _DOWN * count + f"\x1b[{count}A"
        self._write(room + _SAVE + f"\x1b[1;{size.lines - count}r" + _RESTORE)
        self._taken = (size, count)

    def _give_back(self) -> None:
        if self._taken is None:
            return
        size, count = self._taken
        self._taken = None
        first = size.lines - count + 1
        self._write(_SAVE + _WHOLE_REGION + f"\x1b[{first};1H\x1b[0m" + _ERASE_BELOW + _RESTORE)

    def _write(self, text: str) -> None:
        # in one go, so that what others write comes before or after it
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._descriptor, data) :]
