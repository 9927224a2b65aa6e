"""What the store knows of one result. Plain values; no I/O."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any


class _Deferred:
    """Base of a value that is read only when something of it is asked for."""

    __slots__ = ("_read",)

    if not TYPE_CHECKING:
        # for types there are the fields alone

        def __getattr__(self, name: str) -> Any:
            # called for a field that is not filled in yet
            try:
                read = object.__getattribute__(self, "_read")
            except AttributeError:
                # it is none, or another thread has filled it in just now
                return object.__getattribute__(self, name)
            for set_field, value in zip(_SETTERS, read(), strict=True):
                set_field(self, value)
            with contextlib.suppress(AttributeError):
                object.__delattr__(self, "_read")
            return object.__getattribute__(self, name)


@dataclass(frozen=True, slots=True)
class EntryInfo(_Deferred):
    """All that is known of a result before it is written.

    Attributes:
        key: primary key, 64 hexadecimal digits: the call key, or the recipe key where there is no call key.
        call_key: 64 hexadecimal digits, or None when an argument had no content digest.
        recipe_key: the recipe under which it was first computed, or None.
        content_digest: identity of the value, 64 hexadecimal digits, or None.
        target: id of the callable, as `hydra-cached target-id` prints it.
        path: config path at which it was computed, "" at the root.
        config: the call as YAML, secrets redacted.
        code: fingerprint of the target's code.
        arguments: (argument name, digest) pairs, for explaining a later miss; calls appear with their content digest.
        parents: primary keys of the entries it was computed from.
        holds: keys of the calls, below this one, whose results' objects the value still holds.
        seconds: time the call took.
        tree_seconds: that and the time of all distinct calls below it, so what finding this entry saves.
        created_s: seconds since the epoch.
        versions: (name, version) pairs: python, hydra_cached, host, and the target's distribution.
        inputs: (argument, label, digest) of the files that the call read.
        outputs: (label, digest) of the files that it wrote; the digest is "" where a declared one was not there.
        carried: (name, fingerprint) of first-party classes and functions in its value that its own code does not reach.
        mentions: texts and paths in its value that may name files.
        env: (name, value) of the declared environment variables, secrets redacted.
        is_plain: the value is data without identity: containers, arrays, frames of what never changes.
        accepted: (by whom, when, key of the entry) where a result of other code was declared to be as good, else ().
    """

    key: str
    call_key: str | None
    recipe_key: str | None
    content_digest: str | None
    target: str
    path: str
    config: str
    code: str
    seconds: float
    created_s: float
    arguments: tuple[tuple[str, str], ...] = ()
    parents: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    schema: int = 0
    tree_seconds: float = 0.0
    inputs: tuple[tuple[str, str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    carried: tuple[tuple[str, str], ...] = ()
    mentions: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    accepted: tuple[str, ...] = ()
    is_plain: bool = False


# past the class's own, which refuses; of every field but the key
_SETTERS = tuple(getattr(EntryInfo, each.name).__set__ for each in fields(EntryInfo))[1:]
_set_key, _set_read = (getattr(EntryInfo, name).__set__ for name in ("key", "_read"))
_new = object.__new__


def defer_info(key: str, read: Callable[[], Iterable[Any]]) -> EntryInfo:
    """The info of an entry of which only the key is known yet.

    Args:
        read: gives the values of the other fields in their order; called once, when one of them is asked for.
    """
    info = _new(EntryInfo)
    _set_key(info, key)
    _set_read(info, read)
    return info


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored result: its info and where its payload lies.

    Attributes:
        info: what is known of it.
        codec: name of the serializer that wrote the payload.
        size_bytes: length of the payload.
        payload: the payload itself when small, else None.
        object_digest: file name under ``objects/`` of a larger payload, 64 hexadecimal digits, else None.
        conditions: digest of the `Conditions` on which the recipe leads to this entry, "" for none.
    """

    info: EntryInfo
    codec: str
    size_bytes: int
    payload: bytes | None = field(default=None, repr=False)
    object_digest: str | None = None
    conditions: str = ""

    @property
    def key(self) -> str:
        return self.info.key


@dataclass(frozen=True, slots=True)
class EntrySummary:
    """One row of `cache ls`."""

    key: str
    target: str
    path: str
    size_bytes: int
    seconds: float
    created_s: float
    hits: int
    seconds_saved: float
    schema: int
