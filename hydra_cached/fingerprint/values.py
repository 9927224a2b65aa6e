"""The digest of a value: which type is encoded how. Refuses what has no content of its own: iterators, locks, files.

Equal content gives equal digests in every process, whatever is shared inside and whatever PYTHONHASHSEED says. Type,
order of dicts, sign of zero and bits of nan count.
"""

from __future__ import annotations

import array
import enum
import functools
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from blake3 import blake3

from hydra_cached.errors import NotDigestibleError
from hydra_cached.fingerprint import containers, definitions, objects, scalars
from hydra_cached.fingerprint.bytecode import encode_code
from hydra_cached.fingerprint.definition import module_label
from hydra_cached.fingerprint.depth import call_deep
from hydra_cached.fingerprint.walk import CodeDigests, Handler, Position, Undigestible, Walk, Writer, describe_type

if TYPE_CHECKING:
    from hydra_cached.fingerprint.code import CodeFingerprints

_DICTS: tuple[dict[Any, Any], ...] = ({}, OrderedDict())
_VIEWS = [type(view()) for made in _DICTS for view in (made.keys, made.values, made.items)]

_COMPOUND: Mapping[type, Handler] = {
    list: containers.encode_sequence,
    tuple: containers.encode_sequence,
    dict: containers.encode_dict,
    set: containers.encode_set,
    frozenset: containers.encode_frozenset,
    MappingProxyType: containers.encode_mapping_proxy,
    **dict.fromkeys(_VIEWS, containers.encode_view),
    range: scalars.encode_range,
    slice: scalars.encode_slice,
    memoryview: scalars.encode_memoryview,
    array.array: scalars.encode_array,
    struct.Struct: scalars.encode_struct,
    PurePosixPath: scalars.encode_path,
    PureWindowsPath: scalars.encode_path,
    PosixPath: scalars.encode_path,
    FunctionType: definitions.encode_function,
    MethodType: definitions.encode_method,
    BuiltinFunctionType: definitions.encode_builtin,
    functools._lru_cache_wrapper: definitions.encode_cached_function,
    staticmethod: definitions.encode_wrapper,
    classmethod: definitions.encode_wrapper,
    property: definitions.encode_wrapper,
    type: definitions.encode_class,
    CellType: definitions.encode_cell,
    CodeType: encode_code,
    pickle.PickleBuffer: objects.encode_pickle_buffer,
}

# subclasses of these keep what is special about them; of all other builtins, pickling tells the content
_BASES: tuple[tuple[Any, Handler], ...] = (
    (type, definitions.encode_class),
    (enum.Enum, objects.encode_enum),
    (ModuleType, definitions.encode_module),
    (PurePath, scalars.encode_path),
    ((set, frozenset), containers.encode_set_subclass),
    (definitions.WEAK_CONTAINERS, definitions.encode_weak_container),
)

_HINT = "return or pass a value that holds plain data"
_BUILTIN_ITERATORS = frozenset({"builtins", "itertools", "_collections", "re"})


