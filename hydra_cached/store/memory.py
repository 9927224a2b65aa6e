"""Results in the memory of this process. Nothing is written; contents are digested only to see that copies are true."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from hydra_cached.errors import EntryUnreadableError, NotDigestibleError
from hydra_cached.fingerprint import CodeFingerprints, digest_value
from hydra_cached.store.entry import Entry, EntryInfo
from hydra_cached.store.locks import Claim


class MemoryCache:
    """Keeps results as long as it lives; pass the same one to several `instantiate` calls to share objects among them.

    A call that was read from the same config object gives the very same result object; an equal call written
    elsewhere gets a copy.

    >>> cache = MemoryCache()
    >>> len(cache)
    0
    """

    wants_digests = False

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._links: dict[str, tuple[str, str]] = {}
        self._latest: dict[tuple[str, str], EntryInfo] = {}
        self._remembered: dict[tuple[str, str], bytes] = {}
        self._digests: dict[str, str | None] = {}
        # by the config that a place was read from, which the place keeps alive: its id is given to no other one
        self._values: dict[str, dict[Hashable, tuple[Any, Any]]] = {}
        # one for all: what calls do to the code of a class is no change of its objects
        self._code = CodeFingerprints()

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget every result."""
        self._entries.clear()
        self._links.clear()
        self._latest.clear()
        self._remembered.clear()
        self._digests.clear()
        self._values.clear()

    def find(self, recipe_key: str) -> Entry | None:
        key, conditions = self._links.get(recipe_key, ("", ""))
        entry = self._entries.get(key)
        return replace(entry, conditions=conditions) if entry is not None and conditions else entry

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def latest(self, target: str, path: str) -> list[EntryInfo]:
        known = self._latest.get((target, path))
        return [] if known is None else [known]

    def entries_of(self, target: str) -> list[EntryInfo]:
        return [entry.info for entry in self._entries.values() if entry.info.target == target]

    def claim(self, key: str) -> Claim:
        """Free for all: nobody else has this memory."""
        return Claim(None, 0)

    def holder(self, key: str) -> int | None:
        return None

    @property
    def object_folder(self) -> str | None:
        """None: what lies in memory is not shared with other processes."""
        return None

    @property
    def is_durable(self) -> bool:
        return False

    @property
    def store_id(self) -> bytes:
        return b""

    def staged(self, entry: Entry) -> None:
        """None: no other process finds it."""

    def enter(self, entry: Entry, *, replace: bool, conditions: str) -> Entry:
        """Refused: there is no value in an entry."""
        raise EntryUnreadableError("results of other processes are not kept in memory")

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        return {key: self._remembered[kind, key] for key in keys if (kind, key) in self._remembered}

    def remember(self, kind: str, items: Mapping[str, bytes]) -> None:
        self._remembered.update(((kind, key), body) for key, body in items.items())

    def load(self, entry: Entry, place: Any) -> Any:
        """The result for ``place`` (anything with an ``origin``): the object it got before, or a copy of another's.

        Raises:
            EntryUnreadableError: it cannot be copied, or is no longer what the call gave.
        """
        values = self._values[entry.key]
        known = values.get(_identity(place))
        if known is None:
            _, original = next(iter(values.values()))
            digest = self._digests.get(entry.key)
            if digest is None or digest != self._digest(original):
                # the caller has had it in hand since
                raise EntryUnreadableError(
                    f"the result of {entry.info.target} has been changed since, or has no digest"
                )
            try:
                copied = copy.deepcopy(original)
            except Exception as exc:
                raise EntryUnreadableError(f"the result of {entry.info.target} cannot be copied: {exc!r}") from exc
            known = values[_identity(place)] = (place, copied)
        return known[1]

    def known_place(self, entry: Entry, place: Any) -> Any:
        """The place for which a value was kept that ``place`` would get, not a copy; None without one."""
        return self._values.get(entry.key, {}).get(_identity(place), (None,))[0]

    def preparing(self, value: Any) -> AbstractContextManager[None]:
        """Nothing is written."""
        return nullcontext()

    def keep(self, info: EntryInfo, value: Any, place: Any, *, replace: bool, conditions: str) -> Entry:
        if replace:
            self._entries.pop(info.key, None)
            self._values.pop(info.key, None)
        entry = self._entries.setdefault(info.key, Entry(info, "memory", 0))
        if info.recipe_key is not None:
            self.link(info.recipe_key, info.key, conditions)
        self._values.setdefault(info.key, {})[_identity(place)] = (place, value)
        self._latest[info.target, info.path] = info
        self._digests[info.key] = self._digest(value)
        return entry

    def adopt(self, entry: Entry, value: Any, place: Any) -> None:
        """The copy that another place got: it gets the same object again."""
        self._values[entry.key].setdefault(_identity(place), (place, value))

    def discard(self, entry: Entry) -> None:
        """Forget one result."""
        self._entries.pop(entry.key, None)
        self._values.pop(entry.key, None)

    def link(self, recipe_key: str, key: str, conditions: str) -> None:
        self._links[recipe_key] = (key, conditions)

    def flush(self) -> None:
        """Nothing waits."""

    def check_loads(self, entry: Entry, code: Any) -> None:
        """Nothing is taken apart, so nothing can fail to come back."""

    def record_hits(self, hits: Mapping[str, tuple[int, float]]) -> None:
        """Nothing outlives the process, so nothing is counted."""

    def _digest(self, value: Any) -> str | None:
        try:
            return digest_value(value, self._code)
        except (NotDigestibleError, RecursionError):
            return None


def _identity(place: Any) -> Hashable:
    origin = place.origin
    return (id(origin[0]), origin[1]) if isinstance(origin, tuple) else id(origin)
