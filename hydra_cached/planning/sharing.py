"""Finds reused results that would come back beside the objects they hold. Decides for no node alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from hydra_cached.graph import Graph, Node, Place, argument_expressions, references
from hydra_cached.planning.decision import Decision, Policy
from hydra_cached.planning.reason import Reason


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
    # by place: what several configs have in common is one node, but each has objects of its own
    held = {
        index: {place.index: held_places(place, entry.info.holds) for place in graph.nodes[index].places}
        for index, entry in entries.items()
    }
    same = _find_same(graph, policy, reused)
    reached = _find_users(graph, held, running)
    found: dict[int, Reason] = {}
    is_growing = True
    while is_growing:
        is_growing = False
        # the outermost first: once it runs, what it held is its argument again
        for index in sorted(held.keys() - found.keys(), reverse=True):
            holds_literal = any(position.startswith(LITERAL) for position in entries[index].info.holds)
            shared = {
                graph.node_of(child).path or "(root)"
                for user, children in held[index].items()
                for child in children
                if len(reached[child]) > (user in reached[child])
                # what belongs together comes back together
                and not (index in same and _are_same(graph, same, child, reached[child]))
            }
            if not shared and not (holds_literal and policy.is_caller_holding and index not in same):
                continue
            names = sorted(shared) or ["an argument of the caller's"]
            found[index] = Reason(
                "shares_argument", f"its value holds objects of {', '.join(names)}, used elsewhere too"
            )
            is_growing = True
            for user, children in held[index].items():
                for child in children:
                    reached[child].discard(user)
            for place in graph.nodes[index].places:
                for child in place.children:
                    reached.setdefault(child, set()).add(place.index)
    return list(found.items())


def _find_users(
    graph: Graph, held: Mapping[int, Mapping[int, Collection[Place]]], running: Collection[int]
) -> dict[Place, set[int]]:
    """Indices of the places whose calls, or whose reused values, reach the objects of a place; -1 is the result."""
    reached: dict[Place, set[int]] = {}
    for place in graph.roots():
        reached.setdefault(place, set()).add(-1)
    for index in running:
        for place in graph.nodes[index].places:
            for child in place.children:
                reached.setdefault(child, set()).add(place.index)
    for users in held.values():
        for user, children in users.items():
            for child in children:
                reached.setdefault(child, set()).add(user)
    return reached


def _are_same(graph: Graph, same: Collection[int], child: Place, users: Collection[int]) -> bool:
    """Whether a place, or else all who reach its objects, get their own objects back."""
    return graph.node_of(child).index in same or all(user >= 0 and graph.node_of_place[user] in same for user in users)


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
    return {graph.node_of(place).index for place in held_places(node.call, positions)}


def held_places(call: Place, positions: Iterable[str]) -> set[Place]:
    """The places at ``positions`` below a call."""
    found: set[Place] = set()
    for position in positions:
        current = call
        for step in position.split("/"):
            place = argument_positions(current).get(step)
            if place is None:
                break
            current = place
            found.add(place)
    return found
