"""Follows the key path of an override one step. Shared by plain and OmegaConf configs; changes neither."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hydra_cached.config.override_errors import no_index, other_kind
from hydra_cached.config.override_grammar import Edit, key_text


def find_key(keys: Collection[Any], part: str) -> Any:
    """The key that ``part`` spells: itself, else an int or enum key of that name, else itself again."""
    if part in keys:
        return part
    return next((key for key in keys if not isinstance(key, str) and key_text(key) == part), part)


def find_index(length: int, edit: Edit, depth: int) -> int:
    """The index that a part of the key path spells.

    Raises:
        OverrideError: no number, or out of range.
    """
    try:
        index = int(edit.keys[depth])
    except ValueError:
        raise no_index(edit, depth, length) from None
    if not -length <= index < length:
        raise no_index(edit, depth, length)
    return index


def is_empty(value: Any) -> bool:
    """Whether a value counts as not there when something is added: null and the mandatory "???"."""
    return value is None or (isinstance(value, str) and value == "???")


def is_reference(value: Any) -> bool:
    """Whether a value is written elsewhere: "${...}"."""
    return isinstance(value, str) and "${" in value


def check_replaceable(present: Any, edit: Edit) -> None:
    """Refuse a dict for a list and a list for a dict: Hydra would merge them, which is impossible.

    Raises:
        OverrideError: ``edit.value``, a dict or a list, cannot be merged into ``present``.
    """
    depth = len(edit.keys)
    if isinstance(present, dict) and isinstance(edit.value, list):
        raise other_kind(edit, depth, "dict", "list")
    if isinstance(present, (list, tuple)) and isinstance(edit.value, dict):
        raise other_kind(edit, depth, "list", "dict")
