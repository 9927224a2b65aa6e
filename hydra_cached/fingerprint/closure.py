"""Collects the first-party code that a target reaches: every definition once, whatever circles they form.

The set of definitions is found first; whoever wants one digest hashes the sorted set. Each definition's own digest says
nothing of what it uses.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import EXTENSION_SUFFIXES
from types import FunctionType, ModuleType
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.definition import Definition, digest_text, distribution_definition, qualified_name
from hydra_cached.fingerprint.distribution import module_of
from hydra_cached.fingerprint.names import Names, assigned_names, defining_expressions, imported_names
from hydra_cached.fingerprint.recording import Recording
from hydra_cached.fingerprint.scope import Scope
from hydra_cached.fingerprint.syntax import normalise


@dataclass(frozen=True, slots=True)
class _Described:
    """A definition with the constants it reads, and the objects it refers to, themselves definitions."""

    definitions: tuple[Definition, ...]
    references: tuple[Any, ...]


class Closures:
    """Reads definitions, each once, and gathers what a target reaches."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        # by identity; the object is kept, so that its id stays its own
        self._described: dict[int, tuple[Any, _Described]] = {}

    def collect(self, target: Any) -> tuple[Definition, ...]:
        """Every definition that ``target`` reaches, itself included, sorted by id."""
        recording = Recording(self._bodies, module_of(target))
        recording.add(target)
        return self._gather(recording)

    def digest(self, target: Any) -> str:
        """64 hexadecimal digits for ``target`` as a value and every definition it reaches."""
        recording = Recording(self._bodies, module_of(target))
        recording.add(target)
        recording.mark("closure")
        for definition in self._gather(recording):
            recording.write_text(f"{definition.id} {definition.kind}")
            recording.add_digest(definition.digest)
        return recording.digest()

    def _gather(self, recording: Recording) -> tuple[Definition, ...]:
        found = {(item.id, item.kind, item.digest): item for item in recording.opaque}
        waiting = list(recording.references)
        seen: set[int] = set()
        while waiting:
            reached = waiting.pop()
            if id(reached) in seen:
                continue
            seen.add(id(reached))
            described = self._describe(reached)
            found.update(((item.id, item.kind, item.digest), item) for item in described.definitions)
            waiting.extend(described.references)
        return tuple(found[key] for key in sorted(found))

    def _describe(self, target: Any) -> _Described:
        known = self._described.get(id(target))
        if known is None:
            known = self._described[id(target)] = (target, self._read(target))
        return known[1]

    def _read(self, target: Any) -> _Described:
        origin = self._bodies.origins.of(target)
        if not origin.is_first_party:
            return self._read_foreign(target, origin.distribution)
        if origin.file is not None and origin.file.endswith(tuple(EXTENSION_SUFFIXES)):
            # the compiled file is all there is to see
            return _Described((Definition(module_of(target), "extension", _digest_file(origin.file), origin.file),), ())
        if isinstance(target, FunctionType):
            return self._read_function(target)
        if isinstance(target, type):
            return self._read_class(target)
        return self._read_module(target) if isinstance(target, ModuleType) else _Described((), ())

    def _read_foreign(self, target: Any, distribution: tuple[str, str] | None) -> _Described:
        found = [] if distribution is None else [distribution_definition(distribution)]
        if not isinstance(target, FunctionType):
            return _Described(tuple(found), ())
        # a wrapper, such as contextlib.contextmanager makes: what it holds may be the user's
        recording = Recording(self._bodies, module_of(target))
        recording.add(target)
        for part in (target.__defaults__, target.__kwdefaults__, target.__dict__):
            recording.add(part)
        recording.references[:] = [each for each in recording.references if each is not target]
        if any(map(self._bodies.is_first_party, recording.references)):
            found.append(Definition(qualified_name(target), "function", recording.digest()))
        return _Described((*found, *recording.opaque), tuple(recording.references))

    def _read_function(self, function: FunctionType) -> _Described:
        module = module_of(function)
        recording = Recording(self._bodies, module)
        recording.add(function)
        names = Names()
        names.add_code(function.__code__)
        found = self._bodies.find(function)
        if found is not None:
            names.add_trees(defining_expressions(found.node))
            names.add_uses(found.node)
        else:
            names.whole |= names.globals
        digest = recording.digest()
        scope = Scope(self._bodies, module, recording)
        scope.resolve(names, function.__globals__)
        owner = _owner_of(function)
        if owner is not None:
            recording.references.append(owner)
            scope.add_subclasses(owner, names)
        code = function.__code__
        file, line = (found.file, found.line) if found else (code.co_filename, code.co_firstlineno)
        return _describe(Definition(qualified_name(function), "function", digest, file, line), scope, recording)

    def _read_class(self, cls: type) -> _Described:
        module = module_of(cls)
        recording = Recording(self._bodies, module)
        recording.add(cls)
        names = Names()
        found = self._bodies.find(cls)
        assigned: frozenset[str] = frozenset()
        if found is not None and isinstance(found.node, ast.ClassDef):
            names.add_trees(defining_expressions(found.node))
            names.add_uses(found.node)
            # members of an enum are told by their text: as values they lead back to the class
            assigned = frozenset() if hasattr(cls, "__members__") else assigned_names(found.node)
        for name, member in vars(cls).items():
            functions = _functions_in(member)
            if found is not None and any(function.__code__.co_filename.startswith("<") for function in functions):
                continue  # a decorator made it from what the class says
            for function in functions:
                names.add_code(function.__code__)
            if functions or (name in assigned and not name.startswith("__")):
                recording.mark(name)
                recording.add(member)
        digest = recording.digest()
        scope = Scope(self._bodies, module, recording)
        scope.resolve(names, vars(sys.modules[module]) if module in sys.modules else {})
        recording.references.extend((type(cls), *cls.__mro__[1:]))
        file, line = (found.file, found.line) if found else (self._bodies.origins.of(cls).file, None)
        return _describe(Definition(qualified_name(cls), "class", digest, file, line), scope, recording)

    def _read_module(self, module: ModuleType) -> _Described:
        name = module.__name__
        recording = Recording(self._bodies, name)
        file = self._bodies.origins.of(module).file
        tree = self._bodies.sources.module_tree(name, file) if file is not None else None
        if tree is not None:
            recording.write_text(normalise(tree))
        # a submodule is there or not, depending on who imported it before
        imported = imported_names(tree) if tree is not None else frozenset(vars(module))
        for attribute, member in vars(module).items():
            # whoever holds the module may use anything in it
            if isinstance(member, (FunctionType, type)):
                recording.mark(attribute)
                recording.add(member)
            elif isinstance(member, ModuleType) and attribute in imported:
                recording.references.append(member)
        own = Definition(name, "module", recording.digest(), file)
        return _Described((own, *recording.opaque), tuple(recording.references))


def _describe(own: Definition, scope: Scope, recording: Recording) -> _Described:
    return _Described((own, *scope.definitions, *recording.opaque), tuple(recording.references))


def _functions_in(member: Any) -> list[FunctionType]:
    if isinstance(member, property):
        parts = [member.fget, member.fset, member.fdel]
    elif isinstance(member, cached_property):
        parts = [member.func]
    else:
        # functools.wraps, staticmethod, classmethod, lru_cache and partialmethod-like wrappers say what they hold
        parts = [member, getattr(member, "__wrapped__", None), getattr(member, "__func__", None)]
    return [part for part in parts if isinstance(part, FunctionType)]


def _owner_of(function: FunctionType) -> type | None:
    """The class whose method ``function`` is, if it is one by name."""
    path = function.__qualname__.split(".")[:-1]
    if not path or "<locals>" in path:
        return None
    found: Any = function.__globals__.get(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    return found if isinstance(found, type) else None


def _digest_file(file: str) -> str:
    try:
        with open(file, "rb") as stream:
            return blake3(stream.read()).hexdigest()
    except OSError:
        return digest_text("missing")
