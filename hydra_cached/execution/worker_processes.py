"""What holds for every worker process that is started here: Ctrl-C does not reach it, and it ends with all it started.

The terminal sends Ctrl-C to all processes of a command. The client alone decides what it means: a worker holds it back
while it starts, and takes no notice of it then. (It is not ignored there: what a worker starts would inherit that.)
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType

_HAS_MASKS = hasattr(signal, "pthread_sigmask")


@contextlib.contextmanager
def holding_back_interrupts() -> Iterator[None]:
    """Processes and threads that are started in here do not get Ctrl-C; this thread gets it afterwards."""
    if not _HAS_MASKS:
        yield
        return
    from multiprocessing import resource_tracker

    # some versions let the signal through again when this starts
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def disregard_interrupts() -> None:
    """Take no notice of Ctrl-C from now on. For the main thread of a worker."""
    signal.signal(signal.SIGINT, _disregard)
    if _HAS_MASKS:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def kill_with_descendants(pid: int) -> None:
    """Kill a process and all that it started; quietly where it is gone already."""
    from loky.backend.utils import kill_process_tree

    with contextlib.suppress(OSError):
        kill_process_tree(_Known(pid))


@dataclass(frozen=True, slots=True)
class _Known:
    """A process of which only the number is known, for loky."""

    pid: int

    def kill(self) -> None:
        os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def join(self) -> None:
        """Its parent waits for it."""


def _disregard(number: int, frame: FrameType | None) -> None:
    """Ctrl-C means what the client makes of it."""
