"""Kernel locks: released when their holder dies, whatever it dies of. They save work; correctness never rests on them.

Who computes what is a byte of one empty file, ``locks/computing``, locked at an offset that the key gives: so no lock
leaves anything behind, and nothing piles up. These locks belong to a process; among the threads of one a table decides.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_POLL_S = 0.02
_PATIENCE_S = 0.2
_MOST_OPEN = 16
_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
# a byte that can be locked wherever file offsets have 63 bits
_OFFSET_BITS = 62
_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Turn:
    """How it came that a block may compute something.

    Attributes:
        is_mine: nobody else computes it meanwhile. False after a timeout, or where there are no locks.
        has_waited: somebody else had it before, so that it may be there now: look it up again.
    """

    is_mine: bool
    has_waited: bool


class Claim:
    """The right to compute one result, until it is released or this process ends."""

    __slots__ = ("_file", "_offset", "is_guarded")

    def __init__(self, file: _LockFile | None, offset: int) -> None:
        self._file = file
        self._offset = offset
        self.is_guarded = file is not None
        """Whether others see it; False where there are no locks, such as in a store that cannot be written."""

    def release(self) -> None:
        """Let others compute it. Doing so again does nothing."""
        file, self._file = self._file, None
        if file is not None:
            with _mutex:
                file.unlock(self._offset)

    def __enter__(self) -> Claim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class Claims:
    """Who computes what, among all processes and threads that use one store.

    A scheduler that computes one thing at a time wraps the computation of a missing result in `computing`, and looks
    the result up again when its turn ``has_waited``. One that has several in flight must never wait while it holds
    something: it asks `claim`, goes on with other nodes where that gives None, asks again every few hundredths of a
    second, and releases each claim once the result is entered (or has failed).

    Args:
        folder: where the lock file lies; it is made when it is needed.
    """

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def claim(self, key: str) -> Claim | None:
        """The right to compute the result of a key, or None while another process or thread has it.

        Args:
            key: hexadecimal digits.
        """
        offset = _offset_of(key)
        with _mutex:
            file = _open(self._folder)
            is_locked = None if file is None else file.lock(offset)
        if is_locked is None:
            return Claim(None, offset)
        return Claim(file, offset) if is_locked else None

    def holder(self, key: str) -> int | None:
        """Process id of who computes the result of a key; None when it is nobody, or cannot be told."""
        with _mutex:
            file = _open(self._folder)
            return None if file is None else file.holder(_offset_of(key))

    @contextlib.contextmanager
    def computing(
        self, key: str, *, timeout_s: float, on_wait: Callable[[int | None], object] = lambda pid: None
    ) -> Iterator[Turn]:
        """A block in which only this thread computes the result of a key, unless that took too long to come about.

        Args:
            key: hexadecimal digits.
            timeout_s: wait at most so long for another process, which may have been stopped; then go on without.
            on_wait: called with the process id of who is waited for (None when it cannot be told), once for each.
        """
        started = time.monotonic()
        told: set[int | None] = set()
        has_waited = False
        claim = self.claim(key)
        while claim is None and not self._is_own(key) and time.monotonic() < started + timeout_s:
            has_waited = True
            pid = self.holder(key)
            # none: the system cannot tell, or it has just been released
            if pid not in told and (pid is not None or time.monotonic() > started + _PATIENCE_S):
                told.add(pid)
                on_wait(pid)
            time.sleep(_POLL_S)
            claim = self.claim(key)
        with contextlib.nullcontext() if claim is None else claim:
            yield Turn(claim is not None and claim.is_guarded, has_waited)

    def _is_own(self, key: str) -> bool:
        # waiting for itself a thread would wait for ever
        with _mutex:
            file = _open(self._folder)
            return file is not None and file.is_held_here(_offset_of(key))


# --- the lock file ----------------------------------------------------------------------------------------------------

_files: dict[_Identity, _LockFile] = {}
_mutex = threading.Lock()


class _LockFile:
    """The lock file of one store, once in this process: closing it a second time would release what the first holds."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._owners: dict[int, int] = {}

    def lock(self, offset: int) -> bool | None:
        """Whether a byte is ours now; None where the file system has no locks."""
        if offset in self._owners:
            return False
        try:
            _lock_byte(self._handle, offset)
        except OSError as exc:
            return False if exc.errno in _HELD else None
        self._owners[offset] = threading.get_ident()
        return True

    def unlock(self, offset: int) -> None:
        if self._owners.pop(offset, None) is not None:
            with contextlib.suppress(OSError):
                _unlock_byte(self._handle, offset)

    def holder(self, offset: int) -> int | None:
        return os.getpid() if offset in self._owners else _pid_of_holder(self._handle, offset)

    def is_held_here(self, offset: int) -> bool:
        return self._owners.get(offset) == threading.get_ident()

    def close_unless_used(self) -> bool:
        if self._owners:
            return False
        os.close(self._handle)
        return True

    def forget(self) -> None:
        """After a fork: the child has none of its parent's locks."""
        self._owners.clear()


