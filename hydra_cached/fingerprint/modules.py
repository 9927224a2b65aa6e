"""Reads modules: what they do when they are imported, and all that they hold where one is used as a whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from types import FunctionType, ModuleType

from blake3 import blake3

from hydra_cached.fingerprint.bodies import UNSURE
from hydra_cached.fingerprint.chains import OWN_MODULE
from hydra_cached.fingerprint.definition import digest_text, qualified_name
from hydra_cached.fingerprint.distribution import absolute
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.scope import MODULE_MACHINERY, follow, follow_blind
from hydra_cached.fingerprint.source import Text

_COMPILED = tuple(EXTENSION_SUFFIXES)


def read_module(nodes: Nodes, node: Node) -> None:
    """What a module does when it is imported, and the code that does it."""
    _read_effects(nodes, node, is_followed=True)


def read_text(nodes: Nodes, node: Node) -> None:
    """What a module does when it is imported, by its text alone: nothing of it is used by name."""
    _read_effects(nodes, node, is_followed=False)


def read_whole(nodes: Nodes, node: Node) -> None:
    """A module of which anything may be used: its functions, classes and values, and the modules in a package."""
    module: ModuleType = node.target
    name = module.__name__
    node.name, node.kind = name, "module"
    nodes.bodies.home(vars(module)).reads[OWN_MODULE] = None
    node.file = nodes.bodies.origins.of_module(name).file
    node.edges.append(nodes.module(name))
    found = []
    for attribute, member in list(vars(module).items()):
        if attribute in MODULE_MACHINERY or attribute == "__doc__":
            continue
        if isinstance(member, (FunctionType, type)):
            found.append(f"{attribute} {qualified_name(member)}")
            node.edges.append(nodes.of(member))
        elif not isinstance(member, ModuleType):
            node.edges.append(nodes.constant(*nodes.bodies.birthplace(name, attribute, member), member))
            found.append(attribute)
        elif not nodes.bodies.is_first_party(member) or member.__name__.startswith(f"{name}."):
            node.edges.append(nodes.whole(member))
    node.meanings = sorted(found)
    node.digest = digest_text(*node.meanings)


def _read_effects(nodes: Nodes, node: Node, *, is_followed: bool) -> None:
    name = node.key[1]
    module = sys.modules.get(name)
    if module is None:
        nodes.bodies.inputs.absent.add(name)
        return
    node.name = name
    node.file = nodes.bodies.origins.of_module(name).file
    parent = name.rpartition(".")[0]
    if parent and nodes.bodies.is_first_party(parent):
        # it was imported before
        node.edges.append(nodes.module(parent) if is_followed else nodes.text(parent))
    if node.file is not None and node.file.endswith(_COMPILED):
        # the compiled file is all there is to see
        node.kind, node.digest = "extension", _digest_file(node.file)
        nodes.bodies.inputs.is_whole = False
        return
    home = nodes.bodies.home(vars(module))
    text = home.text
    if text is None:
        return
    effects = text.reading.effects()
    if effects is not None:
        node.kind, node.digest, node.line = "effect", effects.text, effects.line
        if is_followed:
            follow(nodes, node, effects.uses, home)
            follow_blind(nodes, node, effects.blind, home)
    order = _order_of_effects(nodes, text, module)
    if len(order) > 1:
        node.kind = "effect"
        node.meanings = [*node.meanings, f"in this order: {', '.join(order)}"]
        node.digest = digest_text(node.digest, *order)
    if not text.is_sure:
        # there may have been others in what was imported
        node.digest = digest_text(UNSURE, node.digest)
    node.edges.extend(_read_imports(nodes, text, module, is_followed))


def _read_imports(nodes: Nodes, text: Text, module: ModuleType, is_followed: bool) -> Iterator[Node]:
    is_first_party, absent = nodes.bodies.is_first_party, nodes.bodies.inputs.absent
    for source, names, unused in _imported(text, module):
        if source not in sys.modules:
            absent.add(source)
            continue
        if not is_first_party(source):
            continue
        # what is imported and never mentioned is there for what it does
        is_unused = bool(unused) and is_followed
        yield nodes.module(source) if is_unused and not names else nodes.text(source)
        for name in names:
            inner = f"{source}.{name}"
            if inner not in sys.modules:
                absent.add(inner)
            elif is_first_party(inner):
                yield nodes.module(inner) if is_unused and name in unused else nodes.text(inner)


def _imported(text: Text, module: ModuleType) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each import of a module: what is imported, the names that are taken from it, and those that nothing mentions."""
    for written, names, unused in text.reading.imports():
        source = absolute(written, vars(module))
        yield source, [each.partition(":")[0] for each in names.split()], unused.split()


def _order_of_effects(nodes: Nodes, text: Text, module: ModuleType) -> list[str]:
    """What of a module does something on import, in the order in which it does: modules that it imports, and itself."""
    places = list(text.reading.effect_places())
    found: list[str] = []
    for number, (source, names, _) in enumerate(_imported(text, module)):
        while places and places[0] <= number:
            places.pop(0)
            found.append("this module")
        for name in (source, *(f"{source}.{each}" for each in names)):
            if name not in found and _has_effects(nodes, name):
                found.append(name)
    found.extend("this module" for _ in places)
    # what it does by itself is one after the other in its own text
    return [each for each, before in zip(found, ["", *found], strict=False) if each != before]


def _has_effects(nodes: Nodes, name: str) -> bool:
    """Whether a first-party module does something when it is imported, by itself or by what it imports."""
    waiting, seen = [name], {name}
    while waiting:
        does_something, imported = _imports_of(nodes, waiting.pop())
        if does_something:
            return True
        waiting.extend(each for each in imported if each not in seen)
        seen.update(imported)
    return False


def _imports_of(nodes: Nodes, name: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a module does something by itself, and the user's modules that it imports or that lie above it."""
    known = nodes.imports_of.get(name)
    if known is not None:
        return known
    module = sys.modules.get(name)
    text = None
    if module is not None and nodes.bodies.is_first_party(name):
        text = nodes.bodies.home(vars(module)).text
    if module is None or text is None:
        known = (False, ())
    else:
        found = [name.rpartition(".")[0]]
        for source, names, _ in _imported(text, module):
            found += [source, *(f"{source}.{each}" for each in names)]
        own = [each for each in found if each in sys.modules and nodes.bodies.is_first_party(each)]
        known = (text.reading.effects() is not None, tuple(dict.fromkeys(own)))
    nodes.imports_of[name] = known
    return known


def _digest_file(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            return blake3(stream.read()).hexdigest()
    except OSError:
        return digest_text("missing")
