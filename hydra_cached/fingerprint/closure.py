"""Collects the first-party code that a target reaches: every definition once, whatever circles they form.

The set of definitions is found first; whoever wants one digest hashes the sorted set. Each definition's own digest says
nothing of what it uses.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.bytecode import inner_codes
from hydra_cached.fingerprint.chains import unpack
from hydra_cached.fingerprint.collector import pause_collection
from hydra_cached.fingerprint.constants import read_constant
from hydra_cached.fingerprint.definition import Definition, Kind, qualified_name
from hydra_cached.fingerprint.describing import read_class, read_foreign, read_function
from hydra_cached.fingerprint.distribution import module_of
from hydra_cached.fingerprint.glances import Glances
from hydra_cached.fingerprint.held import hold
from hydra_cached.fingerprint.marked import version_marks
from hydra_cached.fingerprint.modules import read_module, read_text, read_whole
from hydra_cached.fingerprint.named import ModuleText, NamedCode
from hydra_cached.fingerprint.nodes import Node, Nodes
from hydra_cached.fingerprint.rows import Rows
from hydra_cached.fingerprint.scope import READ_ALONE, load_module, look_at
from hydra_cached.fingerprint.snapshot import Snapshot
from hydra_cached.fingerprint.texts import definitions_of

_MAX_ROUNDS = 20
_IMPORT_BY_NAME = re.compile(r"\b(?:import_module|__import__|run_module)\(|\bsys\.modules\[").search


class Closures:
    """Reads definitions, each once, and gathers what a target reaches."""

    def __init__(self, bodies: Bodies, rows: Rows) -> None:
        self._bodies = bodies
        self._names = NamedCode(bodies, Glances(rows), self._load)
        readers = {
            "function": read_function,
            "class": read_class,
            "foreign": read_foreign,
            "constant": read_constant,
            "module": read_module,
            "text": read_text,
            "whole": read_whole,
        }
        self._nodes = Nodes(bodies, readers, self._names.find, self._find_run)
        self._snapshot = Snapshot(bodies, self._nodes, rows, self._names.find)
        self._visit = 0
        # fingerprints of these were believed
        self._unread: list[Any] = []

    def named(self, text: str, *, may_import: bool = True) -> Any | None:
        """The first-party code that a dotted text names, or None."""
        if not may_import:
            return self._names.find_home(text)
        before = self._nodes.imports
        found = self._names.find(text)
        if self._nodes.imports != before:
            self._nodes.forget()
        return found

    def named_module(self, word: str) -> Any | None:
        """The first-party module that a single word names, or None."""
        return self._names.find_module(word)

    def imports_by_name(self, target: Any) -> bool:
        """Whether ``target`` reaches code that imports a module by a name that only the run knows."""
        with pause_collection():
            _, nodes = self._gather(target)
            return any(node.kind == "unfollowed" and _IMPORT_BY_NAME(node.name) for node in nodes)

    def collect(self, target: Any, *, is_called: bool = False) -> tuple[Definition, ...]:
        """Every definition that ``target`` reaches, itself included, sorted by id, with what could not be followed.

        Args:
            is_called: leave out its own version, as `digest` does.
        """
        with pause_collection():
            value, found = self._gather(target)
            if is_called:
                found = _without_version(found, target)
            if value:
                found.append(_as_definition(target, value))
            return definitions_of(found, self._bodies)

    def digest(self, target: Any) -> str:
        """64 hexadecimal digits for ``target`` as a value and every definition it reaches, without its own version."""
        with pause_collection():
            known = self._snapshot.recall(target)
            if known is not None:
                self._unread.append(target)
                return known
            value, nodes = self._gather(target)
            nodes = _without_version(nodes, target)
            found = {f"{node.name} {node.kind} {node.digest}\n" for node in nodes if node.digest}
            text = f"{value}\n{''.join(sorted(found))}"
            digest = blake3(text.encode("utf-8", "surrogatepass")).hexdigest()
            self._snapshot.note(target, digest)
            return digest

    def flush(self) -> None:
        """Remember fingerprints that were made."""
        self._snapshot.write()

    def read_ahead(self) -> None:
        """Read what was only believed to be as it was, before calls can change it."""
        self._snapshot.close()
        if self._unread:
            with pause_collection():
                for target in self._unread:
                    self._gather(target)
            self._unread.clear()

    def settle(self) -> None:
        """Note what changed in values since they were read: it was a run that did so."""
        self._nodes.held.settle()

    def _gather(self, target: Any) -> tuple[str, list[Node]]:
        for _ in range(_MAX_ROUNDS):
            before = self._nodes.imports
            value, start = self._begin(target)
            found = self._visit_all(start)
            if self._nodes.imports == before:
                break
            # what was imported may have registered something that was read before
            self._nodes.forget()
        return value, found

    def _begin(self, target: Any) -> tuple[str, list[Node]]:
        if isinstance(target, (FunctionType, type, ModuleType)):
            return "", [self._nodes.of(target)]
        if isinstance(target, ModuleText):
            return "", list(self._read_text(target))
        module = module_of(target)
        held = hold(self._bodies, target, module)
        start = Node(target, "", None)
        self._nodes.add_held(start, held, module)
        return held.digest, [start]

    def _read_text(self, module: ModuleText) -> Iterator[Node]:
        for part in self._names.parts(module):
            kind: Kind = "distribution" if part.file is None else "module"
            node = self._nodes.fixed(part.name, part.digest, kind, part.digest)
            node.file = part.file
            yield node

    def _find_run(self, launcher: str, word: str) -> Iterable[Node]:
        found = self._names.find_run(launcher, word)
        if isinstance(found, ModuleText):
            yield from self._read_text(found)
        elif found is not None:
            yield self._nodes.distribution(found)

    def _load(self, name: str) -> ModuleType | None:
        return load_module(self._nodes, name)

    def _visit_all(self, start: Iterable[Node]) -> list[Node]:
        self._visit += 1
        visit, nodes = self._visit, self._nodes
        found: list[Node] = []
        waiting = list(start)
        registries: dict[int, Node] = {}
        told: set[tuple[int, str]] = set()
        while waiting:
            while waiting:
                node = waiting.pop()
                if node.visit == visit:
                    continue
                node.visit = visit
                if node.reader is not None:
                    nodes.read(node)
                found.append(node)
                waiting.extend(node.edges)
                if node.members is not None:
                    registries[id(node)] = node
            waiting = [*_members_in_use(registries.values(), found), *_looked_at(nodes, found, told)]
            waiting = [node for node in waiting if node.visit != visit]
        return found


def _without_version(nodes: list[Node], target: Any) -> list[Node]:
    marks = version_marks(target)
    return nodes if marks is None else [node for node in nodes if node.marks is not marks]


def _as_definition(target: Any, digest: str) -> Node:
    """The node of a target that is a value: a partial or a bound method under the name of its function."""
    inner = target
    while isinstance(inner, functools.partial):
        inner = inner.func
    return Node(target, qualified_name(inner), "target", digest)


def _looked_at(nodes: Nodes, found: Sequence[Node], told: set[tuple[int, str]]) -> Iterable[Node]:
    """Annotations and the like of all functions and classes, where something reads them of what has no name.

    Args:
        told: of which nodes what was given before.
    """
    asked = {each for node in found for each in node.asks}.intersection(READ_ALONE)
    for node in found if asked else ():
        if (node.kind == "function" or node.kind == "class") and nodes.bodies.is_first_party(node.target):
            for each in sorted(asked):
                if (id(node), each) not in told:
                    told.add((id(node), each))
                    made = look_at(nodes, node.target, each)
                    if made is not None:
                        yield made


def _members_in_use(classes: Iterable[Node], found: Iterable[Node]) -> Iterable[Node]:
    """Registries of classes whose attribute something reads, and not only writes into."""
    members = [(name, node) for each in classes for name, node in (each.members or {}).items()]
    if not members:
        return
    used: set[str] = set()
    for node in found:
        if isinstance(node.target, FunctionType) and node.kind == "function":
            code: CodeType = node.target.__code__
            written = unpack(node.uses).written.split()
            for inner in inner_codes(code):
                used.update(name for name in inner.co_names if name not in written)
    for name, node in members:
        if name in used or "getattr" in used:
            yield node
