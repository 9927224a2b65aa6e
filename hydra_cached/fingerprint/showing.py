"""Writes values as text for people, one thing a line, so that a diff names what changed in them. Digests nothing."""

from __future__ import annotations

import dis
import functools
import pprint
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from hydra_cached.fingerprint.bulk import is_plain_run
from hydra_cached.fingerprint.definition import qualified_name
from hydra_cached.fingerprint.kinds import is_array, is_frame, is_immutable
from hydra_cached.fingerprint.objects import reduce

_MAX_TEXT = 2000
_MAX_PRINTED = 500
_MAX_LINES = 100
_MAX_LEVELS = 6
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def show_value(value: Any) -> str:
    """A value on as many lines as it needs, cut after 2,000 characters, without addresses.

    Plain data is written as its repr; an object as its class with its state below.
    """
    try:
        text = _show_plain(value) if is_plain_run([value]) else "\n".join(_Picture().lines("", value, 0))
    except Exception:
        # whatever a user's class raises when it is looked at
        text = f"<{type(value).__qualname__}>"
    return _cut(text)


def show_named(values: Iterable[tuple[str, Any]], text: str) -> str:
    """Values by name as comments, below the ``text`` of a definition; without those that stand in it anyway."""
    lines = [text] if text else []
    for name, value in values:
        shown = show_value(value).splitlines() or [""]
        if len(shown) == 1 and any(f"{name}{equals}{shown[0]}" in text for equals in ("=", " = ")):
            continue
        lines.append(f"# {name} = {shown[0]}")
        lines.extend(f"#   {line}" for line in shown[1:])
    return "\n".join(lines)


def show_code(code: CodeType) -> str:
    """Compiled code by its instructions, for code whose source nobody has."""
    lines = [f"code of {code.co_name}({', '.join(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])})"]
    inner = []
    for instruction in dis.get_instructions(code):
        argument = instruction.argval
        if isinstance(argument, CodeType):
            inner.append(argument)
            argument = argument.co_name
        elif instruction.opname not in ("RESUME", "CACHE", "NOP"):
            argument = "" if instruction.arg is None else instruction.argrepr
        lines.append(f"    {instruction.opname} {argument}".rstrip())
    lines.extend(show_code(each) for each in inner)
    return _ADDRESS.sub("", "\n".join(lines))


def show_on_a_line(value: Any) -> str:
    """The same on one line: what is in an object in parentheses."""
    first, *others = show_value(value).splitlines() or [""]
    return f"{first}({', '.join(each.strip() for each in others)})" if others else first


def _show_plain(value: Any) -> str:
    return pprint.pformat(value, width=100, sort_dicts=False) if _is_short(value) else _Repr().repr(value)


def _is_short(value: Any) -> bool:
    """Whether there is not much in plain data, to the bottom."""
    level, left = [value], _MAX_PRINTED
    while level and left > 0:
        item = level.pop()
        if isinstance(item, (str, bytes)):
            left -= len(item) // _MAX_TEXT
        elif isinstance(item, dict):
            left -= len(item)
            level.extend(islice(item.values(), left if left > 0 else 0))
        elif isinstance(item, (list, tuple)):
            left -= len(item)
            level.extend(islice(item, left if left > 0 else 0))
    return left > 0


def _cut(text: str) -> str:
    text = _ADDRESS.sub("", text)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"


class _Repr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = 100
        self.maxstring = self.maxother = _MAX_TEXT
        self.maxlevel = 3


class _Picture:
    """One value being written; nothing is written inside itself, and no more than so many lines are."""

    def __init__(self) -> None:
        self._around: set[int] = set()
        self._left = _MAX_LINES

    def lines(self, name: str, value: Any, level: int) -> Iterator[str]:
        """``value``, called ``name``, with what is in it below, each level further to the right."""
        self._left -= 1
        indent = "  " * level
        if self._left < 0:
            if self._left == -1:
                yield f"{indent}…"
            return
        if id(value) in self._around:
            yield f"{indent}{name}(itself)"
            return
        head, parts = _look(value)
        first, *others = head.splitlines() or [""]
        yield f"{indent}{name}{first}"
        yield from (f"{indent}  {each}" for each in others)
        if level < _MAX_LEVELS:
            self._around.add(id(value))
            for inner, part in parts:
                yield from self.lines(inner, part, level + 1)
            self._around.discard(id(value))


