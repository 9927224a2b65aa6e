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


def test_limit_stays_while_another_thread_is_deep_without_a_stack_of_its_own() -> None:
    limit = sys.getrecursionlimit()
    is_raised, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        def wait() -> int:
            found = descend(2_000)
            is_raised.set()
            may_end.wait(30)
            return found

        call_deep(wait)

    holding = threading.Thread(target=hold)
    holding.start()
    assert is_raised.wait(30)

    def end_the_other(depth: int) -> int:
        if depth:
            return 1 + end_the_other(depth - 1)
        may_end.set()
        holding.join()
        # lowered below where this thread is, the limit would end the process with the next error
        return descend(100)

    assert call_deep(lambda: end_the_other(3_000)) == 3_100
    assert sys.getrecursionlimit() == limit


def test_error_reaches_the_caller() -> None:
    def fail() -> None:
        descend(5_000)
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        call_deep(fail)
