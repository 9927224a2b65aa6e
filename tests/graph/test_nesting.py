"""Results that no config can hold: nested very deep, or inside themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import Store, instantiate, run
from hydra_cached.errors import NodeFailedError
from hydra_cached.graph.nesting import DEEPEST, is_endless

STEPS = """
    def ring():
        made = [1]
        made.append({"a": made})
        return made

    def nest(depth):
        made = []
        for _ in range(depth):
            made = [made]
        return made

    def kind(x):
        return type(x).__name__
    """


@pytest.fixture(autouse=True)
def _steps(project: Callable[[Mapping[str, str]], Path]) -> None:
    project({"steps.py": STEPS})


def nested(depth: int) -> Any:
    made: Any = ()
    for number in range(depth):
        made = [made, made] if number % 2 else {"a": made}
    return made


def test_depth_and_rings_are_told() -> None:
    ring: list[Any] = []
    ring.append((1, {"a": [ring, ring]}))
    shared = [[1]]
    assert is_endless(ring)
    assert is_endless([shared, {"a": ring}])
    assert not is_endless([shared, shared, (shared,)])
    # every level twice: looked at once each
    assert not is_endless(nested(DEEPEST - 1))
    assert is_endless(nested(DEEPEST))
    assert not is_endless("text")


@pytest.mark.parametrize("with_store", [False, True], ids=["no store", "store"])
@pytest.mark.parametrize(
    "call", [{"_target_": "steps.ring"}, {"_target_": "steps.nest", "depth": 100_000}], ids=["ring", "deep"]
)
def test_it_fails_by_name_where_a_config_is_to_hold_it(tmp_path: Path, call: Any, with_store: bool) -> None:
    store = Store(tmp_path / "cache") if with_store else None
    report = run({"v": call}, store=store)
    assert isinstance(report.error, NodeFailedError)
    assert report.error.path == "v"
    assert report.error.message.startswith(f"the result of v ({call['_target_']}) is nested too deep, or contains")
    assert report.error.hint == "take it as it is: _convert_: all above it"
    report = run({"x": {"_target_": "steps.kind", "x": {"a": call}}, "_convert_": "all"}, store=store)
    assert report.value == {"x": "dict"}
    taken = run({"v": call, "_convert_": "all"}, store=store).value
    assert taken["v"][-1] is not None


def test_callers_get_the_error_of_python() -> None:
    with pytest.raises(RecursionError, match="the result of v"):
        instantiate({"v": {"_target_": "steps.ring"}})


def test_what_is_nested_hundreds_of_levels_deep_is_held() -> None:
    made = instantiate({"v": {"_target_": "steps.nest", "depth": 1_000}})
    depth, inner = 0, made["v"]
    while len(inner):
        depth, inner = depth + 1, inner[0]
    assert depth == 1_000
