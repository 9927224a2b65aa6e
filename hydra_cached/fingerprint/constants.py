"""Reads values that modules and classes have under names, with the code that is in them."""

from __future__ import annotations

import pprint
import re
import reprlib
import sys
from collections.abc import Sized
from typing import Any

from hydra_cached.fingerprint.bodies import UNSURE
from hydra_cached.fingerprint.definition import digest_text, qualified_name
from hydra_cached.fingerprint.held import Held, hold
from hydra_cached.fingerprint.kinds import is_immutable
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.scope import follow

_MAX_TEXT = 2000
_MAX_PRINTED = 500
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def read_constant(nodes: Nodes, node: Node) -> None:
    """A value that a module has under a name."""
    module, name = node.key[1:]
    namespace = vars(sys.modules[module]) if module in sys.modules else {}
    value = node.target
    bodies = nodes.bodies

    def read() -> Held:
        if name in namespace:
            return hold(bodies, namespace[name], module)
        # of a docstring, or made by the module's __getattr__
        return hold(bodies, value, module)

    # a function may give the name another value
    held = nodes.held.read(namespace.get("__spec__"), f"{module}.{name}", read, is_fixed=False)
    _add_held(nodes, node, held, module)
    node.name = f"{module}.{name}"
    node.file = bodies.origins.of_module(module).file
    node.edges.append(nodes.module(module))
    text = bodies.find_module(namespace)
    if text is None:
        return
    node.line = text.reading.line(name)
    if held.opaque:
        # what cannot be read was made by something that can
        making = text.reading.making(name)
        if making is not None:
            node.digest = digest_text(node.digest, making.text if text.is_sure else digest_text(UNSURE, making.text))
            follow(nodes, node, making.uses, namespace, module)


def read_member(nodes: Nodes, node: Node, cls: type, name: str) -> None:
    """A container that a class has under a name."""
    module = nodes.module_of(cls)
    value = node.target
    held = nodes.held.read(cls, name, lambda: hold(nodes.bodies, value, module), is_fixed=is_immutable(value))
    _add_held(nodes, node, held, module)
    node.name = f"{qualified_name(cls)}.{name}"


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


def _add_held(nodes: Nodes, node: Node, held: Held, module: str) -> None:
    value = node.target
    node.kind, node.digest = "constant", held.digest
    node.write = lambda: show_value(value)
    node.holds_code = bool(held.references)
    nodes.add_held(node, held, module)
