"""blake3 of runs of bytes, large ones with several threads, and none twice where somebody knows its digest already.

Knows nothing of what the bytes mean.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from blake3 import blake3

MANY_THREADS_BYTES = 16 * 1024 * 1024
"""Longer runs are digested by several threads."""

SHARED_BYTES = 32 * 1024
"""Of longer runs `share_digests` is asked first."""

_MOST_THREADS = 8
_local = threading.local()


def digest_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """blake3 of contiguous bytes, 32 bytes."""
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    if size > SHARED_BYTES:
        find: Callable[[memoryview], bytes | None] | None = getattr(_local, "find", None)
        known = None if find is None else find(memoryview(data))
        if known is not None:
            return known
    return hash_bytes(data)


def hash_bytes(data: bytes | bytearray | memoryview, *, busy_threads: int = 0) -> bytes:
    """The same, asking nobody.

    Args:
        busy_threads: how many threads of this process are at work already.
    """
    size = data.nbytes if isinstance(data, memoryview) else len(data)
    threads = min((os.cpu_count() or 1) - busy_threads, _MOST_THREADS)
    if size < MANY_THREADS_BYTES or threads < 2:
        return blake3(data).digest()
    # a pool of its own: the library's shared one does not survive a fork
    return blake3(data, max_threads=threads).digest()


@contextmanager
def share_digests(find: Callable[[memoryview], bytes | None]) -> Iterator[None]:
    """Ask ``find`` for the digest of each long run of bytes, in this thread.

    Args:
        find: knows a run by where it lies in memory: what it knows must stay there, unchanged.
    """
    outer = getattr(_local, "find", None)
    _local.find = find
    try:
        yield
    finally:
        _local.find = outer
