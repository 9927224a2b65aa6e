"""Keeps stdout for data and turns SIGTERM into an interrupt. Process-wide, hence only for commands."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import BinaryIO


def claim_stdout() -> BinaryIO:
    """The real stdout, for us alone: whatever anything in this process or below it prints goes to stderr from now on.

    Works on file descriptors, so that subprocesses and C libraries are covered, and for good, so that what user code
    prints at exit is covered too.
    """
    sys.stdout.flush()
    claimed = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if hasattr(sys.stdout, "reconfigure"):
        # what is printed has to appear between the log lines in the order it happened
        sys.stdout.reconfigure(line_buffering=True)
    return claimed


def interrupt_on_sigterm() -> None:
    """Let SIGTERM end a run as Ctrl-C does, unless whoever started the process had it ignored."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
