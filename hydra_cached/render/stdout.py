"""Writes data to stdout, byte for byte. Imports no rich, which some commands can do without."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from hydra_cached.errors import UsageError


def write_data(text: str, stream: BinaryIO | None = None) -> None:
    """Text on stdout, or on ``stream``, as it is and in UTF-8 whatever the locale says. A reader that left is no error.

    Raises:
        UsageError: it cannot be written, for example because the disk is full.
    """
    out = _open_stdout() if stream is None else stream
    try:
        if not sys.stdout.closed:
            sys.stdout.flush()
        out.write(text.encode("utf-8", "backslashreplace"))
        out.flush()
    except OSError as exc:
        # what is left in the buffer is flushed once more when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        if not isinstance(exc, BrokenPipeError):
            raise UsageError(f"cannot write to stdout: {exc.strerror}", hint="write to another place") from exc


def _open_stdout() -> BinaryIO:
    # user code may close the object; the descriptor stays open then
    return os.fdopen(1, "wb", closefd=False) if sys.stdout.closed else sys.stdout.buffer
