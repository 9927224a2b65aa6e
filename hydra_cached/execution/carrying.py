"""Exceptions as bytes, with their tracebacks and causes, as well as they can be pickled. Raises nothing itself."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from hydra_cached.fingerprint.depth import call_deep


class _Pickler(pickle.Pickler):
    """Takes tracebacks along. (tblib's `install` would change how exceptions are pickled, and digested, ever after.)"""

    def reducer_override(self, value: Any) -> Any:
        from tblib import pickling_support

        if isinstance(value, TracebackType):
            return pickling_support.pickle_traceback(value)
        if isinstance(value, BaseException):
            return pickling_support.pickle_exception(value)
        return NotImplemented


class _ApartPickler(_Pickler):
    """Leaves out the cause and the context of every exception."""

    def reducer_override(self, value: Any) -> Any:
        made = super().reducer_override(value)
        if isinstance(value, BaseException):
            maker, (kind, state, _, traceback, _, *rest), *more = made
            return maker, (kind, state, None, traceback, None, *rest), *more
        return made


class _BarePickler(_Pickler):
    """Leaves out what of an exception cannot be pickled: attributes, and the class itself where need be."""

    def reducer_override(self, value: Any) -> Any:
        is_whole = not isinstance(value, BaseException) or hasattr(value, "exceptions") or _try_pickle(value)
        return super().reducer_override(value) if is_whole else _take_apart(value)


class _BareApartPickler(_ApartPickler):
    """Both."""

    def reducer_override(self, value: Any) -> Any:
        is_whole = not isinstance(value, BaseException) or hasattr(value, "exceptions")
        if is_whole or _try_pickle(value, _ApartPickler):
            return super().reducer_override(value)
        maker, (*known, _, _, _, traceback) = _take_apart(value)
        return maker, (*known, None, None, False, traceback)


def pack_error(error: BaseException) -> bytes:
    """An exception of the user's with its traceback and causes, as bytes."""
    if _is_ring(error):
        return _pack_apart(error)
    packed = _try_pickle(error) or _try_pickle(error, _BarePickler)
    return packed or pickle.dumps(RuntimeError(f"{type(error).__name__}, which cannot be pickled"), 5)


def unpack_error(packed: bytes) -> BaseException:
    """The exception in bytes that `pack_error` made."""
    try:
        # a traceback of a thousand frames is a thousand levels deep
        found: Any = call_deep(lambda: pickle.loads(packed))
        if isinstance(found, _Apart):
            return found.join()
    except Exception as exc:
        # its class cannot be imported here
        return RuntimeError(f"a worker raised what does not load here: {type(exc).__name__}: {exc}")
    return found if isinstance(found, BaseException) else RuntimeError(f"a worker raised {found!r}")


@dataclass(frozen=True, slots=True)
class _Apart:
    """Exceptions that lead back to themselves: each by itself, and which is whose cause and context."""

    packed: tuple[bytes, ...]
    links: tuple[tuple[int | None, int | None, bool], ...]

    def join(self) -> BaseException:
        made = [unpack_error(each) for each in self.packed]
        for each, (cause, context, is_context_hidden) in zip(made, self.links, strict=True):
            each.__cause__ = None if cause is None else made[cause]
            each.__context__ = None if context is None else made[context]
            each.__suppress_context__ = is_context_hidden
        return made[0]


def _pack_apart(error: BaseException) -> bytes:
    chain = [error]
    places = {id(error): 0}
    # it grows meanwhile
    for each in chain:
        for other in (each.__cause__, each.__context__):
            if other is not None and id(other) not in places:
                places[id(other)] = len(chain)
                chain.append(other)
    links = [
        (places.get(id(each.__cause__)), places.get(id(each.__context__)), each.__suppress_context__) for each in chain
    ]
    named = [pickle.dumps(RuntimeError(f"{type(each).__name__}, which cannot be pickled"), 5) for each in chain]
    packed = [
        _try_pickle(each, _ApartPickler) or _try_pickle(each, _BareApartPickler) or name
        for each, name in zip(chain, named, strict=True)
    ]
    return pickle.dumps(_Apart(tuple(packed), tuple(links)), 5)


def _is_ring(error: BaseException) -> bool:
    """Whether some exception is among its own causes and contexts, or those of what it groups."""
    above: set[int] = set()
    done: set[int] = set()
    waiting: list[tuple[BaseException, bool]] = [(error, False)]
    while waiting:
        each, is_left = waiting.pop()
        if is_left:
            above.discard(id(each))
            done.add(id(each))
        elif id(each) in above:
            return True
        elif id(each) not in done:
            above.add(id(each))
            waiting.append((each, True))
            others = (each.__cause__, each.__context__, *getattr(each, "exceptions", ()))
            waiting.extend((other, False) for other in others if isinstance(other, BaseException))
    return False


def _try_pickle(value: Any, pickler: type[_Pickler] = _Pickler) -> bytes:
    """``value`` as bytes that load again; b"" where there are none."""

    def dump() -> bytes:
        stream = io.BytesIO()
        pickler(stream, 5).dump(value)
        packed = stream.getvalue()
        pickle.loads(packed)
        return packed

    try:
        return call_deep(dump)
    except Exception:
        # whatever a user's class raises when it is pickled
        return b""


def _take_apart(error: BaseException) -> Any:
    cls = type(error)
    try:
        text = str(error)
    except Exception:
        text = ""
    state = {name: each for name, each in vars(error).items() if _try_pickle(each)}
    args = tuple([each if _try_pickle(each) else repr(each) for each in error.args])
    known = cls if _try_pickle(cls) else None
    chain = (error.__cause__, error.__context__, error.__suppress_context__, error.__traceback__)
    return _put_together, (known, cls.__module__, cls.__qualname__, text, args, state, *chain)


def _put_together(
    cls: type[BaseException] | None,
    module: str,
    qualname: str,
    text: str,
    args: tuple[Any, ...],
    state: Mapping[str, Any],
    cause: BaseException | None,
    context: BaseException | None,
    is_context_hidden: bool,
    traceback: TracebackType | None,
) -> BaseException:
    """An exception that says what another one said. One of a class that is not to be had has the name of that class."""
    made = None if cls is None else cls.__new__(cls)
    if made is not None:
        made.args = args
        vars(made).update(state)
    if made is None or _text(made) != text:
        stand_in = {"__module__": module, "__qualname__": qualname, "__str__": lambda self: text}
        made = type(qualname.rpartition(".")[2], (RuntimeError,), stand_in)(*args)
    made.__cause__, made.__context__, made.__suppress_context__ = cause, context, is_context_hidden
    return made.with_traceback(traceback)


def _text(error: BaseException) -> str | None:
    try:
        return str(error)
    except Exception:
        # it needs what was left out
        return None
