"""A pipeline of many small calls run again, all of it stored: every call looked up by its call key, beside memoize."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import diskcache

from hydra_cached import Store, instantiate
from hydra_cached.store import Entry
from tests.benchmarks import targets
from tests.benchmarks.configs import make_layers
from tests.benchmarks.measure import Line, Times, below, shown, take_turns

NODES = 1_000


class _WithoutRecipes(Store):
    """A store that finds nothing by recipe key: each call has to be looked up once those below it are known."""

    def find(self, recipe_key: str) -> Entry | None:
        return None


def compare_reruns(rounds: int) -> Iterator[Line]:
    """Layers of calls that take two results of the layer before: small dicts, and what costs a pickle more or less."""
    for call, name in (
        (targets.join_metrics, "dicts of ten numbers"),
        (targets.join_lists, "lists of a hundred numbers"),
        (targets.add_capped, "single numbers"),
    ):
        times = _compare(call, rounds)
        yield shown(f"{name}, under diskcache.memoize", f"{times.seconds(1) / NODES * 1e6:.0f} us a call")
        yield shown(f"{name}, found again", f"{times.seconds(0) / NODES * 1e6:.0f} us a call")
        if call is targets.add_capped:
            # a call that is made sooner than it is looked up
            yield shown(f"{name}, found again, against that", f"{times.ratio(0, 1):.2f} x")
        else:
            yield below(f"{name}, found again, against that", 1, times.ratio(0, 1), " x")


def _compare(call: Callable[[Any, Any], Any], rounds: int) -> Times:
    config = make_layers(NODES, target=call.__name__)
    with tempfile.TemporaryDirectory() as folder, _WithoutRecipes(Path(folder, "store")) as store:
        cache: Any = diskcache.Cache(str(Path(folder, "diskcache")))
        memoized = cache.memoize()(call)
        expected = _call_all(config, call)

        def ours() -> Any:
            # plain containers, as memoize gives them
            return instantiate({**config, "_convert_": "all"}, cache=store)

        def theirs() -> Any:
            return _call_all(config, memoized)

        ways = (ours, theirs)
        for way in ways:
            way()
        called = targets.calls[0]
        for way in ways:
            assert way() == expected
        assert targets.calls[0] == called, "all of it is stored"
        times = take_turns(*ways, rounds=2 * rounds)
        cache.close()
    return times


def _call_all(config: dict[str, Any], call: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """The same calls in plain Python."""
    made: dict[str, Any] = {}
    for name, node in config.items():
        a, b = (made[each[2:-1]] if isinstance(each, str) else each for each in (node["a"], node["b"]))
        made[name] = call(a, b)
    return made
