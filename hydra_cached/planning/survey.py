"""The way down from a pipeline's result: what is found by recipe key, and what must be asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hydra_cached.graph import Graph, Node
from hydra_cached.keys import Keys
from hydra_cached.planning.decision import Decision, Policy
from hydra_cached.planning.reason import Reason
from hydra_cached.planning.sharing import find_shared_holders


@dataclass(frozen=True, slots=True)
class Survey:
    """What is needed of a graph.

    Attributes:
        hits: decisions for the nodes that are reused by their recipe keys, by index.
        asked: decisions, by index, for those whose calls must be settled first, or that run.
    """

    hits: dict[int, Decision]
    asked: dict[int, Decision]


def survey(
    graph: Graph, demanded: Sequence[Node], policy: Policy, decide: Callable[[Node], Decision], *, is_stored: bool
) -> Survey:
    """Go down from the nodes whose values are wanted, as far as nothing is found.

    Args:
        decide: the decision for a node while nothing is known of its calls.
        is_stored: whether there is a store at all.
    """
    hits: dict[int, Decision] = {}
    asked: dict[int, Decision] = {}
    stack = list(demanded)
    while stack:
        node = stack.pop()
        if node.index not in hits and node.index not in asked:
            decision = decide(node)
            if decision.verdict == "hit":
                hits[node.index] = decision
            else:
                asked[node.index] = decision
                stack.extend(graph.nodes[child] for child in node.children)
        if not stack and is_stored:
            for index, reason in find_shared_holders(graph, policy, hits, asked):
                asked[index] = run_again(hits.pop(index), reason)
                stack.extend(graph.nodes[child] for child in graph.nodes[index].children)
    return Survey(hits, asked)


def find_late(graph: Graph, keys: Keys | None, found: Survey) -> set[int]:
    """Reused nodes, by index, that are to be looked at again at their turn: what they read may be written before.

    These are all that read, or contain what reads, a file which a call that may run has in its arguments, too.
    """
    if keys is None or not found.asked or not found.hits:
        return set()
    named = {label for index in found.asked for label in _labels(keys, graph.nodes[index])}
    if not named:
        return set()
    touched: set[int] = set()
    # children come first, and all of these have their keys already
    for node in graph.nodes[: max(found.hits) + 1]:
        if not touched.isdisjoint(node.children) or not named.isdisjoint(_labels(keys, node)):
            touched.add(node.index)
    return touched.intersection(found.hits)


def _labels(keys: Keys, node: Node) -> set[str]:
    identity = keys.identity(node)
    return {each.label for each in identity.inputs} | identity.outputs


def run_again(decision: Decision, reason: Reason) -> Decision:
    """The decision to run what could be reused, but for ``reason``."""
    # not stored once more: the entry that was found is as good
    return Decision("run", None, reason, decision.recipe_key, decision.call_key)
