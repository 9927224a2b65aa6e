"""Collects the names that a definition uses, by how it uses them. Follows what is looked up by a text."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hydra_cached.fingerprint.bindings import Scope, spec_of
from hydra_cached.fingerprint.launchers import CALLED, is_named_launcher, may_launch, word_of

OWN_MODULE = "*"
"""Stands for all that the module holds: `globals()`."""

SOURCE = "__source__"
"""Stands for the text of a function or class with its comments, in the place of an attribute: `inspect.getsource`."""

CONSTANT = "="
"""Begins the name of what holds the name of a module that is imported."""

NOWHERE = object()
"""Where a name is bound that is no local one."""

_GETATTR = frozenset({"getattr", "hasattr", "setattr", "delattr"})
_MAX_SHOWN = 80
_MEANINGFUL = frozenset({"__subclasses__"})
_TOLD_BY = {"__annotations__": "__annotations__", "__signature__": "__annotations__", "__doc__": "__doc__"}
_LOOKERS = {
    **dict.fromkeys(("signature", "get_type_hints", "get_annotations", "getfullargspec"), "__annotations__"),
    "getdoc": "__doc__",
    **dict.fromkeys(("getsource", "getsourcelines"), SOURCE),
}
"""Functions that look at a function or class, and what of it they tell that does not count else."""


class Uses(NamedTuple):
    """What a definition uses. All but ``blind`` are names with spaces between them.

    Attributes:
        names: read, or called.
        makers: called to make something: decorators, and what statements of a module call.
        writes: only written into.
        imports: imported inside, as "..package.module:name.of.it"; "module:*" goes who knows where as a whole, and
            "module:" is only imported.
        texts: string constants that look like dotted names.
        written: attributes that are only written into, whatever they are attributes of.
        asked: attributes that are read and mean something by themselves: `__subclasses__`; `__annotations__`, `__doc__`
            and `SOURCE` where they are read of something that has no name: of any function or class, that is.
        blind: line and text of what cannot be followed, and what it is done to, if that has a name; or what is called,
            after `CALLED`, where that matters, and what it is to run, if that is written there.
    """

    names: str = ""
    makers: str = ""
    writes: str = ""
    imports: str = ""
    texts: str = ""
    written: str = ""
    asked: str = ""
    blind: Sequence[Sequence[Any]] = ()

    def pack(self) -> str:
        """All but ``blind`` as one text; most definitions only read names."""
        return "|".join(self[:-1]).rstrip("|")


_FIELDS = len(Uses._fields) - 1


def unpack(packed: str) -> Uses:
    """What `Uses.pack` wrote."""
    names = packed.split("|")
    return Uses._make([*names, *[""] * (_FIELDS - len(names)), ()])


class Chains(ABC):
    """Names met so far, and the scopes they are met in; the walk itself is left to a subclass.

    Attributes:
        scopes: of the functions and classes around, the innermost last.
        sink: where names go that are read.
        loops: names that the loops around give values to, in statements of a module.
    """

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.makers: dict[str, None] = {}
        self.writes: dict[str, None] = {}
        self.imports: dict[str, None] = {}
        self.texts: dict[str, None] = {}
        self.scopes: list[Scope] = []
        self.sink = self.names
        self.loops: set[str] = set()
        self._read: set[str] = set()
        self._written: set[str] = set()
        self._blind: list[tuple[int, str, str, str]] = []
        self._asked: set[str] = set()

    @abstractmethod
    def visit(self, node: ast.AST) -> None:
        """Add what is used below a node."""

    def visit_all(self, nodes: Iterable[ast.AST]) -> None:
        """Add what is used below several nodes."""
        for node in nodes:
            self.visit(node)

    def found(self) -> Uses:
        """All that was added."""
        return Uses(
            " ".join(self.names),
            " ".join(self.makers),
            " ".join(chain for chain in self.writes if chain not in self.names),
            " ".join(self.imports),
            " ".join(self.texts),
            " ".join(sorted(self._written - self._read)),
            " ".join(sorted(self._asked | (self._read & _MEANINGFUL))),
            self._blind,
        )

    def scope_of(self, name: str) -> Any:
        """What a local name is bound to by imports, None for anything else; `NOWHERE` if it is no local name."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return None if name in self.loops else NOWHERE

    def add(self, root: str, attributes: list[str]) -> None:
        """A name is read, and attributes of it."""
        self._read.update(attributes)
        bound = self.scope_of(root)
        if bound is NOWHERE:
            self.sink[".".join((root, *attributes))] = None
        elif bound is not None:
            for spec in bound:
                self.add_import(spec, attributes)
        else:
            self._ask(attributes)

    def add_import(self, spec: str, attributes: list[str]) -> None:
        """A module is used that was imported inside, or what was taken from it: attributes, or as a whole."""
        module, _, name = spec.partition(":")
        chain = ".".join(([name] if name else []) + attributes)
        self.imports[f"{module}:{chain or '*'}"] = None

    def add_expression(self, node: ast.expr) -> None:
        """A name with attributes is read, or attributes of something else."""
        root, attributes = unwind(node)
        if isinstance(root, ast.Name):
            self.add(root.id, attributes)
            return
        self._read.update(attributes)
        if not self.add_import_call(root, attributes):
            self._ask(attributes)
            self.visit(root)

    def write(self, node: ast.expr) -> None:
        """Something is put into, or taken out of, what ``node`` names."""
        while isinstance(node, ast.Subscript):
            self.visit(node.slice)
            node = node.value
        root, attributes = unwind(node)
        if attributes:
            self._written.add(attributes[-1])
            self._read.update(attributes[:-1])
        if not isinstance(root, ast.Name):
            self.visit(root)
            return
        bound = self.scope_of(root.id)
        if bound is NOWHERE:
            self.writes[".".join((root.id, *attributes))] = None
        elif bound is not None:
            self.add(root.id, attributes)

    def add_look(self, node: ast.Call) -> None:
        """A call that may tell what does not count else: annotations, docstrings, comments."""
        told = _LOOKERS.get(last_name(node.func))
        if told is None or not node.args:
            return
        root, attributes = unwind(node.args[0])
        if isinstance(root, ast.Name) and self.scope_of(root.id) is not None:
            self.add(root.id, [*attributes, told])
        else:
            self._asked.add(told)

    def _ask(self, attributes: list[str]) -> None:
        self._asked.update(told for told in map(_TOLD_BY.get, attributes) if told is not None)

    # --- what is looked up by a text ----------------------------------------------------------------------------------

    def add_special_call(self, name: str, node: ast.Call) -> bool:
        """A call of a builtin that finds things by name; whether nothing of it is left to visit."""
        arguments = node.args
        if name in _GETATTR and len(arguments) > 1:
            wanted = text_of(arguments[1])
            if wanted is not None:
                self.add_expression(ast.Attribute(arguments[0], wanted, ast.Load()))
                self.visit_all(arguments[2:])
                return True
            if name == "getattr" and name_of(arguments[0]) not in {"self", "cls"}:
                self.note_blind(node, arguments[0])
        elif name in {"exec", "eval"}:
            self.names[OWN_MODULE] = None
            self.note_blind(node)
        elif name == "globals" or (name == "vars" and not arguments and not self.scopes):
            self.names[OWN_MODULE] = None
            return True
        return False

    def add_import_call(self, node: ast.expr, attributes: list[str]) -> bool:
        """Whether ``node`` imports a module by a text, which is followed then."""
        if not isinstance(node, ast.Call) or last_name(node.func) not in {"import_module", "__import__"}:
            return False
        spec = spec_of(node)
        if spec is None:
            root, names = unwind(node.args[0]) if node.args else (node, [])
            if not isinstance(root, ast.Name) or self.scope_of(root.id) is not NOWHERE:
                self.note_blind(node)
                return False
            # a constant of the module, as it turns out to be
            spec = f"{CONSTANT}{'.'.join((root.id, *names))}"
            self.visit(node.args[0])
        self.add_import(spec, attributes)
        self.visit(node.func)
        return True

    def add_item(self, mapping: ast.expr, key: ast.expr) -> bool:
        """Whether `globals()["name"]` or the like is what is looked up, which is followed then."""
        text = text_of(key)
        if isinstance(mapping, ast.Call) and text is not None:
            called = name_of(mapping.func)
            if called == "globals":
                self.names[text] = None
                return True
            if called == "vars" and mapping.args:
                self.add_expression(ast.Attribute(mapping.args[0], text, ast.Load()))
                return True
        if not isinstance(mapping, ast.Attribute):
            return False
        if mapping.attr == "__dict__" and text is not None:
            self.add_expression(ast.Attribute(mapping.value, text, ast.Load()))
            return True
        if mapping.attr != "modules" or name_of(mapping.value) != "sys":
            return False
        if text is not None:
            self.imports[f"{text}:*"] = None
        elif name_of(key) == "__name__":
            self.names[OWN_MODULE] = None
        else:
            self.note_blind(ast.Subscript(mapping, key, ast.Load(), lineno=mapping.lineno))
            return False
        self.visit(mapping)
        return True

    def add_launch(self, node: ast.Call) -> None:
        """A call that runs what no name leads to, or may do so: only who knows the module can tell."""
        root, attributes = unwind(node.func)
        if not isinstance(root, ast.Name):
            return
        bound = self.scope_of(root.id)
        if bound is NOWHERE:
            chains = [".".join((root.id, *attributes))]
        else:
            chains = [".".join((spec.replace(":", "."), *attributes)) for spec in bound or ()]
            chains = [chain for chain in chains if is_named_launcher(chain)]
        for chain in chains:
            last = chain.rpartition(".")[2]
            if may_launch(last):
                self._add_blind(node, CALLED + ("" if bound is NOWHERE else CALLED) + chain, word_of(node, last))

    def note_blind(self, node: Any, subject: ast.expr | None = None) -> None:
        """What a node leads to cannot be told; ``subject`` is what it is done to."""
        chain = ""
        if subject is not None:
            root, attributes = unwind(subject)
            if isinstance(root, ast.Name) and self.scope_of(root.id) is NOWHERE:
                chain = ".".join((root.id, *attributes))
        self._add_blind(node, chain)

    def _add_blind(self, node: Any, chain: str, word: str = "") -> None:
        text = ast.unparse(node)
        self._blind.append((node.lineno, text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…", chain, word))


def unwind(node: ast.expr) -> tuple[ast.expr, list[str]]:
    """The expression before the dots, and the names after them."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    attributes.reverse()
    return node, attributes


def name_of(node: ast.expr) -> str:
    """The name that an expression is, or "" if it is no name."""
    return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.expr) -> str:
    """The last name of a dotted expression, or "" if it is none."""
    return node.attr if isinstance(node, ast.Attribute) else name_of(node)


def text_of(node: ast.expr) -> str | None:
    """The text that an expression is, or None if it is no constant."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
