"""What fingerprints may be remembered in, from one run to the next. Remembers nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Memo(Protocol):
    """A place for what is costly to read again: opaque bytes under hexadecimal keys.

    It may lose anything at any time, and gives nothing that was not remembered.
    """

    def recall(self, keys: Sequence[str]) -> dict[str, bytes]:
        """What is known of ``keys``; those that are not are left out."""

    def remember(self, items: Mapping[str, bytes]) -> None:
        """Keep ``items``, in the place of what was known under their keys."""
