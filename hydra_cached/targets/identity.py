"""The one id of a callable, whichever way it was spelled or handed over. An id names; it does not fingerprint.

Ids that lead back to their object are `module.qualname` of where it is defined (`posixpath.join`,
`pkg.models.Encoder.load`, `builtins.len`), or the name it has in that module (a lambda or an instance kept there), or
else the dotted name as spelled. Callables that no name leads to get an id that only describes them:

    pkg.steps.<lambda>                      a lambda
    pkg.steps.outer.<locals>.inner          a local function
    pkg.models.Encoder.fit                  a bound method, by its function
    functools.partial(pkg.steps.clean)      a partial, by what it calls
    pkg.models.Encoder()                    any other callable instance, by its class
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, BuiltinMethodType, MethodType, MethodWrapperType, ModuleType
from typing import Any

from hydra_cached.targets.locate import check_callable, locate_target

_ABSENT = object()


def target_id(target: str | Callable[..., Any]) -> str:
    """The canonical id of a callable, as `-e`, the store and the keys use it.

    >>> target_id("os.path.join")
    'posixpath.join'
    >>> target_id(len)
    'builtins.len'

    Raises:
        TargetError: ``target`` is a name that cannot be located, or is not callable.
    """
    if isinstance(target, str):
        found = locate_target(target)
        check_callable(found, target)
        return _locatable_id(found) or target
    check_callable(target, repr(target))
    return _locatable_id(target) or _describe(target)


def claimed_id(target: Any) -> str:
    """The id that a callable claims by its module and name, or by those of its class. Looks for nothing.

    >>> claimed_id(len)
    'builtins.len'
    """
    module, qualname = _home_of(target)
    if qualname is None:
        module, qualname = _home_of(type(target))
    return f"{module}.{qualname}"


def _locatable_id(target: Any) -> str | None:
    """The first of the names under which ``target`` is likely to be known that really leads back to it."""
    return next((name for name in _likely_names(target) if _leads_to(name, target)), None)


def _likely_names(target: Any) -> Iterator[str]:
    module, qualname = _home_of(target)
    if module is None:
        return
    if qualname is not None:
        yield f"{module}.{qualname}"
    # kept under another name: a lambda, an instance, the method of a hidden instance such as random.random
    for name, value in list(vars(sys.modules[module]).items()) if module in sys.modules else ():
        if _is_same(value, target):
            yield f"{module}.{name}"
    if qualname is not None and "<locals>" in qualname:
        # what a decorator returned is kept where the decorator was used
        yield from _names_in_other_modules(target)


def _names_in_other_modules(target: Any) -> Iterator[str]:
    found: list[str] = []
    modules: list[tuple[str, Any]] = list(sys.modules.items())
    for module_name, module in modules:
        if not isinstance(module, ModuleType) or module_name == "__mp_main__":
            continue
        content = vars(module)
        found.extend(f"{module_name}.{name}" for name, value in list(content.items()) if value is target)
    # an example of use among several must not depend on the order of imports
    yield from sorted(found)


def _home_of(target: Any) -> tuple[str | None, str | None]:
    """Module and qualified name that ``target`` claims, either None where it claims none."""
    owner = getattr(target, "__self__", None)
    if _is_bound(target) and isinstance(owner, type):
        # an inherited classmethod is another callable in each class
        return owner.__module__, f"{owner.__qualname__}.{target.__name__}"
    owner = getattr(target, "__objclass__", owner)
    if isinstance(owner, type):
        return owner.__module__, f"{owner.__qualname__}.{target.__name__}"
    qualname = _text_of(target, "__qualname__") or _text_of(target, "__name__")
    module = getattr(target, "__module__", None)
    if not isinstance(module, str):
        module = type(owner).__module__ if _is_bound(target) else type(target).__module__
    return module, qualname


def _text_of(target: Any, attribute: str) -> str | None:
    """An attribute that is text. Some objects answer any name, with what may not even say whether it is true."""
    found = getattr(target, attribute, None)
    return found if isinstance(found, str) else None


def _is_bound(target: Any) -> bool:
    return isinstance(target, (MethodType, BuiltinMethodType, BuiltinFunctionType, MethodWrapperType))


def _leads_to(name: str, target: Any) -> bool:
    # imports nothing: what defines a callable has been imported, unless it lies about its module
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        found: Any = sys.modules.get(".".join(parts[:length]), _ABSENT)
        if found is _ABSENT:
            continue
        for part in parts[length:]:
            found = getattr(found, part, _ABSENT)
        return _is_same(found, target)
    return False


def _is_same(found: Any, target: Any) -> bool:
    # a bound method is made anew at each access; == is safe on methods alone
    return found is target or (_is_bound(target) and type(found) is type(target) and bool(found == target))


def _describe(target: Any) -> str:
    if isinstance(target, functools.partial):
        return f"functools.partial({target_id(target.func)})"
    if isinstance(target, MethodType):
        return _describe(target.__func__)
    qualname = getattr(target, "__qualname__", None)
    if isinstance(qualname, str):
        module, _ = _home_of(target)
        return f"{module}.{qualname}"
    return f"{target_id(type(target))}()"
