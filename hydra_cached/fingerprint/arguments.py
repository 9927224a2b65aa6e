"""An encoding of arguments for keys: like that of values, but paths inside the project do not say where that lies."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.scalars import SIMPLE
from hydra_cached.fingerprint.values import Encoder
from hydra_cached.fingerprint.walk import CodeDigests

MEMORABLE = frozenset({str, int, bool, type(None)})
"""Types whose equal values have equal digests, so that a digest may be remembered by type and value."""


def digest_scalar(value: Any) -> str:
    """The digest that an encoder gives of a single str, int, float, bool or None: 64 hexadecimal digits."""
    out = bytearray()
    SIMPLE[type(value)](out, value)
    return blake3(out).hexdigest()


class ArgumentEncoder(Encoder):
    """An encoding of arguments.

    Args:
        code: memo of code fingerprints.
        roots: folders that move together with the project; paths in them are written as seen from there.
    """

    __slots__ = ("_prefixes",)

    def __init__(self, code: CodeDigests | None, roots: tuple[str, ...]) -> None:
        super().__init__(code)
        self._prefixes = tuple(root + os.sep for root in roots)

    def add(self, value: Any) -> None:
        """Append ``value``; raises as `Encoder.add` does."""
        if type(value) is str and value.startswith(self._prefixes):
            # no shortcut for single values here: this one is a path
            self.write(value)
        else:
            super().add(value)

    def write(self, value: Any) -> None:
        """Append ``value``."""
        if (type(value) is str or isinstance(value, PurePath)) and str(value).startswith(self._prefixes):
            text = str(value)
            prefix = next(each for each in self._prefixes if text.startswith(each))
            self.out += b"`"
            self.write_class(type(value))
            self.write_text(text[len(prefix) :].replace(os.sep, "/"))
            return
        super().write(value)

    def dump_run(self, items: list[Any]) -> bytes | None:
        """The bytes of ``items`` when they are plain and name no path of the project."""
        data = super().dump_run(items)
        if data is None:
            return None
        return None if any(os.fsencode(prefix) in data for prefix in self._prefixes) else data
