"""Makes sure of the standard streams, and keeps stdout for data. Process-wide, hence only for commands."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from hydra_cached.render.talk import keep_stderr

_claimed: BinaryIO | None = None


def secure_streams() -> None:
    """Open what is closed of stdin, stdout and stderr as the null device, and keep a stderr for ourselves.

    Without, the next file that is opened, the index for one, gets the free descriptor, and what anything prints.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # the lowest free descriptor is given out, and those below it are open by now
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False, errors="backslashreplace")
    keep_stderr()


def claim_stdout() -> BinaryIO:
    """The real stdout, for us alone: whatever anything in this process or below it prints goes to stderr from now on.

    Works on file descriptors, so that subprocesses and C libraries are covered, and for good, so that what user code
    prints at exit is covered too. Asked again, gives the same.
    """
    global _claimed
    if _claimed is None:
        sys.stdout.flush()
        _claimed = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        if hasattr(sys.stdout, "reconfigure"):
            # what is printed has to appear between the log lines in the order it happened
            sys.stdout.reconfigure(line_buffering=True)
    return _claimed
