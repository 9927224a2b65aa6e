"""The keys of one node of a config, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra_cached.fingerprint import CodeFingerprints, digest_value
from hydra_cached.graph import Graph, Node, build_graph
from hydra_cached.keys import Keys

CODE = CodeFingerprints()
"""Shared, as every test has the same targets."""
EQUAL_CONTENT = digest_value("equal content")


def node_at(graph: Graph, path: str) -> Node:
    node = graph.find(path)
    assert node is not None
    return node


def recipe(config: Any, path: str = "", args: Sequence[Any] = ()) -> str | None:
    graph = build_graph(config, args)
    return Keys(graph, CODE).recipe(node_at(graph, path))


def call_key(config: Any, path: str = "") -> str | None:
    """The call key for children that all gave the same content."""
    graph = build_graph(config)
    return Keys(graph, CODE).call(node_at(graph, path), lambda place: EQUAL_CONTENT)


def keys_of(config: Any, path: str = "") -> tuple[str, str]:
    """The recipe key and the call key, of a node that has both."""
    found = recipe(config, path), call_key(config, path)
    assert found[0] is not None
    assert found[1] is not None
    return found[0], found[1]


def assert_all_differ(*found: tuple[str, str]) -> None:
    for kind in zip(*found, strict=True):
        assert len(set(kind)) == len(kind)
