"""Rows of bytes about files, in a memo that the rooms above hand in. Knows nothing of what is in them."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from blake3 import blake3

from hydra_cached.fingerprint.memo import Memo

SCHEMA = 1
"""Number of the present form of rows. Raised when what is read from a file, or how it is written, changes."""


class Rows:
    """Rows of a memo by the name of what they are about, fetched many at once and written at the end."""

    def __init__(self, memo: Memo | None) -> None:
        self._memo = memo
        self._fetched: dict[str, bytes | None] = {}
        self._written: dict[str, bytes] = {}

    @property
    def is_kept(self) -> bool:
        """Whether rows outlive the process."""
        return self._memo is not None

    def fetch(self, names: Iterable[str]) -> None:
        """Get the rows of these names, those that are not there yet."""
        if self._memo is None:
            return
        missing = {_key(name): name for name in names if name not in self._fetched}
        if not missing:
            return
        found = self._memo.recall(list(missing))
        for key, name in missing.items():
            row = found.get(key)
            self._fetched[name] = row if isinstance(row, bytes) else None

    def get(self, name: str) -> bytes | None:
        """The row of a name."""
        if self._memo is None:
            return None
        if name not in self._fetched:
            self.fetch([name])
        return self._fetched[name]

    def put(self, name: str, row: bytes) -> None:
        """Write a row at the next flush."""
        if self._memo is not None:
            self._fetched[name] = self._written[name] = row

    def flush(self) -> None:
        """Hand everything that was put to the memo, once."""
        if self._memo is not None and self._written:
            written, self._written = self._written, {}
            self._memo.remember({_key(name): row for name, row in written.items()})


def _key(name: str) -> str:
    # compiled code, and with it everything here, is of one version of Python
    version = f"{SCHEMA} {sys.implementation.cache_tag} {sys.hexversion:x} {sys.flags.optimize} {name}"
    return blake3(version.encode("utf-8", "surrogatepass")).hexdigest()
