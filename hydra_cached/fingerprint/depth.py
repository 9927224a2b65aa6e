"""Lets a recursive reader go deeper than the interpreter's usual limit. Knows nothing of what is read."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

_STACK_BYTES = 512 * 1024 * 1024
_DEEPEST = 500_000

# both limits are the process's: only one thread at a time may change them
_lock = threading.Lock()
_inside = 0
_usual_limit = 0


def call_deep(function: Callable[[], T]) -> T:
    """The result of ``function``; when it runs out of recursion, once more on a thread with a large stack.

    Raises:
        RecursionError: it is too deep even so.
    """
    with _counted():
        try:
            return function()
        except RecursionError:
            pass
        return _call_on_large_stack(function)


def _call_on_large_stack(function: Callable[[], T]) -> T:
    outcome: dict[str, Any] = {}

    def call() -> None:
        try:
            outcome["value"] = function()
        except BaseException as exc:  # handed to the caller's thread, where it is raised
            outcome["error"] = exc

    thread = threading.Thread(target=call, name="hydra_cached-deep")
    with _lock:
        _raise_limit()
        usual_stack = threading.stack_size(_STACK_BYTES)
        try:
            thread.start()
        finally:
            threading.stack_size(usual_stack)
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]  # type: ignore[no-any-return]


def _raise_limit() -> None:
    global _usual_limit
    if not _usual_limit:
        _usual_limit = sys.getrecursionlimit()
        sys.setrecursionlimit(_DEEPEST)


@contextmanager
def _counted() -> Iterator[None]:
    """The limit stays raised until nobody is inside: Python dies where it is lowered below the depth of a thread."""
    global _inside, _usual_limit
    with _lock:
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside and _usual_limit:
                sys.setrecursionlimit(_usual_limit)
                _usual_limit = 0
