"""How many large results a long pipeline has in memory at its peak: each figure from a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra_cached import Store, instantiate
from tests.benchmarks.measure import Line, below, shown

RESULT_BYTES = 50_000_000
# what is stored takes room on the disk
STEPS = {"without a store": 200, "with a store": 40}
WAYS = ("named", "positional", "listed")


def measure_chains() -> Iterator[Line]:
    if not sys.platform.startswith("linux"):
        yield shown("peak memory of a chain", "measured on Linux")
        return
    for kind, steps in STEPS.items():
        for way in WAYS:
            with tempfile.TemporaryDirectory() as folder:
                done = subprocess.run(
                    [sys.executable, "-m", "tests.benchmarks.releasing", kind, way, folder],
                    check=True,
                    capture_output=True,
                    encoding="utf-8",
                    env={**os.environ, "HYDRA_CACHED_KEY": "of a benchmark"},
                )
            reached = float(done.stdout) / RESULT_BYTES
            yield below(f"chain of {steps} arrays of 50 MB, {kind}, arguments {way}: peak", 4, reached, " arrays")


def make_array(before: Any = None, number: int = 0) -> Any:
    """A fresh array that depends on the one before."""
    import numpy as np

    array = np.full(RESULT_BYTES // 8, float(number))
    if before is not None:
        array[0] += (before[0] if len(before) == 1 else before)[0]
    return array


def _make_chain(steps: int, way: str) -> dict[str, Any]:
    target = "tests.benchmarks.releasing.make_array"
    config: dict[str, Any] = {"_target_": target}
    for number in range(1, steps):
        if way == "positional":
            config = {"_target_": target, "_args_": [config, number]}
        else:
            config = {"_target_": target, "before": [config] if way == "listed" else config, "number": number}
    return config


def _peak_bytes() -> int:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def _main(kind: str, way: str, folder: str) -> None:
    import numpy  # noqa: F401  what it takes itself does not count

    config = _make_chain(STEPS[kind], way)
    before = _peak_bytes()
    result = instantiate(config, cache=Store(folder) if kind == "with a store" else None)
    assert result[0] == sum(range(STEPS[kind]))
    print(_peak_bytes() - before)


if __name__ == "__main__":
    _main(*sys.argv[1:])
