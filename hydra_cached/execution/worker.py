"""Calls one target and times it. Knows nothing of keys or the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hydra_cached.errors import NodeFailedError
from hydra_cached.graph import Node, full_key_of
from hydra_cached.targets import find_held, is_container


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: its value, or the exception it raised; and its wall time."""

    value: Any
    error: BaseException | None
    seconds: float


def call_target(call: Callable[[], Any]) -> Outcome:
    """Make ``call``. Whatever the user's code raises is an outcome, except Ctrl-C, which passes through."""
    started = time.perf_counter()
    try:
        value = call()
    except KeyboardInterrupt:
        raise
    except BaseException as exc:  # SystemExit, asyncio.CancelledError, the user's own
        return Outcome(None, exc, time.perf_counter() - started)
    return Outcome(value, None, time.perf_counter() - started)


def try_target(call: Callable[[], Any], retries: int, tell: Callable[[str], None]) -> Outcome:
    """Make ``call``, and again where it raised: ``retries`` times at most. The time is that of all tries.

    Args:
        tell: is told of each try that failed and is not the last one, what it raised.
    """
    outcome = call_target(call)
    for _ in range(retries):
        if not isinstance(outcome.error, Exception):
            break
        tell(describe_error(outcome.error))
        again = call_target(call)
        outcome = Outcome(again.value, again.error, outcome.seconds + again.seconds)
    return outcome


def is_consumed_once(value: Any) -> bool:
    """Whether reading ``value`` uses it up: generators, files and other iterators, and builtin containers of some."""
    kind = type(value)
    if is_container(kind):
        return next(find_held(value, _is_iterator), None) is not None
    return _is_iterator(kind)


def _is_iterator(kind: type) -> bool:
    # an isinstance check against collections.abc.Iterator costs five times as much
    return hasattr(kind, "__next__")


def name_of(path: str) -> str:
    """A node at a config path, in messages of failures."""
    return f'node "{path}"' if path else "the root node"


def failed_node(node: Node, error: BaseException, *, is_call: bool = True) -> NodeFailedError:
    """The error that says which node's target raised ``error``, or whose arguments did while they were built."""
    call = node.call
    return NodeFailedError(
        f"{name_of(node.path)} ({node.target_id}) failed: {describe_error(error)}",
        path=node.path,
        target=node.target_id,
        full_key=full_key_of(call.source, call.path),
        is_call=is_call,
    )


def describe_error(error: BaseException) -> str:
    """Class and message of an exception of the user's."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        # an exception of the user's that cannot even say what it is
        return type(error).__name__
