"""`hydra_cached.instantiate` beside `hydra.utils.instantiate`: results are compared, and then the times."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import hydra.utils
from omegaconf import OmegaConf

from hydra_cached import instantiate
from tests.benchmarks import configs
from tests.benchmarks.measure import Line, at_least, below, shown, take_turns
from tests.benchmarks.targets import calls


def _check(config: Any, **kwargs: Any) -> None:
    ours, theirs = instantiate(config, **kwargs), hydra.utils.instantiate(config, **kwargs)
    assert type(ours) is type(theirs)
    assert ours == theirs


def _side_by_side(config: Any, rounds: int, repeats: int = 1, **kwargs: Any) -> tuple[float, float]:
    """How many times faster ours is, and its seconds."""
    _check(config, **kwargs)
    times = take_turns(
        lambda: instantiate(config, **kwargs),
        lambda: hydra.utils.instantiate(config, **kwargs),
        rounds=rounds,
        repeats=(5 * repeats, repeats),
    )
    return times.ratio(1, 0), times.seconds(0)


def compare_trees(rounds: int) -> Iterator[Line]:
    shapes: list[tuple[str, Callable[[int], Any], Callable[[int], Any], int]] = [
        ("flat 1,000", configs.make_flat, configs.call_flat, 1_000),
        ("tree 10,000", configs.make_tree, configs.call_tree, 10_000),
    ]
    for name, make, call, count in shapes:
        turns = rounds if count < 10_000 else max(3, rounds // 3)
        for mode, least in (("all", 30), ("none", 12)):
            config = {**make(count), "_convert_": mode}
            ratio, _ = _side_by_side(config, turns)
            yield at_least(f"{name}, plain, {mode}", least, ratio)
            if mode == "all":
                times = take_turns(functools.partial(instantiate, config), functools.partial(call, count), rounds=9)
                price = (times.seconds(0) - times.seconds(1)) / count * 1e6
                yield below(f"{name}, plain, all: over direct calls, per node", 12, price, " us")
        for mode, least in (("all", 15), ("none", 8)):
            ratio, _ = _side_by_side(OmegaConf.create({**make(count), "_convert_": mode}), turns)
            yield at_least(f"{name}, DictConfig, {mode}", least, ratio)


def _instantiate_x(root: Any, kwargs: dict[str, Any]) -> Any:
    return instantiate(root.x, **kwargs)


def compare_parts(rounds: int) -> Iterator[Line]:
    root = OmegaConf.create(configs.make_one_of_many(4_000))
    larger = OmegaConf.create(configs.make_one_of_many(40_000))
    for name, kwargs in (("", {}), (" with an override", {"a": 2})):
        ratio, seconds = _side_by_side(root.x, rounds, 20, **kwargs)
        yield at_least(f"one leaf of 4,000{name}", 5, ratio)
        times = take_turns(
            functools.partial(_instantiate_x, root, kwargs),
            functools.partial(_instantiate_x, larger, kwargs),
            rounds=max(9, rounds),
            repeats=200,
        )
        yield below(f"one leaf of 40,000{name}, against 4,000", 1.1, times.ratio(1, 0), " x")
        yield shown(f"one leaf of 4,000{name}: time", f"{seconds * 1e6:.0f} us")


def compare_lists(rounds: int) -> Iterator[Line]:
    for mode, least in (("all", 20), ("none", 3)):
        config = {**configs.make_lists(100, 100), "_convert_": mode}
        ratio, _ = _side_by_side(config, rounds)
        yield at_least(f"100 leaves with a list of 100, plain, {mode}", least, ratio)


def count_shared_calls() -> Iterator[Line]:
    config = configs.make_shared(100)
    _check(config)
    counts = []
    for each in (instantiate, hydra.utils.instantiate):
        calls[0] = 0
        each(config)
        counts.append(calls[0] - 100)
    ours, theirs = counts
    yield Line("100 nodes on one slow node: its calls", "1", f"{ours} (Hydra {theirs})", ours == 1)
    ratio, _ = _side_by_side(config, 1)
    yield shown("100 nodes on one slow node of 5 ms", f"{ratio:.1f} x")


def measure_growth() -> Iterator[Line]:
    _check(configs.make_layers(30, width=3))
    for count in (1_000, 10_000):
        calls[0] = 0
        instantiate(configs.make_layers(count))
        assert calls[0] == count
    assert instantiate(configs.make_chain(5_000)) == 5_000
    yield from _grow("layers, two parents each", configs.make_layers, (1_000, 10_000))
    yield from _grow("tree, plain, all", _make_plain_tree, (100, 1_000, 10_000, 100_000))
    yield from _grow("chain of nested targets", configs.make_chain, (100, 5_000))


def _make_plain_tree(count: int) -> dict[str, Any]:
    return {**configs.make_tree(count), "_convert_": "all"}


def _grow(name: str, make: Callable[[int], Any], counts: tuple[int, ...]) -> Iterator[Line]:
    """Time per node of several sizes, and of the largest against the smallest."""
    functions = [functools.partial(instantiate, make(count)) for count in counts]
    times = take_turns(*functions, rounds=9, repeats=tuple(max(1, 10_000 // count) for count in counts))
    for index, count in enumerate(counts):
        yield shown(f"{name}, {count:,}: per node", f"{times.seconds(index) / count * 1e6:.1f} us")
    growth = times.ratio(len(counts) - 1, 0) * counts[0] / counts[-1]
    yield below(f"{name}: per node, {counts[-1]:,} against {counts[0]:,}", 1.5, growth, " x")
