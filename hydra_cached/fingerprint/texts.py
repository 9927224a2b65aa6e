"""Writes what counts as definitions, with a text for people. Their digests were made before.

The text is that of the file as it was imported; where the file is another by now, there is none.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import FunctionType
from typing import Any

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.definition import Definition, Kind, qualified_name
from hydra_cached.fingerprint.definitions import CLASS_MACHINERY
from hydra_cached.fingerprint.effects import find_assignments, find_effects
from hydra_cached.fingerprint.nodes import Node
from hydra_cached.fingerprint.showing import show_code, show_named, show_value, state_of_function
from hydra_cached.fingerprint.syntax import readable

_OWN = "__hydra_cached"
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


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


def _write_target(bodies: Bodies, node: Node) -> str:
    return show_value(node.target)


def _write_constant(bodies: Bodies, node: Node) -> str:
    text = show_value(node.target)
    made = _write_making(bodies, *node.key[1:]) if node.is_opaque else ""
    return f"{text}\n{made}" if made else text


def _write_making(bodies: Bodies, module: str, name: str) -> str:
    """The statements of a module that give a name its value."""
    text = bodies.home_of(module).text
    parsed = None if text is None else bodies.sources.parsed(text)
    if parsed is None:
        return ""
    return "\n".join(readable(each) for assigned, each in find_assignments(parsed.tree) if assigned == name)


def _write_distribution(bodies: Bodies, node: Node) -> str:
    return " ".join(node.target)


def _write_effects(bodies: Bodies, node: Node) -> str:
    text = bodies.home_of(node.name).text
    parsed = None if text is None else bodies.sources.parsed(text)
    if parsed is None:
        return ""
    return _add_meanings(node, readable(ast.Module([statement for _, statement in find_effects(parsed.tree)], [])))


def _write_module(bodies: Bodies, node: Node) -> str:
    return "\n".join(node.meanings)


def _write_function(bodies: Bodies, node: Node) -> str:
    function = node.target
    if not isinstance(function, FunctionType):
        return ""
    state = state_of_function(function)
    if not bodies.is_first_party(function):
        return show_named(state.items(), f"wrapper {node.name}")
    left_out = set(function.__code__.co_freevars).difference(node.kept)
    # our own marks are in the text: decorators set them
    shown = ((name, each) for name, each in state.items() if name not in left_out and not name.startswith(_OWN))
    return _add_meanings(node, show_named(shown, _write_body(bodies, function)))


def _write_body(bodies: Bodies, function: FunctionType) -> str:
    found = bodies.find_function(function)
    if found is None:
        return _recall_function(function) or show_code(function.__code__)
    place = bodies.sources.place_of(function, found.text)
    # without one the file is another by now
    return "" if place is None else readable(place.node, is_in_decorated_class=place.is_in_decorated_class)


def _write_class(bodies: Bodies, node: Node) -> str:
    cls = node.target
    found = bodies.find_class(cls)
    if found is None:
        return show_named(
            _members_of(cls), f"class {cls.__qualname__}({', '.join(map(qualified_name, cls.__bases__))})"
        )
    parsed = bodies.sources.parsed(found.text)
    if parsed is None:
        return ""
    wanted = (cls.__qualname__, found.reading.line)
    text = next((readable(each.node) for each in parsed.classes if (each.qualname, each.line) == wanted), "")
    members = vars(cls)
    return _add_meanings(node, show_named(((name, members[name]) for name in node.kept if name in members), text))


def _members_of(cls: type) -> Iterator[tuple[str, Any]]:
    """What is in a class without source; its functions are definitions of their own."""
    for name, member in vars(cls).items():
        if name not in CLASS_MACHINERY and not (name == "__annotations__" and not member):
            yield name, member


def _add_meanings(node: Node, text: str) -> str:
    """The same with what names stand for, where that is not what they say."""
    meanings = (_DIGEST.sub(r"\1…", each) for each in node.meanings)
    return "\n".join([*filter(None, [text]), *(f"# {each}" for each in meanings)])


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
    "module": _write_module,
    "target": _write_target,
}
