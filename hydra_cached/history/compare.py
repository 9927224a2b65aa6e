"""How two past runs differ: which nodes are another call, and why. Reads entries; loads no result."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import Any, TypeAlias

from hydra_cached.errors import EntryError
from hydra_cached.history.runs import PastNode, PastRun, RunHead
from hydra_cached.planning import read_call
from hydra_cached.planning.differences import (
    compare_closures,
    compare_pythons,
    describe_change,
    read_closure,
    sort_differences,
)
from hydra_cached.store import Entry, EntryInfo, Store

Why: TypeAlias = tuple[str, str]
"""Code and detail of a reason."""

_LONGEST_VALUE = 40
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """A node that is another call in the second of two runs.

    Attributes:
        before: the node in the first run; None when it is only in the second.
        after: the node in the second run; None when it is only in the first.
        reason: why their keys differ: a code of the contract, "added" or "removed".
        detail: that in words: which arguments, from what to what.
    """

    before: PastNode | None
    after: PastNode | None
    reason: str
    detail: str

    @property
    def node(self) -> PastNode:
        """The node as it is in the second run, or else in the first."""
        node = self.after or self.before
        assert node is not None, "one of them is there"
        return node


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two runs differ.

    Attributes:
        same: number of nodes that are the same call in both.
        unknown: number of nodes that have no key in one of them, so that it cannot be told.
    """

    before: RunHead
    after: RunHead
    differences: tuple[Difference, ...]
    same: int
    unknown: int


def compare_runs(store: Store, before: PastRun, after: PastRun) -> Comparison:
    """Nodes that are another call in ``after`` than at the same path in ``before``, and why.

    Where both results are still stored, the calls themselves are compared; else the reason is the one that the later
    run gave.
    """
    old = {node.path: node for node in before.nodes}
    new = {node.path: node for node in after.nodes}
    differences: list[Difference] = []
    same = unknown = 0
    for path, node in new.items():
        earlier = old.get(path)
        if earlier is None:
            differences.append(Difference(None, node, "added", "only in the second run"))
            continue
        is_same = _is_same(earlier, node)
        if is_same is None:
            unknown += 1
        elif is_same:
            same += 1
        else:
            differences.append(Difference(earlier, node, *_explain(store, earlier, node)))
    removed = [node for path, node in old.items() if path not in new]
    differences += [Difference(node, None, "removed", "only in the first run") for node in removed]
    return Comparison(before.head, after.head, tuple(differences), same, unknown)


def _is_same(before: PastNode, after: PastNode) -> bool | None:
    """Whether two nodes are the same call; None where that is not known."""
    if before.target != after.target:
        return False
    if before.recipe_key is not None and before.recipe_key == after.recipe_key:
        return True
    # the contents first: recipes may differ where they do not
    for one, other in ((before.call_key, after.call_key), (before.recipe_key, after.recipe_key)):
        if one is not None and other is not None:
            return one == other
    return None


def _explain(store: Store, before: PastNode, after: PastNode) -> Why:
    if before.target != after.target:
        return "arguments_changed", f"_target_ was {before.target}"
    old, new = _entry_of(store, before), _entry_of(store, after)
    found = None if old is None or new is None else _differ(store, old.info, new.info)
    if found is None and after.reason == "new" and (old is None or new is None):
        # it was new then, which says nothing of the other run
        return "new", f"the {'first' if old is None else 'second'} run left no result of it to compare with"
    return found or (after.reason or "upstream_changed", after.detail)


def _entry_of(store: Store, node: PastNode) -> Entry | None:
    with contextlib.suppress(EntryError):
        found = store.get(node.call_key) if node.call_key else None
        return store.find(node.recipe_key) if found is None and node.recipe_key else found
    return None


def _differ(store: Store, before: EntryInfo, after: EntryInfo) -> Why | None:
    """How two calls of one target differ; None where nothing that was noted does."""
    if before.schema != after.schema:
        return "schema_changed", f"keys are made in another way since schema {before.schema}"
    found = [*compare_pythons(dict(before.versions).get("python", ""), dict(after.versions).get("python", ""))]
    if before.code != after.code:
        closures = read_closure(store, before.code), read_closure(store, after.code)
        found += compare_closures(after.target, *closures)
    written = read_call(before.config), read_call(after.config)
    old, new = dict(before.arguments), dict(after.arguments)
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            is_call = any(_has_call(config.get(name)) for config in written)
            found.append(describe_change(name, old, new, is_call=is_call))
    if not found:
        return None
    ordered = sort_differences(found)
    first = [each for each in ordered if each.code == ordered[0].code]
    is_value = first[0].code == "arguments_changed"
    shown = [_describe_values(each.name, *written) if is_value else each.detail for each in first[:_MOST_NAMES]]
    return first[0].code, ", ".join([*shown, "..."] if len(first) > _MOST_NAMES else shown)


def _has_call(written: Any) -> bool:
    """Whether an argument, as an entry has it, refers to a call."""
    if isinstance(written, str):
        return written.startswith("${")
    if isinstance(written, dict):
        return any(map(_has_call, written.values()))
    return isinstance(written, list) and any(map(_has_call, written))


def _describe_values(name: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    """`lr: 0.1 -> 0.2`, or the name alone where the values look alike."""
    old, new = _shorten(before, name), _shorten(after, name)
    return name if old == new else f"{name}: {old} -> {new}"


def _shorten(config: dict[str, Any], name: str) -> str:
    if name not in config:
        return "(none)"
    text = json.dumps(config[name], ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
