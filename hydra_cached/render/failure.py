"""The user's own exception: which node raised it, and its traceback without our frames. Enters no debugger."""

from __future__ import annotations

import os
import traceback
from types import TracebackType

from rich.text import Text

import hydra_cached
from hydra_cached.errors import HydraCachedError, NodeFailedError
from hydra_cached.render.console import print_error, talk_console
from hydra_cached.render.document import describe_exception

_PACKAGE = os.path.join(os.path.dirname(os.path.abspath(hydra_cached.__file__)), "")
_EXAMPLES = os.path.join(_PACKAGE, "examples", "")


def print_failure(error: NodeFailedError, scope: str = "") -> None:
    """The node that failed, and the user's traceback, on stderr. ``scope`` says of which config, if there are more."""
    cause = error.__cause__
    hint = error.hint or (cause.hint if isinstance(cause, HydraCachedError) else "")
    print_error(f"{scope}: {failure_line(error)}" if scope else failure_line(error), hint)
    # what nobody raised, as after a timeout or where a worker died, has been said
    if cause is not None and cause.__traceback__ is not None:
        talk_console().print(Text(user_traceback(error)), end="")


def failure_line(error: NodeFailedError) -> str:
    """Which node failed, and why: `node "model.encoder" (pkg.func) failed: ValueError: no such file`."""
    node = f'node "{error.path}" ({error.target})' if error.path else f"the root node ({error.target})"
    cause = error.__cause__
    if cause is None:
        return error.message
    said = describe_exception(cause).strip()
    first = said.splitlines()[0] if said else ""
    return f"{node} failed: {type(cause).__name__}" + (f": {first}" if first else "")


def user_traceback(error: NodeFailedError) -> str:
    """The traceback of the user's exception and of all that led to it, without frames of this package."""
    cause = error.__cause__
    if cause is None:
        return ""
    report = traceback.TracebackException.from_exception(cause)
    _drop_own_frames(report)
    return "".join(report.format())


def first_user_frame(error: NodeFailedError) -> TracebackType | None:
    """The user's exception's traceback from the first frame that is not of this package, or None without one."""
    found = error.__cause__.__traceback__ if error.__cause__ else None
    while found is not None and _is_own(found.tb_frame.f_code.co_filename):
        found = found.tb_next
    return found


def _drop_own_frames(report: traceback.TracebackException) -> None:
    frames = [frame for frame in report.stack if not _is_own(frame.filename)]
    report.stack = traceback.StackSummary.from_list(frames)
    below = [report.__cause__, report.__context__, *(getattr(report, "exceptions", None) or ())]
    for each in below:
        if each is not None:
            _drop_own_frames(each)


def _is_own(filename: str) -> bool:
    path = os.path.abspath(filename)
    return path.startswith(_PACKAGE) and not path.startswith(_EXAMPLES)
