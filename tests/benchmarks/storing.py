"""Small results: stored and found, beside diskcache alone. What is found is compared with what was stored."""

from __future__ import annotations

import pickle
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import diskcache

from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import build_graph
from hydra_cached.keys import SCHEMA, Keys
from hydra_cached.store import EntryInfo, Store
from hydra_cached.store.objects import ObjectFolder
from tests.benchmarks.measure import Line, below, shown, take_turns
from tests.benchmarks.targets import describe_metrics

COUNT = 100
TARGET = "tests.benchmarks.targets.describe_metrics"
_HEX = 16


def compare_hits(rounds: int) -> Iterator[Line]:
    """A hit on a dict of ten numbers: looked up by its recipe key, seal checked, value loaded."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "store")) as store:
        configs = [_config(number) for number in range(COUNT)]
        graph = build_graph(configs)
        code, files = CodeFingerprints(), FileDigests()
        recipes = [Keys(graph, code, files).recipe(node) or "" for node in graph.nodes]
        for number, recipe in enumerate(recipes):
            store.put(describe_small(recipe, number), store.dump(describe_metrics(number)))
        cache: Any = diskcache.Cache(str(Path(folder, "diskcache")))
        for number, recipe in enumerate(recipes):
            cache.set(recipe, describe_metrics(number))
        memoized = cache.memoize()(describe_metrics)
        for number in range(COUNT):
            memoized(number, name="model")

        def find(recipe: str) -> Any:
            entry = store.find(recipe)
            assert entry is not None
            return store.load(entry)

        def find_all() -> list[Any]:
            return [find(recipe) for recipe in recipes]

        def find_all_with_keys() -> list[Any]:
            keys = Keys(graph, code, files)
            return [find(keys.recipe(node) or "") for node in graph.nodes]

        def get_all() -> list[Any]:
            return [cache.get(recipe) for recipe in recipes]

        def call_all() -> list[Any]:
            return [memoized(number, name="model") for number in range(COUNT)]

        ways: tuple[Callable[[], list[Any]], ...] = (find_all, find_all_with_keys, get_all, call_all)
        for way in ways:
            assert way() == [describe_metrics(number) for number in range(COUNT)]
        times = take_turns(*ways, rounds=10 * rounds)
        cache.close()
    yield shown("diskcache.get", f"{times.seconds(2) / COUNT * 1e6:.1f} us")
    yield shown("diskcache.memoize", f"{times.seconds(3) / COUNT * 1e6:.1f} us")
    yield shown("a hit by its recipe key", f"{times.seconds(0) / COUNT * 1e6:.1f} us")
    yield below("a hit, against diskcache.get", 2.5, times.ratio(0, 2), " x")
    yield below("a hit with the making of its key, against diskcache.memoize", 1, times.ratio(1, 3), " x")


def compare_puts(rounds: int) -> Iterator[Line]:
    """A dict of ten numbers stored, with all that is said of it."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "store")) as store:
        cache: Any = diskcache.Cache(str(Path(folder, "diskcache")))
        numbers = iter(range(10**9))

        def put_all() -> None:
            for number in (next(numbers) for _ in range(COUNT)):
                store.put(describe_small(key_of(number), number), store.dump(describe_metrics(number)))

        def set_all() -> None:
            for number in (next(numbers) for _ in range(COUNT)):
                cache.set(key_of(number), describe_metrics(number))

        times = take_turns(put_all, set_all, rounds=5 * rounds)
        cache.close()
    yield shown("diskcache.set", f"{times.seconds(1) / COUNT * 1e6:.0f} us")
    yield shown("storing a result", f"{times.seconds(0) / COUNT * 1e6:.0f} us")
    yield below("storing a result, against diskcache.set", 3, times.ratio(0, 1), " x")


def compare_checks(rounds: int) -> Iterator[Line]:
    """What checking 100 MB costs beside loading it: records of numbers and texts, in one stream of pickle."""
    value = [{"id": number, "name": f"record {number}", "score": number / 7} for number in range(2_400_000)]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder, "store")) as store:
        payload = store.dump(value)
        del value
        objects = ObjectFolder(store.object_folder)
        objects.write(payload, b"")
        chunks = objects.read(payload.digest).chunks
        times = take_turns(
            lambda: objects.read(payload.digest), lambda: pickle.loads(chunks[0]), rounds=max(3, rounds // 2)
        )
        yield shown("length of the payload", f"{payload.size_bytes / 1e6:.0f} MB")
    yield shown("loading it", f"{times.seconds(1) * 1e3:.0f} ms")
    yield below("checking it, against loading it", 1, times.ratio(0, 1), " x")


def _config(number: int) -> dict[str, Any]:
    return {"_target_": TARGET, "x": number, "name": "model"}


def key_of(number: int) -> str:
    """A key that looks like any other."""
    return random.Random(number).randbytes(32).hex()


def describe_small(
    recipe_key: str, number: int, target: str = "tests.benchmarks.targets.describe_metrics"
) -> EntryInfo:
    """As a run describes the result of such a call."""
    return EntryInfo(
        key=key_of(-1 - number),
        call_key=key_of(-1 - number),
        recipe_key=recipe_key,
        content_digest=key_of(number),
        target=target,
        path=f"steps.{number}",
        config='{"_target_": "tests.benchmarks.targets.describe_metrics", "x": 1, "name": "model"}',
        code="c0de" * _HEX,
        seconds=0.001,
        created_s=1_800_000_000.0 + number,
        arguments=(("name", "a1b2" * _HEX), ("x", "c3d4" * _HEX)),
        versions=(("python", "3.12.0"), ("hydra_cached", "1.0.0"), ("host", "machine"), ("my-package", "2.0")),
        schema=SCHEMA,
        tree_seconds=0.001,
        is_plain=True,
    )
