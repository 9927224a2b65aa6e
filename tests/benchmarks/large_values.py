"""Large values, stored and loaded: against joblib.Memory, diskcache, exca and np.save, in turns."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import diskcache
import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from hydra_cached.fingerprint import CodeFingerprints, digest_value
from hydra_cached.store import EntryInfo, ObjectFolder, Store
from tests.benchmarks.measure import Line, at_least, below, shown

_STORED_BYTES = 256 << 20
_LOADED_BYTES = 1 << 30


def compare_storing(rounds: int) -> Iterator[Line]:
    """Arrays, frames and containers of them. Ours is digested for keys, hashed, sealed and entered."""
    random_numbers = np.random.default_rng(0)
    array = random_numbers.random(_STORED_BYTES // 8)
    values = {
        "array": array,
        "frame of 16 columns": pd.DataFrame(np.asfortranarray(array.reshape(-1, 16))),
        "dict of 64 arrays": {str(i): each for i, each in enumerate(array.reshape(64, -1))},
    }
    for name, value in values.items():
        with tempfile.TemporaryDirectory() as folder, _key():
            times = _store_in_turns(Path(folder), value, rounds)
        ours = times.pop("ours")
        for peer, seconds in times.items():
            ratio = median(a / b for a, b in zip(seconds, ours, strict=True))
            yield at_least(f"{name}, stored, against {peer}", 1, ratio)
        yield shown(f"{name}, stored", f"{_STORED_BYTES / median(ours) / 1e9:.2f} GB/s")


def compare_loading(rounds: int) -> Iterator[Line]:
    """An array of 1 GiB: until it is at hand, and all of it read."""
    array = np.arange(_LOADED_BYTES // 8, dtype=float)
    with tempfile.TemporaryDirectory() as folder, _key(), Store(Path(folder, "ours")) as store:
        info = _describe(1)
        store.put(info, store.dump(array))
        path = Path(folder, "array.npy")
        np.save(path, array)
        del array
        ours: list[tuple[float, float]] = []
        peer: list[tuple[float, float]] = []
        for _ in range(3 * rounds):
            ways = [(ours, lambda: _load(store, info.key)), (peer, lambda: np.load(path, mmap_mode="c"))]
            for times, load in random.sample(ways, 2):
                times.append(_load_and_read(load))
        loaded = _load(store, info.key)
        loaded[:] = 0
        assert _load(store, info.key)[1] == 1
    yield below("array of 1 GiB at hand", 5, median(each for each, _ in ours) * 1e3, " ms")
    ratio = median((c + d) / (a + b) for (a, b), (c, d) in zip(ours, peer, strict=True))
    # both read the same memory, so what is below 1 by less than their spread is chance
    yield Line('loaded and read, against np.load(mmap_mode="c")', ">= 1 x", f"{ratio:.2f} x", ratio >= 0.97)
    yield shown("loaded and read", f"{_LOADED_BYTES / median(a + b for a, b in ours) / 1e9:.1f} GB/s")


def measure_memory() -> Iterator[Line]:
    """Peak memory of storing beyond the value's own, in a process of its own each."""
    if not sys.platform.startswith("linux"):
        yield shown("peak extra memory of storing", "measured on Linux")
        return
    for name in ("array", "frame", "dict"):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.large_values", name, folder],
                check=True,
                capture_output=True,
                encoding="utf-8",
                env={**os.environ, "HYDRA_CACHED_KEY": "of a benchmark"},
            )
        yield below(f"{name} of 512 MiB, peak extra memory of storing", 64, float(done.stdout) / 2**20, " MiB")


def _store_in_turns(folder: Path, value: Any, rounds: int) -> dict[str, list[float]]:
    makers = _ways(folder, value)
    times: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(rounds + 1):
        for name in random.sample(list(makers), len(makers)):
            store, clean = makers[name]
            started = time.perf_counter()
            store()
            times[name].append(time.perf_counter() - started)
            clean()
            # what one leaves to be written to the disk must not be the next one's load
            os.sync()
    return {name: found[1:] for name, found in times.items()}


