"""Calls one target and times it. Knows nothing of keys or the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from hydra_cached.errors import NodeFailedError
from hydra_cached.graph import Node, full_key_of

_CONTAINERS = frozenset({list, dict, set, frozenset, tuple})


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


def is_consumed_once(value: Any) -> bool:
    """Whether reading ``value`` uses it up: generators, files and other iterators, and builtin containers of some."""
    kind = type(value)
    if kind in _CONTAINERS or issubclass(kind, tuple):
        return _holds_iterator(value)
    # an isinstance check against collections.abc.Iterator costs five times as much
    return hasattr(kind, "__next__")


def _holds_iterator(container: Any) -> bool:
    waiting, seen = [container], set()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        # large containers hold few types
        kinds = set(map(type, _items(each)))
        if any(hasattr(kind, "__next__") for kind in kinds):
            return True
        inner = {kind for kind in kinds if kind in _CONTAINERS or issubclass(kind, tuple)}
        if inner:
            waiting += [item for item in _items(each) if type(item) in inner]
    return False


def _items(container: Any) -> Iterable[Any]:
    if type(container) is dict:
        return container.values()
    # a class derived from tuple may say something else when it is iterated over
    return tuple.__iter__(container) if isinstance(container, tuple) else container


def failed_node(node: Node, error: BaseException, *, is_call: bool = True) -> NodeFailedError:
    """The error that says which node's target raised ``error``, or whose arguments did while they were built."""
    where = f'"{node.path}"' if node.path else "the root"
    call = node.call
    return NodeFailedError(
        f"node {where} ({node.target_id}) failed: {_describe(error)}",
        path=node.path,
        target=node.target_id,
        full_key=full_key_of(call.source, call.path),
        is_call=is_call,
    )


def _describe(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:
        # an exception of the user's that cannot even say what it is
        return type(error).__name__
