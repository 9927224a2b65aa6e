"""Encodes compiled code: what it does, not where it stands. Line numbers, file names and docstrings do not count."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from types import CodeType

from hydra_cached.fingerprint.walk import Walk

_HAS_CONST = frozenset(dis.hasconst)
_CO_HAS_DOCSTRING = 0x4000000
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
