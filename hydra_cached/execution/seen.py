"""What is found out about a result right after its call, wherever that was made. Stores nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hydra_cached.errors import NotDigestibleError
from hydra_cached.fingerprint import CarriedCode, digest_value

_NOT_DIGESTIBLE = "gave a value that has no digest ({}): what uses it is found by its recipe only"
_TOO_DEEP = "gave a value that is nested too deep to digest: what uses it is found by its recipe only"


@dataclass(slots=True)
class Seen:
    """A result as far as later runs need to know it.

    Attributes:
        content_digest: 64 hexadecimal digits, or None.
        problem: why it has none, as a warning; "" where nobody asked.
        met: name -> fingerprint of the first-party code in it.
        holds: positions of the arguments whose objects it still holds.
        mentions: texts in it that may name files.
        is_consumed_once: an iterator, which is never stored.
        is_plain: data without identity.
    """

    content_digest: str | None = None
    problem: str = ""
    met: dict[str, str] = field(default_factory=dict)
    holds: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    is_consumed_once: bool = False
    is_plain: bool = False


def digest_result(value: Any, carried: CarriedCode) -> tuple[str | None, str]:
    """The content digest of a result, or None and a warning why it has none."""
    try:
        return digest_value(value, carried), ""
    except NotDigestibleError as exc:
        return None, _NOT_DIGESTIBLE.format(exc.message)
    except RecursionError:
        return None, _TOO_DEEP
