"""Going deep changes no limit of the process for good."""

from __future__ import annotations

import sys
import threading

import pytest

from hydra_cached.fingerprint.depth import call_deep


def descend(depth: int) -> int:
    return 0 if depth == 0 else 1 + descend(depth - 1)


def test_limits_are_as_before_after_several_threads_went_deep() -> None:
    limits = (sys.getrecursionlimit(), threading.stack_size())
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(call_deep(lambda: descend(20_000)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [20_000] * 4
    assert (sys.getrecursionlimit(), threading.stack_size()) == limits


def test_error_reaches_the_caller() -> None:
    def fail() -> None:
        descend(5_000)
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        call_deep(fail)
