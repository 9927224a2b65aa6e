"""Keys of nodes: what each call costs before it is looked up."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import build_graph
from hydra_cached.keys import Keys
from tests.benchmarks.measure import Line, below

NODES = 2_000


def measure_keys(rounds: int) -> Iterator[Line]:
    """Both keys of calls with five literal arguments, no two of them equal."""
    config = [
        {"_target_": "builtins.dict", "rate": index / 7, "steps": index, "name": "adam", "fast": True, "seed": None}
        for index in range(NODES)
    ]
    times = []
    for _ in range(rounds):
        graph = build_graph(config)
        keys = Keys(graph, CodeFingerprints(), FileDigests())
        keys.recipe(graph.nodes[0])  # the target's code is read once
        started = time.perf_counter()
        for node in graph.nodes:
            keys.recipe(node)
            keys.call(node, lambda place: None)
        times.append((time.perf_counter() - started) / NODES * 1e6)
    yield below("recipe key and call key of a call with five literals", 15, statistics.median(times), " us")
