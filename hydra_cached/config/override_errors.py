"""Says why an override cannot be applied, and what was probably meant. Decides nothing."""

from __future__ import annotations

import difflib
import re
from typing import Any

from hydra_cached.config.kinds import is_omegaconf
from hydra_cached.config.override_grammar import Edit, key_text
from hydra_cached.errors import OverrideError

_REFERENCE = re.compile(r"\$\{([^.:${}][^:${}]*)\}")


def absent_key(edit: Edit, depth: int, container: Any) -> OverrideError:
    """The dict ``container``, reached by the first ``depth`` parts of the key path, has no such key."""
    where = f' at "{edit.path(depth)}"' if depth else ""
    near = _nearest_path(edit, depth, container)
    if near:
        hint = f'did you mean "{near}"?'
    else:
        names = [key_text(key) for key in container]
        hint = f"the keys there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else ""
    if edit.action == "change":
        hint = f"{hint}{' ' if near else '; ' if hint else ''}use +{edit.text} to add it"
    return OverrideError(f'no key "{edit.keys[depth]}" in the config{where}', hint=hint or None)


def no_index(edit: Edit, depth: int, length: int) -> OverrideError:
    """A list of ``length``, reached by the first ``depth`` parts of the key path, has no such item."""
    part, where = edit.keys[depth], f'the list at "{edit.path(depth)}"' if depth else "the list"
    items = f"its items are 0 to {length - 1}" if length else "it is empty"
    if not part.lstrip("-").isdigit():
        return OverrideError(f'"{part}" is no index into {where}', hint=items)
    return OverrideError(f"no item {part} in {where}", hint=f"{items}; to make it longer, set all of it")


def not_a_container(edit: Edit, depth: int, value: Any) -> OverrideError:
    """What the first ``depth`` parts of the key path lead to has nothing inside it."""
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    path = edit.path(depth)
    return OverrideError(
        f'cannot apply "{edit.text}": "{path}" is {shown}, not a dict or list',
        hint=f"replace it: {path}={{{edit.keys[depth]}: ...}}" if edit.has_value else None,
    )


def behind_reference(edit: Edit, depth: int, reference: str) -> OverrideError:
    """What the first ``depth`` parts of the key path lead to is written elsewhere."""
    hint = "override what it refers to"
    found = _REFERENCE.fullmatch(reference)
    if found:
        hint += f": {'.'.join([found[1], *edit.keys[depth:]])}"
    return OverrideError(f'cannot apply "{edit.text}": "{edit.path(depth)}" is the reference "{reference}"', hint=hint)


def already_there(edit: Edit) -> OverrideError:
    """`+` on a key that has a value."""
    bare = edit.text.lstrip("+")
    return OverrideError(
        f'cannot add "{edit.path()}": it is in the config already', hint=f"use {bare} to change it, or ++{bare}"
    )


def other_value(edit: Edit, value: Any) -> OverrideError:
    """`~key=value` where the value is another."""
    return OverrideError(
        f'cannot delete "{edit.path()}": it is {value!r}, not {edit.value!r}',
        hint=f"use ~{edit.path()} to delete it whatever it is",
    )


def other_kind(edit: Edit, depth: int, present: str, given: str) -> OverrideError:
    """A dict for a list, or a list for a dict."""
    bare, path = edit.text.lstrip("+"), edit.path(depth)
    return OverrideError(
        f'cannot apply "{edit.text}": "{path}" is a {present}, the value a {given}',
        hint=f"delete it first: ~{path} +{bare}",
    )


def not_a_list(edit: Edit) -> OverrideError:
    """extend_list() on something else."""
    return OverrideError(f'cannot extend "{edit.path()}": it is not a list', hint=f"use {edit.path()}=[...]")


def refused_by_omegaconf(edit: Edit, exc: Exception) -> OverrideError:
    """A declared type or a flag of the config does not allow it."""
    reason = (str(exc).splitlines() or [type(exc).__name__])[0].strip().rstrip(".")
    hint = None
    if type(exc).__name__ == "ReadonlyConfigError":
        hint = "the config is read-only; make it writable where it is defined"
    elif type(exc).__name__ == "ValidationError":
        hint = f'give "{edit.path()}" a value of the type its class declares'
    elif type(exc).__name__ in ("ConfigKeyError", "ConfigAttributeError") and not edit.is_adding:
        hint = f"use +{edit.text} to add it"
    return OverrideError(f'cannot apply "{edit.text}": {reason}', hint=hint)


def _nearest_path(edit: Edit, depth: int, container: Any) -> str | None:
    near = _nearest_name(edit.keys[depth], [key_text(key) for key in container])
    if near:
        return ".".join([*edit.keys[:depth], near, *edit.keys[depth + 1 :]])
    if is_omegaconf(container):
        from omegaconf import OmegaConf

        container = OmegaConf.to_container(container)
    below = _find_below(container, edit.keys[-1])
    return ".".join([*edit.keys[:depth], *below]) if below else None


def _nearest_name(name: str, names: list[str]) -> str | None:
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return near[0]
    # "lr" for "lr_rate" is no close match, but the commonest slip
    longer = [other for other in names if len(other) > 1 and (name.startswith(other) or other.startswith(name))]
    return max(longer, key=len, default=None)


def _find_below(container: Any, name: str) -> list[str] | None:
    """The shortest key path inside ``container`` that ends in ``name``."""
    seen: set[int] = set()
    level: list[tuple[list[str], Any]] = [([], container)]
    while level:
        below: list[tuple[list[str], Any]] = []
        for path, value in level:
            if id(value) in seen or not isinstance(value, (dict, list, tuple)):
                continue
            seen.add(id(value))
            for key, child in value.items() if isinstance(value, dict) else enumerate(value):
                here = [*path, key_text(key)]
                if here[-1] == name:
                    return here
                below.append((here, child))
        level = below
    return None
