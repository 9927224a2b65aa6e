"""A store with many entries, beside a small one: what the commands take, and what a hit takes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hydra_cached.store import Entry, EntryInfo, Payload, Store
from hydra_cached.store.commit import commit_entry
from hydra_cached.store.record import pack_entry
from hydra_cached.store.rows import Rows
from tests.benchmarks.measure import Line, below, shown, take_turns
from tests.benchmarks.storing import describe_small, key_of

_BATCH = 2_000
_HITS = 200
_TARGETS = 37


def measure_scale(count: int, rounds: int) -> Iterator[Line]:
    """Whole commands on a store with `count` entries, and hits in it."""
    with tempfile.TemporaryDirectory() as folder:
        large, small, empty = Path(folder, "large"), Path(folder, "small"), Path(folder, "empty")
        started = time.perf_counter()
        _fill(large, count)
        yield shown(f"filled with {count:,} entries, each found once", f"{time.perf_counter() - started:.0f} s")
        _fill(small, 100)
        _fill(empty, 0)
        listings = (["--limit", "20"], ["--target", "my.mod.t5", "--limit", "20"], ["--target", "no.such"])
        for words in (["ls", *each] for each in listings):
            here, there = (partial(_run, "cache", *words, "-c", str(each)) for each in (large, empty))
            times = take_turns(here, there, rounds=max(3, rounds // 2))
            limit = 2 * times.seconds(1) + 0.5
            yield below(f"cache {' '.join(words)}", round(limit, 2), times.seconds(0), " s")
        seconds = take_turns(partial(_run, "cache", "stats", "-c", str(large)), rounds=3).seconds(0)
        yield below("cache stats", 2, seconds, " s")
        with Store(large) as many, Store(small) as few:
            step = max(1, count // _HITS)
            times = take_turns(
                partial(_find, many, range(0, count, step)), partial(_find, few, range(100)), rounds=5 * rounds
            )
            each = [times.by_function[0][at] / _HITS / (times.by_function[1][at] / 100) for at in range(5 * rounds)]
            yield below("a hit, against one of 100 entries", 1.2, statistics.median(each), " x")
        yield shown("length of the index", f"{sum(path.stat().st_size for path in large.glob('index/*')) / 1e6:.0f} MB")


def _fill(directory: Path, count: int) -> None:
    with Store(directory) as store:
        payload = store.dump({f"metric_{number}": number / 7 for number in range(10)})
        for first in range(0, count, _BATCH):
            numbers = range(first, min(count, first + _BATCH))
            store.change(partial(_enter_all, payload=payload, numbers=numbers))
            store.record_hits({_info(number).key: (1, 2.0) for number in numbers})


def _enter_all(rows: Rows, *, payload: Payload, numbers: range) -> None:
    rows.index.write(partial(_enter, rows, payload, numbers))


def _enter(rows: Rows, payload: Payload, numbers: range) -> None:
    data = bytes(payload.chunks[0])
    for number in numbers:
        info = _info(number)
        body = pack_entry(info, payload.codec, payload.size_bytes, data, None)
        commit_entry(rows, Entry(info, payload.codec, payload.size_bytes, data), body, b"")


def _info(number: int) -> EntryInfo:
    return describe_small(key_of(number), number, target=f"my.mod.t{number % _TARGETS}")


def _find(store: Store, numbers: range) -> None:
    for number in numbers:
        entry = store.find(key_of(number))
        assert entry is not None
        store.load(entry)


def _run(*words: str) -> None:
    command = str(Path(sys.executable).parent / "hydra-cached")
    subprocess.run([command, *words], check=True, capture_output=True)
