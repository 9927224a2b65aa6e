"""What the keys of a call are made of whose arguments are literals and calls: hashed twice, put together once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from blake3 import blake3

from hydra_cached.graph import Items, Place, Ref, argument_expressions, references
from hydra_cached.keys.encode import mark_of

Piece: TypeAlias = tuple[bytes, bytes, "Place | None"]
"""Bytes that stand; then, unless it is the last one, the mark of a call and the call, for which a digest stands."""


def split_call(
    call: Place, prefix: bytes, arguments: Iterable[tuple[str, str]], write_name: Callable[[str], bytes]
) -> tuple[Piece, ...] | None:
    """The pieces of a call, or None where a container holds calls.

    Args:
        prefix: what comes first.
        arguments: (name, digest), by name, of those without calls in them.
    """
    named: list[tuple[str, bytes, Place | None]] = [(name, bytes.fromhex(digest), None) for name, digest in arguments]
    for name, expression in argument_expressions(call):
        if type(expression) is Ref:
            named.append((name, mark_of(expression.convert), expression.place))
        elif type(expression) is Items and next(references(expression), None) is not None:
            return None
    # by name; those of one name stay as they are
    named.sort(key=lambda each: each[0])
    pieces: list[Piece] = []
    standing = prefix
    for name, written, place in named:
        standing += write_name(name)
        if place is None:
            standing += written
        else:
            pieces.append((standing, written, place))
            standing = b""
    return (*pieces, (standing, b"", None))


def combine(kind: bytes, pieces: tuple[Piece, ...], digest_of: Callable[[Place], str | None]) -> str | None:
    """The key of a call; None where a call in its arguments has no digest."""
    parts: list[bytes] = []
    for standing, mark, place in pieces:
        parts.append(standing)
        if place is not None:
            digest = digest_of(place)
            if digest is None:
                return None
            parts.append(blake3(mark + bytes.fromhex(digest)).digest())
    return blake3(kind + blake3(b"".join(parts)).digest()).hexdigest()
