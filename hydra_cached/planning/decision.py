"""Decides for one node: reuse, or run and why. Reads keys and the store; never executes and never writes."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from hydra_cached.errors import EntryDamagedError, EntryError, EntryUntrustedError
from hydra_cached.graph import Graph, Node, Place
from hydra_cached.keys import Keys
from hydra_cached.planning.conditions import ConditionChecker
from hydra_cached.planning.differences import explain
from hydra_cached.planning.reason import Reason
from hydra_cached.store import Entry, EntryInfo

Status: TypeAlias = Literal["hit", "cutoff", "ran", "skipped", "failed", "would_run", "unknown"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user allows to be reused and stored.

    Attributes:
        exclude: target ids or globs that are neither looked up nor stored.
        uncached: index -> path of the declaration, for the nodes that are declared not to be cached and all that
            contain them.
        min_persist_ms: results that took less are not stored.
        is_caller_holding: the caller has the objects in the arguments at hand, and may compare them with the result's.
        forced: indices of the nodes that run whatever is stored.
        above_forced: indices of the nodes that contain one of those: what their recipes lead to does not count.
        sampled: indices of the nodes that run even if their results could be reused, to be compared with these.
        gives_same: tells whether all places of a node get the very objects back that they had before, and no copies.
    """

    exclude: tuple[str, ...] = ()
    uncached: Mapping[int, str] = field(default_factory=dict)
    min_persist_ms: float = 0.0
    is_caller_holding: bool = False
    forced: frozenset[int] = frozenset()
    above_forced: frozenset[int] = frozenset()
    sampled: frozenset[int] = frozenset()
    gives_same: Callable[[Node, Entry], bool] | None = None

    def is_excluded(self, node: Node) -> bool:
        return any(fnmatch.fnmatchcase(node.target_id, pattern) for pattern in self.exclude)


