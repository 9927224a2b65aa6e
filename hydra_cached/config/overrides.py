"""Applies overrides to configs with Hydra's semantics. The given config is never changed.

In plain dicts and lists only the containers on an override's path are copied; everything else stays the very same
object, so what was shared and is untouched is shared still.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from hydra_cached.config.key_paths import check_replaceable, find_index, find_key, is_empty, is_reference
from hydra_cached.config.kinds import is_omegaconf, is_structured
from hydra_cached.config.override_errors import (
    absent_key,
    already_there,
    behind_reference,
    not_a_container,
    not_a_list,
    other_value,
)
from hydra_cached.config.override_grammar import Edit, key_text, parse_overrides

_ABSENT = object()


def apply_overrides(config: Any, overrides: Sequence[str]) -> Any:
    """The config with every override applied in turn; ``config`` itself when there are none.

    `a.b=1` changes what is there, `+a.b=1` adds, `++a.b=1` does either, `~a.b` deletes; a dict is merged into a dict,
    a list replaces a list, an item of a list is `steps.0`. A dataclass or attrs object becomes an OmegaConf one.
    Unlike in Hydra, no override reaches through a number or a string to put a dict in its place.

    >>> apply_overrides({"model": {"lr": 1}}, ["model.lr=2"])
    {'model': {'lr': 2}}

    Raises:
        OverrideError: it is not in Hydra's grammar, or does not fit the config.
    """
    if not overrides:
        return config
    for edit in parse_overrides(overrides):
        config = _edited(config, edit, 0)
    return config


def _edited(value: Any, edit: Edit, depth: int) -> Any:
    """``value``, reached by the first ``depth`` parts of the key path, with the edit made inside it."""
    if isinstance(value, dict):
        return _edited_dict(value, edit, depth)
    if isinstance(value, list) or type(value) is tuple:
        return _edited_list(value, edit, depth)
    if is_omegaconf(value) or is_structured(value):
        # imports omegaconf, so only where there is something of its kind
        from hydra_cached.config.omegaconf_overrides import edit_omegaconf

        return edit_omegaconf(value, edit, depth)
    if is_empty(value):
        if edit.is_adding:
            return _edited_dict({}, edit, depth)
        raise absent_key(edit, depth, {})
    if is_reference(value):
        raise behind_reference(edit, depth, value)
    raise not_a_container(edit, depth, value)


def _edited_dict(value: dict[Any, Any], edit: Edit, depth: int) -> dict[Any, Any]:
    key = find_key(value.keys(), edit.keys[depth])
    present = value.get(key, _ABSENT)
    if present is _ABSENT and not edit.is_adding:
        raise absent_key(edit, depth, value)
    edited = copy.copy(value)
    if depth + 1 < len(edit.keys):
        edited[key] = _edited(None if present is _ABSENT else present, edit, depth + 1)
    elif edit.action == "delete":
        _check_deletable(present, edit)
        del edited[key]
    else:
        edited[key] = _new_value(present, edit)
    return edited


def _edited_list(value: list[Any] | tuple[Any, ...], edit: Edit, depth: int) -> list[Any] | tuple[Any, ...]:
    index = find_index(len(value), edit, depth)
    edited = list(value)
    if depth + 1 < len(edit.keys):
        edited[index] = _edited(value[index], edit, depth + 1)
    elif edit.action == "delete":
        _check_deletable(value[index], edit)
        del edited[index]
    else:
        edited[index] = _new_value(value[index], edit)
    return tuple(edited) if isinstance(value, tuple) else edited


def _new_value(present: Any, edit: Edit) -> Any:
    """What stands at the end of the key path from now on, given what stands there."""
    value = edit.value
    if present is _ABSENT:
        return value
    if edit.action == "extend":
        if not isinstance(present, (list, tuple)):
            raise not_a_list(edit)
        return [*present, *value]
    if not isinstance(value, (dict, list)):
        if edit.action == "add" and not is_empty(present):
            raise already_there(edit)
        return value
    if isinstance(present, dict) and isinstance(value, dict):
        return _merged(present, edit)
    if is_omegaconf(present) or is_structured(present):
        from hydra_cached.config.omegaconf_overrides import merge_omegaconf

        return merge_omegaconf(present, edit)
    check_replaceable(present, edit)
    return value


def _merged(present: dict[Any, Any], edit: Edit) -> dict[Any, Any]:
    """``edit.value``, a dict, merged into the dict that is there."""
    merged = copy.copy(present)
    for written, item in edit.value.items():
        key = written if written in merged else find_key(merged.keys(), key_text(written))
        # below the merged dict "+" may overwrite, as in Hydra
        action = "put" if edit.action == "add" else edit.action
        inner = Edit(action, (*edit.keys, key_text(key)), item, True, edit.text)
        if key in merged:
            merged[key] = _new_value(merged[key], inner)
        elif edit.is_adding:
            merged[written] = item
        else:
            raise absent_key(inner, len(edit.keys), merged)
    return merged


def _check_deletable(present: Any, edit: Edit) -> None:
    if edit.has_value and present != edit.value:
        raise other_value(edit, present)
