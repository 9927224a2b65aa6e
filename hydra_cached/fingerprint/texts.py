"""Writes what counts as definitions, with a text for people. Their digests were made before.

The text is that of the file as it was imported; where the file is another by now, there is none.
"""

from __future__ import annotations

import ast
import inspect
import pprint
import re
import reprlib
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import partial
from types import FunctionType
from typing import Any

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.definition import Definition, Kind
from hydra_cached.fingerprint.effects import find_effects
from hydra_cached.fingerprint.nodes import Node
from hydra_cached.fingerprint.syntax import readable

_MAX_TEXT = 2000
_MAX_PRINTED = 500
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def definitions_of(nodes: Iterable[Node], bodies: Bodies) -> tuple[Definition, ...]:
    """What counts among ``nodes``, each once, sorted by id; of several of one name all but the first get a number."""
    found: dict[tuple[Any, ...], Node] = {}
    for node in nodes:
        if node.kind is not None:
            key = (node.name, node.kind, node.digest) if node.digest else (node.name, node.kind, node.file, node.line)
            found.setdefault(key, node)
    ordered = sorted(found.values(), key=lambda node: (node.name, node.kind or "", node.line or 0, node.digest))
    counts: Counter[tuple[str, Kind]] = Counter()
    made = []
    for node in ordered:
        kind = node.kind
        assert kind is not None
        counts[node.name, kind] += 1
        number = counts[node.name, kind]
        name = f"{node.name} #{number}" if number > 1 else node.name
        writer = _WRITERS.get(kind)
        write = None if writer is None else partial(writer, bodies, node)
        made.append(Definition(name, kind, node.digest, node.file, node.line, write))
    return tuple(made)


def show_value(value: Any) -> str:
    """The repr of a value on as many lines as it needs, cut after 2,000 characters, without addresses."""
    try:
        if isinstance(value, (dict, list, tuple, set, frozenset)) and len(value) <= _MAX_PRINTED:
            text = pprint.pformat(value, width=100, sort_dicts=False)
        elif isinstance(value, Sized) and len(value) > _MAX_PRINTED:
            text = _Repr().repr(value)
        else:
            text = repr(value)
    except Exception:
        # whatever a user's __repr__ raises
        text = f"<{type(value).__qualname__}>"
    text = _ADDRESS.sub("", text)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


class _Repr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = 100
        self.maxstring = self.maxother = _MAX_TEXT


def _write_constant(bodies: Bodies, node: Node) -> str:
    return show_value(node.target)


def _write_distribution(bodies: Bodies, node: Node) -> str:
    return " ".join(node.target)


def _write_effects(bodies: Bodies, node: Node) -> str:
    text = bodies.home_of(node.name).text
    parsed = None if text is None else bodies.sources.parsed(text)
    return "" if parsed is None else readable(ast.Module(find_effects(parsed.tree), []))


def _write_function(bodies: Bodies, node: Node) -> str:
    function = node.target
    if not bodies.is_first_party(function):
        return ""
    found = bodies.find_function(function)
    place = None if found is None else bodies.sources.place_of(function, found.text)
    if place is None:
        return _recall_function(function) if found is None else ""
    return readable(place.node, is_in_decorated_class=place.is_in_decorated_class)


def _write_class(bodies: Bodies, node: Node) -> str:
    cls = node.target
    found = bodies.find_class(cls)
    parsed = None if found is None else bodies.sources.parsed(found.text)
    if found is None or parsed is None:
        return ""
    wanted = (cls.__qualname__, found.reading.line)
    return next((readable(each.node) for each in parsed.classes if (each.qualname, each.line) == wanted), "")


def _recall_function(function: FunctionType) -> str:
    """The text of a function of a notebook or a prompt, as far as somebody keeps it."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError, IndexError):
        return ""
    is_definition = isinstance(tree.body[0], (ast.FunctionDef, ast.AsyncFunctionDef)) if tree.body else False
    return readable(tree.body[0]) if is_definition else ""


_WRITERS: Mapping[Kind, Callable[[Bodies, Node], str]] = {
    "constant": _write_constant,
    "distribution": _write_distribution,
    "effect": _write_effects,
    "function": _write_function,
    "class": _write_class,
}
