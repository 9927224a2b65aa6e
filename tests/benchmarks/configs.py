"""The configs that are instantiated, and the same work done by calling the targets directly."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.targets import Branch, Leaf

HERE = "tests.benchmarks.targets"


def make_flat(count: int) -> dict[str, Any]:
    """A dict of leaf targets, each with arguments of its own."""
    return {f"n{i}": {"_target_": f"{HERE}.Leaf", "a": i, "b": f"text {i}"} for i in range(count)}


def call_flat(count: int) -> Any:
    return {f"n{i}": Leaf(a=i, b=f"text {i}") for i in range(count)}


def make_tree(count: int, first: int = 0) -> dict[str, Any]:
    """A target with up to ten targets below it, and so on; ``count`` targets in all."""
    below = [i for i in range(10 * first + 1, 10 * first + 11) if i < count]
    if not below:
        return {"_target_": f"{HERE}.Leaf", "a": first, "b": "text"}
    return {"_target_": f"{HERE}.Branch", **{f"c{i % 10}": make_tree(count, i) for i in below}}


def call_tree(count: int, first: int = 0) -> Any:
    below = [i for i in range(10 * first + 1, 10 * first + 11) if i < count]
    if not below:
        return Leaf(a=first, b="text")
    return Branch(**{f"c{i % 10}": call_tree(count, i) for i in below})


def make_one_of_many(count: int) -> dict[str, Any]:
    """One small target beside ``count`` others, to which it does not refer."""
    return {"x": {"_target_": f"{HERE}.Leaf", "a": 1, "b": "one"}, "rest": make_flat(count)}


def make_shared(count: int) -> dict[str, Any]:
    """Nodes that all refer to one slow node."""
    nodes = {f"n{i}": {"_target_": f"{HERE}.succeed", "a": "${slow}", "b": i} for i in range(count)}
    return {"slow": {"_target_": f"{HERE}.take_5_ms", "x": 1}, **nodes}


def make_lists(count: int, length: int) -> dict[str, Any]:
    """Leaves with a list argument."""
    return {f"n{i}": {"_target_": f"{HERE}.Listed", "items": list(range(i, i + length))} for i in range(count)}


def make_layers(count: int, width: int = 100, target: str = "add_capped") -> dict[str, Any]:
    """Layers of nodes; each node refers to two of the layer before."""
    nodes: dict[str, Any] = {}
    for i in range(count):
        a, b = (
            (f"${{n{i - width}}}", f"${{n{i - width + (1 if i % width < width - 1 else 0)}}}") if i >= width else (i, 1)
        )
        nodes[f"n{i}"] = {"_target_": f"{HERE}.{target}", "a": a, "b": b}
    return nodes


def make_chain(length: int) -> dict[str, Any]:
    """A target in a target in a target."""
    config: dict[str, Any] = {"_target_": f"{HERE}.succeed", "a": 0}
    for _ in range(length - 1):
        config = {"_target_": f"{HERE}.succeed", "a": config}
    return config
