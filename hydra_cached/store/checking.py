"""Looks whether a result that was just stored comes back. Stores and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hydra_cached.errors import EntryUnreadableError, NotDigestibleError
from hydra_cached.fingerprint import CodeFingerprints, digest_value

if TYPE_CHECKING:
    from hydra_cached.store.entry import Entry
    from hydra_cached.store.store import Store


def check_loads(store: Store, entry: Entry, code: CodeFingerprints | None = None) -> None:
    """Load a result that was just stored, and compare it with what was computed.

    Some objects pickle and fail to load, or load as something else, because their pickling leaves a part out. That is
    better found while the run that made them goes on than in the one that needs them.

    Raises:
        EntryUnreadableError: it does not load, or is another value than the one that was stored.
    """
    value = store.load(entry)
    expected = entry.info.content_digest
    if expected is None:
        return
    try:
        found = digest_value(value, code)
    except NotDigestibleError as exc:
        raise EntryUnreadableError(f"what loads is not what was stored: {exc.message}") from exc
    if found != expected:
        raise EntryUnreadableError(
            "what loads is not what was stored: its pickling leaves something out",
            hint="see to its __getstate__ or __reduce__, or store it by register_serializer",
        )
