"""Notices Ctrl-C and SIGTERM during a run, also where a target swallows them. Handles neither."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Whether a signal to stop has come since the run began."""

    def __init__(self) -> None:
        self.has_come = False

    def raise_if_come(self) -> None:
        """
        Raises:
            KeyboardInterrupt: the run was to stop, and the target went on with what it had.
        """
        if self.has_come:
            raise KeyboardInterrupt


@contextmanager
def watch_interrupts() -> Iterator[Interrupts]:
    """Watch the signals while the handlers that are installed go on doing what they do."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        # signals come to the main thread, and only it may set handlers
        yield interrupts
        return
    installed = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        interrupts.has_come = True
        handler = installed[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    watched = [number for number, handler in installed.items() if callable(handler)]
    for number in watched:
        signal.signal(number, handle)
    try:
        yield interrupts
    finally:
        for number in watched:
            signal.signal(number, installed[number])
