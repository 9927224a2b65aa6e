"""Payloads that pass between processes as files: written by one, mapped by another. Knows no index and no keys."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_cached.store import ObjectFolder, Payload, load_value


@dataclass(frozen=True, slots=True)
class StagedValue:
    """A value as bytes: in here when small, else as an object file in a folder that all processes reach.

    Attributes:
        codec: name of the serializer that wrote it.
        payload: the bytes themselves, or None.
        folder: of object files, absolute; "" with ``payload``.
        digest: name of the object file, 64 hexadecimal digits; "" with ``payload``.
        state: of that file when it was last found right, so that it is not read once more for that.
    """

    codec: str
    size_bytes: int
    payload: bytes | None = None
    folder: str = ""
    digest: str = ""
    state: bytes = b""

    def load(self) -> Any:
        """The value, a new object each time; arrays are views of the mapped file.

        Raises:
            EntryError: its bytes are gone, or do not load.
        """
        if self.payload is not None:
            return load_value(self.codec, (self.payload,))
        found = ObjectFolder(Path(self.folder)).read(self.digest, checked_state=self.state or None)
        return load_value(self.codec, found.chunks)


def stage(payload: Payload, folder: str, note: bytes = b"", *, is_durable: bool = False) -> StagedValue:
    """Write a payload where other processes find it.

    Args:
        note: what the object file says of itself.
        is_durable: it survives a power cut.

    Raises:
        StoreError: there is no room or no right to write it.
    """
    if payload.is_inline:
        return StagedValue(payload.codec, payload.size_bytes, bytes(payload.chunks[0]))
    state = ObjectFolder(Path(folder), is_durable=is_durable).write(payload, note)
    return StagedValue(payload.codec, payload.size_bytes, None, folder, payload.digest, state)


class Scratch:
    """A folder for values that must not be stored, removed at the end of the run.

    Args:
        parent: where it is made; None is where the system keeps such things.
    """

    def __init__(self, parent: str | None = None) -> None:
        if parent is not None:
            os.makedirs(parent, mode=0o700, exist_ok=True)
        self._root = Path(tempfile.mkdtemp(prefix="hydra-cached-", dir=parent))

    @property
    def folder(self) -> str:
        return str(self._root)

    def drop(self, staged: StagedValue) -> None:
        """Delete the file of a value that nobody waits for any more."""
        if staged.folder == self.folder:
            ObjectFolder(self._root).remove(staged.digest)

    def remove(self) -> None:
        """Delete all of it."""
        shutil.rmtree(self._root, ignore_errors=True)
