"""Everything that is known of why a node would run, or need not: a decision, taken apart for people to read."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hydra_cached.fingerprint import Definition
from hydra_cached.graph import Graph, Node, argument_expressions, references
from hydra_cached.keys import ENV, Keys, digest_text
from hydra_cached.planning.decision import Context, Index, Known, Status
from hydra_cached.planning.differences import Difference, find_differences, find_nearest, read_closure
from hydra_cached.planning.dry_run import Planned
from hydra_cached.planning.reason import Reason
from hydra_cached.planning.written import read_call, write_call
from hydra_cached.store import TEXT, EntryInfo, redact


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, with what it was and what it is.

    Attributes:
        before: in words or as text, None where that is not known.
        now: likewise.
        diff: lines of a unified diff, for code.
    """

    difference: Difference
    before: str | None = None
    now: str | None = None
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRole:
    """What was made of a file that a call names. ``role`` is "input", "output" or "left alone"."""

    argument: str
    label: str
    role: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a node would run, or need not.

    Attributes:
        earlier: the result that it was compared with, the nearest one of the same place, or None.
        changes: in what it differs from that, the weightiest first.
        files: what was made of the files that it names.
    """

    path: str
    target: str
    status: Status
    reason: Reason | None
    recipe_key: str | None
    call_key: str | None
    earlier: EntryInfo | None
    changes: tuple[Change, ...]
    files: tuple[FileRole, ...]


def explain_node(
    graph: Graph, node: Node, planned: Planned | None, context: Context, known: Known | None
) -> Explanation:
    """Take the plan for one node apart.

    Args:
        planned: None for a node that nothing needs, since what contains it is reused.
        known: of the results of its calls; None where some of these are not known yet.
    """
    keys, index = context.keys, context.index
    decision = None if planned is None else planned.decision
    nothing = Known(lambda place: None, lambda place: ())
    is_reused = planned is not None and planned.status in ("hit", "cutoff")
    earlier = decision.entry.info if decision and decision.entry else find_nearest(node, keys, index, known or nothing)
    changes: tuple[Change, ...] = ()
    if earlier is not None and not is_reused:
        found = find_differences(node, keys, index, earlier, known)
        changes = tuple(
            each for difference in found for each in _describe(graph, node, keys, index, earlier, difference)
        )
    return Explanation(
        path=node.path,
        target=node.target_id,
        status="skipped" if planned is None else planned.status,
        reason=decision.reason if decision and not is_reused else None,
        recipe_key=keys.recipe(node),
        call_key=decision.call_key if decision else None,
        earlier=earlier,
        changes=changes,
        files=_roles(node, keys, earlier, known),
    )


def _describe(
    graph: Graph, node: Node, keys: Keys, index: Index, earlier: EntryInfo, difference: Difference
) -> Sequence[Change]:
    if difference.code == "arguments_changed":
        before, now = read_call(earlier.config), read_call(write_call(graph, node))
        return (Change(difference, _text(before, difference.name), _text(now, difference.name)),)
    if difference.code == "env_changed":
        value = os.environ.get(difference.name)
        now_text = "not set" if value is None else str(redact(value))
        was_set = dict(earlier.arguments).get(ENV + difference.name) != digest_text(None)
        before_text = dict(earlier.env).get(difference.name) if was_set else "not set"
        return (Change(difference, before_text, now_text),)
    if difference.code == "version_changed":
        before, now = read_call(earlier.config), read_call(write_call(graph, node))
        return (Change(difference, _text(before, "_version_"), _text(now, "_version_")),)
    if difference.code == "upstream_changed":
        children = [
            graph.node_of(ref.place).path or "the root"
            for name, expression in argument_expressions(node.call)
            if name == difference.name
            for ref in references(expression)
        ]
        detail = f"{difference.name}: another result of {', '.join(children)}" if children else difference.detail
        return (Change(replace(difference, detail=detail)),)
    if difference.code in ("code_changed", "package_changed"):
        return _describe_code(node, keys, index, earlier, difference) or (Change(difference),)
    if difference.code == "input_file_changed":
        before_digests = {label: digest for _, label, digest in earlier.inputs}
        identity = {each.label: each.digest or "" for each in keys.identity(node).inputs}
        was, is_now = before_digests.get(difference.name), identity.get(difference.name)
        return (Change(difference, was[:12] if was else None, is_now[:12] if is_now else None),)
    return (Change(difference),)


def _describe_code(
    node: Node, keys: Keys, index: Index, earlier: EntryInfo, difference: Difference
) -> Sequence[Change]:
    code, found_now = _code_of(node, keys, earlier, difference)
    before = read_closure(index, code)
    if before is None:
        return ()
    definitions: dict[tuple[str, str], Definition] = {(each.kind, each.id): each for each in found_now}
    now: dict[tuple[str, str], str] = {key: each.digest for key, each in definitions.items()}
    changed = [key for key in sorted({**before, **now}) if before.get(key) != now.get(key)]
    found = []
    for kind, name in changed:
        is_package = kind == "distribution"
        if is_package is not (difference.code == "package_changed") and not difference.argument:
            continue
        definition = definitions.get((kind, name))
        old = _recall_text(index, before.get((kind, name)))
        new = str(redact(definition.text)) if definition is not None else ""
        where = ""
        if definition is not None and definition.file:
            file = os.path.relpath(definition.file)
            file = definition.file if file.startswith(os.pardir) else file
            where = f"{file}:{definition.line}" if definition.line else file
        how = "is new" if (kind, name) not in before else "no longer counts" if definition is None else "changed"
        detail = f"{kind} {name}{_say_whose(difference, name)} {how}" + (f" ({where})" if where else "")
        each = Difference(difference.code, name, detail)
        if is_package:
            found.append(Change(each, old or None, new or None))
            continue
        diff = tuple(difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "now", lineterm=""))
        if diff or how != "changed":
            found.append(Change(each, diff=diff))
        else:
            # what differs is in what is too long to be shown, or was no longer to be read
            was, is_now = before[kind, name][:12], now[kind, name][:12]
            found.append(Change(each, f"content {was}", f"content {is_now}"))
    return found


def _code_of(node: Node, keys: Keys, earlier: EntryInfo, difference: Difference) -> tuple[str, tuple[Definition, ...]]:
    """Fingerprint of the code as it was, and definitions of what it is now: the node's own, or that in an argument."""
    name = difference.argument
    if not name:
        return earlier.code, keys.definitions(node)
    targets = {each: met for each, _, met in keys.code_in_arguments(node)}.get(name, ())
    return dict(earlier.arguments).get(name, ""), keys.definitions_of(targets)


def _say_whose(difference: Difference, name: str) -> str:
    if not difference.argument:
        return ""
    if not difference.argument.startswith("@"):
        return f" in argument {difference.argument}"
    return "" if difference.name == name else f", which {difference.name} uses,"


def _recall_text(index: Index, digest: str | None) -> str:
    body = index.recall(TEXT, [digest]).get(digest) if digest else None
    return body.decode("utf-8", "replace") if body is not None else ""


def _text(call: dict[str, object], name: str) -> str | None:
    return json.dumps(call[name], ensure_ascii=False) if name in call else None


def _roles(node: Node, keys: Keys, earlier: EntryInfo | None, known: Known | None) -> tuple[FileRole, ...]:
    identity = keys.identity(node)
    found = [FileRole(each.argument, each.label, "input") for each in identity.inputs]
    if known is not None and node.children:
        mentioned = keys.mentioned_inputs(node, known.mentions_of)
        found.extend(FileRole(each.argument, each.label, "input") for each in mentioned)
    written = {label for label, _ in earlier.outputs} if earlier is not None else set()
    found.extend(FileRole("", label, "output") for label in sorted(identity.outputs | written))
    found.extend(FileRole("", label, "left alone") for label in identity.left)
    return tuple(dict.fromkeys(found))
