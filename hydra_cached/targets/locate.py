"""From a dotted id to the object, by Hydra's rules. Imports modules, remembers nothing."""

from __future__ import annotations

import builtins
import difflib
import importlib
import pkgutil
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from hydra_cached.errors import TargetError

_NOT_THERE = "a module must be in the working directory, or installed"
_SHOWN_MEMBERS = 8


def locate_target(name: str, *, path: str = "") -> Any:
    """The object that the dotted ``name`` leads to: attribute before submodule, as in Hydra.

    Args:
        path: config path of the node, for the message.

    >>> locate_target("os.path.join").__module__
    'posixpath'

    Raises:
        TargetError: it cannot be imported; ``__cause__`` is the exception, the hint names what is near.
    """
    parts = name.split(".")
    if not all(parts):
        raise TargetError(
            f"{_cannot_import(name, path)}: it is no dotted name",
            hint='write it as "module.name"; relative names are not supported',
            path=path,
            target=name,
        )
    found: Any = _import_module(parts, 1, None, path)
    for depth in range(1, len(parts)):
        try:
            found = getattr(found, parts[depth])
        except AttributeError as exc:
            if not isinstance(found, ModuleType):
                raise _absent(parts, depth, found, path) from exc
            found = _import_module(parts, depth + 1, found, path)
        except Exception as exc:
            # a module's own __getattr__ imports, and that failed
            raise _raised(parts, exc, path) from exc
    return found


def check_callable(target: Any, name: str, *, path: str = "") -> None:
    """Refuse what cannot be called.

    Raises:
        TargetError: ``target``, found as ``name``, is not callable.
    """
    if callable(target):
        return
    where = f" at {path}" if path else ""
    if isinstance(target, ModuleType):
        near = [member for member, value in vars(target).items() if callable(value) and not member.startswith("_")]
        hint = f'name a function in it, such as "{name}.{near[0]}"' if near else "name a function in it"
        raise TargetError(f'cannot call "{name}"{where}: it is a module', hint=hint, path=path, target=name)
    raise TargetError(
        f'cannot call "{name}"{where}: it is of type {type(target).__name__}',
        hint="a target is a function, a class or another callable",
        path=path,
        target=name,
    )


def _import_module(parts: list[str], length: int, parent: ModuleType | None, path: str) -> ModuleType:
    module = ".".join(parts[:length])
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as exc:
        if isinstance(exc, ModuleNotFoundError) and exc.name == module:
            raise _absent(parts, length - 1, parent, path) from exc
        raise _raised(parts, exc, path) from exc


def _cannot_import(name: str, path: str) -> str:
    return f'cannot import "{name}" at {path}' if path else f'cannot import "{name}"'


def _raised(parts: list[str], exc: BaseException, path: str) -> TargetError:
    name = ".".join(parts)
    reason = " ".join(f"{type(exc).__name__}: {exc}".split())
    hint = "that exception comes from the module itself"
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        hint = f'install "{exc.name}", or mend its import'
    return TargetError(f"{_cannot_import(name, path)}: {reason}", hint=hint, path=path, target=name)


def _absent(parts: list[str], depth: int, parent: Any, path: str) -> TargetError:
    """``parent``, reached by the first ``depth`` parts, has no such attribute and no such module."""
    name, part = ".".join(parts), parts[depth]
    reached, rest = ".".join(parts[:depth]), "".join(f".{later}" for later in parts[depth + 1 :])
    if parent is None:
        reason = f'no module "{part}"'
        # of all that is installed something is always faintly alike
        near = difflib.get_close_matches(part, _importable_names(), n=1, cutoff=0.8)
        hint = f'did you mean "{near[0]}{rest}"?' if near else _NOT_THERE
        if len(parts) == 1 and hasattr(builtins, part):
            hint = f'did you mean "builtins.{part}"?'
    else:
        kind = "module" if isinstance(parent, ModuleType) else type(parent).__name__
        reason = f'no "{part}" in {"class" if isinstance(parent, type) else kind} "{reached}"'
        names = _member_names(parent)
        near = difflib.get_close_matches(part, names, n=1, cutoff=0.7)
        hint = f'did you mean "{reached}.{near[0]}{rest}"?' if near else _describe_members(parent, names, kind)
    return TargetError(f"{_cannot_import(name, path)}: {reason}", hint=hint, path=path, target=name)


def _describe_members(parent: Any, names: Iterable[str], kind: str) -> str:
    """What is to be found in ``parent``, of its own and callable at first, where nothing is near."""
    public = sorted(name for name in names if not name.startswith("_"))
    if isinstance(parent, ModuleType):
        own = [name for name in public if getattr(vars(parent).get(name), "__module__", None) == parent.__name__]
        public = own or public
    elif not isinstance(parent, type):
        return f"a {kind} holds nothing that can be called by name; end the name before it"
    shown = ", ".join(public[:_SHOWN_MEMBERS]) + (", ..." if len(public) > _SHOWN_MEMBERS else "")
    return f"it has {shown}" if public else "it has no public names"


def _member_names(parent: Any) -> set[str]:
    names = set(dir(parent))
    if isinstance(parent, ModuleType):
        names.update(info.name for info in pkgutil.iter_modules(getattr(parent, "__path__", ())))
    return {name for name in names if not name.startswith("__")}


def _importable_names() -> set[str]:
    return {info.name for info in pkgutil.iter_modules()} | sys.stdlib_module_names
