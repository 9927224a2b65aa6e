"""Digests results and commits them as entries; counts what was reused. Never calls a target."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hydra_cached.errors import HydraCachedError, NotDigestibleError, NotSerializableError
from hydra_cached.events import Listener, Warned
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.worker import is_consumed_once
from hydra_cached.fingerprint import CodeFingerprints, digest_value, identity_objects, is_immutable, is_plain
from hydra_cached.graph import EXPRESSIONS, Graph, Items, Node, Place, Raw, Ref, argument_expressions
from hydra_cached.keys import SCHEMA, Keys
from hydra_cached.plan import LITERAL, Decision, Policy, argument_positions, held_nodes
from hydra_cached.store import Entry, EntryInfo, redact

if TYPE_CHECKING:
    from hydra_cached.execution.settled import Settled

_LONGEST_CONFIG = 20_000
_LONGEST_NAME = 1_000
_DEEPEST_CONFIG = 50
_LARGEST_SUM = 1_000


class Committer:
    """The one that writes to the cache in a run. Fills in what it learns in ``settled``."""

    def __init__(
        self,
        graph: Graph,
        keys: Keys | None,
        cache: ResultCache | None,
        policy: Policy,
        settled: Mapping[int, Settled],
        listener: Listener,
        code: CodeFingerprints,
    ) -> None:
        self._graph = graph
        self._keys = keys
        self._cache = cache
        self._policy = policy
        self._settled = settled
        self._emit = listener
        self._code = code
        self._hits: dict[str, tuple[int, float]] = {}
        self._tree_seconds: dict[int, float] = {}
        self._has_write_failed = False
        self._first_parent: dict[int, int] = {}
        for child, parent in graph.edges():
            self._first_parent.setdefault(child, parent)
        self._committed: dict[str, Entry] = {}
        self._saved: dict[int, float] = {}

    # --- reuse --------------------------------------------------------------------------------------------------------

    def note_reuse(self, node: Node, decision: Decision) -> None:
        """Count a hit or a cutoff, and link the new recipe of a cutoff to the entry."""
        entry = decision.entry
        assert entry is not None
        assert self._cache is not None
        saved = entry.info.seconds
        if decision.verdict == "hit":
            saved = self._tree_seconds[node.index] = max(entry.info.tree_seconds, saved)
        elif decision.recipe_key is not None:
            self._write(node, lambda cache: cache.link(decision.recipe_key or "", entry.key))
        self._saved[node.index] = saved
        count, seconds = self._hits.get(entry.key, (0, 0.0))
        self._hits[entry.key] = (count + 1, seconds + saved)

    def discard(self, node: Node, settled: Settled) -> None:
        """Take an entry out of the cache that turned out to be unusable, and a hit on it back."""
        entry = settled.entry
        assert entry is not None, "what is discarded was found"
        if settled.status != "ran":
            saved = self._saved.pop(node.index, 0.0)
            count, seconds = self._hits.pop(entry.key, (0, 0.0))
            if count > 1:
                self._hits[entry.key] = (count - 1, seconds - saved)
            self._tree_seconds.pop(node.index, None)
        self._committed = {key: each for key, each in self._committed.items() if each.key != entry.key}
        self._write(node, lambda cache: cache.discard(entry))

    def flush(self) -> None:
        """Write the counts of this run."""
        if self._hits and self._cache is not None:
            hits, self._hits = self._hits, {}
            self._write(None, lambda cache: cache.record_hits(hits))

    def find_twin(self, decision: Decision) -> Entry | None:
        """The entry that another node of this run has made under the same key since."""
        if not decision.is_storable:
            return None
        for key in (decision.recipe_key, decision.call_key):
            if key is not None and key in self._committed:
                return self._committed[key]
        return None

    @property
    def is_watching(self) -> bool:
        """Whether contents are digested, so that changes in place can be found."""
        return self._cache is not None and self._cache.wants_digests

    # --- new results --------------------------------------------------------------------------------------------------

    def commit(self, node: Node, value: Any, arguments: list[tuple[Place, Any]]) -> None:
        """Digest a call's result, and store it where that is allowed and possible.

        Args:
            arguments: places of the calls in its arguments, with their values after the call.
        """
        if self._cache is None or self._keys is None:
            return
        settled = self._settled[node.index]
        decision = settled.decision
        reason = decision.reason.code if decision.reason else ""
        if is_consumed_once(value):
            self._warn(node, "gave an iterator, which can be read only once: it is not stored")
            return
        if self._cache.wants_digests and reason != "not_stored":
            settled.content_digest = self._digest(node, value)
            settled.holds = (*self._find_held(node, value, arguments), *self._find_held_literals(node, value))
            settled.is_stored = reason == "shares_argument"
        elif not self._cache.wants_digests:
            settled.holds = self._find_held_literals(node, value)
        if not decision.is_storable or settled.seconds * 1000 < self._policy.min_persist_ms:
            return
        try:
            info = self._describe(node, settled)
            self._write(node, lambda cache: self._keep(cache, info, value, node, settled))
        except NotSerializableError as exc:
            self._warn(node, f"cannot be stored: {exc.message}")

    def _find_held(self, node: Node, value: Any, arguments: list[tuple[Place, Any]]) -> tuple[str, ...]:
        """Positions of the arguments whose objects ``value`` still holds, and of what those hold further down.

        An argument that the call changed does not count: the others that use it get a fresh copy, which is tied to
        nothing.
        """
        if is_plain(value):
            return ()
        values = dict(arguments)
        held: dict[int, str] = {}
        own: dict[int, object] | None = None
        for position, place in argument_positions(node.call).items():
            argument = values.get(place)
            if place not in values or is_plain(argument):
                continue
            own = identity_objects(value) if own is None else own
            child = self._graph.node_of(place)
            if own.keys().isdisjoint(identity_objects(argument)) or self.is_changed(child, argument):
                continue
            held.setdefault(child.index, position)
            for deeper in self._settled[child.index].holds:
                for index in held_nodes(self._graph, child, (deeper,)):
                    held.setdefault(index, f"{position}/{deeper}")
        return tuple(held.values())

    def _find_held_literals(self, node: Node, value: Any) -> tuple[str, ...]:
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

    def is_changed(self, node: Node, value: Any) -> bool:
        """Whether ``value`` is no longer what the node gave. False where it has no digest to compare with."""
        settled = self._settled.get(node.index)
        if settled is None or settled.content_digest is None or is_immutable(value):
            return False
        try:
            return digest_value(value, self._code) != settled.content_digest
        except (NotDigestibleError, RecursionError):
            return True

    def _keep(self, cache: ResultCache, info: EntryInfo, value: Any, node: Node, settled: Settled) -> None:
        entry = settled.entry = cache.keep(info, value, node.call)
        settled.is_stored = True
        self._committed.update((key, entry) for key in (info.call_key, info.recipe_key) if key is not None)

    def _digest(self, node: Node, value: Any) -> str | None:
        try:
            return digest_value(value, self._code)
        except NotDigestibleError as exc:
            self._warn(
                node, f"gave a value that has no digest ({exc.message}): what uses it is found by its recipe only"
            )
        except RecursionError:
            self._warn(node, "gave a value that is nested too deep to digest: what uses it is found by its recipe only")
        return None

    def _describe(self, node: Node, settled: Settled) -> EntryInfo:
        assert self._keys is not None
        decision = settled.decision
        key = decision.call_key or decision.recipe_key
        assert key is not None, "a storable decision has a key"
        parents = [self._settled[child].entry for child in node.children if child in self._settled]
        arguments = self._keys.arguments(node, lambda place: self._digest_at(self._graph.node_of(place).index))
        return EntryInfo(
            key=key,
            call_key=decision.call_key,
            recipe_key=decision.recipe_key,
            content_digest=settled.content_digest,
            target=node.target_id,
            path=node.path,
            config=self._config(node),
            code=self._keys.identity(node).code,
            seconds=settled.seconds,
            created_s=time.time(),
            arguments=arguments or self._keys.identity(node).arguments,
            holds=settled.holds,
            parents=tuple(entry.key for entry in parents if entry is not None),
            versions=(("python", sys.version.split()[0]),),
            schema=SCHEMA,
            tree_seconds=self._sum_seconds(node, settled),
        )

    def _digest_at(self, index: int) -> str | None:
        return self._settled[index].content_digest if index in self._settled else None

    def _sum_seconds(self, node: Node, settled: Settled) -> float:
        total = settled.seconds
        below = self._graph.below(node, limit=_LARGEST_SUM)
        if below is not None:
            for index in below:
                known = self._settled.get(index)
                if known is not None:
                    total += self._tree_seconds[index] if known.status == "hit" else known.seconds
        else:
            # in a large graph every call counts at the first one that uses it, so that none is counted twice
            for child in node.children:
                if self._first_parent[child] == node.index:
                    total += self._tree_seconds.get(child, 0.0)
        self._tree_seconds[node.index] = total
        return total

    def count_saved(self) -> float:
        """Seconds that this run saved, each call counted once however many reused results contain it."""
        saved = sum(self._saved.values())
        hits = [self._graph.nodes[index] for index, each in self._settled.items() if each.status == "hit"]
        if len(hits) < 2 or self._keys is None or self._cache is None:
            return saved
        skipped: dict[int, None] = {}
        count = 0
        for node in hits:
            below = [index for index in self._graph.below(node) or () if index not in self._settled]
            count += len(below)
            skipped.update(dict.fromkeys(below))
        if count == len(skipped):
            return saved
        saved = sum(each.seconds for each in self._settled.values() if each.status in ("hit", "cutoff"))
        for index in skipped:
            recipe = self._keys.recipe(self._graph.nodes[index])
            try:
                entry = self._cache.find(recipe) if recipe is not None else None
            except HydraCachedError:
                entry = None
            saved += entry.info.seconds if entry is not None else 0.0
        return saved

    def _config(self, node: Node) -> str:
        """The call as one line of JSON, which is YAML too: calls as references, secrets redacted. Never raises."""
        arguments = dict(argument_expressions(node.call))
        config: dict[str, Any] = {"_target_": node.target_id}
        config.update((name, self._write_out(each, 0)) for name, each in arguments.items())
        text = json.dumps(config)
        if len(text) > _LONGEST_CONFIG:
            return json.dumps({"_target_": node.target_id, "_left_out_": f"{len(text)} characters"})
        # at last: whatever a secret stood in, it is text now
        return str(redact(text))

    def _write_out(self, value: Any, depth: int) -> Any:
        """``value`` in the types of JSON; what has none in words."""
        if isinstance(value, Ref):
            return "${" + self._graph.node_of(value.place).path + "}"
        if isinstance(value, Items):
            if value.keys is None:
                return [self._write_out(each, depth) for each in value.values]
            return {
                _name(key): self._write_out(each, depth) for key, each in zip(value.keys, value.values, strict=True)
            }
        if value is None or type(value) in (bool, int, float, str):
            return value
        if depth > _DEEPEST_CONFIG:
            return "..."
        if type(value) is dict:
            return {_name(key): self._write_out(each, depth + 1) for key, each in value.items()}
        if type(value) in (list, tuple):
            return [self._write_out(each, depth + 1) for each in value]
        return _name(value.config if isinstance(value, Raw) else value)

    def _write(self, node: Node | None, action: Any) -> None:
        if self._has_write_failed or self._cache is None:
            return
        try:
            action(self._cache)
        except NotSerializableError:
            raise
        except HydraCachedError as exc:
            # one warning, not one for each node: the run goes on without storing
            self._has_write_failed = True
            self._emit(Warned(node.path if node else "", f"results are no longer stored: {exc.message}"))

    def _warn(self, node: Node, what: str) -> None:
        self._emit(Warned(node.path, f"{node.target_id} at {node.path or 'the root'} {what}"))


def _leaves(expression: Any) -> Iterator[Any]:
    """Values in an argument that are neither calls nor containers to be built: each consumer gets the same object."""
    if isinstance(expression, Items):
        for each in expression.values:
            yield from _leaves(each)
    elif type(expression) not in EXPRESSIONS:
        yield expression


def _name(value: Any) -> str:
    if type(value) is str:
        return value
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str) and isinstance(getattr(value, "__module__", None), str):
        return f"{value.__module__}.{name}"
    try:
        text = repr(value)
    except Exception:
        # a user's class; what it is called is enough
        return f"<{type(value).__qualname__}>"
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."
