"""The store: find, put and load results in one cache directory. Never decides what to run.

Nothing wrong comes back: what a record or a payload says is used only after its seal was checked, and nothing is
unpickled before. What fails is reported as an EntryError and kept under ``aside/``; the next `put` of its key works.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from hydra_cached.errors import EntryDamagedError, StoreError
from hydra_cached.store.commit import commit_entry
from hydra_cached.store.directory import open_directory
from hydra_cached.store.entry import Entry, EntryInfo, EntrySummary
from hydra_cached.store.locks import Claim, Claims
from hydra_cached.store.payload import Payload, dump_value, load_value
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.record import CHECK, ENTRY, LINK, pack_entry
from hydra_cached.store.removal import clear_corrupt_store, clear_store, remove_entries
from hydra_cached.store.seal import Seal, load_key

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

_PUT_ATTEMPTS = 5


class Store:
    """Results in a directory. Safe to use from several threads and processes, and across a fork.

    Args:
        directory: the cache directory; ``~`` is expanded.
        create: make it when it is not there. Without, a directory that is absent is an empty store.

    Raises:
        StoreError: the directory cannot be used. A corrupt index is found when it is first asked something, so every
            method but `dump` may raise this too.

    Example:
        >>> with Store("cache") as store:  # doctest: +SKIP
        ...     entry = store.find(recipe_key)
        ...     value = None if entry is None else store.load(entry)
    """

    def __init__(self, directory: str | Path = "cache", *, create: bool = True) -> None:
        # absolute from the start: a target may change the working directory
        self._root = Path(os.path.abspath(os.path.expanduser(directory)))
        self._directory = open_directory(self._root, create=create)
        self._rows: Rows | None = None

    @property
    def store_id(self) -> bytes:
        """Identity of the store, 16 bytes; b"" while there is none."""
        return b"" if self._directory is None else self._directory.store_id

    @property
    def object_folder(self) -> Path:
        """Where larger payloads lie, each a file of its own; other processes may write there by `ObjectFolder`."""
        return self._root / "objects"

    def checked_state(self, digest: str) -> bytes:
        """The state of an object's file in which it was last found right, b"" where it never was."""
        rows = self.rows()
        return b"" if rows is None else rows.peek(CHECK + digest) or b""

    def claim(self, key: str) -> Claim | None:
        """The right to compute the result of a key, or None while somebody else has it. See `Claims`."""
        return Claims(self._root / "locks").claim(key)

    def holder(self, key: str) -> int | None:
        """Process id of who computes the result of a key; None when it is nobody, or cannot be told."""
        return Claims(self._root / "locks").holder(key)

    @property
    def directory(self) -> Path:
        """Absolute path of the cache directory."""
        return self._root

    def find(self, recipe_key: str) -> Entry | None:
        """The entry to which a recipe is linked, or None; also None while the index is locked.

        Raises:
            EntryDamagedError: there is one, but it changed since it was written; it was set aside.
            EntryUntrustedError: there is one, but it has not your key's seal. It stays until the next `put` of its key.
            EntryUnreadableError: a later release wrote it.
        """
        rows = self.rows()
        return None if rows is None else rows.follow(LINK + recipe_key)

    def get(self, key: str) -> Entry | None:
        """The entry of a primary key, or None; also None while the index is locked.

        Raises:
            EntryDamagedError: there is one, but it changed since it was written; it was set aside.
            EntryUntrustedError: there is one, but it has not your key's seal. It stays until the next `put` of its key.
            EntryUnreadableError: a later release wrote it.
        """
        rows = self.rows()
        return None if rows is None else rows.entry(key)

    def latest(self, target: str, path: str) -> list[EntryInfo]:
        """What is known of the last results that were put for a target at a config path, the newest first."""
        rows = self.rows()
        return [] if rows is None else rows.latest(target, path)

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
        rows = self._open_for_writing()
        inline = bytes(payload.chunks[0]) if payload.is_inline else None
        digest = None if payload.is_inline else payload.digest
        entry = Entry(info, payload.codec, payload.size_bytes, inline, digest)
        body = pack_entry(info, payload.codec, payload.size_bytes, inline, digest)
        for _ in range(_PUT_ATTEMPTS):
            state = b"" if digest is None else rows.objects.write(payload, rows.seal.wrap(ENTRY + info.key, body))
            committed = rows.index.write(
                partial(commit_entry, rows, entry, body, state, replace=replace, conditions=conditions)
            )
            # None when another process deleted the object in between: then once more
            if committed is not None:
                return committed
        raise StoreError(f'the object of result {info.key[:12]} keeps vanishing from "{rows.objects.folder}"')

    def enter(self, entry: Entry, *, replace: bool = False, conditions: str = "") -> Entry:
        """Enter a result whose bytes are there already: inside ``entry``, or as an object that somebody wrote.

        Args:
            replace: as for `put`.
            conditions: as for `put`.

        Raises:
            StoreError: it cannot be written, or its object is gone.
        """
        rows = self._open_for_writing()
        digest = entry.object_digest
        body = pack_entry(entry.info, entry.codec, entry.size_bytes, entry.payload, digest)
        state = b"" if digest is None else rows.peek(CHECK + digest) or b""
        committed = rows.index.write(
            partial(commit_entry, rows, entry, body, state, replace=replace, conditions=conditions)
        )
        if committed is None:
            raise StoreError(f"the object of result {entry.key[:12]} is gone", hint="run the pipeline again")
        return committed

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
        rows = self._open_for_writing()

        def put_all() -> None:
            for recipe_key, (key, conditions) in links.items():
                rows.put_link(recipe_key, key, conditions)

        rows.index.write(put_all)

    def load(self, entry: Entry) -> Any:
        """The value of an entry that this store gave. Its arrays are writable; the store's file stays as it is.

        Raises:
            EntryDamagedError: its bytes changed or are gone; it was set aside.
            EntryUnreadableError: its bytes are right but do not load; it is kept.
        """
        if entry.object_digest is None:
            # it came out of the sealed record
            return load_value(entry.codec, (entry.payload or b"",))
        rows = self.rows()
        if rows is None:
            raise EntryDamagedError(f'the cache directory "{self._root}" is gone')
        return load_value(entry.codec, self._read_object(rows, entry.key, entry.object_digest))

    def record_hits(self, hits: Mapping[str, tuple[int, float]]) -> None:
        """Add hits and seconds saved to the statistics of entries, in one transaction.

        Args:
            hits: entry key to (count, seconds saved). Keys that are not in the store are passed over.

        Raises:
            StoreError: they cannot be written.
        """
        if not hits:
            return
        rows = self._open_for_writing()

        def add() -> None:
            for key, (count, seconds_saved) in hits.items():
                rows.add_hits(key, count, seconds_saved)

        rows.index.write(add)

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """What was remembered under hexadecimal keys; those that are not there, or fail their seal, are left out.

        Args:
            kind: of row, as `record.py` lists them.
        """
        rows = self.rows()
        return {} if rows is None else rows.recall(kind, list(keys))

    def remember(self, kind: str, items: Mapping[str, bytes]) -> None:
        """Keep bytes under hexadecimal keys, in the place of what was there.

        Raises:
            StoreError: they cannot be written.
        """
        rows = self._open_for_writing()

        def put_all() -> None:
            for key, body in items.items():
                rows.put(kind + key, body)

        rows.index.write(put_all)

    def entries_of(self, target: str) -> list[EntryInfo]:
        """What is known of all results of a target, the newest first."""
        rows = self.rows()
        return [] if rows is None else rows.entries_of(target)

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
        rows = self.rows()
        if rows is None:
            return []
        from hydra_cached.store.listing import Filter, list_entries

        return list_entries(rows, Filter(target_glob, key_prefix, older_than_s), limit=limit)

    def discard(self, entry: Entry) -> None:
        """Forget one entry that cannot be used, quickly: what else it leaves goes with the next `remove`.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        rows = self.rows()
        if rows is not None:
            rows.index.write(lambda: rows.index.delete(ENTRY + entry.key))

    def remove(self, keys: Iterable[str], *, progress: Progress = ignore_progress) -> int:
        """Delete entries, and objects, links and statistics that nothing else needs. Returns the bytes freed on disk.

        Args:
            progress: called with the number of entries that are gone, and of all.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        rows = self.rows()
        return 0 if rows is None else remove_entries(rows, keys, progress=progress)

    def clear(self) -> int:
        """Delete everything, unreadable records and what was set aside included. Returns the bytes freed on disk.

        A corrupt index is deleted too: the store is usable again, and empty.

        Raises:
            StoreError: the index is locked or cannot be written.
        """
        from hydra_cached.store.index import CorruptIndexError

        try:
            rows = self.rows()
            return 0 if rows is None else clear_store(rows)
        except CorruptIndexError:
            if self._directory is None:
                raise
            with contextlib.suppress(Exception):
                # a connection to what is broken may not even close
                self.close()
            return clear_corrupt_store(self._directory)

    def is_corrupt(self) -> bool:
        """Whether the index cannot be read, so that `clear` is all that is left to do. Reads all of it.

        Raises:
            StoreError: the index is locked, or cannot be opened for another reason.
        """
        from hydra_cached.store.index import CorruptIndexError

        try:
            self.summaries()
        except CorruptIndexError:
            return True
        return False

    def size_on_disk(self) -> int:
        """Length in bytes of index, objects and what was set aside."""
        return 0 if self._directory is None else self._directory.measure()

    def close(self) -> None:
        """Close this thread's connection. The store opens again when it is asked something."""
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.index.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        return Store, (str(self._root),)

    def __repr__(self) -> str:
        return f"Store({str(self._root)!r})"

    def rows(self) -> Rows | None:
        """For the upkeep of the store: its rows, opened when first needed; None where the directory is absent."""
        rows = self._rows
        if rows is not None and not rows.index.is_foreign:
            return rows
        if self._directory is None:
            # somebody may have created it since
            self._directory = open_directory(self._root, create=False)
            if self._directory is None:
                return None
        # sqlite and diskcache cost 20 ms to import: only now
        from hydra_cached.store.rows import Rows

        if rows is not None:
            rows.index.abandon()
        self._rows = Rows(self._directory, Seal(load_key(), self._directory.store_id))
        return self._rows

    def _open_for_writing(self) -> Rows:
        rows = self.rows()
        if rows is None:
            raise StoreError(f'there is no cache directory "{self._root}"', hint="Store(directory) creates it")
        return rows

    def _read_object(self, rows: Rows, key: str, digest: str) -> tuple[memoryview, ...]:
        row_key = CHECK + digest
        checked_state = rows.peek(row_key)
        try:
            found = rows.objects.read(digest, checked_state=checked_state)
        except EntryDamagedError as exc:
            # a file that could not be opened for want of handles or rights may be opened next time
            if not isinstance(exc.__cause__, OSError) or isinstance(exc.__cause__, FileNotFoundError):
                rows.set_object_aside(key, digest)
            raise
        if found.is_large and found.state != checked_state:
            # so that it need not be read in full next time; a store that cannot be written still gives its values
            with contextlib.suppress(StoreError):
                rows.index.write(lambda: rows.put(row_key, found.state))
        return found.chunks
