"""Keeps a store open: its directory, its key, its rows. Opens late, opens again, and has a damaged index made anew."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.directory import StoreDirectory, open_directory
from hydra_cached.store.faults import CorruptIndexError
from hydra_cached.store.locks import Claims
from hydra_cached.store.seal import Seal, load_key

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

T = TypeVar("T")
D = TypeVar("D")
_WANTS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE}
)
_LOGGER = logging.getLogger("hydra_cached")


class Access:
    """The way to the rows of one store. Usable from several threads, and across a fork.

    Args:
        root: absolute path of the cache directory.
        create: make it when it is not there.
        is_durable: what is written survives a power cut.

    Raises:
        StoreError: the directory cannot be used.
    """

    def __init__(self, root: Path, *, create: bool, is_durable: bool) -> None:
        self.root = root
        self._is_durable = is_durable
        self._rows: Rows | None = None
        _open_accesses.add(self)
        self._fault: StoreError | None = None
        self.has_write_failed = False
        """Whether something could not be written, and the caller was told so."""
        self._directory: StoreDirectory | None = None
        try:
            self._directory = open_directory(root, create=create, is_durable=is_durable)
        except StoreError as exc:
            if not create or not _is_want(exc.__cause__):
                raise
            # a run gives its result all the same: nothing is found, and the first write says why
            self._fault = exc

    @property
    def directory(self) -> StoreDirectory | None:
        """The directory, or None while it is absent."""
        if self._directory is None and self._fault is None:
            # somebody may have created it since
            self._directory = open_directory(self.root, create=False)
        return self._directory

    @property
    def claims(self) -> Claims:
        """Who computes what."""
        return Claims(self.root / "locks")

    def rows(self, *, as_it_is: bool = False) -> Rows | None:
        """The rows, opened when first needed; None where the directory is absent.

        Args:
            as_it_is: do not make an index that is gone again from the objects that are there.

        Raises:
            CorruptIndexError: the index is damaged.
            StoreError: it cannot be opened.
        """
        rows = self._rows
        if rows is not None:
            return rows
        directory = self.directory
        if directory is None:
            return None
        # sqlite and diskcache cost 20 ms to import: only now
        from hydra_cached.store.recovery import is_absent, recover_index
        from hydra_cached.store.rows import Rows

        seal = Seal(load_key(), directory.store_id)
        may_make = directory.is_writable or directory.is_shared
        if not as_it_is and may_make and is_absent(directory.index) and directory.has_objects():
            self._rows = recover_index(directory, seal, None, is_durable=self._is_durable)
        else:
            self._rows = Rows(directory, seal, is_durable=self._is_durable)
        return self._rows

    def ask(self, question: Callable[[Rows], T], absent: T) -> T:
        """The answer of the rows; once more where their index is damaged, after it was made anew.

        Args:
            absent: the answer where there is no store.

        Raises:
            StoreError: the index cannot be opened, stays locked, or cannot be made anew.
        """
        try:
            rows = self.rows()
            return absent if rows is None else question(rows)
        except CorruptIndexError as exc:
            return question(self.mend(exc))

    def ask_quietly(self, question: Callable[[Rows], T], absent: T) -> T:
        """The same; what cannot be read now is as good as absent. A write tells what is wrong.

        Raises:
            EntryError: the answer is an entry that cannot be used.
            StoreError: the store is not as it should be, and the user can mend that.
        """
        try:
            return self.ask(question, absent)
        except StoreError as exc:
            if not (isinstance(exc, CorruptIndexError) or _is_want(exc.__cause__)):
                raise
            _LOGGER.debug("%s", exc)
            return absent

    def look_up_again(self, question: Callable[[Rows], T | None], fault: StoreError) -> T | None:
        """The answer to a question that met a fault of the index: after that was mended, or None.

        Raises:
            EntryDamagedError: the index was damaged, and what was asked for could not be saved.
            StoreError: the store is not as it should be, and the user can mend that.
        """
        if not isinstance(fault, CorruptIndexError):
            if not _is_want(fault.__cause__):
                raise fault
            _LOGGER.debug("%s", fault)
            return None
        with contextlib.suppress(StoreError):
            found = question(self.mend(fault))
            if found is not None:
                return found
        raise EntryDamagedError(fault.message) from fault

    def change(self, operation: Callable[[Rows], T]) -> T:
        """Do something that writes; once more where the index is damaged, after it was made anew.

        Raises:
            StoreError: there is no store, no room or no right to write, or the index stays locked.
        """
        try:
            try:
                return operation(self._rows_for_writing())
            except CorruptIndexError as exc:
                return operation(self.mend(exc))
        except StoreError:
            self.has_write_failed = True
            raise

    def mend(self, fault: CorruptIndexError) -> Rows:
        """The rows after their damaged index was made anew, by this process or by another.

        Raises:
            CorruptIndexError: nothing can be written there.
            StoreError: it cannot be opened.
        """
        directory = self.directory
        self.close()
        if directory is None or not directory.is_writable:
            raise fault
        from hydra_cached.store.recovery import recover_index

        seal = Seal(load_key(), directory.store_id)
        self._rows = recover_index(directory, seal, fault.identity, is_durable=self._is_durable)
        return self._rows

    def require_writable(self) -> None:
        """Make sure that this process may write to the directory.

        Raises:
            StoreError: it may not.
        """
        if self.directory is not None and not self.directory.is_writable:
            raise self._not_writable()

    def _not_writable(self) -> StoreError:
        return StoreError(
            f'the cache directory "{self.root}" is not writable', hint="choose another cache directory with -c DIR"
        )

    def abandon(self) -> None:
        """In a forked child: let go of what its parent has open."""
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.index.abandon()

    def close(self) -> None:
        """Close this thread's connection. The store opens again when it is asked something."""
        rows, self._rows = self._rows, None
        if rows is not None:
            # a connection to what is broken may not even close
            with contextlib.suppress(Exception):
                rows.index.close()

    def _rows_for_writing(self) -> Rows:
        rows = self.rows()
        if rows is None and self._fault is not None:
            raise self._fault
        if rows is None:
            raise StoreError(f'there is no cache directory "{self.root}"', hint="Store(directory) creates it")
        self.require_writable()
        if not rows.index.is_writable:
            raise self._not_writable()
        if rows.index.is_replaced:
            # another process has made it anew, or somebody deleted it
            self.close()
            return self._rows_for_writing()
        return rows


_open_accesses: weakref.WeakSet[Access] = weakref.WeakSet()


def _abandon_all() -> None:
    for access in list(_open_accesses):
        access.abandon()


if hasattr(os, "register_at_fork"):
    # asking for the process id at every look-up would cost more than to be told
    os.register_at_fork(after_in_child=_abandon_all)


def _is_want(cause: BaseException | None) -> bool:
    """Whether something failed for want of room, of rights or of file handles."""
    if isinstance(cause, OSError):
        return cause.errno in _WANTS
    # sqlite says so of what fails on a good database; it need not have been imported
    return type(cause).__name__ == "OperationalError"
