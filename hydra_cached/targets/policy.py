"""Decides which targets a config may call: by written name before import, by identity after. Calls none.

Without an allow-list everything may be called that is not denied (`denied.py`). With one, only what it lists:

- The written name has to match an entry, before anything is imported: no module outside the list is loaded.
- An entry without `*`, `?` and `[` is exact. Where the name is written like that, the target is allowed whatever it is:
  so it also lifts a denial. Only this does.
- Where the name matches a glob, what it leads to must not be denied, and its *id*, the place where it is really
  defined, has to match an entry too. `*` alone is everything that is not denied.

So `mypkg.*` does not let `mypkg.np.save` through (it is `numpy.save`), nor a re-export of another package's function:
list such a one exactly. What has no name of its own counts by what it is made of: a partial by what it calls, a bound
method by its function, another object by its class. Modules of the standard library count under their public names
(`os.path.join`, not `posixpath.join`); globs match dots too.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any, Literal

from hydra_cached.errors import TargetError, UsageError
from hydra_cached.targets.denied import DENIED, DENIED_PREFIXES, EXCEPTED, GUARDED, INNER_NAMES, PUBLIC_MODULES
from hydra_cached.targets.identity import target_id as id_of

_GLOB = frozenset("*?[")
_INNER_NAME = re.compile(r"__\w*__\Z")


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """What a config may call.

    Attributes:
        allow: exact ids or names, and globs; empty allows everything that is not denied.
        is_enforced: False checks nothing: the config is the user's own code.
        is_strict: True allows nothing but what ``allow`` lists, even if that is empty.
        option: how the caller says what is allowed, for the hints: on the command line, or in Python.
    """

    allow: tuple[str, ...] = ()
    is_enforced: bool = True
    is_strict: bool = False
    option: Literal["--allow", "allow="] = "--allow"

    def __post_init__(self) -> None:
        entries: Any = self.allow
        if not isinstance(entries, tuple) or not all(isinstance(entry, str) and entry.strip() for entry in entries):
            raise UsageError(
                f"what is allowed must be a list of target ids or globs, got {self.allow!r}",
                hint="write it as --allow 'mypkg.*'" if self.option == "--allow" else 'write it as allow=["mypkg.*"]',
            )


UNCHECKED = TargetPolicy(is_enforced=False)
"""For configs that are the user's own code."""


def check_name(name: str, policy: TargetPolicy, *, path: str) -> None:
    """Refuse a target by the name that the config writes, before anything is imported.

    Args:
        path: config path of the node, "" at the root.

    Raises:
        TargetError: it is denied or not allowed, or leads through Python's own workings (`f.__globals__`).
    """
    if not policy.is_enforced or _is_listed(policy, name):
        return
    inner = next((part for part in name.split(".") if _is_inner(part, name)), None)
    if inner is not None:
        raise _refusal(name, name, f'"{_printable(inner)}" leads into Python\'s own workings', policy, path)
    _judge(name, name, policy, path)


def check_dependency(name: str, policy: TargetPolicy, *, path: str) -> None:
    """Refuse code that a config says a call depends on, by the name that it writes, before anything is imported.

    Raises:
        TargetError: it is denied or not allowed. A module is, where something in it is.
    """
    if not any(public_id(entry).startswith(f"{public_id(name)}.") for entry in policy.allow):
        check_name(name, policy, path=path)


def may_be_named(name: str, policy: TargetPolicy) -> bool:
    """Whether a config may name this."""
    try:
        check_name(name, policy, path="")
    except TargetError:
        return False
    return True


def check_identity(target: Any, target_id: str, written: str, policy: TargetPolicy, *, path: str) -> None:
    """Refuse a target by what it really is, whichever name led to it.

    Args:
        target: the callable that was found.
        target_id: its canonical id, for the message of what was not written by name.
        written: the name by which it was found, "" for a callable that stands in the config itself.

    Raises:
        TargetError: it is denied, or not allowed.
    """
    if not policy.is_enforced or (written and _is_listed(policy, written)):
        return
    for counted in _counted_ids(target):
        _judge(counted, written or target_id, policy, path)


def check_id(target_id: str, policy: TargetPolicy, *, path: str) -> None:
    """Refuse a target by an id that was recorded, importing nothing.

    Raises:
        TargetError: it is denied, or not allowed.
    """
    if policy.is_enforced and not _is_listed(policy, target_id):
        counted = target_id
        while counted.startswith("functools.partial(") and counted.endswith(")"):
            counted = counted.removeprefix("functools.partial(")[:-1]
        _judge(counted.removesuffix("()"), target_id, policy, path)


def check_found(found: Any, written: str, policy: TargetPolicy, *, path: str) -> None:
    """Refuse an object that a config takes by its name without calling it.

    Raises:
        TargetError: it is a module or an object of the whole process, whose inside nobody would check; or a callable
            that is denied, or not allowed.
    """
    if not policy.is_enforced or _is_listed(policy, written):
        return
    if isinstance(found, ModuleType):
        raise _refusal(written, written, "is a module, and what is taken from it would not be checked", policy, path)
    guarded = _guarded_name(found)
    if guarded is not None:
        _judge(guarded, written, policy, path)
    elif callable(found):
        check_identity(found, written, written, policy, path=path)


def refuse(written: str, reason: str, policy: TargetPolicy, *, path: str) -> None:
    """Refuse a target for a reason that its arguments give, unless it is listed exactly.

    Args:
        reason: a sentence that begins with "it", without that word.

    Raises:
        TargetError: always, but for exactly listed targets.
    """
    if policy.is_enforced and not _is_listed(policy, written):
        raise _refusal(written, written, reason, policy, path)


