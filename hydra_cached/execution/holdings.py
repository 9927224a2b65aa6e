"""Tells which of a call's arguments its value still holds, and which objects of the config it changed. Only warns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hydra_cached.errors import NotDigestibleError
from hydra_cached.fingerprint import CodeFingerprints, digest_value, identity_objects, is_immutable, is_plain
from hydra_cached.graph import EXPRESSIONS, Graph, Items, Node, Place, argument_expressions
from hydra_cached.keys import Keys
from hydra_cached.planning import LITERAL, argument_positions, held_nodes
from hydra_cached.store import Entry, MemoryCache

if TYPE_CHECKING:
    from hydra_cached.execution.settled import Settled


class Holdings:
    """Compares results with the objects that went into them."""

    def __init__(
        self,
        graph: Graph,
        keys: Keys | None,
        settled: Mapping[int, Settled],
        code: CodeFingerprints,
        warn: Callable[[Node, str], None],
    ) -> None:
        self._graph = graph
        self._keys = keys
        self._settled = settled
        self._code = code
        self._warn = warn

    def find_held(self, node: Node, value: Any, arguments: list[tuple[Place, Any]]) -> tuple[str, ...]:
        """Positions of the arguments whose objects ``value`` still holds, and of what those hold further down.

        An argument that the call changed does not count: the others that use it get a fresh copy, which is tied to
        nothing.
        """
        if is_plain(value):
            return ()
        values = dict(arguments)
        held: list[str] = []
        own: dict[int, object] | None = None
        for position, place in argument_positions(node.call).items():
            argument = values.get(place)
            if place not in values or is_plain(argument):
                continue
            own = identity_objects(value) if own is None else own
            child = self._graph.node_of(place)
            if not (own.keys().isdisjoint(identity_objects(argument)) or self.is_changed(child, argument)):
                held.append(position)
        return self.find_deeper(node, held)

    def find_deeper(self, node: Node, positions: Iterable[str]) -> tuple[str, ...]:
        """``positions`` of arguments, and those further down of what these hold themselves."""
        places = argument_positions(node.call)
        held: dict[int, str] = {}
        for position in positions:
            child = self._graph.node_of(places[position])
            held.setdefault(child.index, position)
            for deeper in self._settled[child.index].holds:
                for index in held_nodes(self._graph, child, (deeper,)):
                    held.setdefault(index, f"{position}/{deeper}")
        return tuple(held.values())

    def find_held_literals(self, node: Node, value: Any) -> tuple[str, ...]:
        """Marks of the arguments that are no calls and whose objects ``value`` still holds."""
        if is_plain(value):
            return ()
        own: dict[int, object] | None = None
        found = []
        for name, expression in argument_expressions(node.call):
            objects = [leaf for leaf in _leaves(expression) if not is_plain(leaf)]
            if objects:
                own = identity_objects(value) if own is None else own
                if not own.keys().isdisjoint(identity_objects(objects)):
                    found.append(LITERAL + name)
        return tuple(found)

    def find_changed_literals(self, node: Node) -> None:
        """An object in the config that a call changed in place is another one from now on: its users have no keys."""
        if self._keys is None:
            return
        for name, expression in argument_expressions(node.call):
            objects = [leaf for leaf in _leaves(expression) if not is_immutable(leaf)]
            if objects and self._keys.is_changed(node, name):
                self._warn(
                    node, f"changed its argument {name} in place, an object of the config: what uses it is not stored"
                )
                self._spoil_users(objects, f"argument {name} was changed in place by {node.path or 'the root'}")

    def is_changed(self, node: Node, value: Any) -> bool:
        """Whether ``value`` is no longer what the node gave. False where it has no digest to compare with."""
        settled = self._settled.get(node.index)
        if settled is None or settled.content_digest is None or is_immutable(value):
            return False
        try:
            return digest_value(value, self._code) != settled.content_digest
        except (NotDigestibleError, RecursionError):
            return True

    def _spoil_users(self, changed: list[Any], problem: str) -> None:
        assert self._keys is not None
        objects = identity_objects(changed, with_data=True)
        for node in self._graph.nodes:
            if node.index in self._settled:
                continue
            leaves = [leaf for _, each in argument_expressions(node.call) for leaf in _leaves(each)]
            mutable = [leaf for leaf in leaves if not is_immutable(leaf)]
            if mutable and not objects.keys().isdisjoint(identity_objects(mutable, with_data=True)):
                self._keys.spoil(node, problem)


def gives_same(cache: MemoryCache, node: Node, entry: Entry) -> bool:
    """Whether all places of a node get the very objects back that they had before, made of the same objects."""
    pairs = [(cache.known_place(entry, place), place) for place in node.places]
    return all(known is not None and _has_same_literals(known, place) for known, place in pairs)


def _has_same_literals(one: Place, other: Place) -> bool:
    pairs = zip(argument_expressions(one), argument_expressions(other), strict=False)
    leaves = (zip(_leaves(a), _leaves(b), strict=False) for (_, a), (_, b) in pairs)
    return all(a is b or is_immutable(a) for each in leaves for a, b in each)


def _leaves(expression: Any) -> Iterator[Any]:
    """Values in an argument that are neither calls nor containers to be built: each consumer gets the same object."""
    if isinstance(expression, Items):
        for each in expression.values:
            yield from _leaves(each)
    elif type(expression) not in EXPRESSIONS:
        yield expression
