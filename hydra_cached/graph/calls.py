"""Checks before a run that every call of a graph takes its arguments. Calls nothing."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_cached.errors import TargetError
from hydra_cached.graph.expression import EXPRESSIONS, Items
from hydra_cached.graph.node import Graph
from hydra_cached.targets import check_call


def check_calls(graph: Graph) -> None:
    """
    Raises:
        TargetError: a call has arguments that its target does not take, or lacks some.
    """
    seen: set[tuple[int, int, tuple[str, ...], bool]] = set()
    for node in graph.nodes:
        call = node.call
        if (
            not isinstance(call.args, tuple)
            and type(call.args) not in EXPRESSIONS
            and not isinstance(call.args, Sequence)
        ):
            raise TargetError(
                f"_args_ at {node.path or 'the root'} is no list: {call.args!r}",
                hint="write _args_: [...]",
                path=node.path,
                target=node.target_id,
            )
        if not isinstance(call.args, (tuple, Items)):
            continue
        count = len(call.args if isinstance(call.args, tuple) else call.args.values)
        key = (id(call.target), count, tuple(call.kwargs), call.is_partial)
        if key not in seen:
            seen.add(key)
            check_call(
                call.target,
                count,
                tuple(call.kwargs),
                path=node.path,
                target_id=node.target_id,
                is_partial=call.is_partial,
            )