def _look(value: Any) -> tuple[str, Iterable[tuple[str, Any]]]:
    """What a value is called, and what is in it, by name."""
    cls = type(value)
    if isinstance(value, type):
        return f"class {qualified_name(value)}", ()
    if isinstance(value, ModuleType):
        return f"module {value.__name__}", ()
    if isinstance(value, FunctionType):
        return f"function {qualified_name(value)}", _named(state_of_function(value))
    if isinstance(value, MethodType):
        return f"method {qualified_name(value.__func__)}", [("of ", value.__self__)]
    if isinstance(value, BuiltinFunctionType):
        owner = value.__self__
        return f"builtin {value.__qualname__}", () if owner is None or isinstance(owner, ModuleType) else [
            ("of ", owner)
        ]
    if isinstance(value, functools.partial):
        parts = [("", each) for each in value.args] + list(_named(value.keywords.items()))
        return qualified_name(cls), [("", value.func), *parts]
    if isinstance(value, functools._lru_cache_wrapper):
        return qualified_name(cls), [*_named(value.cache_parameters()), ("", value.__wrapped__)]
    if isinstance(value, (staticmethod, classmethod)):
        return cls.__name__, [("", value.__func__)]
    if isinstance(value, property):
        return "property", [(f"{name} = ", getattr(value, name)) for name in ("fget", "fset", "fdel")]
    if is_plain_run([value]):
        return _show_plain(value), ()
    if issubclass(cls, dict):
        return _name_container(cls), [(f"{show_key(key)}: ", each) for key, each in dict.items(value)]
    if issubclass(cls, (set, frozenset)):
        return _name_container(cls), sorted([("", each) for each in value], key=lambda each: _cut(repr(each[1])))
    if cls in (list, tuple):
        return _name_container(cls), [("", each) for each in value]
    if is_array(value):
        kind = f"{qualified_name(cls)} of {value.dtype}, shape {tuple(value.shape)}"
        return f"{kind}\n{_cut(repr(value))}", ()
    if is_frame(cls) or is_immutable(value):
        return _cut(repr(value)), ()
    return _look_at_object(value)


def _look_at_object(value: Any) -> tuple[str, Iterable[tuple[str, Any]]]:
    cls = type(value)
    head = qualified_name(cls)
    own_repr: Any = cls.__repr__
    if own_repr is not object.__repr__:
        text = _cut(repr(value))
        head = text if text.startswith(cls.__name__) else f"{head} {text}"
    reduced = reduce(value)
    if not isinstance(reduced, tuple):
        return head, ()
    factory, arguments, state, items, entries, _ = reduced
    parts: list[tuple[str, Any]] = []
    is_told = own_repr is not object.__repr__ and state is None
    if not is_told and not (len(arguments) == 1 and arguments[0] is cls):
        parts.extend(("", each) for each in (factory, *arguments) if each is not cls and each is not object)
    for each in state if isinstance(state, tuple) and len(state) == 2 else (state,):
        if isinstance(each, dict):
            parts.extend(_named(each.items()))
        elif each is not None:
            parts.append(("state = ", each))
    parts.extend(("", each) for each in items or ())
    parts.extend((f"{show_key(key)}: ", each) for key, each in entries or ())
    return head, parts


def state_of_function(function: FunctionType) -> Mapping[str, Any]:
    """What a function has besides its code: defaults by name, attributes, and what it closes over."""
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    found = dict(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
    found.update(function.__kwdefaults__ or {})
    found.update(function.__dict__)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            continue  # not bound yet
    return found


def show_key(key: Any) -> str:
    """A key of a dict on one line."""
    return " ".join(_cut(repr(key)).split())


def _named(values: Any) -> list[tuple[str, Any]]:
    return [(f"{name} = ", each) for name, each in (values.items() if isinstance(values, Mapping) else values)]


def _name_container(cls: type) -> str:
    return cls.__name__ if cls.__module__ == "builtins" else qualified_name(cls)
