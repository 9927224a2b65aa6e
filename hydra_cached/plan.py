"""Decides for one node: reuse, or run and why. Reads keys and the store; never executes and never writes."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from hydra_cached.errors import EntryDamagedError, EntryError, EntryUntrustedError
from hydra_cached.graph import Graph, Node, Place, argument_expressions, references
from hydra_cached.keys import ENV, SCHEMA, VERSION, Keys
from hydra_cached.store import Entry, EntryInfo

Status: TypeAlias = Literal["hit", "cutoff", "ran", "skipped", "failed", "would_run", "unknown"]
ReasonCode: TypeAlias = Literal[
    "new",
    "code_changed",
    "arguments_changed",
    "input_file_changed",
    "env_changed",
    "version_changed",
    "package_changed",
    "upstream_changed",
    "not_deterministic",
    "excluded",
    "not_stored",
    "not_digestible",
    "entry_damaged",
    "entry_untrusted",
    "entry_unreadable",
    "forced",
    "shares_argument",
    "output_changed",
    "schema_changed",
    "not_persisted",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node must run: a code of the contract, and a detail in words."""

    code: ReasonCode
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user allows to be reused and stored.

    Attributes:
        exclude: target ids or globs that are neither looked up nor stored.
        uncached: index -> path of the declaration, for the nodes that are declared not to be cached and all that
            contain them.
        min_persist_ms: results that took less are not stored.
        is_caller_holding: the caller has the objects in the arguments at hand, and may compare them with the result's.
    """

    exclude: tuple[str, ...] = ()
    uncached: Mapping[int, str] = field(default_factory=dict)
    min_persist_ms: float = 0.0
    is_caller_holding: bool = False

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
    """

    verdict: Literal["hit", "cutoff", "run", "ask"]
    entry: Entry | None = None
    reason: Reason | None = None
    recipe_key: str | None = None
    call_key: str | None = None
    is_storable: bool = False
    look_ups: tuple[LookUp, ...] = ()


class Index(Protocol):
    """Where results are looked up: the store, or the memory of one process."""

    def find(self, recipe_key: str) -> Entry | None: ...

    def get(self, key: str) -> Entry | None: ...

    def latest(self, target: str, path: str) -> EntryInfo | None: ...


DigestOf: TypeAlias = Callable[[Place], "str | None"]


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
    node: Node,
    keys: Keys | None,
    index: Index | None,
    policy: Policy,
    digest_of: DigestOf | None = None,
    asked: Decision | None = None,
) -> Decision:
    """The decision for ``node``.

    Args:
        keys: keys of the graph, or None when nothing is persisted.
        index: where to look, or None when nothing is persisted.
        digest_of: content digests of the children's results (None for one without), or None while they are not known.
        asked: the decision of a moment ago, when they were not known: its recipe key need not be looked up again.
    """
    if index is None or keys is None:
        return Decision("run", reason=Reason("not_persisted", "run with -p to reuse results"))
    declared = policy.uncached.get(node.index)
    if declared is not None:
        what = "declared _cache_result_: false" if declared == node.path else f"contains {declared or '(root)'}"
        return Decision("run", reason=Reason("not_stored", what))
    if not node.call.declared.is_deterministic:
        return Decision("run", reason=Reason("not_deterministic", "declared not deterministic"))
    problem = keys.identity(node).problem
    if problem:
        return Decision("run", reason=Reason("not_digestible", problem))
    recipe_key = keys.recipe(node)
    if policy.is_excluded(node):
        call_key = keys.call(node, digest_of) if digest_of else None
        reason = Reason("excluded", f"{node.target_id} is excluded from persisting")
        return Decision("run", reason=reason, recipe_key=recipe_key, call_key=call_key)
    look_ups: list[LookUp] = []
    fault: EntryError | None = None
    if recipe_key is not None and asked is None:
        entry, fault = _ask(index.find, recipe_key)
        look_ups.append(LookUp("recipe", recipe_key, entry is not None))
        if entry is not None:
            return Decision("hit", entry, None, recipe_key, entry.info.call_key, True, tuple(look_ups))
    if digest_of is None and node.children:
        unusable = fault_reason(fault) if fault else None
        return Decision("ask", None, unusable, recipe_key, is_storable=True, look_ups=tuple(look_ups))
    call_key = keys.call(node, digest_of or (lambda place: None))
    if call_key is not None:
        entry, call_fault = _ask(index.get, call_key)
        fault = fault or call_fault
        look_ups.append(LookUp("call", call_key, entry is not None))
        if entry is not None:
            return Decision("cutoff", entry, None, recipe_key, call_key, True, tuple(look_ups))
    known = fault_reason(fault) if fault else asked.reason if asked else None
    reason = _explain(node, keys, index, digest_of) if known is None else known
    is_storable = call_key is not None or recipe_key is not None
    return Decision("run", None, reason, recipe_key, call_key, is_storable, tuple(look_ups))


