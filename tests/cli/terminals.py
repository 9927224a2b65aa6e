"""Commands on a terminal that the test holds the other end of."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Watched:
    """What somebody at a terminal saw of a command.

    Attributes:
        screens: the lines on the screen at several moments.
        lines: all lines that are there at the end, those that went off the top included.
        cursor: row and column of the cursor at the end.
    """

    exit_code: int
    screens: list[list[str]]
    lines: list[str]
    cursor: tuple[int, int]
    written: bytes


def run_on_terminal(*arguments: str, typed: bytes = b"") -> tuple[int, str]:
    """Exit code of `hydra-cached` on a terminal, and all that appeared there, what was typed included."""
    shown = bytearray()
    code = _run([str(Path(sys.executable).parent / "hydra-cached"), *arguments], (0, 0), shown.extend, typed=typed)
    return code, shown.decode().replace("\r\n", "\n")


def watch_on_terminal(command: Sequence[str], *, rows: int = 20, columns: int = 80) -> Watched:
    """Run a command on an emulated terminal, and look at it now and then."""
    import pyte

    screen: Any = pyte.HistoryScreen(columns, rows, history=10_000)
    stream: Any = pyte.ByteStream(screen)
    screens: list[list[str]] = []
    written = bytearray()
    looked_s = time.monotonic()

    def show(chunk: bytes) -> None:
        nonlocal looked_s
        stream.feed(chunk)
        written.extend(chunk)
        if time.monotonic() - looked_s > _LOOK_EVERY_S:
            looked_s = time.monotonic()
            screens.append([line.rstrip() for line in screen.display])

    code = _run(command, (rows, columns), show)
    above = ["".join(line[column].data for column in range(columns)).rstrip() for line in screen.history.top]
    lines = [*above, *(line.rstrip() for line in screen.display)]
    while lines and not lines[-1]:
        lines.pop()
    return Watched(code, screens, lines, (screen.cursor.y, screen.cursor.x), bytes(written))


def _run(command: Sequence[str], size: tuple[int, int], show: Callable[[bytes], None], *, typed: bytes = b"") -> int:
    pty = pytest.importorskip("pty", reason="needs a terminal that tests can open")
    import fcntl
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    # a session of its own, in whose foreground it is
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # what readline puts into the environment by itself, the size of another terminal, is not in here
        env=dict(os.environ),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(theirs)
        os.write(ours, typed)
        while True:
            try:
                chunk = os.read(ours, 10_000)
            except OSError:
                # how Linux says that the other end was closed
                break
            if not chunk:
                break
            show(chunk)
    os.close(ours)
    return process.returncode