@dataclass(frozen=True, slots=True)
class LookUp:
    """One question to the store. ``kind`` is "recipe" or "call"."""

    kind: str
    key: str
    is_found: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a node.

    Attributes:
        verdict: "hit" (recipe key found), "cutoff" (call key found), "run", or "ask" (its children come first).
        entry: the result to reuse, for a hit or a cutoff.
        reason: why it must run, when it must.
        is_storable: whether the result may be written to the store.
        is_replacing: an entry of that key is there, and no longer good.
        verifies: the result that could be reused, where the node runs to be compared with it.
    """

    verdict: Literal["hit", "cutoff", "run", "ask"]
    entry: Entry | None = None
    reason: Reason | None = None
    recipe_key: str | None = None
    call_key: str | None = None
    is_storable: bool = False
    look_ups: tuple[LookUp, ...] = ()
    is_replacing: bool = False
    verifies: Entry | None = None


class Index(Protocol):
    """Where results are looked up: the store, or the memory of one process."""

    def find(self, recipe_key: str) -> Entry | None: ...

    def get(self, key: str) -> Entry | None: ...

    def latest(self, target: str, path: str) -> Sequence[EntryInfo]: ...

    def entries_of(self, target: str) -> Sequence[EntryInfo]: ...

    def recall(self, kind: str, keys: Sequence[str]) -> dict[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What decisions are made from.

    Attributes:
        keys: keys of the graph.
        index: where to look.
        conditions: tells whether what was found still holds.
    """

    keys: Keys
    index: Index
    conditions: ConditionChecker

    def expect_seconds(self, node: Node) -> float | None:
        """What the call of a node took when it last ran; None where that is not known."""
        latest = self.index.latest(node.target_id, node.path)
        return latest[0].seconds if latest else None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the results of a node's calls.

    Attributes:
        digest_of: their content digests, None for one without.
        mentions_of: texts in them that may name files.
    """

    digest_of: Callable[[Place], str | None]
    mentions_of: Callable[[Place], Sequence[str]]


NOTHING_BELOW = Known(lambda place: None, lambda place: ())
"""What is known where there are no calls in the arguments."""


def uncached_nodes(graph: Graph) -> dict[int, str]:
    """Nodes declared not to be cached and all that contain them, each with the path of a declaration."""
    found: dict[int, str] = {}
    for node in graph.nodes:
        if not node.call.declared.is_cached:
            found[node.index] = node.path
        else:
            below = next((found[child] for child in node.children if child in found), None)
            if below is not None:
                found[node.index] = below
    return found


def decide(
    node: Node, context: Context | None, policy: Policy, known: Known | None = None, asked: Decision | None = None
) -> Decision:
    """The decision for ``node``.

    Args:
        context: None when nothing is persisted.
        known: of the results of its calls, or None while they are still to come.
        asked: the decision of a moment ago, when they were: its recipe key need not be looked up again.
    """
    if context is None:
        return Decision("run", reason=Reason("not_persisted", "run with -p to reuse results"))
    settled = _decide_without_looking(node, context.keys, policy, known)
    if settled is not None:
        return settled
    keys, index = context.keys, context.index
    recipe_key = keys.recipe(node)
    look_ups: list[LookUp] = []
    fault: EntryError | None = None
    broken: Reason | None = None
    if recipe_key is not None and asked is None and node.index not in policy.above_forced:
        entry, fault = _ask(index.find, recipe_key)
        look_ups.append(LookUp("recipe", recipe_key, entry is not None))
        if entry is not None:
            broken = context.conditions.check_own(entry.info)
            if broken is None and context.conditions.hold(entry.conditions):
                return Decision("hit", entry, None, recipe_key, entry.info.call_key, True, tuple(look_ups))
    if known is None and node.children:
        reason = fault_reason(fault) if fault else broken
        return Decision("ask", None, reason, recipe_key, is_storable=True, look_ups=tuple(look_ups))
    known = known or NOTHING_BELOW
    call_key = keys.call(node, known.digest_of, known.mentions_of)
    if call_key is not None:
        entry, call_fault = _ask(index.get, call_key)
        fault = fault or call_fault
        look_ups.append(LookUp("call", call_key, entry is not None))
        if entry is not None:
            broken = context.conditions.check_own(entry.info)
            if broken is None:
                return Decision("cutoff", entry, None, recipe_key, call_key, True, tuple(look_ups))
    if broken is not None:
        reason = broken
    elif fault is not None:
        reason = fault_reason(fault)
    else:
        reason = (asked.reason if asked else None) or explain(node, keys, index, known)
    is_storable = call_key is not None or recipe_key is not None
    return Decision("run", None, reason, recipe_key, call_key, is_storable, tuple(look_ups), broken is not None)


def _decide_without_looking(node: Node, keys: Keys, policy: Policy, known: Known | None) -> Decision | None:
    """The decision where no look into the store can change it."""
    declared = policy.uncached.get(node.index)
    if declared is not None:
        what = "declared _cache_result_: false" if declared == node.path else f"contains {declared or '(root)'}"
        return Decision("run", reason=Reason("not_stored", what))
    if not node.call.declared.is_deterministic:
        return Decision("run", reason=Reason("not_deterministic", "declared not deterministic"))
    problem = keys.identity(node).problem
    if problem:
        return Decision("run", reason=Reason("not_digestible", problem))
    is_excluded = policy.is_excluded(node)
    if not is_excluded and node.index not in policy.forced:
        return None
    recipe_key = keys.recipe(node)
    known = known or (None if node.children else NOTHING_BELOW)
    call_key = keys.call(node, known.digest_of, known.mentions_of) if known else None
    if is_excluded:
        reason = Reason("excluded", f"{node.target_id} is excluded from persisting")
        return Decision("run", reason=reason, recipe_key=recipe_key, call_key=call_key)
    return Decision(
        "run", None, Reason("forced", "asked for"), recipe_key, call_key, is_storable=True, is_replacing=True
    )


def fault_reason(fault: EntryError) -> Reason:
    """The reason that an unusable entry gives."""
    if isinstance(fault, EntryDamagedError):
        return Reason("entry_damaged", fault.message)
    if isinstance(fault, EntryUntrustedError):
        return Reason("entry_untrusted", fault.message)
    return Reason("entry_unreadable", fault.message)


def _ask(question: Callable[[str], Entry | None], key: str) -> tuple[Entry | None, EntryError | None]:
    try:
        return question(key), None
    except EntryError as exc:
        return None, exc
