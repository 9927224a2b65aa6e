"""Calls in processes and on a Dask cluster, two at a time: how near to the ideal, and what each call costs besides."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra_cached import RunOptions, Store
from hydra_cached.api.wiring import build, new_scheduler
from hydra_cached.events import ignore
from hydra_cached.execution import remote
from hydra_cached.execution.cache import StoreCache
from hydra_cached.execution.dispatching import Dispatcher
from hydra_cached.execution.executors import Workplace, open_dispatcher
from hydra_cached.targets import UNCHECKED
from tests.benchmarks.measure import Line, at_least, below

_HERE = "tests.benchmarks.targets"
_WORKERS = 2
_STEPS = 200
_STEP_S = 0.05
_TRIVIAL_STEPS = 500
_WIDTH = 20


def compare_executors(rounds: int) -> Iterator[Line]:
    """Once the workers have started; results are stored."""
    for executor, most_ms in (("processes", 2.0), ("dask", 10.0)):
        with _executor(executor) as dispatcher:
            _run(dispatcher, _make_independent(2 * _WORKERS))
            yield _share_of_ideal(f"{executor}: {_STEPS} steps of 50 ms", dispatcher, _make_independent(_STEPS), rounds)
            yield _share_of_ideal(f"{executor}: the same in layers", dispatcher, _make_layers(_STEPS), rounds)
            trivial = [{"_target_": f"{_HERE}.give_back", "number": number} for number in range(_TRIVIAL_STEPS)]
            times = [_run(dispatcher, trivial) / _TRIVIAL_STEPS * 1000 for _ in range(rounds)]
            yield below(f"{executor}: a trivial step", most_ms, statistics.median(times), " ms")


@contextmanager
def _executor(name: str) -> Iterator[Dispatcher]:
    # trivial steps are not to be called here, as they would be
    before, remote.CHEAP_S = remote.CHEAP_S, 0.0
    try:
        with open_dispatcher(Workplace(name, _WORKERS)) as dispatcher:
            assert dispatcher is not None
            yield dispatcher
    finally:
        remote.CHEAP_S = before


def _share_of_ideal(name: str, dispatcher: Dispatcher, config: Any, rounds: int) -> Line:
    ideal_s = _STEPS * _STEP_S / _WORKERS
    shares = [ideal_s / _run(dispatcher, config) for _ in range(max(1, rounds // 3))]
    return at_least(name, 0.9, statistics.median(shares), " of ideal")


def _run(dispatcher: Dispatcher, config: Any) -> float:
    """Seconds for a run with an empty store."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "cache")) as store:
        started = time.perf_counter()
        graph = build(config, UNCHECKED)
        new_scheduler(graph, StoreCache(store), RunOptions(), ignore, dispatcher=dispatcher).run()
        return time.perf_counter() - started


def _make_independent(count: int) -> list[dict[str, Any]]:
    return [{"_target_": f"{_HERE}.sleep_50_ms", "number": number} for number in range(count)]


def _make_layers(count: int) -> dict[str, Any]:
    """Each step refers to two of the layer before."""
    nodes: dict[str, Any] = {}
    for number in range(count):
        node: dict[str, Any] = {"_target_": f"{_HERE}.sleep_50_ms", "number": number}
        if number >= _WIDTH:
            first = number - _WIDTH
            second = first + 1 if (number + 1) % _WIDTH else first + 1 - _WIDTH
            node["_args_"] = [number, f"${{n{first}}}", f"${{n{second}}}"]
            del node["number"]
        nodes[f"n{number}"] = node
    return nodes
