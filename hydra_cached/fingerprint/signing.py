"""Signs what code consists of as it is loaded, in one stroke: a signature is the same only if nothing in it changed.

It is stricter than fingerprints, and quicker to make: lines and comments count, and nothing is followed through names.
Only processes of the same interpreter can compare signatures.
"""

from __future__ import annotations

import marshal
import sys
from collections.abc import Iterable, Mapping
from enum import EnumMeta
from functools import cached_property
from types import CellType, FunctionType, ModuleType
from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.bodies import Bodies
from hydra_cached.fingerprint.bulk import is_flat, is_plain_run
from hydra_cached.fingerprint.bytecode import dump_code
from hydra_cached.fingerprint.chains import OWN_MODULE
from hydra_cached.fingerprint.distribution import module_of
from hydra_cached.fingerprint.inputs import class_key
from hydra_cached.fingerprint.members import is_generated, is_put_in, members_of
from hydra_cached.fingerprint.parsing import digest_code
from hydra_cached.fingerprint.recording import Recording
from hydra_cached.fingerprint.scope import MODULE_MACHINERY

_MARSHAL_VERSION = 2
_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes})
_NESTED = frozenset({tuple, list, dict})
# there is nothing in them but their functions
_HOLDERS = frozenset({FunctionType, staticmethod, classmethod, property, cached_property})
_ABSENT = ()
_END = None


class Signer:
    """Signs names of modules, each object once.

    What is written is a list for `marshal`, in which a name is a text, a value a tuple of one, an object that was met
    before its number, and everything else a tuple or list of another form: no two things can be taken for each other.

    Args:
        bodies: whose code an object is.
        classes: what counts in classes, as `Inputs.classes`; may grow.

    Attributes:
        seen: objects that were signed and their numbers, by id; they are kept, so that their ids stay their own.
    """

    def __init__(self, bodies: Bodies, classes: Mapping[str, list[str] | None]) -> None:
        self.seen: dict[int, tuple[Any, int]] = {}
        self._bodies = bodies
        self._classes = classes
        self._out: list[Any] = []

    def sign(self, namespace: dict[str, Any], module: str, names: Iterable[str]) -> str:
        """64 hexadecimal digits for what a module has under names; "" where that cannot be signed."""
        out = self._out = [(namespace.get("__package__"),)]
        try:
            for name in names:
                out.append(name)
                if name in namespace:
                    self._add(namespace[name], module)
                elif name == OWN_MODULE:
                    self._add_all(namespace, module)
                else:
                    out.append(_ABSENT)
            return blake3(marshal.dumps(out, _MARSHAL_VERSION)).hexdigest()
        except Exception:
            # too deep, or an object that answers to a look in its own way
            return ""

    def _add_all(self, namespace: dict[str, Any], module: str) -> None:
        for name, value in list(namespace.items()):
            if name not in MODULE_MACHINERY and name != "__doc__":
                self._out.append(name)
                self._add(value, module)
        self._out.append(_END)

    def _add(self, value: Any, module: str) -> None:
        kind = type(value)
        if kind in _SCALARS:
            self._out.append((value,))
            return
        known = self.seen.get(id(value))
        if known is not None:
            self._out.append(known[1])
            return
        if kind is not tuple:
            # which of equal tuples are one depends on how they were compiled
            self.seen[id(value)] = (value, len(self.seen))
        if kind is FunctionType:
            self._add_function(value)
        elif isinstance(value, type):
            self._add_class(value)
        elif isinstance(value, ModuleType):
            if sys.modules.get(value.__name__) is not value:
                raise ValueError("a module that only looks like one")
            self._out.append([value.__name__])
        elif kind in _NESTED and (is_flat(value) or is_plain_run([value])):
            self._out.append((value,))
        else:
            self._add_object(value, module)

    def _add_function(self, function: FunctionType) -> None:
        out = self._out
        home = self._bodies.home(function.__globals__)
        code, cells = function.__code__, function.__closure__ or ()
        parts = (function.__defaults__, function.__kwdefaults__, function.__dict__)
        # of other code, its distribution says what it does
        text = dump_code(code) if home.is_first_party else b""
        out.append((function.__module__, function.__qualname__, text, len(cells), *map(bool, parts)))
        for part in parts:
            if part:
                self._add(part, home.name)
        for name, cell in zip(code.co_freevars, cells, strict=True):
            out.append(name)
            self._add_cell(cell, home.name)
        if home.is_first_party and not home.is_module and id(home.namespace) not in self.seen:
            self.seen[id(home.namespace)] = (home.namespace, len(self.seen))
            self._add_all(home.namespace, home.name)

    def _add_cell(self, cell: CellType, module: str) -> None:
        try:
            content = cell.cell_contents
        except ValueError:
            self._out.append(_ABSENT)
            return
        self._add(content, module)

    def _add_class(self, cls: type) -> None:
        out = self._out
        out.append([cls.__module__, cls.__qualname__])
        if not self._bodies.is_first_party(cls):
            return
        module = module_of(cls)
        for base in (type(cls), *cls.__mro__[1:]):
            if base is not object and base is not type:
                self._add(base, module)
        names = self._classes.get(class_key(cls), ())
        for name, member, functions in members_of(cls):
            if functions:
                if names is not None and is_generated(cls, functions):
                    continue
                out.append(name)
                out.append((type(member).__qualname__,))
                for function in functions:
                    self._add(function, module)
                if type(member) not in _HOLDERS:
                    self._add_object(member, module)
            elif is_put_in(cls, name, member) or (names and name in names):
                out.append(name)
                self._add(member, module)
        if names is None and not isinstance(cls, EnumMeta):
            self._add_object(cls, module)
        out.append(_END)

    def _add_object(self, value: Any, module: str) -> None:
        recording = Recording(self._bodies, module, self._body)
        recording.add(value)
        self._out.append([recording.digest(), *recording.opaque, _END])
        for each in (*recording.references, *recording.classes):
            self._add(each, module)

    def _body(self, target: Any) -> str:
        """Lets functions count by their compiled code, and classes by name: they are signed themselves."""
        if isinstance(target, type):
            return "" if self._classes.get(class_key(target), ()) is None else "class"
        return digest_code(target.__code__)
