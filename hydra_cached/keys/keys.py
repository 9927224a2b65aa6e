"""Makes recipe keys and call keys: blake3 over a canonical encoding. Never looks anything up.

A recipe key is known before anything runs: target, code, arguments with the recipe keys of their calls. A call key is
known once those are done: the same with the content digests of their results instead, and with the contents of the
files that these results name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from blake3 import blake3

from hydra_cached.fingerprint import ArgumentEncoder, CodeFingerprints, Definition, Encoder, FileDigests
from hydra_cached.graph import Graph, Items, Node, Place, Ref, argument_expressions, references
from hydra_cached.keys.encode import digest_reference, encode
from hydra_cached.keys.identity import (
    NO_FILE,
    FileUse,
    Identifier,
    Identity,
    OutputsKnown,
    occurrence_key,
    writer_key,
)
from hydra_cached.keys.inputs import NamedPath, role_of
from hydra_cached.keys.pieces import Piece, combine, split_call

SCHEMA = 2
"""Number of the present way of making keys. Raised when keys change: entries of another number are clean misses."""

DigestOf: TypeAlias = Callable[[Place], "str | None"]
MentionsOf: TypeAlias = Callable[[Place], Sequence[str]]


class Keys:
    """Keys of the nodes of one graph. Holds what was computed already.

    Args:
        code: memo of code fingerprints.
        files: memo of file digests.
        outputs_known: tells what a call wrote when it last ran.
    """

    def __init__(
        self,
        graph: Graph,
        code: CodeFingerprints,
        files: FileDigests | None = None,
        outputs_known: OutputsKnown = lambda writer: frozenset(),
    ) -> None:
        self._graph = graph
        self._code = code
        self._files = files or FileDigests()
        self._identifier = Identifier(code, self._files, outputs_known, graph.policy)
        self._identities: dict[int, Identity] = {}
        self._recipes: dict[int, str | None] = {}
        self._head = (SCHEMA, *sys.version_info[:2])
        self._names: dict[str, bytes] = {}
        # of each target with its modes; the graph keeps the targets, so that no id is used twice
        self._prefixes: dict[Any, bytes] = {}
        self._pieces: dict[int, tuple[Identity, tuple[Piece, ...] | None]] = {}

    def identity(self, node: Node) -> Identity:
        """The node without its calls. Never raises: where an argument has no digest, ``problem`` says which."""
        known = self._identities.get(node.index)
        if known is None:
            known = self._identities[node.index] = self._identifier.identify(node)
        return known

    def recipe(self, node: Node) -> str | None:
        """The recipe key, or None: something in it is not deterministic, not cached or has no digest."""
        # filled in topological order, so that no chain of calls is too deep
        for index in range(len(self._recipes), node.index + 1):
            self._recipes[index] = self._make_recipe(self._graph.nodes[index])
        return self._recipes[node.index]

    def known_recipe(self, node: Node) -> str | None:
        """The recipe key where it was made already, else None: makes none."""
        return self._recipes.get(node.index)

    def call(self, node: Node, digest_of: DigestOf, mentions_of: MentionsOf | None = None) -> str | None:
        """The call key, or None: a child's result has no content digest, or an argument none."""
        return self._make(b"call", node, digest_of, mentions_of)

    def arguments(
        self, node: Node, digest_of: DigestOf, mentions_of: MentionsOf | None = None
    ) -> tuple[tuple[str, str], ...] | None:
        """(name, digest) of every argument, those with calls in them by the digests of the results; None without.

        Args:
            mentions_of: texts in the result of a call that may name files; None leaves them out.
        """
        identity = self.identity(node)
        if identity.problem:
            return None
        if not node.children:
            return identity.arguments
        found = list(identity.arguments)
        for name, expression in argument_expressions(node.call):
            kind = type(expression)
            if kind is Ref:
                # the commonest of all, without an encoder of its own
                digest = digest_of(expression.place)
                if digest is None:
                    return None
                found.append((name, digest_reference(expression.convert, digest)))
                continue
            refs = list(references(expression)) if kind is Items else ()
            if not refs:
                continue
            if any(digest_of(ref.place) is None for ref in refs):
                return None
            encoder = ArgumentEncoder(self._code, self._files.roots)
            encode(encoder, expression, digest_of)
            found.append((name, encoder.digest()))
        if mentions_of is not None:
            found.extend((each.name, each.digest or NO_FILE) for each in self.mentioned_inputs(node, mentions_of))
        return tuple(sorted(found))

    def definitions(self, node: Node) -> tuple[Definition, ...]:
        """Everything that counts as code of the node's target."""
        return self._code.collect(node.call.target, is_called=True)

    def code_in_arguments(self, node: Node) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
        """Arguments that hold or name first-party code: name and digest, as in the identity, and what was met there."""
        identity = self.identity(node)
        digests = dict(identity.arguments)
        for name, targets in identity.with_code:
            if name in digests:
                yield name, digests[name], targets

    def definitions_of(self, targets: Iterable[Any]) -> tuple[Definition, ...]:
        """Everything that counts as code of several functions and classes."""
        found = {(each.kind, each.id): each for target in targets for each in self._code.collect(target)}
        return tuple(found.values())

    # --- files --------------------------------------------------------------------------------------------------------

    def mentioned_inputs(self, node: Node, mentions_of: MentionsOf) -> tuple[FileUse, ...]:
        """Files that the results of the calls in the arguments name."""
        if not any(map(mentions_of, node.call.children)):
            return ()
        named = self._mentioned_paths(node, mentions_of)
        return self._identifier.use(named, self.outputs(node)) if named else ()

    def paths(self, node: Node, mentions_of: MentionsOf) -> tuple[NamedPath, ...]:
        """All texts that may name files which the call reads or writes."""
        return (*self._identifier.paths(node), *self._mentioned_paths(node, mentions_of))

    def outputs(self, node: Node) -> frozenset[str]:
        """Labels of files that the call is known to write."""
        return self.identity(node).outputs

    def writer(self, node: Node) -> str:
        """The key under which the outputs of this very call are remembered."""
        identity = self.identity(node)
        return writer_key(node, identity.code, identity.arguments)

    def occurrence(self, node: Node) -> str:
        """The key of what is known of a call at its place, whatever its code is."""
        return occurrence_key(node, self.identity(node))

    def forget_files(self) -> None:
        """Look again which texts name files, and which of them there are: a call has run, and may have made some."""
        self._identifier.forget_files()

    def refresh(self, node: Node) -> bool:
        """Look at the files again that the literal arguments name. Returns whether the identity is another one now."""
        before = self.identity(node)
        if before.problem or not self._identifier.paths(node):
            return False
        self._identifier.forget_files()
        now = self._identifier.identify(node)
        if (now.arguments, now.problem, now.outputs) == (before.arguments, before.problem, before.outputs):
            return False
        self._replace(node, now)
        return True

    def exclude_outputs(self, node: Node, labels: Iterable[str]) -> None:
        """The call turned out to write files: they do not count in its keys, nor in those of what contains it."""
        before = self.identity(node)
        outputs = before.outputs | frozenset(labels)
        inputs = tuple(each for each in before.inputs if each.label not in outputs)
        dropped = {each.name for each in before.inputs} - {each.name for each in inputs}
        kept = tuple(pair for pair in before.arguments if pair[0] not in dropped)
        now = Identity(before.code, kept, before.problem, inputs, outputs, before.left, before.with_code)
        self._replace(node, now)

    def _mentioned_paths(self, node: Node, mentions_of: MentionsOf) -> tuple[NamedPath, ...]:
        found: dict[NamedPath, None] = {}
        for name, expression in argument_expressions(node.call):
            role = role_of(node.call, name)
            if role is not None:
                for ref in references(expression):
                    found.update((NamedPath(name, text, role), None) for text in mentions_of(ref.place))
        return tuple(found)

    # --- changes ------------------------------------------------------------------------------------------------------

    def is_changed(self, node: Node, name: str) -> bool:
        """Whether an argument without calls in it has another digest now than when its keys were made."""
        before, now = dict(self.identity(node).arguments), self._identifier.identify(node)
        return name in before and (bool(now.problem) or before[name] != dict(now.arguments).get(name))

    def spoil(self, node: Node, problem: str) -> None:
        """From now on the node has no keys, nor have the recipes of those that contain it: it is not what it was."""
        self.recipe(self._graph.nodes[-1])
        self._identities[node.index] = Identity("", (), problem)
        self._remake_recipes(node)

    def _replace(self, node: Node, identity: Identity) -> None:
        self._identities[node.index] = identity
        self._remake_recipes(node)

    def _remake_recipes(self, node: Node) -> None:
        """Make the recipe of a node again, and those of all that contain it."""
        changed: set[int] = set()
        for each in self._graph.nodes[node.index : len(self._recipes)]:
            if each is node or not changed.isdisjoint(each.children):
                recipe = self._make_recipe(each)
                if recipe != self._recipes[each.index]:
                    self._recipes[each.index] = recipe
                    changed.add(each.index)

    def _make_recipe(self, node: Node) -> str | None:
        declared = node.call.declared
        if not (declared.is_deterministic and declared.is_cached):
            return None
        if not node.children:
            return self._make_leaf(b"recipe", node)
        if any(self._recipes[child] is None for child in node.children):
            return None
        return self._make(b"recipe", node, lambda place: self._recipes[self._graph.node_of(place).index], None)

    def _make_leaf(self, kind: bytes, node: Node) -> str | None:
        identity = self.identity(node)
        if identity.problem:
            return None
        if not identity.base:
            identity.base = self._base(node, identity.code, identity.arguments)
        return blake3(kind + identity.base).hexdigest()

    def _make(self, kind: bytes, node: Node, digest_of: DigestOf, mentions_of: MentionsOf | None) -> str | None:
        if not node.children:
            return self._make_leaf(kind, node)
        if mentions_of is None or not any(map(mentions_of, node.call.children)):
            pieces = self._find_pieces(node)
            if pieces is not None:
                return combine(kind, pieces, digest_of)
        arguments = self.arguments(node, digest_of, mentions_of)
        if arguments is None:
            return None
        return blake3(kind + self._base(node, self.identity(node).code, arguments)).hexdigest()

    def _find_pieces(self, node: Node) -> tuple[Piece, ...] | None:
        """The pieces that both keys of a call are made of; None where they are not so simple."""
        identity = self.identity(node)
        known = self._pieces.get(node.index)
        if known is not None and known[0] is identity:
            return known[1]
        pieces = None
        if not identity.problem:
            pieces = split_call(node.call, self._prefix(node, identity.code), identity.arguments, self._write_name)
        self._pieces[node.index] = (identity, pieces)
        return pieces

    def _base(self, node: Node, code: str, arguments: tuple[tuple[str, str], ...]) -> bytes:
        """32 bytes for target, code and arguments; recipe and call key differ in what they say of calls alone."""
        names = self._names
        parts = [self._prefix(node, code)]
        for name, digest in arguments:
            parts.append(names.get(name) or self._write_name(name))
            parts.append(bytes.fromhex(digest))
        return blake3(b"".join(parts)).digest()

    def _write_name(self, name: str) -> bytes:
        written = self._names.get(name)
        if written is None:
            raw = name.encode("utf-8", "surrogatepass")
            written = self._names[name] = b"%x:%b" % (len(raw), raw)
        return written

    def _prefix(self, node: Node, code: str) -> bytes:
        call = node.call
        partition = _partition(call) if node.children else ()
        convert, is_partial, is_materialized = call.convert, call.is_partial, call.declared.is_materialized
        key = (id(call.target), call.target_id, convert, is_partial, is_materialized, node.pattern, partition)
        known = self._prefixes.get(key)
        if known is None:
            encoder = Encoder()
            modes = (convert, is_partial, is_materialized)
            encoder.add((*self._head, call.target_id, modes, node.pattern, partition))
            encoder.add_digest(code)
            known = self._prefixes[key] = bytes.fromhex(encoder.digest())
        return known


def _partition(call: Place) -> tuple[int, ...]:
    # f(x, x) gets one object twice, f(x, y) two, be their contents equal or not; by name, as order does not matter
    named = sorted(argument_expressions(call), key=lambda each: each[0])
    numbers: dict[Place, int] = {}
    return tuple(numbers.setdefault(ref.place, len(numbers)) for _, each in named for ref in references(each))
