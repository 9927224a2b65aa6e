"""Digests results and commits them as entries; counts what was reused. Never calls a target."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from hydra_cached.errors import EntryError, HydraCachedError, NotSerializableError
from hydra_cached.events import Listener, Warned
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.files import NO_WRITES, CallFiles, Writes
from hydra_cached.execution.holdings import Holdings
from hydra_cached.execution.notes import Notes
from hydra_cached.execution.outputs import Outputs
from hydra_cached.execution.savings import Savings
from hydra_cached.execution.seen import Seen, digest_result
from hydra_cached.execution.settled import Settled
from hydra_cached.execution.worker import is_consumed_once
from hydra_cached.fingerprint import CarriedCode, CodeFingerprints, FileDigests, is_plain
from hydra_cached.graph import Graph, Node, Place
from hydra_cached.keys import SCHEMA, Keys
from hydra_cached.planning import Decision, Policy, Reason, write_call
from hydra_cached.store import Entry, EntryInfo, redact


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
        files: FileDigests,
    ) -> None:
        self._graph = graph
        self._keys = keys
        self._cache = cache
        self._policy = policy
        self._settled = settled
        self._emit = listener
        self._code = code
        self._files = files
        self._has_write_failed = False
        self._committed: dict[str, Entry] = {}
        self._uncounted: dict[int, str] = {}
        self._come_back: set[str] = set()
        self._versions = (("python", sys.version.split()[0]), ("host", platform.node()))
        self.savings = Savings(graph, keys, cache, settled)
        self.outputs = Outputs()
        self.holdings = Holdings(graph, keys, settled, code, self._warn)
        self.notes: Notes | None = None
        self.files: CallFiles | None = None
        if keys is not None and cache is not None:
            self.notes = Notes(graph, keys, settled, files, cache.recall, self._remember)
            self.files = CallFiles(keys, files, self.mentions_of, self.notes.is_writer)

    # --- reuse --------------------------------------------------------------------------------------------------------

    def note_reuse(self, node: Node, decision: Decision) -> float:
        """Count a hit or a cutoff, and link the new recipe of a cutoff to the entry. Returns the seconds it saved."""
        entry = decision.entry
        assert entry is not None
        settled = self._settled[node.index]
        self._claim_outputs(node, entry.info.outputs)
        if decision.verdict != "hit":
            settled.conditions = self._conditions(node, entry.info.outputs, entry.info.carried)
            if decision.recipe_key is not None:
                recipe_key, conditions = decision.recipe_key, settled.conditions
                self._write(node, lambda cache: cache.link(recipe_key, entry.key, conditions))
        self._uncounted[node.index] = entry.key
        return self.savings.note_reuse(node, entry, is_hit=decision.verdict == "hit")

    def discard(self, node: Node, settled: Settled, *, is_kept: bool = False) -> None:
        """Take an entry that turned out to be unusable out of the cache, unless it is kept, and a hit on it back."""
        entry = settled.entry
        assert entry is not None, "what is discarded was found"
        if settled.status != "ran":
            self._uncounted.pop(node.index, None)
            self.savings.take_back(node)
        self._committed = {key: each for key, each in self._committed.items() if each.key != entry.key}
        if not is_kept:
            self._write(node, lambda cache: cache.discard(entry))

    def flush(self) -> None:
        """Write the counts of this run, and what was read of files and code."""
        self._files.flush()
        self._code.flush()
        self._write(None, lambda cache: cache.flush())
        if self._uncounted and self._cache is not None:
            hits = self._count_hits()
            self._write(None, lambda cache: cache.record_hits(hits))

    def _count_hits(self) -> dict[str, tuple[int, float]]:
        """Number of reuses, and the seconds they saved, by entry; of those since the last time."""
        saved = self.savings.by_node()
        hits: dict[str, tuple[int, float]] = {}
        for index, key in self._uncounted.items():
            count, seconds = hits.get(key, (0, 0.0))
            hits[key] = (count + 1, seconds + saved[index])
        self._uncounted.clear()
        return hits

    def find_twin(self, node: Node, decision: Decision) -> Entry | None:
        """The entry that another node of this run has made under the same key since."""
        if not decision.is_storable or node.index in self._policy.forced:
            return None
        for key in (decision.recipe_key, decision.call_key):
            if key is not None and key in self._committed:
                twin = self._committed[key]
                return replace(twin, conditions=self._conditions(node, twin.info.outputs, twin.info.carried))
        return None

    @property
    def is_watching(self) -> bool:
        """Whether contents are digested, so that changes in place can be found."""
        return self._cache is not None and self._cache.wants_digests

    def mentions_of(self, place: Place) -> tuple[str, ...]:
        """Texts in the result of a call that may name files."""
        return self._settled[self._graph.node_of(place).index].mentions

    def digest_of(self, place: Place) -> str | None:
        """Content digest of the result of a call, None for one without."""
        return self._settled[self._graph.node_of(place).index].content_digest

    # --- new results --------------------------------------------------------------------------------------------------

    def commit(
        self,
        node: Node,
        value: Any,
        arguments: list[tuple[Place, Any]],
        writes: Writes,
        mentions: tuple[str, ...],
    ) -> None:
        """Digest a call's result, and store it where that is allowed and possible.

        Args:
            arguments: places of the calls in its arguments, with their values after the call.
            writes: what it did to the files that its arguments name.
            mentions: texts in its result that may name files.
        """
        cache = self._cache
        if cache is None:
            return
        settled = self._settled[node.index]
        is_kept = settled.decision.is_storable and settled.seconds * 1000 >= self._policy.min_persist_ms
        with cache.preparing(value) if is_kept and not is_consumed_once(value) else nullcontext():
            seen = self._look_at(node, value, arguments, mentions)

            def keep(info: EntryInfo, is_replacing: bool, conditions: str) -> Entry:
                return cache.keep(info, value, node.call, replace=is_replacing, conditions=conditions)

            self.record(node, seen, writes, keep)
        reason = settled.decision.reason
        if not cache.wants_digests and reason is not None and reason.code == "shares_argument":
            self._adopt(cache, node, value)

    def record(self, node: Node, seen: Seen, writes: Writes, keep: Callable[[EntryInfo, bool, str], Entry]) -> None:
        """Note what was found out about a result, and store it where that is allowed and possible.

        Args:
            keep: enters the result: what is known of it, whether in the place of another, digest of its conditions.
        """
        if self._cache is None or self._keys is None or self.notes is None:
            return
        settled = self._settled[node.index]
        self._claim_outputs(node, writes.outputs)
        if settled.decision.is_storable and writes.outputs:
            self._note_outputs(node, settled, writes)
        decision = settled.decision
        if seen.is_consumed_once:
            self._warn(node, "gave an iterator, which can be read only once: it is not stored")
            self.notes.unstored(node, "it gave an iterator, which can be read only once")
            return
        if seen.problem:
            self._warn(node, seen.problem)
        settled.mentions, settled.content_digest, settled.holds = seen.mentions, seen.content_digest, seen.holds
        settled.is_plain = seen.is_plain
        if self._cache.wants_digests:
            reason = decision.reason.code if decision.reason else ""
            settled.is_stored = reason == "shares_argument" or decision.verifies is not None
            self._verify(node, settled)
        own = self.notes.carried(node, seen.met)
        settled.conditions = self._conditions(node, writes.outputs, own)
        if not decision.is_storable or settled.seconds * 1000 < self._policy.min_persist_ms:
            return
        if writes.disturbed:
            which = ", ".join(writes.disturbed)
            self._warn(node, f"is not stored: {which} changed while it ran (an output? declare it: _output_files_)")
            return
        self._write(node, lambda cache: self._keep(keep, self._describe(node, settled, writes, own), node, settled))

    def _refuse(self, node: Node, why: HydraCachedError) -> None:
        """A result that cannot be stored: said now, and as the reason of the next run."""
        assert self.notes is not None
        self._warn(node, f"cannot be stored: {why.message}")
        self.notes.unstored(node, why.message)

    def _look_at(self, node: Node, value: Any, arguments: list[tuple[Place, Any]], mentions: tuple[str, ...]) -> Seen:
        assert self._cache is not None
        if is_consumed_once(value):
            return Seen(is_consumed_once=True)
        seen = Seen(mentions=mentions, is_plain=is_plain(value))
        if self._cache.wants_digests and node.index not in self._policy.uncached:
            carried = CarriedCode(self._code)
            seen.content_digest, seen.problem = digest_result(value, carried)
            seen.met = carried.met
        elif self._cache.wants_digests:
            return seen
        held = self.holdings.find_held(node, value, arguments)
        seen.holds = (*held, *self.holdings.find_held_literals(node, value))
        return seen

    def _adopt(self, cache: ResultCache, node: Node, value: Any) -> None:
        """What was made again for a place is what that place gets from now on."""
        settled = self._settled[node.index]
        entry = cache.find(settled.decision.recipe_key or "")
        if entry is not None:
            settled.entry, settled.is_stored = entry, True
            cache.adopt(entry, value, node.call)

    def _claim_outputs(self, node: Node, outputs: tuple[tuple[str, str], ...]) -> None:
        """Note what a node writes; warn where another one writes the same file, so that neither stays as it was."""
        for label, _ in outputs:
            other = self.outputs.claim(node.index, label)
            if other is not None:
                path = self._graph.nodes[other].path or "the root"
                self._warn(node, f"writes {label}, which {path} writes too: each run makes one of them again")

    def _verify(self, node: Node, settled: Settled) -> None:
        """Compare a result with the stored one, where it was computed again for that."""
        stored = settled.decision.verifies
        if stored is None:
            return
        is_same = settled.content_digest == stored.info.content_digest and settled.content_digest is not None
        came_out = "it is the stored result" if is_same else "it differs from the stored result"
        settled.decision = replace(settled.decision, reason=Reason("forced", f"computed again: {came_out}"))
        if not is_same:
            self._warn(node, "gave another result than the stored one: is it _not_deterministic_, or an input unknown?")

    def _note_outputs(self, node: Node, settled: Settled, writes: Writes) -> None:
        """What the call wrote does not count in its keys."""
        assert self._keys is not None
        assert self.notes is not None
        labels = [label for label, _ in writes.outputs]
        self._keys.exclude_outputs(node, labels)
        settled.decision = replace(
            settled.decision,
            recipe_key=self._keys.recipe(node),
            call_key=self._keys.call(node, self.digest_of, self.mentions_of),
        )
        self.notes.note_outputs(node, self._keys.outputs(node), writes.created)

    def _keep(
        self, keep: Callable[[EntryInfo, bool, str], Entry], info: EntryInfo, node: Node, settled: Settled
    ) -> None:
        assert self.notes is not None
        entry = settled.entry = keep(info, settled.decision.is_replacing, settled.conditions)
        settled.is_stored = True
        if self._comes_back(node, entry, settled):
            self._committed.update((key, entry) for key in (info.call_key, info.recipe_key) if key is not None)
            self.notes.stored(node)

    def _comes_back(self, node: Node, entry: Entry, settled: Settled) -> bool:
        """Whether a result that was just stored loads: looked at once for each target, and not for plain data."""
        if settled.is_plain or node.target_id in self._come_back or self._cache is None:
            return True
        try:
            self._cache.check_loads(entry, self._code)
        except EntryError as exc:
            self._refuse(node, exc)
            self._cache.discard(entry)
            settled.entry, settled.is_stored = None, False
            return False
        self._come_back.add(node.target_id)
        return True

    def _conditions(
        self, node: Node, outputs: tuple[tuple[str, str], ...], carried: tuple[tuple[str, str], ...]
    ) -> str:
        assert self._keys is not None
        assert self.notes is not None
        inputs = self._keys.mentioned_inputs(node, self.mentions_of) if node.children else ()
        return self.notes.conditions(node, [(each.label, each.digest or "") for each in inputs], outputs, carried)

    def describe(self, node: Node, decision: Decision) -> EntryInfo | None:
        """What is known of a result before its call: what an object file that a worker writes says of itself."""
        if not decision.is_storable:
            return None
        return self._describe(node, Settled(decision, "ran"), NO_WRITES, ())

    def _describe(
        self, node: Node, settled: Settled, writes: Writes, carried: tuple[tuple[str, str], ...]
    ) -> EntryInfo:
        assert self._keys is not None
        keys, decision = self._keys, settled.decision
        key = decision.call_key or decision.recipe_key
        assert key is not None, "a storable decision has a key"
        parents = [self._settled[child].entry for child in node.children if child in self._settled]
        identity = keys.identity(node)
        inputs = (*identity.inputs, *(keys.mentioned_inputs(node, self.mentions_of) if node.children else ()))
        return EntryInfo(
            key=key,
            call_key=decision.call_key,
            recipe_key=decision.recipe_key,
            content_digest=settled.content_digest,
            target=node.target_id,
            path=node.path,
            config=write_call(self._graph, node),
            code=identity.code,
            seconds=settled.seconds,
            created_s=time.time(),
            arguments=keys.arguments(node, self.digest_of, self.mentions_of) or identity.arguments,
            holds=settled.holds,
            parents=tuple(entry.key for entry in parents if entry is not None),
            versions=self._versions,
            schema=SCHEMA,
            tree_seconds=self.savings.add_up(node, settled),
            inputs=tuple((each.argument, each.label, each.digest or "") for each in inputs),
            outputs=writes.outputs,
            carried=carried,
            mentions=settled.mentions,
            is_plain=settled.is_plain,
            env=tuple((name, str(redact(os.environ.get(name, "")))) for name in node.call.declared.env),
        )

    # --- writing ------------------------------------------------------------------------------------------------------

    def _remember(self, kind: str, items: Mapping[str, bytes]) -> None:
        self._write(None, lambda cache: cache.remember(kind, items))

    def _write(self, node: Node | None, action: Callable[[ResultCache], Any]) -> None:
        if self._has_write_failed or self._cache is None:
            return
        try:
            action(self._cache)
        except NotSerializableError as exc:
            assert node is not None, "of what is no result nothing is pickled"
            self._refuse(node, exc)
        except HydraCachedError as exc:
            # one warning, not one for each node: the run goes on without storing
            self._has_write_failed = True
            self._emit(Warned(node.path if node else "", f"results are no longer stored: {exc.message}"))

    def _warn(self, node: Node, what: str) -> None:
        self._emit(Warned(node.path, f"{node.target_id} at {node.path or 'the root'} {what}"))