def find_shared_holders(
    graph: Graph, policy: Policy, reused: Mapping[int, Decision], running: Collection[int]
) -> list[tuple[int, Reason]]:
    """Nodes that must not be reused, since their values hold objects that something else in the run reaches.

    A stored optimizer holds its model's parameters. Loaded beside the model, it would hold copies that nobody trains.

    Args:
        reused: decisions for nodes to be reused, by index.
        running: indices of the nodes that run, or may run yet.
    """
    entries = {index: each.entry for index, each in reused.items() if each.entry and each.entry.info.holds}
    if not entries:
        return []
    held = {index: held_nodes(graph, graph.nodes[index], entry.info.holds) for index, entry in entries.items()}
    reached: dict[int, set[int]] = {}
    for place in graph.roots():
        reached.setdefault(graph.node_of(place).index, set()).add(-1)
    for index in running:
        for child in graph.nodes[index].children:
            reached.setdefault(child, set()).add(index)
    for index, nodes in held.items():
        for child in nodes:
            reached.setdefault(child, set()).add(index)
            if len(graph.nodes[index].places) > 1:
                # loaded once for each place, they would no longer hold the same
                reached[child].add(-2)
    found: dict[int, Reason] = {}
    is_growing = True
    while is_growing:
        is_growing = False
        # the outermost first: once it runs, what it held is its argument again
        for index in sorted(held.keys() - found.keys(), reverse=True):
            holds_literal = any(position.startswith(LITERAL) for position in entries[index].info.holds)
            shared = [child for child in held[index] if len(reached[child]) > (index in reached[child])]
            if not shared and not (holds_literal and policy.is_caller_holding):
                continue
            names = sorted(graph.nodes[child].path or "(root)" for child in shared) or ["an argument of the caller's"]
            found[index] = Reason(
                "shares_argument", f"its value holds objects of {', '.join(names)}, used elsewhere too"
            )
            is_growing = True
            for child in held[index]:
                reached[child].discard(index)
            for child in graph.nodes[index].children:
                reached.setdefault(child, set()).add(index)
    return list(found.items())


LITERAL = "="
"""Marks the position of an argument that is no call, among the positions that a value holds objects of."""


def argument_positions(call: Place) -> dict[str, Place]:
    """The calls in a call's arguments by position: the argument's name and the number of the call in it."""
    return {
        f"{name}.{number}": ref.place
        for name, expression in argument_expressions(call)
        for number, ref in enumerate(references(expression))
    }


def held_nodes(graph: Graph, node: Node, positions: Iterable[str]) -> set[int]:
    """Indices of the nodes at ``positions`` below ``node``: "model.0", or "trainer.0/model.0" further down."""
    found: set[int] = set()
    for position in positions:
        current = node
        for step in position.split("/"):
            place = argument_positions(current.call).get(step)
            if place is None:
                break
            current = graph.node_of(place)
            found.add(current.index)
    return found


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


def _explain(node: Node, keys: Keys, index: Index, digest_of: DigestOf | None) -> Reason:
    """The difference to the latest entry of the same target at the same path."""
    earlier = index.latest(node.target_id, node.path)
    if earlier is None:
        return Reason("new", "no earlier result of this call")
    if earlier.schema != SCHEMA:
        return Reason("schema_changed", f"keys are made in another way since schema {earlier.schema}")
    identity = keys.identity(node)
    if earlier.code != identity.code:
        return Reason("code_changed", f"the code of {node.target_id} changed")
    with_calls = {
        name: references(expression)
        for name, expression in argument_expressions(node.call)
        if next(references(expression), None) is not None
    }
    before, now = dict(earlier.arguments), dict(identity.arguments)
    changed = [name for name in {**before, **now} if name not in with_calls and before.get(name) != now.get(name)]
    for name in changed:
        if name.startswith(ENV):
            return Reason("env_changed", f"environment variable {name.removeprefix(ENV)}")
    if VERSION in changed:
        return Reason("version_changed", "the declared version changed")
    if changed:
        return Reason("arguments_changed", ", ".join(sorted(changed)))
    arguments = keys.arguments(node, digest_of) if digest_of else None
    upstream = [name for name, digest in arguments or () if name in with_calls and before.get(name) != digest]
    if upstream or with_calls:
        return Reason("upstream_changed", ", ".join(sorted(upstream or with_calls)))
    return Reason("new", "the earlier result is no longer stored")
