"""Applies one override to an OmegaConf object or a dataclass, on a copy. Types and flags hold as they do in Hydra."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from omegaconf import OmegaConf, flag_override
from omegaconf.errors import OmegaConfBaseException

from hydra_cached.config.key_paths import check_replaceable, find_index, find_key, is_empty
from hydra_cached.config.kinds import is_omegaconf
from hydra_cached.config.omegaconf_internals import copy_with_root
from hydra_cached.config.override_errors import (
    absent_key,
    already_there,
    behind_reference,
    not_a_container,
    not_a_list,
    other_value,
    refused_by_omegaconf,
)
from hydra_cached.config.override_grammar import Edit

_SPECIAL = re.compile(r"([.\[\]=])")


def edit_omegaconf(config: Any, edit: Edit, depth: int) -> Any:
    """A copy of ``config``, reached by the first ``depth`` parts of the key path, with the edit made inside it.

    Raises:
        OverrideError: it does not fit, or the declared types or flags of the config do not allow it.
    """
    with _explained(edit):
        copied = _copy(config)
        container = copied
        while depth + 1 < len(edit.keys):
            container = _descend(container, edit, depth)
            depth += 1
        _finish(container, edit, depth)
    return copied


def merge_omegaconf(config: Any, edit: Edit) -> Any:
    """A copy of ``config``, at the end of the key path, with ``edit.value``, a dict or a list, merged into it.

    Raises:
        OverrideError: as above.
    """
    with _explained(edit):
        copied = _copy(config)
        check_replaceable(_plain(copied), edit)
        with flag_override(copied, "struct", not edit.is_adding):
            copied.merge_with(edit.value)
    return copied


@contextmanager
def _explained(edit: Edit) -> Iterator[None]:
    try:
        yield
    except (OmegaConfBaseException, TypeError, ValueError) as exc:
        raise refused_by_omegaconf(edit, exc) from exc


def _copy(config: Any) -> Any:
    if is_omegaconf(config):
        return copy_with_root(config)
    return OmegaConf.structured(config, flags={"allow_objects": True})


def _plain(container: Any) -> Any:
    return OmegaConf.to_container(container, resolve=False)


def _find(container: Any, edit: Edit, depth: int) -> tuple[Any, bool]:
    """The key or index that a part of the key path spells, and whether it is there."""
    if not OmegaConf.is_dict(container):
        return find_index(len(container), edit, depth), True
    keys = container.keys()
    key = find_key(keys, edit.keys[depth])
    return key, key in keys


def _descend(container: Any, edit: Edit, depth: int) -> Any:
    key, is_present = _find(container, edit, depth)
    if not is_present and not edit.is_adding:
        raise absent_key(edit, depth, container)
    if is_present and OmegaConf.is_interpolation(container, key):
        raise behind_reference(edit, depth + 1, _plain(container)[key])
    child = container[key] if is_present and not OmegaConf.is_missing(container, key) else None
    if is_omegaconf(child):
        return child
    if child is not None:
        raise not_a_container(edit, depth + 1, child)
    if not edit.is_adding:
        raise absent_key(edit, depth + 1, {})
    with flag_override(container, "struct", False):
        container[key] = {}
    return container[key]


def _finish(container: Any, edit: Edit, depth: int) -> None:
    key, is_present = _find(container, edit, depth)
    if not is_present and not edit.is_adding:
        raise absent_key(edit, depth, container)
    present = _plain(container)[key] if is_present else None
    is_nested = isinstance(edit.value, (dict, list))
    if edit.action == "add" and not is_nested and not is_empty(present):
        raise already_there(edit)
    if edit.action == "delete":
        if edit.has_value and present != edit.value:
            raise other_value(edit, present)
        with flag_override(container, "struct", False):
            del container[key]
        return
    if edit.action == "extend":
        if not isinstance(present, list):
            raise not_a_list(edit)
        container[key] = [*present, *edit.value]
        return
    with flag_override(container, "struct", not edit.is_adding):
        if is_nested and isinstance(present, (dict, list)):
            check_replaceable(present, edit)
            container[key].merge_with(edit.value)
        else:
            _assign(container, key, edit.value)


def _assign(container: Any, key: Any, value: Any) -> None:
    if OmegaConf.is_dict(container) and not isinstance(key, str):
        # a key path spells int and enum keys as strings, which omegaconf 2.3 takes for new keys
        container[key] = value
    else:
        # unlike an assignment, an update may convert to the declared type
        OmegaConf.update(container, _SPECIAL.sub(r"\\\1", str(key)), value, merge=False)
