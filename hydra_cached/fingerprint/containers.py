"""Encodes builtin containers: order counts in dicts, not in sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.bulk import MINIMUM, RUN
from hydra_cached.fingerprint.walk import Undigestible, Walk


def encode_sequence(walk: Walk, value: list[Any] | tuple[Any, ...]) -> None:
    """A list or tuple by its items in order."""
    size = len(value)
    walk.out += b"[%x;" % size if type(value) is list else b"(%x;" % size
    if size >= MINIMUM:
        _write_runs(walk, size, (list(value[start : start + RUN]) for start in range(0, size, RUN)), _write_items)
        return
    index = 0
    # not by way of _write_items: each frame less leaves room for deeper values
    try:
        for index, item in enumerate(value):  # noqa: B007  (the step of a refusal)
            walk.write(item)
    except Undigestible as stop:
        raise stop.below(f"[{index}]") from None


def encode_dict(walk: Walk, value: dict[Any, Any]) -> None:
    """A dict by its keys and values in order, which a function can observe."""
    if len(value) >= MINIMUM:
        walk.out += b"{"
        write_mapping(walk, len(value), value.items())
        return
    walk.out += b"{%x;" % len(value)
    key: Any = None
    try:
        for key, item in value.items():
            walk.write(key)
            walk.write(item)
    except Undigestible as stop:
        raise stop.below(f"[{key!r:.60}]") from None


def write_mapping(walk: Walk, size: int, pairs: Iterable[tuple[Any, Any]]) -> None:
    """Append ``size`` pairs of key and value in order."""
    walk.out += b"%x;" % size
    if size < MINIMUM:
        _write_pairs(walk, pairs)
        return
    rest = iter(pairs)
    _write_runs(walk, size, (list(islice(rest, RUN)) for _ in range(0, size, RUN)), _write_pairs)


def encode_mapping_proxy(walk: Walk, value: MappingProxyType[Any, Any]) -> None:
    """A read-only view by what it shows."""
    walk.out += b"P"
    walk.write(dict(value))


def encode_view(walk: Walk, value: Any) -> None:
    """A dict's keys, values or items by kind and the whole dict, which the view gives away."""
    walk.out += b"V"
    walk.write_text(type(value).__name__)
    walk.write(dict(value.mapping))


def encode_set(walk: Walk, value: set[Any]) -> None:
    """A set by its elements in an order of their own."""
    walk.out += b"<%x;" % len(value)
    write_unordered(walk, value)


def encode_frozenset(walk: Walk, value: frozenset[Any]) -> None:
    """A frozenset by its elements in an order of their own."""
    walk.out += b">%x;" % len(value)
    write_unordered(walk, value)


def encode_set_subclass(walk: Walk, value: set[Any] | frozenset[Any]) -> None:
    """An object that is a set: its own pickling would list the elements in the order of their hashes."""
    if isinstance(value, set) and walk.write_again(value):
        return
    walk.out += b"/"
    walk.write_class(type(value))
    walk.out += b"%x;" % len(value)
    write_unordered(walk, value)
    walk.write(getattr(value, "__dict__", None))


def write_unordered(walk: Walk, elements: set[Any] | frozenset[Any]) -> None:
    """Append elements sorted by value where all are of one type with a total order, else by digest."""
    types = set(map(type, elements))
    if len(types) == 1 and types <= {str, int, bytes}:
        encode_sequence(walk, sorted(elements))
        return
    found: list[tuple[bytes, Any]] = []
    has_met = False
    for element in elements:
        start = walk.position()
        try:
            walk.write(element)
        except Undigestible as stop:
            raise stop.below("{...}") from None
        length, met, _ = start
        found.append((blake3(walk.out[length:]).digest(), element))
        has_met = has_met or walk.position()[1] > met
        walk.return_to(start)
    found.sort(key=_first)
    for digest, element in found:
        if has_met:
            # objects are numbered in the order of what they are, not of where they lie in memory
            length = len(walk.out)
            walk.write(element)
            del walk.out[length:]
        walk.out += digest


def _write_runs(walk: Walk, size: int, runs: Iterator[list[Any]], write_run: Callable[[Walk, Any, int], None]) -> None:
    """Append runs of items: a single one in full, several as one digest, so that no copy of the whole is made."""
    hasher = blake3() if size > RUN else None
    first = 0
    for run in runs:
        start = len(walk.out)
        data = walk.dump_run(run)
        if data is None:
            walk.out += b"w"
            write_run(walk, run, first)
        else:
            walk.write_buffer(b"m", data)
        first += len(run)
        if hasher is not None:
            hasher.update(b"%x:" % (len(walk.out) - start))
            hasher.update(walk.out[start:])
            del walk.out[start:]
    if hasher is not None:
        walk.out += b"="
        walk.out += hasher.digest()


_first = itemgetter(0)


def _write_items(walk: Walk, items: Sequence[Any], first: int = 0) -> None:
    index = 0
    try:
        for index, item in enumerate(items):  # noqa: B007  (the step of a refusal)
            walk.write(item)
    except Undigestible as stop:
        raise stop.below(f"[{first + index}]") from None


def _write_pairs(walk: Walk, pairs: Any, first: int = 0) -> None:
    key: Any = None
    try:
        for key, value in pairs:
            walk.write(key)
            walk.write(value)
    except Undigestible as stop:
        raise stop.below(f"[{key!r:.60}]") from None
