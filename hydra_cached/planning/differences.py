"""Compares a call with what is known of earlier ones: what differs, and so why it must run. Reads, never decides."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra_cached.graph import Node, argument_expressions, references
from hydra_cached.keys import DEPENDS, ENV, FILE, NAMED, SCHEMA, VERSION, Identity, Keys
from hydra_cached.planning.reason import Reason, ReasonCode
from hydra_cached.store import CLOSURE, UNSTORED, EntryInfo

if TYPE_CHECKING:
    from hydra_cached.planning.decision import Index, Known

_ORDER: tuple[ReasonCode, ...] = (
    "schema_changed",
    "package_changed",
    # before code: as a decorator it stands in the code, too
    "version_changed",
    "code_changed",
    "env_changed",
    "input_file_changed",
    "arguments_changed",
    "upstream_changed",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a call differs from an earlier one.

    Attributes:
        code: the reason it is.
        name: of the argument, definition, package, variable or file.
        detail: in words.
        argument: for code that an argument holds or names: that argument, as in an identity.
    """

    code: ReasonCode
    name: str
    detail: str
    argument: str = ""


def explain(node: Node, keys: Keys, index: Index, known: Known) -> Reason:
    """Why a call that is not in the store is not there: how it differs from the nearest earlier one of its place."""
    earlier = find_nearest(node, keys, index, known)
    if earlier is None:
        return explain_absence(node, keys, index, known)
    found = find_differences(node, keys, index, earlier, known)
    if not found:
        return Reason("new", "the earlier result is no longer stored")
    code = min((each.code for each in found), key=_ORDER.index)
    return Reason(code, ", ".join(each.detail for each in found if each.code == code))


def explain_absence(node: Node, keys: Keys, index: Index, known: Known | None) -> Reason:
    """Why there is no earlier result at all: the call was never made, or its result could not be stored."""
    call_key = keys.call(node, known.digest_of, known.mentions_of) if known is not None else None
    occurrence = keys.occurrence(node)
    found = index.recall(UNSTORED, [key for key in (keys.recipe(node), call_key, occurrence) if key is not None])
    for key in (keys.recipe(node), call_key):
        if key in found:
            return Reason("not_stored", found[key].decode("utf-8", "replace"))
    # the same call with other code, or other inputs from outside; empty where a result was stored since
    before = found.get(occurrence)
    if before:
        return Reason("not_stored", f"its last result was not stored: {before.decode('utf-8', 'replace')}")
    return Reason("new", "no earlier result of this call")


def find_nearest(node: Node, keys: Keys, index: Index, known: Known) -> EntryInfo | None:
    """The earlier result of the same target at the same path that differs in the fewest things, the newest of those.

    Of several that differ in as many, one with the arguments that are written now: a sweep stores results beside it.
    """
    candidates = index.latest(node.target_id, node.path)
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    identity = keys.identity(node)
    now = dict(keys.arguments(node, known.digest_of, known.mentions_of) or identity.arguments)

    written = {
        name for name, expression in argument_expressions(node.call) if next(references(expression), None) is None
    }

    def distance(earlier: EntryInfo) -> tuple[int, int]:
        before = dict(earlier.arguments)
        changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        others = (earlier.code != identity.code) + (earlier.schema != SCHEMA)
        return len(changed) + others, len(written.intersection(changed))

    # min() takes the first of equals, and the newest come first
    return min(candidates, key=distance)


def find_differences(
    node: Node, keys: Keys, index: Index, earlier: EntryInfo, known: Known | None
) -> tuple[Difference, ...]:
    """In what ``node`` differs from an earlier result, the weightiest first; () where in nothing that counts.

    Args:
        known: of the results of its calls; None while they are still to come: then none of them is compared.
    """
    if earlier.schema != SCHEMA:
        detail = f"keys are made in another way since schema {earlier.schema}"
        return (Difference("schema_changed", "schema", detail),)
    identity = keys.identity(node)
    found = [*_compare_python(earlier), *_compare_code(node, keys, index, earlier, identity)]
    with_calls = {
        name for name, expression in argument_expressions(node.call) if next(references(expression), None) is not None
    }
    arguments = keys.arguments(node, known.digest_of, known.mentions_of) if known is not None else None
    before, now = dict(earlier.arguments), dict(identity.arguments if arguments is None else arguments)
    with_code = {name: targets for name, _, targets in keys.code_in_arguments(node)}
    written = tuple(f" {label}" for label, _ in earlier.outputs)
    for name in {**before, **now}:
        if written and name.startswith(FILE) and name.endswith(written):
            # what it wrote then is there now, and may be what it will write
            continue
        is_comparable = arguments is not None or name not in with_calls
        if not is_comparable or before.get(name) == now.get(name):
            continue
        changed = _changed_code(index, name, before.get(name, ""), with_code.get(name), keys)
        found.append(changed or describe_change(name, before, now, is_call=name in with_calls))
    if not found and with_calls and arguments is None and known is not None:
        # a result without a digest cannot be compared
        found.append(Difference("upstream_changed", "", ", ".join(sorted(with_calls))))
    return sort_differences(found)


