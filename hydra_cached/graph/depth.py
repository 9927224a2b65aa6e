"""Lets a recursive reader go deeper than the interpreter's usual limit. Knows nothing of what is read."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_STACK_BYTES = 512 * 1024 * 1024
_DEEPEST = 500_000


def call_deep(function: Callable[[], T]) -> T:
    """The result of ``function``; when it runs out of recursion, once more on a thread with a large stack.

    Raises:
        RecursionError: it is too deep even so.
    """
    try:
        return function()
    except RecursionError:
        pass
    outcome: dict[str, Any] = {}

    def call() -> None:
        try:
            outcome["value"] = function()
        except BaseException as exc:  # handed to the caller's thread, where it is raised
            outcome["error"] = exc

    usual_stack = threading.stack_size(_STACK_BYTES)
    usual_limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(_DEEPEST)
        thread = threading.Thread(target=call, name="hydra_cached-deep")
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(usual_limit)
        threading.stack_size(usual_stack)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]  # type: ignore[no-any-return]
