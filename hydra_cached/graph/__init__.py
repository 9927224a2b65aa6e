"""The pipeline as a graph of distinct calls: built from a config with Hydra's semantics, bound to values, never run."""

from hydra_cached.graph.bind import bind_call
from hydra_cached.graph.build import build_graph
from hydra_cached.graph.expression import EXPRESSIONS, Items, Raw, Ref, bind, references
from hydra_cached.graph.join import JoinedGraph, Joiner, Part
from hydra_cached.graph.node import Graph, Node, Place, argument_expressions
from hydra_cached.graph.paths import full_key_of

__all__ = [
    "EXPRESSIONS",
    "Graph",
    "Items",
    "JoinedGraph",
    "Joiner",
    "Node",
    "Part",
    "Place",
    "Raw",
    "Ref",
    "argument_expressions",
    "bind",
    "bind_call",
    "build_graph",
    "full_key_of",
    "references",
]
