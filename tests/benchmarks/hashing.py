"""Digests of values: large ones against blake3 over the same bytes, and against joblib.hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from blake3 import blake3

from hydra_cached.fingerprint import CodeFingerprints, digest_value, hashing
from tests.benchmarks.measure import Line, at_least, shown, take_turns

_ARRAY_ITEMS = 32_000_000
_FRAME_ROWS, _FRAME_COLUMNS = 1_000_000, 20


def compare_bulk(rounds: int) -> Iterator[Line]:
    """Arrays and numeric frames, blake3 and ours with one thread each."""
    random = np.random.default_rng(0)
    array: Any = random.random(_ARRAY_ITEMS)
    columns = {f"c{i}": random.random(_FRAME_ROWS) for i in range(_FRAME_COLUMNS)}
    values = {
        "array of float64": array,
        "array in Fortran order": np.asfortranarray(array.reshape(8, -1)),
        "list of 100 arrays": list(array.reshape(100, -1)),
        "frame, made of columns": pd.DataFrame(columns),
        "frame, made of an array by columns": pd.DataFrame(np.asfortranarray(array[:20_000_000].reshape(-1, 20))),
        "frame of numbers of three kinds": pd.DataFrame(
            {name: column.astype(("f8", "i8", "f4")[i % 3]) for i, (name, column) in enumerate(columns.items())}
        ),
        "frame, 1,000 rows of 20,000": pd.DataFrame(np.asfortranarray(array[:20_000_000].reshape(1_000, 20_000))),
    }
    for name, value in values.items():
        size = _size_of(value)
        raw = memoryview(array).cast("B")[:size]
        with mock.patch.object(hashing, "MANY_THREADS_BYTES", 1 << 62):
            times = take_turns(_hash(raw), _digest(value), rounds=rounds)
        yield at_least(f"{name}, of blake3's speed", 0.8, times.ratio(0, 1))
    joblib = _joblib()
    if joblib is not None:
        for name in ("array of float64", "frame, made of columns"):
            peer = partial(joblib.hash, values[name])
            with mock.patch.object(hashing, "MANY_THREADS_BYTES", 1 << 62):
                times = take_turns(peer, _digest(values[name]), rounds=max(3, rounds // 3))
            yield at_least(f"{name}, against joblib.hash", 5, times.ratio(0, 1))
    rows = pd.DataFrame(array[:20_000_000].reshape(-1, 20), copy=False)
    times = take_turns(_hash(memoryview(array).cast("B")), _digest(array), _digest(rows), rounds=rounds)
    yield shown("blake3, one thread", f"{array.nbytes / times.seconds(0) / 1e9:.1f} GB/s")
    yield shown("array of float64, several threads", f"{array.nbytes / times.seconds(1) / 1e9:.1f} GB/s")
    yield shown("frame, made of an array by rows", f"{_size_of(rows) / times.seconds(2) / 1e9:.1f} GB/s")


def compare_small_objects(rounds: int, count: int = 1_000_000) -> Iterator[Line]:
    """A list of small dicts, however its parts are shared."""
    values = [{"id": i, "name": f"name {i % 1000}", "score": i * 0.5} for i in range(count)]
    names = {each["name"]: each["name"] for each in values}
    shared = [{**each, "name": names[each["name"]]} for each in values]
    assert digest_value(values) == digest_value(shared)
    joblib = _joblib()
    if joblib is None:
        times = take_turns(_digest(values), rounds=rounds)
        yield shown(f"{count:,} dicts", f"{times.seconds(0):.2f} s")
        return
    times = take_turns(lambda: joblib.hash(values), _digest(values), rounds=max(1, rounds // 3))
    yield at_least(f"{count:,} dicts, against joblib.hash", 8, times.ratio(0, 1))
    yield shown(f"{count:,} dicts", f"{times.seconds(1):.2f} s")
    yield shown("joblib.hash", f"{times.seconds(0):.2f} s")


def _size_of(value: Any) -> int:
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(index=False).sum())
    return sum(each.nbytes for each in value) if isinstance(value, list) else int(value.nbytes)


def _hash(raw: memoryview) -> Callable[[], Any]:
    return lambda: blake3(raw).digest()


def _digest(value: Any) -> Callable[[], Any]:
    # as in a run, where what a class is called is looked up once
    code = CodeFingerprints()
    return lambda: digest_value(value, code)


def _joblib() -> Any:
    if find_spec("joblib") is None:
        return None
    import joblib

    return joblib
