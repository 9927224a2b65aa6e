"""Says which stored results a pipeline could still use. Looks up; decides nothing and writes nothing."""

from __future__ import annotations

from hydra_cached.graph import Graph, Node, Place, argument_expressions, references
from hydra_cached.keys import FILE
from hydra_cached.planning.decision import Context, Known, Policy, decide
from hydra_cached.store import EntryInfo


def find_reachable(graph: Graph, context: Context, policy: Policy) -> frozenset[str]:
    """Keys of the entries that a run would find if nothing changed, at any of the nodes.

    A node below which something is not deterministic has no key before that ran: the last result is taken of the same
    code and arguments, whatever the calls in these gave.
    """
    found: dict[int, EntryInfo] = {}

    def info_of(place: Place) -> EntryInfo:
        return found[graph.node_of(place).index]

    known = Known(lambda place: info_of(place).content_digest, lambda place: info_of(place).mentions)
    # children come before what contains them
    for node in graph.nodes:
        are_all_known = all(child in found for child in node.children)
        entry = decide(node, context, policy, known if are_all_known else None).entry
        info = _find_last(node, context) if entry is None else entry.info
        if info is not None:
            found[node.index] = info
    return frozenset(info.key for info in found.values())


def _find_last(node: Node, context: Context) -> EntryInfo | None:
    declared = node.call.declared
    identity = context.keys.identity(node)
    if identity.problem or not (declared.is_deterministic and declared.is_cached) or context.keys.recipe(node):
        return None
    literal = identity.arguments
    with_calls = {name for name, each in argument_expressions(node.call) if next(references(each), None) is not None}
    for info in context.index.entries_of(node.target_id):
        arguments = dict(info.arguments)
        # files that results of calls name are among the arguments of an entry too
        names = {name for name in arguments if not name.startswith(FILE)} | dict(literal).keys()
        is_same = info.code == identity.code and all(arguments.get(name) == digest for name, digest in literal)
        if is_same and names == with_calls | dict(literal).keys():
            return info
    return None