class Encoder(Walk):
    """A canonical encoding of values, one after another, and its digest.

    Args:
        code: memo of code fingerprints, for first-party functions and classes met in values; a new one by default.

    >>> encoder = Encoder()
    >>> encoder.add([1, 2.0, "three"])
    >>> len(encoder.digest())
    64
    """

    __slots__ = ()
    simple: ClassVar[Mapping[type, Writer]] = scalars.SIMPLE
    compound: ClassVar[Mapping[type, Handler]] = _COMPOUND

    def __init__(self, code: CodeDigests | None = None) -> None:
        super().__init__(_LazyCode() if code is None else code)

    def add(self, value: Any) -> None:
        """Append ``value``.

        Raises:
            NotDigestibleError: it has no digest; the message says where inside it. Nothing was appended.
        """
        writer = self.simple.get(type(value))
        if writer is not None:
            writer(self.out, value)
            return
        start = self.position()
        try:
            call_deep(lambda: self._write_from(start, value))
        except Undigestible as stop:
            self.restart(start)
            message = f"at {stop.place}: {stop.reason}" if stop.place else stop.reason
            raise NotDigestibleError(message, hint=_HINT) from stop
        except RecursionError:
            self.restart(start)
            # the traceback of a thousand equal frames helps nobody
            raise NotDigestibleError(f"{describe_type(value)} is nested too deep", hint="flatten it") from None
        except Exception as exc:
            self.restart(start)
            # an object that answers to a look in its own way: no reason to end a run
            reason = f"{describe_type(value)} cannot be digested: {type(exc).__name__}: {exc}"
            raise NotDigestibleError(reason, hint=_HINT) from exc

    def _write_from(self, start: Position, value: Any) -> None:
        # a second attempt, with more room for recursion, begins where the first did
        self.restart(start)
        self.write(value)

    def mark(self, tag: str) -> None:
        """Append a mark of structure, which no value can be taken for."""
        raw = tag.encode("utf-8", "surrogatepass")
        self.out += b"#%x:" % len(raw)
        self.out += raw

    def add_digest(self, digest: str) -> None:
        """Append a digest made elsewhere, in hexadecimal digits; it is no value either."""
        self.out += b"@%x:" % (len(digest) // 2)
        self.out += bytes.fromhex(digest)

    def digest(self) -> str:
        """64 hexadecimal digits for all that was appended so far."""
        return blake3(self.out).hexdigest()

    def find(self, cls: type) -> Handler:
        """The handler of a type that is not in the tables."""
        for base in cls.__mro__:
            family = _FAMILIES.get(module_label(base.__module__).partition(".")[0])
            if family is not None:
                handler = family(cls)
                if handler is not None:
                    return handler
        for known, handler in _BASES:
            if issubclass(cls, known):
                return handler
        if issubclass(cls, Iterator) and cls.__module__ in _BUILTIN_ITERATORS:
            return objects.encode_iterator
        return objects.encode_object


def digest_value(value: Any, code: CodeDigests | None = None) -> str:
    """The content digest of ``value``: 64 hexadecimal digits.

    Raises:
        NotDigestibleError: it, or something in it, has none.

    >>> digest_value([1]) == digest_value([1]) != digest_value([True])
    True
    """
    encoder = Encoder(code)
    encoder.add(value)
    return encoder.digest()


def _find_numpy(cls: type) -> Handler | None:
    from hydra_cached.fingerprint.arrays import find_numpy_handler

    return find_numpy_handler(cls)


def _find_pandas(cls: type) -> Handler | None:
    from hydra_cached.fingerprint.frames import find_pandas_handler

    return find_pandas_handler(cls)


def _find_config(cls: type) -> Handler | None:
    from hydra_cached.fingerprint.configs import find_config_handler

    return find_config_handler(cls)


def _find_polars(cls: type) -> Handler | None:
    from hydra_cached.fingerprint.polars_frames import find_polars_handler

    return find_polars_handler(cls)


def _find_arrow(cls: type) -> Handler | None:
    from hydra_cached.fingerprint.arrow import find_arrow_handler

    return find_arrow_handler(cls)


def _find_torch(cls: type) -> Handler | None:
    from hydra_cached.fingerprint.tensors import find_torch_handler

    return find_torch_handler(cls)


_FAMILIES: Mapping[str, Callable[[type], Handler | None]] = {
    "numpy": _find_numpy,
    "pandas": _find_pandas,
    "omegaconf": _find_config,
    "polars": _find_polars,
    "pyarrow": _find_arrow,
    "torch": _find_torch,
}


class _LazyCode:
    """Code fingerprints made when a first function or class is met: most values hold none."""

    __slots__ = ("_code",)

    def __init__(self) -> None:
        self._code: CodeFingerprints | None = None

    def reference(self, target: Any) -> str | None:
        return self._fingerprints().reference(target)

    def body(self, target: Any) -> str:
        return self._fingerprints().body(target)

    def _fingerprints(self) -> CodeFingerprints:
        if self._code is None:
            from hydra_cached.fingerprint.code import CodeFingerprints

            self._code = CodeFingerprints()
        return self._code
