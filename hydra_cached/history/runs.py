"""Writes runs down in the store's index, sealed as results are, and finds them again: the newest 1,000 of them."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from operator import attrgetter
from typing import Literal, TypeAlias

from hydra_cached.errors import UsageError
from hydra_cached.store import Store, add_run, list_runs, read_run, redact

KEEP_RUNS = 1_000
KEEP_BYTES = 64 * 1024 * 1024

_KEY_BYTES = 32
_LONGEST_LIST = 5
_TEXTS = ("pipeline", "overrides", "error")
_words_of = attrgetter("path", "target", "status", "reason", "seconds")

Outcome: TypeAlias = Literal["done", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class RunHead:
    """One line of the list of runs.

    Attributes:
        run_id: as in the run's report: when it began, and some digits.
        started_s: when it began, in seconds since the epoch.
        overrides: as given, secrets redacted.
        error: why it failed, one line, or "".
        counts: number of nodes, under "nodes", and by status.
    """

    run_id: str
    started_s: float
    pipeline: str
    overrides: tuple[str, ...]
    outcome: Outcome
    error: str
    counts: Mapping[str, int]
    seconds: float
    seconds_saved: float


@dataclass(frozen=True, slots=True)
class PastNode:
    """One node of a past run. ``reason`` is the code of why it ran, "" where it did not."""

    path: str
    target: str
    status: str
    reason: str
    detail: str
    seconds: float
    recipe_key: str | None
    call_key: str | None


@dataclass(frozen=True, slots=True)
class PastRun:
    """A past run with its nodes, in the order of its report."""

    head: RunHead
    nodes: tuple[PastNode, ...]


# --- writing ----------------------------------------------------------------------------------------------------------


def record_run(store: Store, run: PastRun, *, keep: int = KEEP_RUNS, keep_bytes: int = KEEP_BYTES) -> None:
    """Write down a run; the oldest are forgotten.

    Args:
        keep: how many runs are kept.
        keep_bytes: how much room they may take together; the newest is kept however large it is.

    Raises:
        StoreError: the store cannot be written.
    """
    written = {**asdict(run.head), **redact({name: getattr(run.head, name) for name in _TEXTS})}
    head = json.dumps(written).encode()
    add_run(store, run.head.started_s, head, _pack_nodes(run.nodes), keep=keep, keep_bytes=keep_bytes)


def _pack_nodes(nodes: Sequence[PastNode]) -> bytes:
    """Keys as bytes, for they cannot be compressed, and behind them the rest, which can."""
    keys = [key for node in nodes for key in (node.recipe_key, node.call_key)]
    details = redact([node.detail for node in nodes])
    words = [
        (*_words_of(node), detail, (node.recipe_key is not None) + 2 * (node.call_key is not None))
        for node, detail in zip(nodes, details, strict=True)
    ]
    known = bytes.fromhex("".join([key for key in keys if key is not None]))
    packed = zlib.compress(json.dumps(words, separators=(",", ":")).encode())
    return b"".join((len(known).to_bytes(8, "little"), known, packed))


def _unpack_nodes(body: bytes) -> tuple[PastNode, ...]:
    end = 8 + int.from_bytes(body[:8], "little")
    keys = iter([body[start : start + _KEY_BYTES].hex() for start in range(8, end, _KEY_BYTES)])
    nodes = []
    for path, target, status, reason, seconds, detail, known in json.loads(zlib.decompress(body[end:])):
        recipe_key = next(keys) if known & 1 else None
        call_key = next(keys) if known & 2 else None
        nodes.append(PastNode(path, target, status, reason, detail, seconds, recipe_key, call_key))
    return tuple(nodes)


# --- reading ----------------------------------------------------------------------------------------------------------


def list_heads(store: Store, *, limit: int | None = None) -> list[RunHead]:
    """Past runs, the newest first.

    Raises:
        StoreError: the store is damaged.
    """
    return [head for _, head in _heads(store, limit)]


def load_run(store: Store, given: str) -> PastRun:
    """The run whose id, or the digits at its end, begin with ``given``.

    Raises:
        UsageError: there is none, or there are several.
    """
    heads = _heads(store, None)
    found = [each for each in heads if each[1].run_id == given] or [
        each for each in heads if given and _is_named(each[1].run_id, given)
    ]
    if not found:
        ids = [head.run_id for _, head in heads[:_LONGEST_LIST]]
        hint = f"the newest are {', '.join(ids)}" if ids else "runs with -p are kept"
        raise UsageError(f'no run "{given}" in "{store.directory}"', hint=hint)
    if len(found) > 1:
        ids = [head.run_id for _, head in found[:_LONGEST_LIST]]
        more = ", ..." if len(found) > _LONGEST_LIST else ""
        raise UsageError(f'"{given}" names {len(found)} runs', hint=f"name one of {', '.join(ids)}{more}")
    number, head = found[0]
    body = read_run(store, number)
    if body is None:
        raise UsageError(f'the nodes of run "{head.run_id}" are damaged or gone', hint="its other data is in `runs`")
    return PastRun(head, _unpack_nodes(body))


def _is_named(run_id: str, given: str) -> bool:
    # the date is the same for all runs of a day
    return run_id.startswith(given) or run_id.rpartition("-")[2].startswith(given)


_HEAD_FIELDS = tuple(field.name for field in fields(RunHead))


def _heads(store: Store, limit: int | None) -> list[tuple[str, RunHead]]:
    found = []
    for row in list_runs(store, limit=limit):
        # a later release may write more
        with contextlib.suppress(ValueError, KeyError, TypeError):
            written = json.loads(row.head)
            head = RunHead(**{name: written[name] for name in _HEAD_FIELDS})
            found.append((row.number, replace(head, overrides=tuple(head.overrides))))
    return found
