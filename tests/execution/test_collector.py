"""A very large graph is left out of garbage collections while its calls run, and nothing else is."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from hydra_cached import instantiate

COUNT = 10_000


class Ring:
    def __init__(self) -> None:
        self.itself = self


def is_left_out() -> bool:
    return gc.get_freeze_count() > 0


def is_collected() -> bool:
    ring = Ring()
    gone = weakref.ref(ring)
    del ring
    gc.collect()
    return gone() is None


def fail() -> None:
    raise ValueError("it fails")


def _config(**more: Any) -> dict[str, Any]:
    # counted once only: counting looks at all of them
    calls = {str(i): {"_target_": abs, "_args_": [i]} for i in range(COUNT)}
    return {"looked": {"_target_": is_left_out}} | calls | more


def test_a_very_large_graph_is_left_out_while_its_calls_run() -> None:
    found = instantiate(_config(garbage={"_target_": is_collected}))
    assert found["looked"]
    assert found["garbage"]
    assert gc.get_freeze_count() == 0
    assert not instantiate({"_target_": is_left_out})


def test_nothing_stays_left_out_after_a_failure() -> None:
    with pytest.raises(Exception, match="it fails"):
        instantiate(_config(last={"_target_": fail}))
    assert gc.get_freeze_count() == 0


def test_what_the_caller_left_out_stays_so() -> None:
    gc.freeze()
    try:
        instantiate(_config())
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
