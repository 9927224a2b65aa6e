"""Digests results and commits them as entries; counts what was reused. Never calls a target."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hydra_cached.errors import HydraCachedError, NotDigestibleError, NotSerializableError
from hydra_cached.events import Listener, Warned
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.values import Values
from hydra_cached.execution.worker import is_consumed_once
from hydra_cached.fingerprint import CodeFingerprints, digest_value, identity_objects, is_immutable, is_plain
from hydra_cached.graph import Graph, Items, Node, Ref, argument_expressions
from hydra_cached.keys import SCHEMA, Keys
from hydra_cached.plan import Decision, Policy
from hydra_cached.store import EntryInfo, redact

if TYPE_CHECKING:
    from hydra_cached.execution.scheduler import Settled

_LONGEST_CONFIG = 20_000


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
        self.seconds_saved = 0.0

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
        self.seconds_saved += saved
        count, seconds = self._hits.get(entry.key, (0, 0.0))
        self._hits[entry.key] = (count + 1, seconds + saved)

    def forget_reuse(self, node: Node, decision: Decision) -> None:
        """Take a hit back whose entry turned out to be unusable."""
        entry = decision.entry
        assert entry is not None
        _, saved = self._hits.pop(entry.key, (0, 0.0))
        self.seconds_saved -= saved
        self._tree_seconds.pop(node.index, None)
        self._write(node, lambda cache: cache.discard(entry))

    def flush(self) -> None:
        """Write the counts of this run."""
        if self._hits and self._cache is not None:
            hits, self._hits = self._hits, {}
            self._write(None, lambda cache: cache.record_hits(hits))

    # --- new results --------------------------------------------------------------------------------------------------

    def commit(self, node: Node, value: Any, values: Values) -> None:
        """Digest a call's result, and store it where that is allowed and possible; ``values`` has its arguments."""
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
            settled.holds = self._find_held(node, value, values)
            settled.is_stored = reason == "shares_argument"
        if not decision.is_storable or settled.seconds * 1000 < self._policy.min_persist_ms:
            return
        info = self._describe(node, settled)
        try:
            self._write(node, lambda cache: self._keep(cache, info, value, node, settled))
        except NotSerializableError as exc:
            self._warn(node, f"cannot be stored: {exc.message}")

    def _find_held(self, node: Node, value: Any, values: Values) -> tuple[str, ...]:
        """Keys of the calls whose results' objects ``value`` still holds.

        An argument that the call changed does not count: the others that use it get a fresh copy, which is tied to
        nothing.
        """
        if not node.children or is_plain(value):
            return ()
        held: dict[str, None] = {}
        own: dict[int, object] | None = None
        for place in node.call.children:
            if not values.is_at_hand(place) or is_plain(values.peek(place)):
                continue
            own = identity_objects(value) if own is None else own
            argument = values.peek(place)
            child = self._graph.node_of(place)
            settled = self._settled[child.index]
            if own.keys().isdisjoint(identity_objects(argument)) or self.is_changed(child, argument):
                continue
            key = settled.decision.recipe_key or settled.decision.call_key
            held.update(dict.fromkeys((key,) if key else ()))
            held.update(dict.fromkeys(settled.holds))
        return tuple(held)

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
        settled.entry = cache.keep(info, value, node.call)
        settled.is_stored = True

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
        # every call counts at the first one that uses it, so that no second is counted twice
        total = settled.seconds
        for child in node.children:
            if self._first_parent[child] == node.index:
                below = self._settled.get(child)
                total += self._tree_seconds.get(child, below.seconds if below else 0.0)
        self._tree_seconds[node.index] = total
        return total

    def _config(self, node: Node) -> str:
        """The call as one line of JSON, which is YAML too; calls in it as references, secrets redacted."""
        config = {"_target_": node.target_id}
        for name, expression in argument_expressions(node.call):
            config[name] = self._write_out(expression)
        text = json.dumps(redact(config), default=_name)
        return text if len(text) <= _LONGEST_CONFIG else json.dumps({"_target_": node.target_id, "...": len(text)})

    def _write_out(self, expression: Any) -> Any:
        if isinstance(expression, Ref):
            return "${" + self._graph.node_of(expression.place).path + "}"
        if isinstance(expression, Items):
            values = [self._write_out(each) for each in expression.values]
            if expression.keys is None:
                return values
            return dict(zip(map(str, expression.keys), values, strict=True))
        return expression

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


def _name(value: Any) -> str:
    name = getattr(value, "__qualname__", None)
    return f"{value.__module__}.{name}" if name and hasattr(value, "__module__") else repr(value)[:200]
