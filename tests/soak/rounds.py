"""How much is done: a little with the other tests, all of it by `make soak`."""

from __future__ import annotations

import os

IS_LONG = bool(os.environ.get("HYDRA_CACHED_SOAK"))


def rounds(short: int, long: int) -> int:
    """A number of repetitions."""
    return long if IS_LONG else short
