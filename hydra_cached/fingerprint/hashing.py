"""blake3 of runs of bytes, large ones with several threads. Knows nothing of what they mean."""

from __future__ import annotations

import os

from blake3 import blake3

MANY_THREADS_BYTES = 4 * 1024 * 1024
"""Longer runs are digested by several threads."""

_MOST_THREADS = 8


def digest_bytes(data: bytes | bytearray | memoryview) -> bytes:
    """blake3 of contiguous bytes, 32 bytes."""
    if len(data) < MANY_THREADS_BYTES and memoryview(data).nbytes < MANY_THREADS_BYTES:
        return blake3(data).digest()
    # a pool of its own: the library's shared one does not survive a fork
    return blake3(data, max_threads=min(os.cpu_count() or 1, _MOST_THREADS)).digest()
