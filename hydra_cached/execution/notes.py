"""Remembers beside entries what later runs need: conditions, closures of code, what calls write. Commits no entry."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from hydra_cached.errors import HydraCachedError
from hydra_cached.execution.cache import ResultCache
from hydra_cached.fingerprint import Definition, FileDigests, digest_value
from hydra_cached.graph import Graph, Node
from hydra_cached.keys import Keys
from hydra_cached.store import CLOSURE, CONDITIONS, OUTPUTS, TEXT, UNSTORED, Conditions, redact

if TYPE_CHECKING:
    from hydra_cached.execution.settled import Settled


Recall: TypeAlias = Callable[[str, Sequence[str]], dict[str, bytes]]
_NONE = frozenset({""})


class Notes:
    """What is written once for each of many nodes."""

    def __init__(
        self,
        graph: Graph,
        keys: Keys,
        settled: Mapping[int, Settled],
        files: FileDigests,
        recall: Recall,
        remember: Callable[[str, Mapping[str, bytes]], None],
    ) -> None:
        self._graph = graph
        self._keys = keys
        self._settled = settled
        self._files = files
        self._recall = recall
        self._remember = remember
        self._is_noted: set[str] = set()
        self._reached: dict[int, frozenset[str]] = {}

    def conditions(
        self,
        node: Node,
        inputs: Sequence[tuple[str, str]],
        outputs: tuple[tuple[str, str], ...],
        carried: tuple[tuple[str, str], ...],
    ) -> str:
        """The digest of the conditions on which a recipe leads to the result of ``node``, remembered; "" for none."""
        below = {self._settled[child].conditions for child in node.children if child in self._settled}
        if below <= _NONE and not (inputs or outputs or carried):
            # of most calls
            return ""
        found = Conditions(tuple(sorted(inputs)), outputs, carried, tuple(sorted(below - {""})))
        digest = found.digest
        if digest and digest not in found.below and digest not in self._is_noted:
            self._is_noted.add(digest)
            self._remember(CONDITIONS, {digest: found.pack()})
        return digest

    def stored(self, node: Node) -> None:
        """What later runs need of a result that was stored just now."""
        self.closure(node)
        settled = self._settled[node.index]
        if settled.decision.reason is not None and settled.decision.reason.code == "not_stored":
            # with other code it could not be stored
            self._remember(UNSTORED, {self._keys.occurrence(node): b""})

    def closure(self, node: Node) -> None:
        """Remember what a node's code is made of, and code in its arguments, for `why` to compare with."""
        identity = self._keys.identity(node)
        if identity.code:
            self._remember_closure(identity.code, partial(self._keys.definitions, node))
        if identity.with_code:
            for _, digest, targets in self._keys.code_in_arguments(node):
                self._remember_closure(digest, partial(self._keys.definitions_of, targets))

    def _remember_closure(self, code: str, collect: Callable[[], tuple[Definition, ...]]) -> None:
        if code in self._is_noted:
            return
        self._is_noted.add(code)
        if self._recall(CLOSURE, [code]):
            return
        definitions = collect()
        texts = {
            # a constant may hold a secret
            each.digest: str(redact(text)).encode("utf-8", "surrogatepass")
            for each in definitions
            if (text := each.text)
        }
        if texts:
            known = self._recall(TEXT, list(texts))
            self._remember(TEXT, {digest: text for digest, text in texts.items() if digest not in known})
        rows = [
            (each.kind, each.id, each.digest, each.file and self._files.label(each.file), each.line)
            for each in definitions
        ]
        self._remember(CLOSURE, {code: json.dumps(rows, separators=(",", ":")).encode("ascii")})

    def unstored(self, node: Node, why: str) -> None:
        """Remember why the result of a call could not be stored, for the next run to give as the reason."""
        decision = self._settled[node.index].decision
        body = str(redact(why)).encode("utf-8", "surrogatepass")
        wanted = (decision.recipe_key, decision.call_key, self._keys.occurrence(node))
        self._remember(UNSTORED, {key: body for key in wanted if key is not None})

    def carried(self, node: Node, met: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Of the first-party code met in a value what the keys of its call do not cover already."""
        if not met:
            return ()
        found = dict(met)
        for index in (node.index, *(self._graph.below(node) or ())):
            if found:
                ids = self._ids(self._graph.nodes[index])
                # what a function defines inside stands in its own text
                found = {name: digest for name, digest in found.items() if name.partition(".<locals>")[0] not in ids}
        return tuple(sorted(found.items()))

    def _ids(self, node: Node) -> frozenset[str]:
        key = id(node.call.target)
        known = self._reached.get(key)
        if known is None:
            known = self._reached[key] = frozenset(each.id for each in self._keys.definitions(node))
        return known

    # --- what calls write ---------------------------------------------------------------------------------------------

    def note_outputs(self, node: Node, labels: Iterable[str], created: Iterable[str]) -> None:
        """Remember what a call wrote, and the arguments by which it made files where none had been."""
        items = {_argument_key(node, argument): b"[]" for argument in created}
        items[self._keys.writer(node)] = json.dumps(sorted(labels)).encode("ascii")
        self._remember(OUTPUTS, items)

    def is_writer(self, node: Node, argument: str) -> bool:
        """Whether the target of ``node`` once made the file that this argument named."""
        return bool(self._recall(OUTPUTS, [_argument_key(node, argument)]))


class CacheMemo:
    """Rows of one kind of a cache as a memo of fingerprints. What cannot be written is read again next time."""

    def __init__(self, cache: ResultCache, kind: str) -> None:
        self._cache = cache
        self._kind = kind

    def recall(self, keys: Sequence[str]) -> dict[str, bytes]:
        return self._cache.recall(self._kind, keys)

    def remember(self, items: Mapping[str, bytes]) -> None:
        with contextlib.suppress(HydraCachedError):
            self._cache.remember(self._kind, items)


def outputs_recaller(recall: Recall) -> Callable[[str], frozenset[str]]:
    """What `Keys` asks: labels of what the call with a key wrote when it last ran."""

    def outputs_known(writer: str) -> frozenset[str]:
        body = recall(OUTPUTS, [writer]).get(writer)
        try:
            return frozenset(map(str, json.loads(body))) if body is not None else frozenset()
        except (TypeError, ValueError):
            return frozenset()

    return outputs_known


def _argument_key(node: Node, argument: str) -> str:
    return digest_value(("writer", node.target_id, argument))
