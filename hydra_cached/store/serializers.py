"""How values of a type are stored: the user's way where one is registered, that of their library, else as they pickle.

A serializer takes a value apart into a state and buffers. Wherever the value stands in a result, these stand in its
place in the pickle, and large buffers go out of band. The names of the serializers that a payload needs are its codec.
"""

from __future__ import annotations

import copyreg
import importlib
import operator
import pickle
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, TypeAlias, TypeVar

from hydra_cached.errors import EntryUnreadableError, UsageError
from hydra_cached.fingerprint.objects import register_parts

T = TypeVar("T")
Reducer: TypeAlias = Callable[[Any], Any]

PICKLE = "pickle"
"""The codec of a payload that needs no serializer."""

# the library of a type, and where its values' serializers are; imported when a first such value is met
BUILT_IN = {
    "numpy": "hydra_cached.store.serializers_numpy",
    "polars": "hydra_cached.store.serializers_polars",
    "pyarrow": "hydra_cached.store.serializers_arrow",
    "torch": "hydra_cached.store.serializers_torch",
}
_FIXED = (type(None), bool, int, float, bytes, str, list, tuple, dict, set, frozenset, bytearray, type, FunctionType)
_NAME = re.compile(r"[\w.+-]+")
_reduce: Reducer = operator.methodcaller("__reduce_ex__", 5)


@dataclass(frozen=True, slots=True)
class Serializer:
    """How values of one type are stored.

    Attributes:
        name: what it is called in entries.
        kind: the exact type.
        dump: takes a value apart.
        load: puts it together.
        module: where `load` is defined, imported when an entry names a serializer that is not registered yet.
    """

    name: str
    kind: type
    dump: Callable[[Any], tuple[Any, Sequence[Any]]]
    load: Callable[[Any, list[memoryview]], Any]
    module: str


_by_kind: dict[type, Serializer] = {}
_by_name: dict[str, Serializer] = {}


class StartAgain(Exception):
    """A reducer has learned something that changes what it gave before."""


def register_serializer(
    kind: type[T],
    dump: Callable[[T], tuple[Any, Sequence[Any]]],
    load: Callable[[Any, list[memoryview]], T],
    *,
    name: str | None = None,
) -> None:
    """Store values of exactly the type ``kind`` by ``dump`` and ``load``, wherever they stand in a result.

    Args:
        dump: gives a state, which is anything that pickles, and buffers: bytes, arrays, anything with contiguous bytes.
            Buffers are not copied; large ones are mapped when they are loaded.
        load: makes a value of the state and the buffers, writable unless ``dump`` gave read-only ones.
        name: what the serializer is called in entries; by default the type's module and name. Give it another name when
            ``load`` no longer takes what an earlier ``dump`` gave: older results are then computed again.

    Call it where ``load`` is defined: a result is loaded by importing that module. A later call for the same type
    takes the place of an earlier one.

    Raises:
        UsageError: the type is one that pickle handles by itself, or the name has other characters than letters,
            digits and ``_.+-``.

    >>> class Grid:
    ...     def __init__(self, cells):
    ...         self.cells = cells
    >>> register_serializer(Grid, lambda grid: (None, [grid.cells]), lambda state, buffers: Grid(bytearray(buffers[0])))
    """
    given: Any = kind
    if not isinstance(given, type) or given in _FIXED:
        shown = getattr(given, "__name__", repr(given))
        raise UsageError(
            f"no serializer can be registered for {shown}: pickle stores it by itself",
            hint="register one for a class of your own or of a library",
        )
    name = f"{kind.__module__}.{kind.__qualname__}".replace("<locals>", "-") if name is None else name
    if not _NAME.fullmatch(name) or name in BUILT_IN:
        raise UsageError(f'"{name}" cannot be the name of a serializer', hint='choose one such as "mypkg.grid-2"')
    known = _by_kind.pop(kind, None)
    if known is not None:
        _by_name.pop(known.name, None)
    module = getattr(load, "__module__", None) or kind.__module__
    _by_kind[kind] = _by_name[name] = Serializer(name, kind, dump, load, module)
    register_parts(kind, dump)


def require(codec: str) -> None:
    """Make sure that every serializer that a codec names is there.

    Raises:
        EntryUnreadableError: one is not.
    """
    first, *needed = codec.split(" ")
    if first != PICKLE:
        raise EntryUnreadableError(f'no serializer named "{first}" is known')
    for each in needed:
        name, _, module = each.partition("@")
        if name in BUILT_IN or name in _by_name:
            continue
        try:
            importlib.import_module(module)
        except Exception as exc:
            problem = f": {module} cannot be imported: {type(exc).__name__}: {exc}" if module else ""
        else:
            problem = ""
        if name not in _by_name:
            raise EntryUnreadableError(
                f'the serializer "{name}" is not registered{problem}',
                hint=f'import what calls register_serializer(..., name="{name}") before the run',
            )


class Reducers(dict[type, Reducer]):
    """How each type met in one value is taken apart: the pickler's dispatch table, filled as types are met.

    Attributes:
        sessions: what a library's serializers keep while one value is dumped, by library.
        whole: memory that several tensors share, as far as it is known.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, Any] = {}
        self.whole: set[Any] = set()
        self._needed: dict[str, None] = {}

    def start_again(self) -> None:
        """Forget all but what was learned."""
        self.clear()
        self.sessions.clear()
        self._needed.clear()

    @property
    def codec(self) -> str:
        """The names of the serializers that were needed."""
        return " ".join((PICKLE, *sorted(self._needed)))

    def __missing__(self, cls: type) -> Reducer:
        if issubclass(cls, type):
            # pickle writes a class as its name
            raise KeyError(cls)
        found = self._registered(cls) or copyreg.dispatch_table.get(cls) or self._built_in(cls) or _reduce
        self[cls] = found
        return found

    def _registered(self, cls: type) -> Reducer | None:
        serializer = _by_kind.get(cls)
        if serializer is None:
            return None
        needed = f"{serializer.name}@{serializer.module}"

        def take_apart(value: Any) -> Any:
            self._needed[needed] = None
            state, buffers = serializer.dump(value)
            return _put_together, (serializer.name, state, *map(pickle.PickleBuffer, buffers))

        return take_apart

    def _built_in(self, cls: type) -> Reducer | None:
        for base in cls.__mro__:
            library = str(base.__module__).partition(".")[0]
            if library in BUILT_IN:
                reducer = importlib.import_module(BUILT_IN[library]).find_reducer(cls, self)
                if reducer is not None:
                    self._needed[library] = None
                    return reducer  # type: ignore[no-any-return]
        return None


def _put_together(name: str, state: Any, *buffers: Any) -> Any:
    serializer = _by_name.get(name)
    if serializer is None:
        raise LookupError(f'the serializer "{name}" is not registered')
    return serializer.load(state, [memoryview(buffer) for buffer in buffers])