def _ways(folder: Path, value: Any) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """By name, how a value is stored and removed again."""
    store = Store(folder / "ours")
    code = CodeFingerprints()
    numbers = iter(range(1, 1_000_000))

    def ours() -> None:
        # as a run commits a result
        payload = store.dump(value)
        ObjectFolder(store.object_folder).begin(payload)
        with payload.sharing_digests():
            digest = digest_value(value, code)
        store.put(_describe(next(numbers), digest), payload)

    cache = diskcache.Cache(str(folder / "diskcache"), eviction_policy="none", size_limit=1 << 62)
    found: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "ours": (ours, store.clear),
        "diskcache": (lambda: cache.set("value", value), cache.clear),
    }
    if isinstance(value, np.ndarray):
        path = folder / "value.npy"
        found["np.save"] = (lambda: np.save(path, value), path.unlink)
    if find_spec("joblib") is not None:
        import joblib

        memory = joblib.Memory(folder / "joblib", verbose=0)

        def compute(number: int) -> Any:
            return value

        cached = memory.cache(compute)
        found["joblib.Memory"] = (lambda: cached(next(numbers)), lambda: memory.clear(warn=False))
    if find_spec("exca") is not None:
        found["exca"] = _exca(folder / "exca", value)
    return found


def _exca(folder: Path, value: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from exca.cachedict import CacheDict

    def store() -> None:
        cache: Any = CacheDict(folder=folder, keep_in_ram=False)
        with cache.write() if hasattr(cache, "write") else cache.writer() as writer:
            (cache if writer is None else writer)["value"] = value

    return store, lambda: shutil.rmtree(folder, ignore_errors=True)


def _load(store: Store, key: str) -> Any:
    entry = store.get(key)
    assert entry is not None
    return store.load(entry)


def _load_and_read(load: Callable[[], Any]) -> tuple[float, float]:
    started = time.perf_counter()
    value = load()
    at_hand = time.perf_counter()
    value.sum()
    return at_hand - started, time.perf_counter() - at_hand


def _describe(number: int, content_digest: str = "c" * 64) -> EntryInfo:
    key = f"{number:064x}"
    return EntryInfo(
        key=key,
        call_key=key,
        recipe_key=f"f{number:063x}",
        content_digest=content_digest,
        target="benchmarks.make",
        path="",
        config="{}",
        code="d" * 64,
        seconds=1.0,
        created_s=0.0,
    )


def _key() -> Any:
    return nullcontext() if "HYDRA_CACHED_KEY" in os.environ else mock.patch.dict(os.environ, HYDRA_CACHED_KEY="x")


def _peak_of_storing(name: str, folder: str) -> int:
    """Bytes that storing took beyond what was there before."""
    array = np.random.default_rng(0).random(1 << 26)
    values: dict[str, Callable[[], Any]] = {
        "array": lambda: array,
        "frame": lambda: pd.DataFrame(array.reshape(16, -1).T, copy=False),
        "dict": lambda: {str(i): each for i, each in enumerate(array.reshape(16, -1))},
    }
    with Store(Path(folder, "warm")) as store:
        # what is imported and opened once is no memory of storing
        store.put(_describe(1), store.dump(pd.DataFrame({"a": [1.0]})))
        digest_value(pd.DataFrame({"a": [1.0]}))
    store, code = Store(Path(folder, "ours")), CodeFingerprints()
    value = values[name]()
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    payload = store.dump(value)
    ObjectFolder(store.object_folder).begin(payload)
    with payload.sharing_digests():
        digest = digest_value(value, code)
    store.put(_describe(2, digest), payload)
    return _memory("VmHWM") - before


def _memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (found,) = (line for line in lines if line.startswith(f"{field}:"))
    return int(found.split()[1]) * 1024


if __name__ == "__main__":
    print(_peak_of_storing(*sys.argv[1:]))