def _open(folder: Path) -> _LockFile | None:
    """The lock file in a folder; None where it cannot be made. With the mutex held."""
    path = folder / "computing"
    try:
        status = os.stat(path)
        known = _files.get((status.st_dev, status.st_ino))
        if known is not None:
            return known
    except OSError:
        pass
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    except OSError:
        return None
    status = os.fstat(handle)
    # a process that goes through many stores must not run out of handles
    for identity in list(_files)[: max(0, len(_files) - _MOST_OPEN)]:
        if _files[identity].close_unless_used():
            del _files[identity]
    return _files.setdefault((status.st_dev, status.st_ino), _LockFile(handle))


def _offset_of(key: str) -> int:
    return int(key[:16], 16) >> (64 - _OFFSET_BITS)


def _forget_all() -> None:
    global _mutex
    _mutex = threading.Lock()
    for file in _files.values():
        file.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


# --- what the system offers -------------------------------------------------------------------------------------------

if sys.platform == "win32":
    import msvcrt

    def _lock_byte(handle: int, offset: int) -> None:
        os.lseek(handle, offset, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock_byte(handle: int, offset: int) -> None:
        os.lseek(handle, offset, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

    def _pid_of_holder(handle: int, offset: int) -> int | None:
        return None

    def mark_as_written(handle: int) -> None:
        """Nothing to do: an open file cannot be deleted."""

    def is_being_written(path: Path) -> bool | None:
        """None: deleting it fails as long as it is."""
        return None

    def is_alive(pid: int) -> bool:
        """False: asking would end it."""
        return False

else:
    import fcntl

    # struct flock of each system: type, whence, start, length and process id, in its own order
    _LINUX = struct.Struct("hhqqi")
    _DARWIN = struct.Struct("qqihh")

    def _lock_byte(handle: int, offset: int) -> None:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset, os.SEEK_SET)

    def _unlock_byte(handle: int, offset: int) -> None:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, offset, os.SEEK_SET)

    def _pid_of_holder(handle: int, offset: int) -> int | None:
        try:
            if sys.platform == "linux":
                asked = _LINUX.pack(fcntl.F_WRLCK, os.SEEK_SET, offset, 1, 0)
                kind, _, _, _, pid = _LINUX.unpack(fcntl.fcntl(handle, fcntl.F_GETLK, asked)[: _LINUX.size])
            elif sys.platform == "darwin":
                asked = _DARWIN.pack(offset, 1, 0, fcntl.F_WRLCK, os.SEEK_SET)
                _, _, pid, kind, _ = _DARWIN.unpack(fcntl.fcntl(handle, fcntl.F_GETLK, asked)[: _DARWIN.size])
            else:
                return None
        except (OSError, struct.error):
            return None
        # zero: it runs where process ids mean nothing here, such as in another container
        return pid if kind != fcntl.F_UNLCK and pid > 0 else None

    def mark_as_written(handle: int) -> None:
        """Lock a file that is being written, as long as it is open, so that nobody takes it for a leftover."""
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def is_being_written(path: Path) -> bool | None:
        """Whether a living process has a file open that it marked; None when it cannot be told.

        Raises:
            OSError: the file cannot be opened, or is gone.
        """
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            return True if exc.errno in _HELD else None
        finally:
            os.close(handle)
        return False

    def is_alive(pid: int) -> bool:
        """Whether there is a process of that id on this machine."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except OSError:
            # another user's
            return True
        return True
