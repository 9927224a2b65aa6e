"""Log records on stderr: sets logging up, and turns events into records. Decides nothing about the run."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import TypeAlias

from hydra_cached.events import (
    Event,
    Listener,
    LookedUp,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunStarted,
    Surveyed,
    WaitingFor,
    Warned,
)
from hydra_cached.render.quantities import format_count, format_seconds, format_size
from hydra_cached.render.talk import TalkStream

_Told: TypeAlias = RunStarted | LookedUp | NodeStarted | NodeFinished | NodeFailed | WaitingFor | Warned
_LOGGER = logging.getLogger("hydra_cached")


def configure_logging(level: str) -> None:
    """Send records from ``level`` on, the users' own too, to stderr: through rich on a terminal, else as plain lines.

    Args:
        level: name of a level.
    """
    handler = _terminal_handler() if _may_be_terminal() else None
    if handler is None:
        handler = logging.StreamHandler(TalkStream())
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-8s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    _LOGGER.setLevel(level)


def _may_be_terminal() -> bool:
    # rich costs 50 ms to import: only where it may find a terminal
    return TalkStream().isatty() or any(name in os.environ for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))


def _terminal_handler() -> logging.Handler | None:
    """A handler that colours, or None in a pipe."""
    from hydra_cached.render.terminal_log import TerminalHandler

    handler = TerminalHandler()
    return handler if handler.is_on_terminal else None


def is_talking() -> bool:
    """Whether the log level lets through what is said of an ordinary run."""
    return _LOGGER.isEnabledFor(logging.INFO)


def log_config(text: str, label: str = "") -> None:
    """The config of a run, as YAML. ``label`` tells it apart from others of a sweep."""
    _LOGGER.info("config%s:\n%s", f" {label}" if label else "", text.rstrip("\n"))


def log_warning(line: str) -> None:
    """Something the user should know that is wrong with no node."""
    _LOGGER.warning("%s", line)


def log_closing(line: str) -> None:
    """The last line of a run."""
    _LOGGER.info("%s", line)


@contextlib.contextmanager
def show_events(*, is_verbose: bool = False, is_live: bool = True) -> Iterator[Listener]:
    """A listener that logs what happens in a run and, on a terminal, shows at the bottom what is running.

    Args:
        is_verbose: log every look-up too.
        is_live: False only logs.
    """
    log = EventLog(is_verbose=is_verbose)
    if not (is_live and _may_be_terminal() and is_talking()):
        yield log
        return
    from hydra_cached.render.board import show_board

    with show_board() as found:
        if found is None:
            yield log
            return

        board: Listener = found

        def listen(event: Event) -> None:
            log(event)
            board(event)

        yield listen


class EventLog:
    """A listener that logs what happens in a run.

    Args:
        is_verbose: log every look-up too.
    """

    def __init__(self, *, is_verbose: bool = False) -> None:
        self._is_verbose = is_verbose
        self._process = os.getpid()

    def __call__(self, event: Event) -> None:
        if os.getpid() != self._process:
            # user code forked, and the child came back from its target
            return
        if isinstance(event, Surveyed) or (isinstance(event, LookedUp) and not self._is_verbose):
            return
        level, message = _describe(event)
        _LOGGER.log(level, "%s", message)


def _describe(event: _Told) -> tuple[int, str]:
    if isinstance(event, RunStarted):
        configs = f"{format_count(event.configs, 'config')}, " if event.configs > 1 else ""
        return logging.INFO, f"pipeline {event.pipeline}: {configs}{format_count(event.nodes, 'node')}"
    if isinstance(event, Warned):
        return logging.WARNING, event.message
    name = f"{event.path} ({event.target})" if event.path else event.target
    name += f" of {event.scope}" if event.scope else ""
    if isinstance(event, LookedUp):
        return logging.INFO, f"looked up {name} by {event.kind} key {event.key[:12]}: {_found(event.is_found)}"
    if isinstance(event, NodeStarted):
        return logging.INFO, f"running {name}{_why(event)}"
    if isinstance(event, WaitingFor):
        who = "another process" if event.pid is None else f"process {event.pid}"
        return logging.INFO, f"waiting for {who}, which computes {name}"
    if isinstance(event, NodeFailed):
        return logging.ERROR, f"failed {name}: {event.message}"
    return logging.INFO, _finished(name, event)


def _found(is_found: bool) -> str:
    return "found" if is_found else "not found"


def _why(event: NodeStarted) -> str:
    if event.reason_code == "not_persisted":
        # true of every node of such a run
        return ""
    words = event.reason_code.replace("_", " ")
    return f": {words} ({event.reason_detail})" if event.reason_detail and event.reason_code != "new" else f": {words}"


def _finished(name: str, event: NodeFinished) -> str:
    seconds = format_seconds(event.seconds)
    if event.status == "ran":
        stored = f", {format_size(event.size_bytes)} stored" if event.is_stored and event.size_bytes is not None else ""
        return f"finished {name} in {seconds}{stored}"
    return f"{event.status} {name}, saved {seconds}"
