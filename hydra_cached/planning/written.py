"""Writes a call as one line of JSON, which is YAML too, for people to read. Never raises, and never tells a secret."""

from __future__ import annotations

import json
from typing import Any

from hydra_cached.fingerprint import show_on_a_line
from hydra_cached.graph import Graph, Items, Node, Raw, Ref, argument_expressions
from hydra_cached.store import redact

_LONGEST_CONFIG = 20_000
_LONGEST_NAME = 1_000
_DEEPEST_CONFIG = 50
_MOST_BITS = 2_000


def write_call(graph: Graph, node: Node) -> str:
    """The call of a node: calls in its arguments as references, secrets redacted."""
    config: dict[str, Any] = {"_target_": node.target_id}
    config.update((name, _write_out(graph, each, 0)) for name, each in argument_expressions(node.call))
    if node.call.declared.version is not None:
        config["_version_"] = node.call.declared.version
    text = json.dumps(config)
    if len(text) > _LONGEST_CONFIG:
        return json.dumps({"_target_": node.target_id, "_left_out_": f"{len(text)} characters"})
    # at last: whatever a secret stood in, it is text now
    return str(redact(text))


def read_call(text: str) -> dict[str, Any]:
    """The arguments of a call that was written so, by name; {} where they were left out."""
    try:
        config = json.loads(text)
    except ValueError:
        return {}
    return config if isinstance(config, dict) and "_left_out_" not in config else {}


def _write_out(graph: Graph, value: Any, depth: int) -> Any:
    """``value`` in the types of JSON; what has none in words."""
    if isinstance(value, Ref):
        return "${" + graph.node_of(value.place).path + "}"
    if isinstance(value, Items):
        if value.keys is None:
            return [_write_out(graph, each, depth) for each in value.values]
        return {_name(key): _write_out(graph, each, depth) for key, each in zip(value.keys, value.values, strict=True)}
    if type(value) is int and value.bit_length() > _MOST_BITS:
        # Python spells only so many decimal digits
        return hex(value)
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > _DEEPEST_CONFIG:
        return "..."
    if type(value) is dict:
        return {_name(key): _write_out(graph, each, depth + 1) for key, each in value.items()}
    if type(value) in (list, tuple):
        return [_write_out(graph, each, depth + 1) for each in value]
    return _name(value.config if isinstance(value, Raw) else value)


def _name(value: Any) -> str:
    if type(value) is str:
        return value
    name = getattr(value, "__qualname__", None)
    if isinstance(name, str) and isinstance(getattr(value, "__module__", None), str):
        return f"{value.__module__}.{name}"
    text = show_on_a_line(value)
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}..."
