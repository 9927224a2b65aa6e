"""Values that tell by themselves whether they are right."""

from __future__ import annotations

import random

from tests.store.entries import key_of

KILOBYTE, MEGABYTE = 1_000, 1_000_000


def size_of(number: int) -> int:
    """Length of the value of a number: from 1 kB to 20 MB, most of them small."""
    return int(KILOBYTE * 20_000 ** random.Random(number).random() ** 3)


def value_of(number: int, size: int | None = None) -> bytes:
    """The value of a number, and of no other."""
    head = number.to_bytes(8, "big")
    return head * ((size_of(number) if size is None else size) // len(head) + 1)


def key(number: int) -> str:
    """The key under which it is stored."""
    return key_of(number)
