"""Ends processes that user code forked and that come back into the command: only one process reports."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator

from hydra_cached.errors import UsageError


@contextlib.contextmanager
def ending_forks(exit_code: Callable[[], int]) -> Iterator[None]:
    """A block that only the process that entered it leaves. A child that comes to its end, or raises, exits there.

    It does so at once, because what is registered to be done at exit is its parent's.

    Args:
        exit_code: of a child that comes to the end of the block.
    """
    process = os.getpid()
    try:
        yield
    except BaseException as exc:
        if os.getpid() != process:
            _leave(_code_of(exc))
        raise
    if os.getpid() != process:
        _leave(exit_code())


def code_of_exit(error: SystemExit) -> int:
    """The exit code that `sys.exit` was asked for; as in Python, words instead of a number are printed, and mean 1."""
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{error.code}\n")
    return 1


def _code_of(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return code_of_exit(error)
    if isinstance(error, KeyboardInterrupt):
        return 130
    return 2 if isinstance(error, UsageError) else 1


def _leave(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)
