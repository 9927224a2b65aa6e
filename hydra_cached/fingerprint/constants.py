"""Reads values that modules and classes have under names, with the code that is in them."""

from __future__ import annotations

from hydra_cached.fingerprint.bodies import UNSURE
from hydra_cached.fingerprint.definition import digest_text, qualified_name
from hydra_cached.fingerprint.held import Held, hold
from hydra_cached.fingerprint.kinds import is_immutable
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.scope import follow, follow_blind


def read_constant(nodes: Nodes, node: Node) -> None:
    """A value that a module has under a name."""
    module, name = node.key[1:]
    home = nodes.bodies.home_of(module)
    home.reads[name] = None
    namespace, bodies, value = home.namespace, nodes.bodies, node.target

    def read() -> Held:
        # a docstring, or made by the module's __getattr__, if it is not there
        return hold(bodies, namespace.get(name, value), module)

    # a function may give the name another value
    held = nodes.held.read(namespace.get("__spec__"), f"{module}.{name}", read, is_fixed=False)
    _add_held(nodes, node, held, module)
    node.name, node.is_opaque = f"{module}.{name}", bool(held.opaque)
    node.edges.append(nodes.module(module))
    text = home.text
    if text is None:
        node.file = bodies.origins.of_module(module).file
        return
    node.file, node.line = text.file, text.reading.line(name)
    if held.opaque:
        # what cannot be read was made by something that can
        making = text.reading.making(name)
        if making is not None:
            node.digest = digest_text(node.digest, making.text if text.is_sure else digest_text(UNSURE, making.text))
            follow(nodes, node, making.uses, home)
            follow_blind(nodes, node, making.blind, home)


def read_member(nodes: Nodes, node: Node, cls: type, name: str) -> None:
    """A container that a class has under a name."""
    module = nodes.module_of(cls)
    value = node.target
    held = nodes.held.read(cls, name, lambda: hold(nodes.bodies, value, module), is_fixed=is_immutable(value))
    _add_held(nodes, node, held, module)
    node.name = f"{qualified_name(cls)}.{name}"


def _add_held(nodes: Nodes, node: Node, held: Held, module: str) -> None:
    node.kind, node.digest = "constant", held.digest
    node.holds_code = bool(held.references)
    nodes.add_held(node, held, module)
