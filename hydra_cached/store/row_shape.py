"""What may stand in a row of the index at all: bytes under a hexadecimal key. Imports no database."""

from __future__ import annotations

import re
from typing import Any

_HEXADECIMAL = re.compile(r"[0-9a-f]+").fullmatch


def require_bytes(key: Any, value: Any) -> None:
    """Let nothing but bytes under a hexadecimal key pass.

    Raises:
        TypeError: they are something else.
    """
    if type(key) is not str or not _HEXADECIMAL(key):
        raise TypeError(f"a row's key is hexadecimal text, not {key!r}")
    if type(value) is not bytes:
        raise TypeError("a row's value is bytes")
