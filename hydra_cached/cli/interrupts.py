"""Ctrl-C and SIGTERM at any moment of a command: one line, a document where one was asked for, exit code 130."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from types import FrameType

_is_told = False


def interrupt_on_sigterm() -> None:
    """Let SIGTERM end a command as Ctrl-C does, unless whoever started the process had it ignored."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def mark_told() -> None:
    """A run's report says that it was interrupted: nothing more is to be said."""
    global _is_told
    _is_told = True


def report_interrupt(given: Sequence[str], *, is_run: bool) -> None:
    """Say that a command ended before it could do its work, unless more than that was said already.

    Args:
        given: the words of the command line after the program's name.
        is_run: whether they are a run's, which gives a document with --json.
    """
    from hydra_cached.render.document import dump_json, failure_document
    from hydra_cached.render.stdout import write_data
    from hydra_cached.render.talk import TalkStream

    if _is_told:
        return
    # a second Ctrl-C does not come between the last words
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    TalkStream().write("interrupted\n")
    if is_run and "--json" in given:
        from hydra_cached.cli.streams import claim_stdout

        write_data(dump_json(failure_document("", KeyboardInterrupt("interrupted"))), claim_stdout())


def command_of(program: str, given: Sequence[str]) -> str | None:
    """The command that the words ask for: options before it take no values."""
    return "run" if program == "instantiate" else next((word for word in given if not word.startswith("-")), None)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