def _changed_code(index: Index, name: str, before: str, targets: Sequence[Any] | None, keys: Keys) -> Difference | None:
    """What changed in code that an argument holds; None where it holds other code, or what it held is not known."""
    closure = read_closure(index, before) if targets and before and not name.startswith("@") else None
    if not closure or not targets:
        return None
    now = keys.definitions_of(targets)
    changed = [each for each in now if closure.get((each.kind, each.id), each.digest) != each.digest]
    if not changed:
        return None
    are_packages = all(each.kind == "distribution" for each in changed)
    code: ReasonCode = "package_changed" if are_packages else "code_changed"
    what = "package" if are_packages else "the code of"
    detail = f"{what} {', '.join(each.id for each in changed)} changed, which is in argument {name}"
    return Difference(code, changed[0].id, detail, name)


def sort_differences(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """The weightiest first."""
    return tuple(sorted(found, key=lambda each: _ORDER.index(each.code)))


def describe_change(name: str, before: dict[str, str], now: dict[str, str], *, is_call: bool) -> Difference:
    """What it means that the argument or input ``name`` has another digest than before."""
    if name.startswith(ENV):
        variable = name.removeprefix(ENV)
        return Difference("env_changed", variable, f"environment variable {variable}")
    if name == VERSION:
        return Difference("version_changed", "_version_", "the declared version changed")
    if name.startswith(DEPENDS):
        other = name.removeprefix(DEPENDS)
        return Difference(
            "code_changed", other, f"the code of {other}, on which it is declared to depend, changed", name
        )
    if name.startswith(NAMED):
        other = name.removeprefix(NAMED)
        return Difference("code_changed", other, f"the code of {other}, which an argument names, changed", name)
    if name.startswith(FILE):
        argument, _, label = name.removeprefix(FILE).partition(" ")
        how = (
            ", which did not count before"
            if name not in before
            else ", which no longer counts"
            if name not in now
            else ""
        )
        which = f" of argument {argument}" if argument else ""
        return Difference("input_file_changed", label, f"{label}{which}{how}")
    return Difference("upstream_changed" if is_call else "arguments_changed", name, name)


def _compare_python(earlier: EntryInfo) -> Iterator[Difference]:
    yield from compare_pythons(dict(earlier.versions).get("python", ""), ".".join(map(str, sys.version_info[:3])))


def compare_pythons(before: str, now: str) -> Iterator[Difference]:
    """What it means that Python was another one; its bugfix releases do not count."""
    if before and before.split(".")[:2] != now.split(".")[:2]:
        yield Difference("package_changed", "python", f"python {before} -> {now}")


def _compare_code(node: Node, keys: Keys, index: Index, earlier: EntryInfo, identity: Identity) -> Iterator[Difference]:
    if earlier.code == identity.code:
        return
    now: dict[tuple[str, str], str] = {(each.kind, each.id): each.digest for each in keys.definitions(node)}
    yield from compare_closures(node.target_id, read_closure(index, earlier.code), now)


def compare_closures(
    target: str, before: dict[tuple[str, str], str] | None, now: dict[tuple[str, str], str] | None
) -> Iterator[Difference]:
    """What differs in the code of a target, whose fingerprint is another one than before.

    Args:
        before: (kind, id) -> digest of the definitions that it was made of; None where they are not remembered.
        now: the same of what it is made of now.
    """
    if before is None or now is None:
        yield Difference("code_changed", target, f"the code of {target} changed")
        return
    changed = [key for key in sorted({**before, **now}) if before.get(key) != now.get(key)]
    packages = [name for kind, name in changed if kind == "distribution"]
    code = [name for kind, name in changed if kind != "distribution"]
    if packages:
        yield Difference("package_changed", packages[0], f"package {', '.join(packages)}")
    if code or not packages:
        names = list(dict.fromkeys(code)) or [target]
        yield Difference("code_changed", names[0], f"the code of {', '.join(names)} changed")


def read_closure(index: Index, code: str) -> dict[tuple[str, str], str] | None:
    """(kind, id) -> digest of the definitions behind a code fingerprint; None where they are not remembered."""
    body = index.recall(CLOSURE, [code]).get(code) if code else None
    if body is None:
        return None
    try:
        rows: list[list[Any]] = json.loads(body)
        return {(str(kind), str(name)): str(digest) for kind, name, digest, *_ in rows}
    except (TypeError, ValueError):
        return None


def is_certainly_new(node: Node, keys: Keys, entries: Sequence[EntryInfo]) -> bool:
    """Whether no result of ``node`` can be stored, whatever its calls give: none has its code and literal arguments."""
    identity = keys.identity(node)
    literals = set(identity.arguments)
    return not any(
        earlier.schema == SCHEMA and earlier.code == identity.code and literals.issubset(earlier.arguments)
        for earlier in entries
    )
