"""Places, nodes and the graph: a pipeline as a value. Nothing here executes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hydra_cached.graph.expression import Ref, references
from hydra_cached.graph.paths import KeyPath, Link, spread
from hydra_cached.targets import UNCHECKED, ArgumentGuard, Marks, TargetPolicy

# places and nodes are not frozen: that would make them three times as slow to make, and they are most of a graph


@dataclass(slots=True, eq=False)
class Place:
    """One call as it is written. References lead to the same place; an equal call written elsewhere is another one.

    Attributes:
        index: position in creation order: children come before parents, siblings in config order.
        target: the callable; ``target_id`` is its canonical id.
        args: the positional arguments: a tuple of values, or one expression that builds the sequence (``_args_``).
        kwargs: expressions by keyword.
        convert: the ``_convert_`` mode in force, which is part of the call's identity.
        declared: what the target's marks and the config's special keys say of it.
        link: where it is written.
        source: the dict or DictConfig it was read from.
        children: places its arguments refer to, without repetition, in config order.
        is_leaf: no argument needs to be built: all are leaves.
        origin: the dict or DictConfig of the caller's that ``source`` is, or is a copy of; where it is neither, a pair:
            the whole config of the caller's, and the path in it.
        guard: looks at the values of the calls in its arguments, where the policy asks for that.
    """

    index: int
    target: Any
    target_id: str
    args: Any
    kwargs: dict[str, Any]
    convert: str
    is_partial: bool
    declared: Marks
    link: Link
    source: Any
    children: tuple[Place, ...]
    is_leaf: bool
    origin: Any = None
    guard: ArgumentGuard | None = None

    def __repr__(self) -> str:
        return f"<Place {self.name}: {self.target_id}>"

    @property
    def path(self) -> KeyPath:
        """Key path where it is written."""
        return spread(self.link)

    @property
    def name(self) -> str:
        """Where it is written, in words."""
        return ".".join(map(str, self.path)) or "the root"


@dataclass(slots=True, eq=False)
class Node:
    """One distinct call: the places where it is written, and the paths where it is written or referred to.

    Attributes:
        index: position in topological order, which is also the order of Hydra's calls.
        links: the paths, in the order in which they were found.
        children: indices of the nodes that its arguments refer to.
        pattern: tells apart equal calls whose equal arguments are, or are not, the same object; () where nothing is
            written twice. A part of the node's identity.
        scope: of which config it is, for messages, where several are joined.
    """

    index: int
    places: tuple[Place, ...]
    links: tuple[Link, ...]
    children: tuple[int, ...]
    pattern: tuple[Any, ...]
    scope: str = ""

    def __repr__(self) -> str:
        return f"<Node {self.index} {self.path or '(root)'}: {self.target_id}>"

    @property
    def path(self) -> str:
        """The shortest config path, dotted, "" at the root."""
        return ".".join(map(str, min(map(spread, self.links), key=_length)))

    @property
    def paths(self) -> tuple[str, ...]:
        """All config paths, dotted, the shortest one first."""
        return spell_paths([spread(link) for link in self.links])

    @property
    def call(self) -> Place:
        """The first place: the one whose arguments are used to compute it."""
        return self.places[0]

    @property
    def target_id(self) -> str:
        return self.places[0].target_id


def spell_paths(key_paths: Sequence[KeyPath]) -> tuple[str, ...]:
    """Key paths, dotted, without repetition, the shortest one first."""
    shortest = min(key_paths, key=_length)
    return tuple(dict.fromkeys([".".join(map(str, path)) for path in (shortest, *key_paths)]))


def _length(path: Iterable[str | int]) -> tuple[int, int]:
    keys = [str(key) for key in path]
    return len(keys), len("".join(keys))


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A pipeline: nodes in topological order, and the expression of what it returns.

    Attributes:
        starts: indices of the first places of the configs after the first one, where several are joined.
        policy: what the config may call, and name.
    """

    nodes: tuple[Node, ...]
    root: Any
    node_of_place: tuple[int, ...]
    starts: tuple[int, ...] = ()
    policy: TargetPolicy = UNCHECKED

    def node_of(self, place: Place) -> Node:
        return self.nodes[self.node_of_place[place.index]]

    def are_apart(self, one: Place, other: Place) -> bool:
        """Whether two places are written in different configs."""
        return bool(self.starts) and bisect_right(self.starts, one.index) != bisect_right(self.starts, other.index)

    def roots(self) -> tuple[Place, ...]:
        """Places whose values the result needs, without repetition."""
        return tuple(dict.fromkeys(ref.place for ref in references(self.root)))

    def edges(self) -> Iterator[tuple[int, int]]:
        """Pairs (child, parent) of node indices: the parent takes the child's value as an argument."""
        for node in self.nodes:
            for child in node.children:
                yield child, node.index

    def below(self, node: Node, *, limit: int | None = None) -> list[int] | None:
        """Indices of the nodes that ``node`` contains, directly or not; None when there are more than ``limit``."""
        found: dict[int, None] = {}
        waiting = list(node.children)
        while waiting:
            index = waiting.pop()
            if index not in found:
                found[index] = None
                if limit is not None and len(found) > limit:
                    return None
                waiting.extend(self.nodes[index].children)
        return list(found)

    def narrow(self, node: Node) -> Graph:
        """The same graph, of which only the value of ``node`` is wanted."""
        return replace(self, root=Ref(node.call, "none"))

    def find(self, path: str) -> Node | None:
        """The node written or referred to at the dotted config path, or None."""
        return next((node for node in self.nodes if path in node.paths), None)

    def __repr__(self) -> str:
        return f"<Graph of {len(self.nodes)} nodes>"

    def __str__(self) -> str:
        """A line for each node, in topological order: where it is, what it calls on what, and where else it is."""
        names = [_on_one_line(node.path) for node in self.nodes]
        lines = [f"{len(self.nodes)} node{'' if len(self.nodes) == 1 else 's'}"]
        for node, name in zip(self.nodes, names, strict=True):
            inputs = ", ".join(names[child] for child in node.children)
            others = ", ".join(map(_on_one_line, node.paths[1:]))
            also = f"  also at {others}" if others else ""
            lines.append(f"{name}: {_on_one_line(node.target_id)}({inputs}){also}")
        return "\n".join(lines)


def _on_one_line(path: str) -> str:
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in path) or "(root)"


def argument_expressions(place: Place) -> Iterator[tuple[str, Any]]:
    """(name, expression) of every argument; the first positional one is named "@0"."""
    if isinstance(place.args, tuple):
        for number, each in enumerate(place.args):
            yield f"@{number}", each
    else:
        yield "_args_", place.args
    for name, each in place.kwargs.items():
        # a keyword may be any text, but must not be taken for a position; over one that is no text the call will fail
        is_marked = type(name) is not str or name.startswith("@")
        yield (f"@={name}" if is_marked else name), each