def allow_only(allow: Sequence[str] | None) -> TargetPolicy:
    """The policy that callers in Python ask for: None checks nothing, an empty list refuses what is denied.

    Raises:
        UsageError: it is not a list of ids and globs.
    """
    if allow is None:
        return UNCHECKED
    # callers are not all checked for types
    given: Any = (allow,) if isinstance(allow, str) else allow
    return TargetPolicy(tuple(given) if isinstance(given, Iterable) else given, option="allow=")


def public_id(target_id: str) -> str:
    """The id with the public name of a standard library's module.

    >>> public_id("posixpath.join")
    'os.path.join'
    """
    parts = target_id.split(".")
    for length in (2, 1):
        public = PUBLIC_MODULES.get(".".join(parts[:length]))
        if public is not None and len(parts) > length:
            return ".".join((public, *parts[length:]))
    if parts[0].startswith("_") and {parts[0], parts[0][1:]} <= sys.stdlib_module_names:
        return target_id[1:]
    return target_id


def find_denial(counted: str, policy: TargetPolicy, reason: str | None = None) -> str | None:
    """Why what is called ``counted`` is denied, as a sentence without its "it"; None where it is not, or is listed.

    Args:
        reason: what to say where it is not denied by name.
    """
    return None if _is_listed(policy, counted) else _denial(public_id(counted)) or reason


def _judge(counted: str, written: str, policy: TargetPolicy, path: str) -> None:
    """
    Raises:
        TargetError: what is called ``counted`` is denied, or not allowed.
    """
    if _is_listed(policy, counted):
        return
    public = public_id(counted)
    reason = _denial(public)
    is_strict = policy.is_strict or bool(policy.allow)
    if reason is None and is_strict and not any(_matches(entry, counted) for entry in policy.allow):
        reason = ""
    if reason is not None:
        raise _refusal(written, public, reason, policy, path)


def _matches(glob: str, counted: str) -> bool:
    return fnmatchcase(public_id(counted), glob) or fnmatchcase(counted, glob)


def _denial(public: str) -> str | None:
    """Why an id is denied, as a sentence without its "it"; None where it is not."""
    parts = public.split(".")
    for length in range(len(parts), 0, -1):
        inside = ".".join(parts[:length])
        if inside in EXCEPTED:
            return None
        if inside in DENIED:
            return DENIED[inside]
    return next((reason for prefix, reason in DENIED_PREFIXES if public.startswith(prefix)), None)


def _is_listed(policy: TargetPolicy, name: str) -> bool:
    """Whether an exact entry names it; a glob is none."""
    return bool(policy.allow) and public_id(name) in {public_id(e) for e in policy.allow if not _GLOB & set(e)}


def _is_inner(part: str, name: str) -> bool:
    # a script's own functions are __main__.f; pkg.__main__ runs a program when it is imported
    return part in INNER_NAMES or (
        _INNER_NAME.match(part) is not None and not (part == "__main__" and name.startswith("__main__."))
    )


def _counted_ids(target: Any) -> Iterator[str]:
    """The ids of what runs when ``target`` is called."""
    if isinstance(target, functools.partial):
        yield from _counted_ids(target.func)
        return
    yield guarded_id(target) or id_of(target).removesuffix("()")


def guarded_id(target: Any) -> str:
    """The id of a method of an object of the whole process, by that object, or of the object; "" for anything else."""
    own = _guarded_name(target)
    if own is not None:
        return own
    owner = getattr(target, "__self__", None)
    guarded = None if owner is None or isinstance(owner, ModuleType) else _guarded_name(owner)
    return "" if guarded is None else f"{guarded}.{getattr(target, '__name__', '')}"


def _guarded_name(found: Any) -> str | None:
    for name in GUARDED:
        module, _, attribute = name.partition(".")
        if found is getattr(sys.modules.get(module), attribute, None) and found is not None:
            return name
    return None


def _refusal(written: str, counted: str, reason: str, policy: TargetPolicy, path: str) -> TargetError:
    is_alias = public_id(written) != counted
    if reason == "":
        nothing = "no --allow matches" if policy.option == "--allow" else "no entry of allow matches"
        why = f"it is {counted}, which {nothing}" if is_alias else f"{nothing} it"
    elif reason.startswith('"'):
        why = reason
    else:
        why = f"it is {counted}, which {reason}" if is_alias else f"it {reason}"
    where = f"at {path}" if path else "at the root"
    message = f'target "{_printable(written)}" {where} is refused: {_printable(why)}'
    # what was allowed without a list stays so with it
    entries = [written] if policy.allow or policy.is_strict else [written, "*"]
    hint = f"allow it with {spell_option(entries, policy)} if you trust this config"
    package = next((entry for entry in policy.allow if reason == "" and written.startswith(f"{entry}.")), None)
    if package is not None:
        hint = f"did you mean {spell_option([f'{package}.*'], policy)}?"
    if policy.option == "allow=":
        # callers of `instantiate` see Hydra's exceptions, which have no hints
        message = f"{message}; {spell_option(entries, policy)} allows it"
    return TargetError(message, hint=hint, path=path, target=written)


def spell_option(entries: list[str], policy: TargetPolicy) -> str:
    """How the caller says that ``entries`` are allowed."""
    if policy.option == "--allow":
        # as a shell takes it: the name comes from a config that is not trusted yet
        return " ".join("--allow '{}'".format(_printable(entry).replace("'", "'\"'\"'")) for entry in entries)
    return "allow=[{}]".format(", ".join('"{}"'.format(_printable(entry).replace('"', r"\"")) for entry in entries))


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
