"""The store: find, put and load results in one cache directory. Never decides what to run.

Nothing wrong comes back: what a record or a payload says is used only after its seal was checked, and nothing is
unpickled before. What fails is reported as an EntryError and kept under ``aside/``; the next `put` of its key works.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.access import Access
from hydra_cached.store.commit import enter_entry, put_entry
from hydra_cached.store.entry import Entry, EntryInfo, EntrySummary
from hydra_cached.store.faults import CorruptIndexError
from hydra_cached.store.loading import read_object
from hydra_cached.store.locks import Claim, Claims
from hydra_cached.store.payload import Payload, dump_value, load_value
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.record import CHECK, LINK, pack_entry
from hydra_cached.store.removal import clear_corrupt_store, clear_store, discard_entry, remove_entries

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

T = TypeVar("T")


class Store:
    """Results in a directory. Safe to use from several threads and processes, and across a fork.

    Args:
        directory: the cache directory; ``~`` is expanded.
        create: make it when it is not there. Without, a directory that is absent is an empty store.
        durable: a result that was put survives a power cut too: file and folder are synced before it is entered, and
            the index with each entry. Without, it survives the death of this process, not that of the machine.

    A damaged index is set aside and made again, with a warning in the log of ``hydra_cached``. Where the directory
    cannot be written, what is in it is found all the same; where it cannot be read, nothing is.

    Raises:
        StoreError: the directory cannot be used: it is no directory, others may write to it, or a later release did.

    Example:
        >>> with Store("cache") as store:  # doctest: +SKIP
        ...     entry = store.find(recipe_key)
        ...     value = None if entry is None else store.load(entry)
    """

    def __init__(self, directory: str | Path = "cache", *, create: bool = True, durable: bool = False) -> None:
        # absolute from the start: a target may change the working directory
        self._root = Path(os.path.abspath(os.path.expanduser(directory)))
        self._durable = durable
        self._access = Access(self._root, create=create, is_durable=durable)

    @property
    def is_durable(self) -> bool:
        """Whether what is put survives a power cut."""
        return self._durable

    @property
    def store_id(self) -> bytes:
        """Identity of the store, 16 bytes; b"" while there is none."""
        directory = self._access.directory
        return b"" if directory is None else directory.store_id

    @property
    def object_folder(self) -> Path:
        """Where larger payloads lie, each a file of its own; other processes may write there by `ObjectFolder`."""
        return self._root / "objects"

    def checked_state(self, digest: str) -> bytes:
        """The state of an object's file in which it was last found right, b"" where it never was."""
        return self._access.ask_quietly(lambda rows: rows.peek(CHECK + digest), None) or b""

    def claim(self, key: str) -> Claim | None:
        """The right to compute the result of a key, or None while somebody else has it. See `Claims`."""
        return self.claims.claim(key)

    def holder(self, key: str) -> int | None:
        """Process id of who computes the result of a key; None when it is nobody, or cannot be told."""
        return self.claims.holder(key)

    @property
    def directory(self) -> Path:
        """Absolute path of the cache directory."""
        return self._root

    @property
    def is_writable(self) -> bool:
        """Whether results can be put, as far as rights tell."""
        directory = self._access.directory
        return directory is not None and directory.is_writable

    @property
    def claims(self) -> Claims:
        """Who computes what, among all processes that use this store; see `Claims` for how to use it."""
        return self._access.claims

    def find(self, recipe_key: str) -> Entry | None:
        """The entry to which a recipe is linked, or None; also None while the index cannot be read.

        Raises:
            EntryDamagedError: there is one, but it changed since it was written; it was set aside.
            EntryUntrustedError: there is one, but it has not your key's seal. It stays until the next `put` of its key.
            EntryUnreadableError: a later release wrote it.
        """
        try:
            rows = self._access.rows()
            return None if rows is None else rows.follow(LINK + recipe_key)
        except StoreError as exc:
            return self._access.look_up_again(lambda rows: rows.follow(LINK + recipe_key), exc)

    def get(self, key: str) -> Entry | None:
        """The entry of a primary key, or None; also None while the index cannot be read.

        Raises:
            EntryDamagedError: there is one, but it changed since it was written; it was set aside.
            EntryUntrustedError: there is one, but it has not your key's seal. It stays until the next `put` of its key.
            EntryUnreadableError: a later release wrote it.
        """
        try:
            rows = self._access.rows()
            return None if rows is None else rows.entry(key)
        except StoreError as exc:
            return self._access.look_up_again(lambda rows: rows.entry(key), exc)

    def latest(self, target: str, path: str) -> list[EntryInfo]:
        """What is known of the last results that were put for a target at a config path, the newest first."""
        return self._access.ask_quietly(lambda rows: rows.latest(target, path), [])

    def dump(self, value: Any) -> Payload:
        """The payload of a value; arrays and frames are not copied.

        Raises:
            NotSerializableError: it cannot be stored; the message says why.
        """
        return dump_value(value)

    def put(self, info: EntryInfo, payload: Payload, *, replace: bool = False, conditions: str = "") -> Entry:
        """Enter a result, and link its recipe to it. The first commit of a key wins.

        Args:
            replace: write it even where there is a good entry of that key, such as one that no longer loads.
            conditions: digest of the conditions on which the recipe leads to it, "" for none.

        Returns:
            The entry that is in the store now: the one of an earlier commit where there is one.

        Raises:
            StoreError: it cannot be written: no room, no right, or the index stays locked.
        """
        inline = bytes(payload.chunks[0]) if payload.is_inline else None
        digest = None if payload.is_inline else payload.digest
        entry = Entry(info, payload.codec, payload.size_bytes, inline, digest)
        body = pack_entry(info, payload.codec, payload.size_bytes, inline, digest)
        return self.change(lambda rows: put_entry(rows, entry, body, payload, replace=replace, conditions=conditions))

    def enter(self, entry: Entry, *, replace: bool = False, conditions: str = "") -> Entry:
        """Enter a result whose bytes are there already: inside ``entry``, or as an object that somebody wrote.

        Args:
            replace: as for `put`.
            conditions: as for `put`.

        Raises:
            StoreError: it cannot be written, or its object is gone.
        """
        digest = entry.object_digest
        body = pack_entry(entry.info, entry.codec, entry.size_bytes, entry.payload, digest)
        return self.change(lambda rows: enter_entry(rows, entry, body, replace=replace, conditions=conditions))

    def link(self, recipe_key: str, key: str, conditions: str = "") -> None:
        """Make `find(recipe_key)` give the entry `key`, with the digest of the conditions on which it does.

        Raises:
            StoreError: it cannot be written.
        """
        self.link_all({recipe_key: (key, conditions)})

    def link_all(self, links: Mapping[str, tuple[str, str]]) -> None:
        """The same for many recipes, each with its entry and conditions, in one transaction.

        Raises:
            StoreError: they cannot be written.
        """
        self.change(lambda rows: rows.index.write(partial(rows.put_links, links)))

    def load(self, entry: Entry) -> Any:
        """The value of an entry that this store gave. Its arrays are writable; the store's file stays as it is.

        Raises:
            EntryDamagedError: its bytes changed or are gone; it was set aside.
            EntryUnreadableError: its bytes are right but do not load; it is kept.
        """
        if entry.object_digest is None:
            # it came out of the sealed record
            return load_value(entry.codec, (entry.payload or b"",))
        try:
            chunks = self.ask(partial(read_object, key=entry.key, digest=entry.object_digest), None)
        except StoreError as exc:
            raise EntryDamagedError(exc.message) from exc
        if chunks is None:
            raise EntryDamagedError(f'the cache directory "{self._root}" is gone')
        return load_value(entry.codec, chunks)

    def record_hits(self, hits: Mapping[str, tuple[int, float]]) -> None:
        """Add hits and seconds saved to the statistics of entries, in one transaction; nothing in a read-only store.

        Args:
            hits: entry key to (count, seconds saved). Keys that are not in the store are passed over.

        Raises:
            StoreError: they cannot be written.
        """
        if not hits or not self.is_writable:
            return
        self.change(lambda rows: rows.index.write(partial(rows.add_hits, hits)))

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """What was remembered under hexadecimal keys; those that are not there, or fail their seal, are left out.

        Args:
            kind: of row, as `record.py` lists them.
        """
        wanted = list(keys)
        return self._access.ask_quietly(lambda rows: rows.recall(kind, wanted), {})

    def remember(self, kind: str, items: Mapping[str, bytes]) -> None:
        """Keep bytes under hexadecimal keys, in the place of what was there.

        Raises:
            StoreError: they cannot be written.
        """
        self.change(lambda rows: rows.index.write(partial(rows.put_all, kind, items)))

    def entries_of(self, target: str) -> list[EntryInfo]:
        """What is known of all results of a target, the newest first."""
        return self._access.ask_quietly(lambda rows: rows.entries_of(target), [])

    def summaries(
        self,
        *,
        target_glob: str | None = None,
        key_prefix: str | None = None,
        older_than_s: float | None = None,
        limit: int | None = None,
    ) -> list[EntrySummary]:
        """What is in the store, newest first, older schemas included. Bad records are passed over.

        Args:
            target_glob: shell pattern for target ids.
            key_prefix: first digits of an entry's key.
            older_than_s: only entries created more than so many seconds ago.
            limit: at most so many.

        Raises:
            StoreError: the index is damaged.
        """
        from hydra_cached.store.listing import Filter, list_entries

        wanted = Filter(target_glob, key_prefix, older_than_s)
        return self.ask(lambda rows: list_entries(rows, wanted, limit=limit), [])

    def discard(self, entry: Entry) -> None:
        """Forget one entry that cannot be used, and its object. Links to it go with the next `remove`.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        if self._access.directory is not None:
            self.change(lambda rows: rows.index.write(partial(discard_entry, rows, entry)))

    def remove(self, keys: Iterable[str], *, progress: Progress = ignore_progress) -> int:
        """Delete entries, and objects, links and statistics that nothing else needs. Returns the bytes freed on disk.

        Args:
            progress: called with the number of entries that are gone, and of all.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        if self._access.directory is None:
            return 0
        wanted = list(keys)
        return self.change(lambda rows: remove_entries(rows, wanted, progress=progress))

    def clear(self) -> int:
        """Delete everything, unreadable records and what was set aside included. Returns the bytes freed on disk.

        A corrupt index is deleted too: the store is usable again, and empty.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        directory = self._access.directory
        if directory is None:
            return 0
        self._access.require_writable()
        try:
            rows = self._access.rows(as_it_is=True)
            return 0 if rows is None else clear_store(rows)
        except CorruptIndexError:
            self.close()
            return clear_corrupt_store(directory)

    def is_corrupt(self) -> bool:
        """Whether the index cannot be read as it is. Reads all of it.

        Raises:
            StoreError: the index is locked, or cannot be opened for another reason.
        """
        from hydra_cached.store.listing import Filter, list_entries

        try:
            rows = self._access.rows(as_it_is=True)
            if rows is not None:
                list_entries(rows, Filter())
        except CorruptIndexError:
            return True
        return False

    def size_on_disk(self) -> int:
        """Length in bytes of index, objects and what was set aside."""
        directory = self._access.directory
        return 0 if directory is None else directory.measure()

    def close(self) -> None:
        """Close this thread's connection. The store opens again when it is asked something."""
        self._access.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _open, (str(self._root), self._durable)

    def __repr__(self) -> str:
        return f"Store({str(self._root)!r})"

    @property
    def access(self) -> Access:
        """For its upkeep: the way to its rows."""
        return self._access

    def rows(self) -> Rows | None:
        """For the upkeep of the store: its rows, opened when first needed; None where the directory is absent.

        Raises:
            StoreError: the index cannot be opened, or is damaged.
        """
        return self._access.rows()

    def ask(self, question: Callable[[Rows], T], absent: T) -> T:
        """For its upkeep: the answer of its rows, after the index was made anew where it is damaged.

        Args:
            absent: the answer where the directory is absent.

        Raises:
            StoreError: the index cannot be opened, or stays locked.
        """
        return self._access.ask(question, absent)

    def change(self, operation: Callable[[Rows], T]) -> T:
        """For its upkeep: do something with its rows that writes, after the index was made anew where it is damaged.

        Raises:
            StoreError: it cannot be written.
        """
        return self._access.change(operation)


def _open(directory: str, durable: bool) -> Store:
    return Store(directory, durable=durable)
