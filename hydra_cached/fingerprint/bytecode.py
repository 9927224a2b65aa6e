"""Encodes compiled code: what it does, not where it stands. Line numbers, file names and docstrings do not count."""

from __future__ import annotations

import dis
import inspect
import marshal
from collections.abc import Iterator
from types import CodeType
from typing import Any

from hydra_cached.fingerprint.walk import Walk

_HAS_CONST = frozenset(dis.hasconst)
_CO_HAS_DOCSTRING = 0x4000000
# no references, and nothing about interned strings: equal code gives equal bytes
_MARSHAL_VERSION = 2
_HOLDS_SETS = frozenset({frozenset, CodeType})
_LAYOUT = (
    "co_name",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_varnames",
    "co_cellvars",
    "co_freevars",
    "co_names",
    "co_code",
)


def encode_code(walk: Walk, code: CodeType) -> None:
    """A code object by its instructions, names and constants, those of inner functions included."""
    walk.out += b"K"
    for attribute in _LAYOUT:
        walk.write(getattr(code, attribute))
    walk.write(code.co_flags & ~_CO_HAS_DOCSTRING)
    walk.write(getattr(code, "co_exceptiontable", b""))
    constants = code.co_consts
    if _is_docstring_first(code):
        constants = (None, *constants[1:])
    walk.write(constants)


def dump_code(code: CodeType) -> bytes:
    """Compiled code as it is, its file and lines included, whatever PYTHONHASHSEED says.

    Raises:
        ValueError: there is something in it that no compiler puts there.
    """
    # no compiler puts a set into a tuple
    if not _HOLDS_SETS.isdisjoint(map(type, code.co_consts)):
        code = _without_sets(code)
    return marshal.dumps(code, _MARSHAL_VERSION)


def _without_sets(constant: Any) -> Any:
    """The same with tuples in the place of sets, which have another order in each process."""
    kind = type(constant)
    if kind is frozenset:
        return ("set", *sorted(marshal.dumps(item, _MARSHAL_VERSION) for item in constant))
    if kind is CodeType and not _HOLDS_SETS.isdisjoint(map(type, constant.co_consts)):
        return constant.replace(co_consts=tuple(map(_without_sets, constant.co_consts)))
    return constant


def inner_codes(code: CodeType) -> Iterator[CodeType]:
    """``code`` and all code objects compiled into it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from inner_codes(constant)


def _is_docstring_first(code: CodeType) -> bool:
    if not (code.co_flags & inspect.CO_NEWLOCALS and code.co_consts and isinstance(code.co_consts[0], str)):
        return False
    raw = code.co_code
    return not any(raw[i] in _HAS_CONST and raw[i + 1] == 0 for i in range(0, len(raw), 2))


def is_same_code(one: CodeType, other: CodeType, *, is_strict: bool = False) -> bool:
    """Whether two code objects do the same, wherever they stand; strictly, with equal lines below their first."""
    return (
        one.co_name == other.co_name
        and one.co_code == other.co_code
        and one.co_names == other.co_names
        and one.co_varnames == other.co_varnames
        and one.co_freevars == other.co_freevars
        and one.co_flags == other.co_flags
        and one.co_argcount == other.co_argcount
        and one.co_kwonlyargcount == other.co_kwonlyargcount
        and one.co_posonlyargcount == other.co_posonlyargcount
        and (not is_strict or one.co_linetable == other.co_linetable)
        and len(one.co_consts) == len(other.co_consts)
        and all(_is_same_constant(a, b, is_strict) for a, b in zip(one.co_consts, other.co_consts, strict=True))
    )


def _is_same_constant(one: Any, other: Any, is_strict: bool) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return is_same_code(one, other, is_strict=is_strict)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_is_same_constant, one, other, [is_strict] * len(one)))
    # 0.0 == -0.0 == 0 == False
    return (type(one) is type(other) and one == other and repr(one) == repr(other)) or _are_same_sets(one, other)


def _are_same_sets(one: Any, other: Any) -> bool:
    if not (isinstance(one, frozenset) and isinstance(other, frozenset)):
        return False
    return {(type(item), repr(item)) for item in one} == {(type(item), repr(item)) for item in other}
