"""Log records on a terminal, in colours. A record is one line, which the terminal wraps: it can be copied whole."""

from __future__ import annotations

import logging
import time

from rich.highlighter import ReprHighlighter
from rich.text import Text

from hydra_cached.render.console import talk_console


class TerminalHandler(logging.Handler):
    """Prints records as rich does, but leaves wrapping to the terminal: rich's own columns break a line in two."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s"))
        self._console = talk_console()
        self._highlight = ReprHighlighter()

    @property
    def is_on_terminal(self) -> bool:
        return self._console.is_terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        try:
            clock = time.strftime("[%H:%M:%S]", time.localtime(record.created))
            level = (f"{record.levelname:<8}", f"logging.level.{record.levelname.lower()}")
            message = self._highlight(Text(self.format(record)))
            self._console.print(Text.assemble((clock, "log.time"), " ", level, " ", message))
        except Exception:
            self.handleError(record)
