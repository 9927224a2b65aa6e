"""What a callable declares about itself, by decorators. Says nothing about what a config declares.

Marks are one attribute on the object, found by ordinary attribute look-up: a subclass has those of its base unless it
is marked itself, a bound method those of its function, `functools.wraps` hands them on. What is marked further inside
counts too: a class's `__init__` and `__new__`, an instance's `__call__`, what a partial calls.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, TypeVar

from hydra_cached.errors import UsageError

_ATTRIBUTE = "__hydra_cached_marks__"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a callable declares about itself.

    Attributes:
        is_deterministic: equal arguments give an equal result.
        is_cached: the result may be kept at all; False is `_cache_result_: false`.
        version: set by hand, or None.
        env: names of environment variables it reads, in the order declared.
        inputs: arguments, or paths, that name files, folders or globs it reads, besides the arguments that name
            existing files; None where nothing is declared. Empty: no argument counts as a file.
        outputs: arguments, or paths, that name what it writes.
        depends_on: callables, classes or modules, or dotted names of them, whose code counts as its own.
        is_materialized: an iterator that it gives is read at once, into a list, so that it can be stored and shared.
        retries: how often a call that raised is made again.
        timeout_s: seconds after which a call in another process is given up, or None.
        resources: (name, amount) of what a worker must have to run it.
    """

    is_deterministic: bool = True
    is_cached: bool = True
    version: str | None = None
    env: tuple[str, ...] = ()
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] = ()
    depends_on: tuple[Any, ...] = ()
    is_materialized: bool = False
    retries: int = 0
    timeout_s: float | None = None
    resources: tuple[tuple[str, float], ...] = ()


_UNMARKED = Marks()


def marks_of(target: Any) -> Marks:
    """What ``target`` declares, `Marks()` if nothing.

    >>> marks_of(not_deterministic(lambda: 1)).is_deterministic
    False
    """
    marks = _own_marks(target)
    if isinstance(target, functools.partial):
        marks = _combine(marks, marks_of(target.func))
    elif isinstance(target, type):
        for constructor in (target.__init__, target.__new__):  # type: ignore[misc]
            marks = _combine(marks, _own_marks(constructor))
    else:
        called: Any = type(target)
        marks = _combine(marks, _own_marks(called.__call__) if callable(target) else _UNMARKED)
    return marks


def not_deterministic(target: T) -> T:
    """Declare that equal calls may give different results: it runs once per run, whatever is stored.

    >>> @not_deterministic
    ... def today(): ...
    """
    return _mark(target, is_deterministic=False)


def not_cached(target: T) -> T:
    """Declare that results are never kept, as `_cache_result_: false` does in a config."""
    return _mark(target, is_cached=False)


def version(number: str) -> Callable[[T], T]:
    """Declare a version by hand; another version is another recipe.

    >>> @version("2")
    ... def train(): ...
    """
    if not isinstance(number, str):
        raise UsageError(f"a version is a string, not {number!r}", hint='write @version("2")')
    return lambda target: _mark(target, version=number)


def env(*names: str) -> Callable[[T], T]:
    """Declare environment variables whose values count as arguments.

    >>> @env("LANG")
    ... def greet(): ...
    """
    if not names or not all(isinstance(name, str) for name in names):
        raise UsageError("env needs names of environment variables", hint='write @env("LANG")')
    return _adding("env", names)


def input_files(*arguments: str) -> Callable[[T], T]:
    """Declare what is read: arguments that name files, folders or globs, or paths themselves.

    Arguments that name an existing file count by content without being declared; `@input_files()` switches that off.
    A folder counts with all that is below it.

    >>> @input_files("folder")
    ... def load(folder): ...
    """
    if not _are_names(arguments):
        raise UsageError("input_files takes names of arguments, or paths", hint='write @input_files("folder")')
    return _adding("inputs", arguments)


def output_files(*arguments: str) -> Callable[[T], T]:
    """Declare what is written: arguments that name files, folders or globs, or paths themselves.

    A reused result requires them to be there as they were left.

    >>> @output_files("folder")
    ... def save(folder): ...
    """
    if not arguments or not _are_names(arguments):
        raise UsageError("output_files needs names of arguments, or paths", hint='write @output_files("folder")')
    return _adding("outputs", arguments)


def depends_on(*others: Any) -> Callable[[T], T]:
    """Declare code that counts though reading does not find it: callables, classes, modules or dotted names of them.

    >>> import json
    >>> @depends_on(json.loads, "json.decoder")
    ... def parse(): ...
    """
    if not others or not all(isinstance(other, (str, ModuleType)) or callable(other) for other in others):
        raise UsageError(
            "depends_on needs functions, classes or modules, or their names", hint="write @depends_on(other)"
        )
    return _adding("depends_on", others)


def _are_names(given: tuple[Any, ...]) -> bool:
    return all(isinstance(name, str) and name for name in given)


def _adding(field: str, declared: tuple[Any, ...]) -> Callable[[T], T]:
    def decorate(target: T) -> T:
        # the order is that of the names, not that of the decorators, which run bottom-up
        return _mark(target, **{field: tuple(dict.fromkeys((*declared, *(getattr(_own_marks(target), field) or ()))))})

    return decorate


def _own_marks(target: Any) -> Marks:
    found = getattr(target, _ATTRIBUTE, None)
    # an object that invents any attribute it is asked for has no marks
    return found if isinstance(found, Marks) else _UNMARKED


def _combine(outer: Marks, inner: Marks) -> Marks:
    if inner is _UNMARKED:
        return outer
    return Marks(
        is_deterministic=outer.is_deterministic and inner.is_deterministic,
        is_cached=outer.is_cached and inner.is_cached,
        version=inner.version if outer.version is None else outer.version,
        env=tuple(dict.fromkeys((*outer.env, *inner.env))),
        inputs=inner.inputs if outer.inputs is None else (*outer.inputs, *(inner.inputs or ())),
        outputs=(*outer.outputs, *inner.outputs),
        depends_on=(*outer.depends_on, *inner.depends_on),
    )


def _mark(target: T, **changes: Any) -> T:
    if isinstance(target, (staticmethod, classmethod)):
        # what is called is the function inside
        marked = _mark(target.__func__, **changes)
        return target if marked is target.__func__ else type(target)(marked)
    if not callable(target):
        raise UsageError(f"cannot mark {target!r}: it is not callable", hint="decorate a function or a class")
    marks = replace(_own_marks(target), **changes)
    try:
        setattr(target, _ATTRIBUTE, marks)
    except (AttributeError, TypeError):
        wrapped: Any = _wrap(target)
        setattr(wrapped, _ATTRIBUTE, marks)
        return wrapped  # type: ignore[no-any-return]
    return target


def _wrap(target: Callable[..., Any]) -> Callable[..., Any]:
    # builtins, bound methods and slotted instances take no attributes
    @functools.wraps(target)
    def call(*args: Any, **kwargs: Any) -> Any:
        return target(*args, **kwargs)

    return call
