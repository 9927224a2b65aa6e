"""What it costs to show a run at the bottom of a terminal: 10,000 calls of next to nothing, with and without."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra_cached import run
from hydra_cached.events import ignore
from hydra_cached.render.board import show_board
from hydra_cached.render.log import EventLog, configure_logging, show_events
from tests.benchmarks.measure import Line, shown, take_turns

_NODES = 10_000
_CONFIG: dict[str, Any] = {"values": [{"_target_": "builtins.abs", "_args_": [number]} for number in range(_NODES)]}


def compare_shown_runs(rounds: int) -> Iterator[Line]:
    with _terminal():
        times = take_turns(_run_unseen, _run_seen, _run_logged, _run_logged_and_seen, rounds=rounds)
    yield shown(f"{_NODES:,} calls, nothing shown", f"{times.seconds(0):.2f} s")
    yield _at_most("with the lines at the bottom", times.ratio(1, 0))
    yield shown(f"{_NODES:,} calls, logged on a terminal", f"{times.seconds(2):.2f} s")
    yield _at_most("with the lines at the bottom", times.ratio(3, 2))


def _at_most(name: str, ratio: float) -> Line:
    return Line(name, "< 5 % more", f"{(ratio - 1) * 100:+.1f} %", ratio < 1.05)


def _run_unseen() -> None:
    run(_CONFIG, listener=ignore)


def _run_seen() -> None:
    with show_board() as board:
        assert board is not None
        run(_CONFIG, listener=board)


def _run_logged() -> None:
    run(_CONFIG, listener=EventLog())


def _run_logged_and_seen() -> None:
    with show_events() as listener:
        assert not isinstance(listener, EventLog)
        run(_CONFIG, listener=listener)


@contextmanager
def _terminal() -> Iterator[None]:
    """A terminal for stderr, at which another process looks."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    terminal = {name: os.environ.pop(name, None) for name in ("NO_COLOR", "TERM")}
    os.environ["TERM"] = "xterm-256color"
    before = sys.stderr
    with (
        subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL) as reader,
        os.fdopen(theirs, "w", buffering=1) as stream,
    ):
        os.close(ours)
        sys.stderr = stream
        try:
            configure_logging("INFO")
            yield
        finally:
            sys.stderr = before
            os.environ.update({name: value for name, value in terminal.items() if value is not None})
            reader.terminate()
