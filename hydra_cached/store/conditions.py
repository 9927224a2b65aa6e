"""On what, besides its key, the reuse of a result depends: files and code. A value; checks nothing itself."""

from __future__ import annotations

import json
from dataclasses import dataclass

from blake3 import blake3


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must be as it was for a recipe to lead to a result.

    A result depends on what the calls below it read, wrote and carried too; their conditions are named by digest, so
    that a long chain of calls writes each of them once.

    Attributes:
        inputs: (label, digest) of files that were found through the results of calls.
        outputs: (label, digest) of files that the call wrote; the digest is "" where a declared one was not there.
        code: (name, fingerprint) of first-party code that its value contains.
        below: digests of the conditions of the calls in its arguments.
    """

    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    code: tuple[tuple[str, str], ...] = ()
    below: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.inputs or self.outputs or self.code or self.below)

    def pack(self) -> bytes:
        """As bytes to be remembered."""
        return json.dumps((self.inputs, self.outputs, self.code, self.below), separators=(",", ":")).encode("ascii")

    @property
    def digest(self) -> str:
        """64 hexadecimal digits; "" where there are no conditions. One that only repeats another is that other."""
        if self.is_empty:
            return ""
        if len(self.below) == 1 and not (self.inputs or self.outputs or self.code):
            return self.below[0]
        return blake3(self.pack()).hexdigest()


def unpack_conditions(body: bytes) -> Conditions:
    """The conditions in bytes that `pack` made.

    Raises:
        ValueError: these are none.
    """
    try:
        inputs, outputs, code, below = json.loads(body)
        return Conditions(_pairs(inputs), _pairs(outputs), _pairs(code), tuple(map(str, below)))
    except (TypeError, ValueError) as exc:
        raise ValueError(f"these are no conditions: {exc}") from exc


def _pairs(values: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(first), str(second)) for first, second in values)
