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
    """Takes tracebacks along. (tblib's `install` would change how exceptions are pickled, and digested, ever after.)

    Args:
        is_bare: leave out what of an exception cannot be pickled: attributes, and the class itself where need be.
        is_apart: leave out the cause and the context of every exception.
    """

    def __init__(self, stream: io.BytesIO, *, is_bare: bool, is_apart: bool) -> None:
        super().__init__(stream, 5)
        self._is_bare = is_bare
        self._is_apart = is_apart

    def reducer_override(self, value: Any) -> Any:
        from tblib import pickling_support

        if isinstance(value, TracebackType):
            return pickling_support.pickle_traceback(value)
        if not isinstance(value, BaseException):
            return NotImplemented
        is_group = hasattr(value, "exceptions")
        if self._is_bare and not is_group and not _try_pickle(value, is_apart=self._is_apart):
            return _take_apart(value, is_apart=self._is_apart)
        made = pickling_support.pickle_exception(value)
        if not self._is_apart:
            return made
        maker, (kind, state, _, traceback, _, *rest), *more = made
        return maker, (kind, state, None, traceback, None, *rest), *more


def pack_error(error: BaseException) -> bytes:
    """An exception of the user's with its traceback and causes, as bytes."""
    return _pack_chain(error) if _is_ring(error) else _pack(error)


def _pack(error: BaseException, *, is_apart: bool = False) -> bytes:
    packed = _try_pickle(error, is_apart=is_apart) or _try_pickle(error, is_bare=True, is_apart=is_apart)
    return packed or pickle.dumps(RuntimeError(f"{type(error).__name__}, which cannot be pickled"), 5)


def unpack_error(packed: bytes) -> BaseException:
    """The exception in bytes that `pack_error` made."""
    try:
        # a traceback of a thousand frames is a thousand levels deep
        found: Any = call_deep(lambda: pickle.loads(packed))
        if isinstance(found, _Chain):
            return found.join()
    except Exception as exc:
        # its class cannot be imported here
        return RuntimeError(f"a worker raised what does not load here: {type(exc).__name__}: {exc}")
    return found if isinstance(found, BaseException) else RuntimeError(f"a worker raised {found!r}")


@dataclass(frozen=True, slots=True)
class _Chain:
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


def _pack_chain(error: BaseException) -> bytes:
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
    packed = [_pack(each, is_apart=True) for each in chain]
    return pickle.dumps(_Chain(tuple(packed), tuple(links)), 5)


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


def _try_pickle(value: Any, *, is_bare: bool = False, is_apart: bool = False) -> bytes:
    """``value`` as bytes that load again; b"" where there are none."""

    def dump() -> bytes:
        stream = io.BytesIO()
        _Pickler(stream, is_bare=is_bare, is_apart=is_apart).dump(value)
        packed = stream.getvalue()
        pickle.loads(packed)
        return packed

    try:
        return call_deep(dump)
    except Exception:
        # whatever a user's class raises when it is pickled
        return b""


def _take_apart(error: BaseException, *, is_apart: bool) -> Any:
    cls, text = type(error), _text(error) or ""
    state = {name: each for name, each in vars(error).items() if _try_pickle(each)}
    args = tuple([each if _try_pickle(each) else repr(each) for each in error.args])
    known = cls if _try_pickle(cls) else None
    chain = (None, None, False) if is_apart else (error.__cause__, error.__context__, error.__suppress_context__)
    return _put_together, (known, cls.__module__, cls.__qualname__, text, args, state, *chain, error.__traceback__)


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
