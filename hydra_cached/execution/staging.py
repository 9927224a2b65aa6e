"""Payloads that pass between processes as files: written by one, mapped by another. Knows no index and no keys."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from hydra_cached.errors import StoreError
from hydra_cached.store import ObjectFolder, Payload, load_value
from hydra_cached.store.locks import is_being_written, mark_as_written

_SCRATCH = "hydra-cached-"
_SIGN = "in-use"
_ATTEMPTS = 5


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


def begin_staging(payload: Payload, folder: str) -> None:
    """Begin to write a payload; `stage` or `Payload.discard_draft` must be called then. Trouble is left to `stage`."""
    if not payload.is_inline:
        with contextlib.suppress(OSError):
            os.mkdir(folder, mode=0o700)
        ObjectFolder(Path(folder)).begin(payload)


def stage(payload: Payload, folder: str, note: bytes = b"", *, is_durable: bool = False) -> StagedValue:
    """Write a payload where other processes find it.

    Args:
        folder: made where it is not there.
        note: what the object file says of itself.
        is_durable: it survives a power cut.

    Raises:
        StoreError: there is no room or no right to write it.
    """
    if payload.is_inline:
        return StagedValue(payload.codec, payload.size_bytes, bytes(payload.chunks[0]))
    with contextlib.suppress(OSError):
        os.mkdir(folder, mode=0o700)
    state = ObjectFolder(Path(folder), is_durable=is_durable).write(payload, note)
    return StagedValue(payload.codec, payload.size_bytes, None, folder, payload.digest, state)


class Scratch:
    """A folder for values that must not be stored, removed at the end of the run.

    What a run left behind that was killed is removed by the next one.

    Args:
        parent: where it is made, a folder for nothing else; None is where the system keeps such things.
    """

    def __init__(self, parent: str | None = None) -> None:
        self._parent = parent
        where = Path(tempfile.gettempdir() if parent is None else parent)
        for left in where.glob(f"{_SCRATCH}*"):
            _remove_left(left)
        self._root = _make_folder(where)
        self._numbers = count()
        # it counts as left behind once nobody has this file open
        handle = os.open(self._root / f"{_SIGN}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0))
        mark_as_written(handle)
        self._sign = os.fdopen(handle, "rb")
        with contextlib.suppress(OSError):
            # only where an open file can be renamed can it be seen that nobody has it open
            os.rename(self._root / f"{_SIGN}.new", self._root / _SIGN)

    @property
    def folder(self) -> str:
        return str(self._root)

    def new_folder(self) -> str:
        """The name of a folder inside for one value, not made yet.

        Of two equal values each has a file of its own: one is deleted while the other one is waited for.
        """
        return str(self._root / str(next(self._numbers)))

    def drop(self, staged: StagedValue) -> None:
        """Delete the file of a value that nobody waits for any more."""
        if staged.folder and Path(staged.folder).parent == self._root:
            shutil.rmtree(staged.folder, ignore_errors=True)

    def remove(self) -> None:
        """Delete all of it."""
        self._sign.close()
        shutil.rmtree(self._root, ignore_errors=True)
        if self._parent is not None:
            # the last one to go takes it along
            with contextlib.suppress(OSError):
                os.rmdir(self._parent)


def _make_folder(where: Path) -> Path:
    for _ in range(_ATTEMPTS):
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            return Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=where))
    raise StoreError(f'the folder "{where}" keeps vanishing')


def _remove_left(folder: Path) -> None:
    """Remove the scratch folder of a run that is no more."""
    try:
        is_ours = not hasattr(os, "geteuid") or os.lstat(folder).st_uid == os.geteuid()
        if is_ours and not folder.is_symlink() and is_being_written(folder / _SIGN) is False:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:
        return  # another run did so, or it has just begun
