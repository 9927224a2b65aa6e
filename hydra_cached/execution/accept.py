"""Declares that results of other code are as good as what the present code would give. Calls no target."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from hydra_cached.execution.notes import Notes
from hydra_cached.execution.settled import Settled
from hydra_cached.fingerprint import FileDigests
from hydra_cached.graph import Graph, Node, Place
from hydra_cached.keys import DEPENDS, NAMED, SCHEMA
from hydra_cached.planning import Context, Decision, Known, Policy, decide
from hydra_cached.store import Entry, EntryInfo, Store


@dataclass(frozen=True, slots=True)
class Accepted:
    """One node whose stored result of other code counts from now on.

    Attributes:
        key: primary key of the entry that was accepted.
        new_key: primary key under which it is found now.
    """

    path: str
    target: str
    key: str
    new_key: str


@dataclass(frozen=True, slots=True)
class Refused:
    """One node that would run and has no result that differs in code alone; ``why`` says what else differs."""

    path: str
    target: str
    why: str


class Acceptance:
    """One pass from the leaves of a graph up to the nodes that are wanted.

    Args:
        who: the one who takes responsibility; it is written into the entries.
        is_dry_run: write nothing.
    """

    def __init__(
        self, graph: Graph, context: Context, store: Store, files: FileDigests, who: str, *, is_dry_run: bool
    ) -> None:
        self._graph = graph
        self._context = context
        self._store = store
        self._who = who
        self._is_dry_run = is_dry_run
        self._settled: dict[int, Settled] = {}
        self._notes = Notes(graph, context.keys, self._settled, files, store.recall, store.remember)
        self.accepted: list[Accepted] = []
        self.refused: list[Refused] = []

    def accept(self) -> None:
        """Link what differs in code alone, from the leaves up.

        Raises:
            StoreError: it cannot be written.
        """
        wanted = {self._graph.node_of(place).index for place in self._graph.roots()}
        for index in list(wanted):
            wanted.update(self._graph.below(self._graph.nodes[index]) or ())
        for index in sorted(wanted):
            self._visit(self._graph.nodes[index])

    def _visit(self, node: Node) -> None:
        if any(child not in self._settled for child in node.children):
            self.refused.append(Refused(node.path, node.target_id, "a call in its arguments has no stored result"))
            return
        known = Known(self._digest_of, self._mentions_of)
        decision = decide(node, self._context, Policy(), known)
        if decision.verdict != "run":
            self._settled[node.index] = Settled(decision, "hit")
            if decision.verdict == "cutoff" and decision.entry is not None:
                conditions = self._conditions(node, decision.entry.info)
                self._settled[node.index].conditions = conditions
                if decision.recipe_key is not None and not self._is_dry_run:
                    self._store.link(decision.recipe_key, decision.entry.key, conditions)
            return
        earlier = self._find_candidate(node, known) if decision.is_storable else None
        if earlier is None or decision.call_key is None:
            reason = decision.reason.detail if decision.reason else ""
            self.refused.append(Refused(node.path, node.target_id, reason or "no result differs in code alone"))
            return
        self._accept(node, decision, earlier)

    def _find_candidate(self, node: Node, known: Known) -> Entry | None:
        keys = self._context.keys
        now = _without_code(keys.arguments(node, known.digest_of, known.mentions_of) or ())
        entries = [
            info
            for info in self._store.entries_of(node.target_id)
            if info.schema == SCHEMA and _without_code(info.arguments) == now and _is_of_this_python(info)
        ]
        entries.sort(key=lambda info: info.path != node.path)
        for info in entries:
            entry = self._store.get(info.key)
            if entry is not None and self._context.conditions.check_own(info) is None:
                return entry
        return None

    def _accept(self, node: Node, decision: Decision, earlier: Entry) -> None:
        info = replace(
            earlier.info,
            key=decision.call_key or "",
            call_key=decision.call_key,
            recipe_key=decision.recipe_key,
            path=node.path,
            code=self._context.keys.identity(node).code,
            arguments=self._context.keys.arguments(node, self._digest_of, self._mentions_of) or (),
            accepted=(self._who, time.strftime("%Y-%m-%dT%H:%M:%S%z"), earlier.key),
        )
        settled = self._settled[node.index] = Settled(Decision("hit", replace(earlier, info=info)), "hit")
        self.accepted.append(Accepted(node.path, node.target_id, earlier.key, info.key))
        if not self._is_dry_run:
            settled.conditions = self._conditions(node, info)
            self._store.enter(replace(earlier, info=info), replace=True, conditions=settled.conditions)
            self._notes.closure(node)

    def _conditions(self, node: Node, info: EntryInfo) -> str:
        if self._is_dry_run:
            return ""
        inputs = self._context.keys.mentioned_inputs(node, self._mentions_of) if node.children else ()
        return self._notes.conditions(
            node, [(each.label, each.digest or "") for each in inputs], info.outputs, info.carried
        )

    def _digest_of(self, place: Place) -> str | None:
        return self._settled[self._graph.node_of(place).index].content_digest

    def _mentions_of(self, place: Place) -> tuple[str, ...]:
        return self._settled[self._graph.node_of(place).index].mentions


def _without_code(arguments: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {name: digest for name, digest in arguments if not name.startswith((DEPENDS, NAMED))}


def _is_of_this_python(info: EntryInfo) -> bool:
    import sys

    made = dict(info.versions).get("python", "").split(".")[:2]
    return made == [str(number) for number in sys.version_info[:2]]
