"""What the scheduler needs of a place for results, and how the store on disk gives it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from hydra_cached.errors import EntryDamagedError, NotSerializableError
from hydra_cached.execution.staging import StagedValue
from hydra_cached.fingerprint import CodeFingerprints
from hydra_cached.graph import Place
from hydra_cached.planning import Index
from hydra_cached.store import Claim, Entry, EntryInfo, ObjectFolder, Payload, Store, check_loads

_MOST_LINKS = 256


class ResultCache(Index, Protocol):
    """A place for results: looked up by key, loaded for one place in the config.

    ``wants_digests``: whether content digests are worth computing; without them only recipe keys are found.
    """

    wants_digests: bool

    def load(self, entry: Entry, place: Place) -> Any: ...

    def preparing(self, value: Any) -> AbstractContextManager[None]: ...

    def keep(self, info: EntryInfo, value: Any, place: Place, *, replace: bool, conditions: str) -> Entry: ...

    def adopt(self, entry: Entry, value: Any, place: Place) -> None: ...

    def discard(self, entry: Entry) -> None: ...

    def link(self, recipe_key: str, key: str, conditions: str) -> None: ...

    def remember(self, kind: str, items: Mapping[str, bytes]) -> None: ...

    def record_hits(self, hits: Mapping[str, tuple[int, float]]) -> None: ...

    def flush(self) -> None: ...

    def check_loads(self, entry: Entry, code: CodeFingerprints) -> None: ...

    def claim(self, key: str) -> Claim | None: ...

    def holder(self, key: str) -> int | None: ...

    # for calls in other processes

    @property
    def is_durable(self) -> bool: ...

    @property
    def object_folder(self) -> str | None: ...

    @property
    def store_id(self) -> bytes: ...

    def staged(self, entry: Entry) -> StagedValue | None: ...

    def enter(self, entry: Entry, *, replace: bool, conditions: str) -> Entry: ...


class StoreCache:
    """The store on disk as a place for results. Every load gives a new object."""

    wants_digests = True

    def __init__(self, store: Store) -> None:
        self._store = store
        # a transaction costs more than all else in a cutoff
        self._links: dict[str, tuple[str, str]] = {}
        self.find = store.find
        self.get = store.get
        # explained by, and expected to take as long: asked twice in a row
        self._prepared: tuple[Any, Payload] | None = None
        self._latest: tuple[tuple[str, str], Sequence[EntryInfo]] | None = None
        self.discard = store.discard
        self.record_hits = store.record_hits
        self.claim = store.claim
        self.holder = store.holder
        self.enter = store.enter
        self.entries_of = store.entries_of
        self.recall = store.recall
        self.remember = store.remember

    def latest(self, target: str, path: str) -> Sequence[EntryInfo]:
        """As `Store.latest`."""
        asked = (target, path)
        if self._latest is None or self._latest[0] != asked:
            self._latest = (asked, self._store.latest(target, path))
        return self._latest[1]

    def load(self, entry: Entry, place: Place) -> Any:
        """The value of ``entry``.

        Raises:
            EntryError: it cannot be used.
        """
        if entry.payload is None and entry.object_digest is None:
            # small payloads are not held in memory for the whole of a run
            found = self._store.get(entry.key)
            if found is None:
                raise EntryDamagedError(f"the result {entry.key[:12]} is gone")
            entry = found
        return self._store.load(entry)

    @contextmanager
    def preparing(self, value: Any) -> Iterator[None]:
        """While ``value``, which will be kept, is digested: large parts are written already, and digested only once."""
        try:
            payload = self._store.dump(value)
        except NotSerializableError:
            # `keep` says so
            yield
            return
        self._prepared = (value, payload)
        try:
            ObjectFolder(self._store.object_folder).begin(payload)
            with payload.sharing_digests():
                yield
        finally:
            self._prepared = None
            payload.discard_draft()

    def keep(self, info: EntryInfo, value: Any, place: Place, *, replace: bool, conditions: str) -> Entry:
        """Store ``value``.

        Args:
            replace: in the place of an entry of that key.
            conditions: digest of those on which its recipe leads to it.

        Raises:
            NotSerializableError: the value cannot be written.
            StoreError: the directory does not take it.
        """
        self._latest = None
        prepared = self._prepared
        payload = self._store.dump(value) if prepared is None or prepared[0] is not value else prepared[1]
        entry = self._store.put(info, payload, replace=replace, conditions=conditions)
        return dataclasses.replace(entry, payload=None)

    def link(self, recipe_key: str, key: str, conditions: str) -> None:
        """Lead from a recipe to an entry, at the next `flush` at the latest: one that is lost is found anew.

        Raises:
            StoreError: it cannot be written.
        """
        self._links[recipe_key] = (key, conditions)
        if len(self._links) >= _MOST_LINKS:
            self.flush()

    def check_loads(self, entry: Entry, code: CodeFingerprints) -> None:
        """Load a result that was just stored.

        Raises:
            EntryUnreadableError: it does not load, or is another value.
        """
        found = entry if entry.payload is not None or entry.object_digest is not None else self._store.get(entry.key)
        if found is not None:
            check_loads(self._store, found, code)

    def flush(self) -> None:
        """Write what waits to be written.

        Raises:
            StoreError: it cannot be written.
        """
        links, self._links = self._links, {}
        if links:
            self._store.link_all(links)

    @property
    def object_folder(self) -> str | None:
        """Where workers write larger payloads."""
        return str(self._store.object_folder)

    @property
    def is_durable(self) -> bool:
        """Whether what is written must survive a power cut."""
        return self._store.is_durable

    @property
    def store_id(self) -> bytes:
        """Identity of the store."""
        return self._store.store_id

    def staged(self, entry: Entry) -> StagedValue | None:
        """Where workers find the value of an entry."""
        if entry.object_digest is not None:
            state = self._store.checked_state(entry.object_digest)
            return StagedValue(
                entry.codec, entry.size_bytes, None, self.object_folder or "", entry.object_digest, state
            )
        found = entry if entry.payload is not None else self._store.get(entry.key)
        return None if found is None else StagedValue(entry.codec, entry.size_bytes, found.payload)

    def adopt(self, entry: Entry, value: Any, place: Place) -> None:
        """Nothing: every load gives a new object."""
