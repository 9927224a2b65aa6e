"""What can be wrong with an index. Mends nothing."""

from __future__ import annotations

from hydra_cached.errors import StoreError


class CorruptIndexError(StoreError):
    """The database is no database any more, or a broken one.

    Args:
        identity: of the file, so that another process which meets the same one does not start again.
    """

    def __init__(self, message: str, *, hint: str | None = None, identity: tuple[int, int] = (0, 0)) -> None:
        super().__init__(message, hint=hint)
        self.identity = identity
