"""Finds reused results that would come back beside the objects they hold. Decides for no node alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hydra_cached.graph import Graph, Node, Place, argument_expressions, references
from hydra_cached.plan.decision import Decision, Policy
from hydra_cached.plan.reason import Reason


def find_shared_holders(
    graph: Graph, policy: Policy, reused: Mapping[int, Decision], running: Collection[int]
) -> list[tuple[int, Reason]]:
    """Nodes that must not be reused, since their values hold objects that something else in the run reaches.

    A stored optimizer holds its model's parameters. Loaded beside the model, it would hold copies that nobody trains.

    Args:
        reused: decisions for nodes to be reused, by index.
        running: indices of the nodes that run, or may run yet.
    """
    entries = {index: each.entry for index, each in reused.items() if each.entry and each.entry.info.holds}
    if not entries:
        return []
    held = {index: held_nodes(graph, graph.nodes[index], entry.info.holds) for index, entry in entries.items()}
    same = _find_same(graph, policy, reused)
    reached: dict[int, set[int]] = {}
    for place in graph.roots():
        reached.setdefault(graph.node_of(place).index, set()).add(-1)
    for index in running:
        for child in graph.nodes[index].children:
            reached.setdefault(child, set()).add(index)
    for index, nodes in held.items():
        for child in nodes:
            reached.setdefault(child, set()).add(index)
            if len(graph.nodes[index].places) > 1:
                # loaded once for each place, they would no longer hold the same
                reached[child].add(-2)
    found: dict[int, Reason] = {}
    is_growing = True
    while is_growing:
        is_growing = False
        # the outermost first: once it runs, what it held is its argument again
        for index in sorted(held.keys() - found.keys(), reverse=True):
            holds_literal = any(position.startswith(LITERAL) for position in entries[index].info.holds)
            shared = [
                child
                for child in held[index]
                if len(reached[child]) > (index in reached[child])
                # what belongs together comes back together
                and not (index in same and all(each in same or child in same for each in reached[child]))
            ]
            if not shared and not (holds_literal and policy.is_caller_holding and index not in same):
                continue
            names = sorted(graph.nodes[child].path or "(root)" for child in shared) or ["an argument of the caller's"]
            found[index] = Reason(
                "shares_argument", f"its value holds objects of {', '.join(names)}, used elsewhere too"
            )
            is_growing = True
            for child in held[index]:
                reached[child].discard(index)
            for child in graph.nodes[index].children:
                reached.setdefault(child, set()).add(index)
    return list(found.items())


def _find_same(graph: Graph, policy: Policy, reused: Mapping[int, Decision]) -> set[int]:
    """Indices of the nodes that get their own objects back."""
    if policy.gives_same is None:
        return set()
    return {index for index, each in reused.items() if each.entry and policy.gives_same(graph.nodes[index], each.entry)}


LITERAL = "="
"""Marks the position of an argument that is no call, among the positions that a value holds objects of."""


def argument_positions(call: Place) -> dict[str, Place]:
    """The calls in a call's arguments by position: the argument's name and the number of the call in it."""
    return {
        f"{name}.{number}": ref.place
        for name, expression in argument_expressions(call)
        for number, ref in enumerate(references(expression))
    }


def held_nodes(graph: Graph, node: Node, positions: Iterable[str]) -> set[int]:
    """Indices of the nodes at ``positions`` below ``node``: "model.0", or "trainer.0/model.0" further down."""
    found: set[int] = set()
    for position in positions:
        current = node
        for step in position.split("/"):
            place = argument_positions(current.call).get(step)
            if place is None:
                break
            current = graph.node_of(place)
            found.add(current.index)
    return found
