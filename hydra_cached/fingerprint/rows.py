"""Rows of a memo that the rooms above hand in: JSON, with a seal that says it is all there. Knows no content."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.memo import Memo

SCHEMA = 9
"""Number of the present form of rows. Raised when what is read from a file, or how it is written, changes."""

_SEAL_BYTES = 32


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

    def get(self, name: str) -> Any:
        """What was put under a name; None where there is nothing, or not exactly that."""
        if self._memo is None:
            return None
        if name not in self._fetched:
            self.fetch([name])
        row = self._fetched[name]
        # what was written has the right shape: this is quicker than to look at all of it
        if row is None or _seal(name, row[_SEAL_BYTES:]) != row[:_SEAL_BYTES]:
            return None
        return json.loads(row[_SEAL_BYTES:])

    def put(self, name: str, content: Any) -> None:
        """Write lists, dicts, texts and numbers at the next flush; tuples come back as lists."""
        if self._memo is not None:
            data = json.dumps(content, separators=(",", ":")).encode("ascii")
            self._fetched[name] = self._written[name] = _seal(name, data) + data

    def flush(self) -> None:
        """Hand everything that was put to the memo, once."""
        if self._memo is not None and self._written:
            written, self._written = self._written, {}
            self._memo.remember({_key(name): row for name, row in written.items()})


def _seal(name: str, data: bytes) -> bytes:
    return blake3(name.encode("utf-8", "surrogatepass")).update(data).digest()


def _key(name: str) -> str:
    # compiled code, and with it everything here, is of one version of Python
    version = f"{SCHEMA} {sys.implementation.cache_tag} {sys.hexversion:x} {sys.flags.optimize} {name}"
    return blake3(version.encode("utf-8", "surrogatepass")).hexdigest()
