"""Names the ring in which references of a config lead back to themselves. Resolves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hydra_cached.errors import ConfigError
from hydra_cached.graph.kinds import is_config_type
from hydra_cached.graph.paths import KeyPath, key_path_of

# a reference to a place, also inside of the arguments of a resolver
_REFERENCE = re.compile(r"\$\{(\.*)([^\s${}:,'\"]+)\}")
# what OmegaConf's own resolvers look up by their first argument
_LOOKED_UP = re.compile(r"\$\{oc\.(?:select|dict\.keys|dict\.values):\s*(\.*)([^\s${}:,'\"]+)")
_SHOWN = 8


class RingError(ConfigError):
    """References of a config lead back to themselves.

    Args:
        ring: the paths on it.
    """

    def __init__(self, ring: str) -> None:
        super().__init__(f"the config refers to itself in a ring: {ring}", hint="remove one of the references")
        self.ring = ring


def spell_ring(paths: Sequence[KeyPath]) -> str:
    """Paths from one to the next, the first one again at the end; of a long ring the beginning and the end.

    >>> spell_ring([("a",), ("b", 0), ("a",)])
    'a -> b.0 -> a'
    """
    names = [".".join(map(str, path)) or "(root)" for path in paths]
    if len(names) > _SHOWN:
        half = _SHOWN // 2
        names[half : half - _SHOWN] = [f"... ({len(names) - _SHOWN} more)"]
    return " -> ".join(names)


def find_ring(node: Any) -> str:
    """The ring on which an OmegaConf node is, or to which its references lead; "" where there is none.

    A node refers to what its interpolations name; a container of nodes that is on the way contains those it was
    entered by.
    """
    chain = [node]
    ways = [_targets(node)]
    seen = {id(node)}
    while ways:
        target = next(ways[-1], None)
        if target is None:
            ways.pop()
            chain.pop()
            continue
        # the last one that is, or is inside of, what is referred to
        start = next((i for i in range(len(chain) - 1, -1, -1) if _is_inside(chain[i], target)), None)
        if start is not None:
            return spell_ring([key_path_of(each) for each in (target, *_without(chain[start:], target), target)])
        if id(target) not in seen:
            seen.add(id(target))
            chain.append(target)
            ways.append(_targets(target))
    return ""


def _without(nodes: Iterable[Any], first: Any) -> list[Any]:
    return [node for node in nodes if node is not first]


def _is_inside(node: Any, container: Any) -> bool:
    while node is not None and node is not container:
        node = node._get_parent()
    return node is not None


def _targets(node: Any) -> Iterator[Any]:
    """The nodes that the interpolations in a node name; of a container those that it holds."""
    text = node.__dict__.get("_val", node.__dict__.get("_content"))
    if isinstance(text, (dict, list)):
        yield from text.values() if isinstance(text, dict) else text
    while isinstance(text, str):
        for dots, path in (*_REFERENCE.findall(text), *_LOOKED_UP.findall(text)):
            target = _target(node, dots, path)
            if target is not None:
                yield target
        written, text = text, _REFERENCE.sub(lambda match: _spell(_target(node, *match.groups())), text)
        if text == written:
            return


def _target(node: Any, dots: str, path: str) -> Any:
    base = node._get_root() if not dots else node
    for _ in dots:
        base = None if base is None else base._get_parent()
    target = _walk(base, [key for key in re.split(r"[.\[\]]+", path) if key])
    return None if target is base else target


def _spell(node: Any) -> str:
    """What a plain leaf stands for in the name of a reference: `${${k}}`."""
    value = None if node is None else node.__dict__.get("_val")
    return str(value) if isinstance(value, (str, int)) and "${" not in str(value) else ""


def _walk(node: Any, keys: list[str]) -> Any:
    """The node at ``keys`` below ``node``, or the reference on the way to it; None where there is neither."""
    for key in keys:
        content = node.__dict__["_content"] if node is not None and is_config_type(type(node)) else None
        if isinstance(content, dict):
            node = content.get(key)
        elif isinstance(content, list) and key.isdigit() and int(key) < len(content):
            node = content[int(key)]
        else:
            return node
    return node
