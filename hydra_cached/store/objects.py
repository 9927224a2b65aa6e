"""The folder of object files: one per large payload, named by its digest. Knows nothing of the index."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.drafts import UNFINISHED, Draft
from hydra_cached.store.exclusive import write_once
from hydra_cached.store.locks import is_alive, is_being_written
from hydra_cached.store.object_files import (
    check_chunks,
    copy_object,
    finish_draft,
    read_layout,
    view_file,
    write_payload,
)
from hydra_cached.store.payload import Payload
from hydra_cached.store.record import pack_state

CHECK_ONCE_BYTES = 64 * 1024 * 1024
"""Buffers of larger files are checked once per state of the file, those of smaller ones at every load."""

_LEFTOVER_S = 24 * 3600.0
_BEGINNING_S = 60.0
_DRAFT_BYTES = 4 * 1024 * 1024
_WRITE_ATTEMPTS = 5
_WRITER = re.compile(r".*\.([0-9]{1,9})\.[0-9a-f]+\.tmp").fullmatch
_DIGEST = re.compile(r"[0-9a-f]{64}").fullmatch


@dataclass(frozen=True, slots=True)
class ObjectChunks:
    """The chunks of an object file, as views of its mapping.

    Attributes:
        state: the file's inode, size and times, as a check's body.
        is_large: whether its buffers are checked once per state only.
    """

    chunks: tuple[memoryview, ...]
    state: bytes
    is_large: bool


class ObjectFolder:
    """The folder ``objects/``. Safe to use from several processes; knows nothing of the index.

    Args:
        is_durable: what is written is on the disk, file and folder, before `write` returns.
    """

    __slots__ = ("folder", "is_durable")

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        self.folder = folder
        self.is_durable = is_durable

    def path(self, digest: str) -> Path:
        """Where the object of a digest lies."""
        return self.folder / digest[:2] / digest

    def _note_path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.note"

    def has(self, digest: str) -> bool:
        """Whether there is a file of that name; its content is not looked at."""
        return self.path(digest).exists()

    def begin(self, payload: Payload) -> None:
        """Begin to write a large payload in the background, so that it is there when `write` knows its digest.

        Whoever does not call `write` then must call the payload's `discard_draft`. Trouble is left to `write` to tell.
        """
        if payload.size_bytes >= _DRAFT_BYTES and payload.draft is None:
            with contextlib.suppress(OSError):
                payload.draft = Draft(self.folder, payload.chunks)

    def write(self, payload: Payload, note: bytes) -> bytes:
        """Make sure that the object of `payload` is there and right; equal content is written once.

        Returns:
            The state of the file, as a check's body.

        Raises:
            StoreError: there is no room or no right to write it.
        """
        if not payload.is_digested:
            self.begin(payload)
        path = self.path(payload.digest)
        try:
            with contextlib.suppress(EntryDamagedError):
                # a damaged file is replaced; those who have it mapped keep what they have
                return self.read(payload.digest).state
            draft = payload.draft
            if draft is not None and draft.folder == self.folder:
                payload.draft = None
                # taken for a leftover before it was locked, and deleted
                with contextlib.suppress(FileNotFoundError):
                    if finish_draft(draft, path, payload, note, is_durable=self.is_durable):
                        return _state(os.stat(path))
            return self._write(path, payload, note)
        except OSError as exc:
            raise _unwritable(self.folder, exc, f"a result of {payload.size_bytes:,} bytes ") from exc
        finally:
            payload.discard_draft()

    def read(self, digest: str, *, checked_state: bytes | None = None) -> ObjectChunks:
        """The chunks of an object, checked.

        Args:
            checked_state: the state in which the file was found right before. Only the buffers of a large file are
                spared another check by it; the layout and the pickle stream are checked always.

        Raises:
            EntryDamagedError: the file changed since it was written, or is gone (then ``__cause__`` is an OSError).
        """
        try:
            with open(self.path(digest), "rb") as file:
                status = os.fstat(file.fileno())
                view = view_file(file, status.st_size)
        except (OSError, ValueError) as exc:
            reason = "is gone" if isinstance(exc, FileNotFoundError) else f"cannot be read: {exc}"
            raise EntryDamagedError(f"the stored object {digest[:12]} {reason}") from exc
        state = _state(status)
        is_large = status.st_size > CHECK_ONCE_BYTES
        try:
            chunks = check_chunks(view, digest, is_known=is_large and checked_state == state)
        except ValueError as exc:
            raise EntryDamagedError(f"the stored object {digest[:12]} is damaged: {exc}") from None
        return ObjectChunks(chunks, state, is_large)

    def remove(self, digest: str) -> int:
        """Delete an object. Returns the bytes freed, 0 when there was none."""
        if not _DIGEST(digest):
            # out of a row's key, which is not sealed: it may lead to any file
            return 0
        path = self.path(digest)
        try:
            size_bytes = path.stat().st_size
            path.unlink()
            self._note_path(digest).unlink(missing_ok=True)
        except FileNotFoundError:
            return 0
        except OSError as exc:
            raise StoreError(f'cannot delete "{path}": {exc.strerror or exc}') from exc
        return size_bytes

    def add_note(self, digest: str, note: bytes) -> None:
        """Keep a note beside an object that was written without one, so that the index can be rebuilt from it too.

        Raises:
            StoreError: there is no room or no right to write it.
        """
        try:
            if not self.read_note(digest):
                write_once(self._note_path(digest), note, is_durable=self.is_durable)
        except EntryDamagedError:
            # gone or damaged: whoever enters it will see
            return
        except OSError as exc:
            raise _unwritable(self.folder, exc) from exc

    def read_note(self, digest: str) -> bytes:
        """The note of an object, in it or beside it: whole, but not trusted. The content is not looked at.

        Raises:
            EntryDamagedError: the beginning of the file changed since it was written, or it is gone.
        """
        try:
            with open(self.path(digest), "rb") as file:
                note = read_layout(file, digest).note
            with contextlib.suppress(FileNotFoundError):
                note = note or self._note_path(digest).read_bytes()
            return note
        except (OSError, ValueError, struct.error) as exc:
            raise EntryDamagedError(f"the stored object {digest[:12]} is damaged: {exc}") from exc

    def digests(self) -> Iterator[str]:
        """Digests of all objects, as the names of the files say."""
        for path in self.folder.glob("??/*"):
            if _DIGEST(path.name) and path.name[:2] == path.parent.name:
                yield path.name

    def copy_in(self, digest: str, source: IO[bytes], note: bytes) -> None:
        """Make sure that an object is there, of which ``source`` is a copy. It is checked, and not held in memory.

        Args:
            note: what the object is to say of itself here.

        Raises:
            EntryDamagedError: the copy is damaged, or is of another object.
            StoreError: there is no room or no right to write it.
        """
        try:
            with contextlib.suppress(EntryDamagedError):
                self.read(digest)
                return
            copy_object(self.path(digest), source, digest, note, is_durable=self.is_durable)
        except (ValueError, struct.error) as exc:
            raise EntryDamagedError(f"the copy of object {digest[:12]} is damaged: {exc}") from None
        except OSError as exc:
            raise _unwritable(self.folder, exc) from exc

    def _write(self, path: Path, payload: Payload, note: bytes) -> bytes:
        for _ in range(_WRITE_ATTEMPTS - 1):
            # between being made and being locked a file looks like a leftover, and so may its folder
            with contextlib.suppress(FileNotFoundError):
                write_payload(path, payload, note, is_durable=self.is_durable)
                return _state(os.stat(path))
        write_payload(path, payload, note, is_durable=self.is_durable)
        return _state(os.stat(path))

    def clear(self) -> None:
        """Delete all objects, and what writers that died have left."""
        for path in self.folder.glob("??/*"):
            if not path.name.endswith(UNFINISHED):
                # some systems do not delete a file that is mapped: it goes next time
                with contextlib.suppress(OSError):
                    path.unlink()
        self.remove_leftovers()

    def leftovers(self) -> list[Path]:
        """Files that writers left which died before they were done. Those of living ones are not among them."""
        return [path for path in self.folder.glob(f"??/*{UNFINISHED}") if _is_abandoned(path)]

    def remove_leftovers(self) -> tuple[int, int]:
        """Delete them. Returns their number and bytes."""
        count = size_bytes = 0
        for path in self.leftovers():
            with contextlib.suppress(OSError):
                length = path.stat().st_size
                path.unlink()
                count, size_bytes = count + 1, size_bytes + length
        return count, size_bytes


def _is_abandoned(path: Path) -> bool:
    try:
        is_written = is_being_written(path)
        if is_written is None:
            # this file system has no locks: time tells
            return path.stat().st_mtime < time.time() - _LEFTOVER_S
    except OSError:
        # finished meanwhile, or not ours
        return False
    return not is_written and not _is_begun(path)


def _is_begun(path: Path) -> bool:
    """Whether a living process has just made a file, and is about to lock it. Its id is in the file's name."""
    match = _WRITER(path.name)
    if match is None or not is_alive(int(match[1])):
        return False
    try:
        return time.time() - path.stat().st_mtime < _BEGINNING_S
    except OSError:
        # finished meanwhile
        return True


def _unwritable(folder: Path, exc: OSError, what: str = "") -> StoreError:
    return StoreError(
        f'cannot write {what}to "{folder}": {exc.strerror or exc}',
        hint="free some space, or choose another cache directory with -c DIR",
    )


def _state(status: os.stat_result) -> bytes:
    return pack_state(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
