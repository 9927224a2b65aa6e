"""Makes recipe keys and call keys: blake3 over a canonical encoding. Never looks anything up.

A recipe key is known before anything runs: target, code, arguments with the recipe keys of their calls. A call key is
known once those are done: the same with the content digests of their results instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from hydra_cached.errors import NotDigestibleError
from hydra_cached.fingerprint import CodeFingerprints, Encoder
from hydra_cached.graph import Graph, Items, Node, Place, Raw, Ref, argument_expressions, references

SCHEMA = 1
"""Number of the present way of making keys. Raised when keys change: entries of another number are clean misses."""

# like positional arguments, and unlike any keyword, these begin with "@" and no "="
VERSION = "@version"
_NO_DIGEST = "0" * 64
ENV = "@env "


@dataclass(frozen=True, slots=True)
class Identity:
    """What one call is, apart from the calls in its arguments.

    Attributes:
        code: fingerprint of the target's code.
        arguments: (name, digest) of every argument without calls in it, and of declared inputs
            ("@version", "@env NAME"); positional ones are "@0", "@1".
        problem: why there is no identity, "" where there is one.
    """

    code: str
    arguments: tuple[tuple[str, str], ...]
    problem: str = ""


class Keys:
    """Keys of the nodes of one graph. Holds what was computed already; ``code`` is its memo of code fingerprints."""

    def __init__(self, graph: Graph, code: CodeFingerprints) -> None:
        self._graph = graph
        self._code = code
        self._identities: dict[int, Identity] = {}
        self._recipes: dict[int, str | None] = {}

    def identity(self, node: Node) -> Identity:
        """The node without its calls. Never raises: where an argument has no digest, ``problem`` says which."""
        known = self._identities.get(node.index)
        if known is None:
            known = self._identities[node.index] = self._identify(node)
        return known

    def recipe(self, node: Node) -> str | None:
        """The recipe key, or None: something in it is not deterministic, not cached or has no digest."""
        # filled in topological order, so that no chain of calls is too deep
        for index in range(len(self._recipes), node.index + 1):
            self._recipes[index] = self._make_recipe(self._graph.nodes[index])
        return self._recipes[node.index]

    def call(self, node: Node, digest_of: Callable[[Place], str | None]) -> str | None:
        """The call key, or None: a child's result has no content digest, or an argument none."""
        arguments = self.arguments(node, digest_of)
        return None if arguments is None else self._combine("call", node, arguments)

    def arguments(self, node: Node, digest_of: Callable[[Place], str | None]) -> tuple[tuple[str, str], ...] | None:
        """(name, digest) of every argument, those with calls in them by the digests of the results; None without."""
        identity = self.identity(node)
        if identity.problem:
            return None
        found = list(identity.arguments)
        for name, expression in argument_expressions(node.call):
            refs = list(references(expression))
            if not refs:
                continue
            if any(digest_of(ref.place) is None for ref in refs):
                return None
            encoder = Encoder(self._code)
            _encode(encoder, expression, digest_of)
            found.append((name, encoder.digest()))
        return tuple(sorted(found))

    def is_changed(self, node: Node, name: str) -> bool:
        """Whether an argument without calls in it has another digest now than when its keys were made."""
        before, now = dict(self.identity(node).arguments), self._identify(node)
        return name in before and (bool(now.problem) or before[name] != dict(now.arguments).get(name))

    def spoil(self, node: Node, problem: str) -> None:
        """From now on the node has no keys, nor have the recipes of those that contain it: it is not what it was."""
        self._identities[node.index] = Identity("", (), problem)
        spoilt = {node.index}
        self.recipe(self._graph.nodes[-1])
        for each in self._graph.nodes[node.index :]:
            if each.index in spoilt or spoilt.intersection(each.children):
                spoilt.add(each.index)
                self._recipes[each.index] = None

    def _make_recipe(self, node: Node) -> str | None:
        if not (node.call.declared.is_deterministic and node.call.declared.is_cached):
            return None
        if any(self._recipes[child] is None for child in node.children):
            return None
        arguments = self.arguments(node, lambda place: self._recipes[self._graph.node_of(place).index])
        return None if arguments is None else self._combine("recipe", node, arguments)

    def _combine(self, kind: str, node: Node, arguments: tuple[tuple[str, str], ...]) -> str:
        call = node.call
        encoder = Encoder(self._code)
        encoder.mark(kind)
        encoder.add((SCHEMA, *sys.version_info[:2], call.target_id, call.convert, call.is_partial, node.pattern))
        encoder.add_digest(self.identity(node).code)
        encoder.add(_partition(call))
        for name, digest in arguments:
            encoder.add(name)
            encoder.add_digest(digest)
        return encoder.digest()

    def _identify(self, node: Node) -> Identity:
        call = node.call
        try:
            code = self._code.of(call.target)
        except NotDigestibleError as exc:
            return Identity("", (), f"the code of {call.target_id}: {exc.message}")
        found: list[tuple[str, str]] = []
        for name, expression in argument_expressions(call):
            encoder = Encoder(self._code)
            try:
                # with calls in it only tried out: what stands beside them may have no digest
                _encode(encoder, expression, lambda place: _NO_DIGEST)
            except NotDigestibleError as exc:
                return Identity(code, (), f"argument {name}: {exc.message}")
            except RecursionError:
                return Identity(code, (), f"argument {name}: nested too deep")
            if next(references(expression), None) is None:
                found.append((name, encoder.digest()))
        if call.declared.version is not None:
            found.append((VERSION, _digest_text(call.declared.version)))
        found.extend((ENV + name, _digest_text(os.environ.get(name))) for name in call.declared.env)
        return Identity(code, tuple(found))


def _partition(call: Place) -> tuple[int, ...]:
    # f(x, x) gets one object twice, f(x, y) two, be their contents equal or not; by name, as order does not matter
    named = sorted(argument_expressions(call), key=lambda each: each[0])
    numbers: dict[Place, int] = {}
    return tuple(numbers.setdefault(ref.place, len(numbers)) for _, each in named for ref in references(each))


def _digest_text(text: str | None) -> str:
    encoder = Encoder()
    encoder.add(text)
    return encoder.digest()


def _encode(encoder: Encoder, expression: object, digest_of: Callable[[Place], str | None]) -> None:
    if isinstance(expression, Ref):
        digest = digest_of(expression.place)
        assert digest is not None, "callers look first"
        encoder.mark(f"call:{expression.convert}")
        encoder.add_digest(digest)
    elif isinstance(expression, Items):
        encoder.mark("config" if expression.is_config else "plain")
        encoder.add((expression.keys, expression.object_type, expression.convert, expression.is_object))
        encoder.add((expression.is_unexpanded, expression.is_tuple))
        encoder.add(len(expression.values))
        for value in expression.values:
            _encode(encoder, value, digest_of)
    elif isinstance(expression, Raw):
        encoder.mark(f"raw:{expression.convert}")
        encoder.add(expression.config)
    else:
        encoder.add(expression)
