"""Where something is written: paths of keys, and how OmegaConf spells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

_PLACE = "_hydra_cached_place"

KeyPath = tuple["str | int", ...]

Link: TypeAlias = "tuple[Any, str | int] | None"
"""A path while a config is read: the link before, and the last key; None at the root. So that paths in a deep config
take no more room than its nodes, they share their beginnings."""


def spread(link: Link) -> KeyPath:
    """The keys of a link, from the root.

    >>> spread(((None, "a"), 0))
    ('a', 0)
    """
    keys = []
    while link is not None:
        link, key = link
        keys.append(key)
    return tuple(reversed(keys))


def make_link(path: Iterable[str | int]) -> Link:
    """The link of a path."""
    link: Link = None
    for key in path:
        link = (link, key)
    return link


def key_path_of(container: Any) -> KeyPath:
    """Keys from the root of the whole config to a container."""
    keys: list[str | int] = []
    while container is not None:
        parent = container._get_parent()
        if parent is not None:
            key = container._key()
            if key is not None:
                keys.append(key if isinstance(key, int) else str(key))
        container = parent
    return tuple(reversed(keys))


def mark_place(error: Exception, path: KeyPath) -> None:
    """Note on an exception of OmegaConf's or Hydra's at which config path it came up. What it says stays theirs."""
    if not hasattr(error, _PLACE):
        setattr(error, _PLACE, ".".join(map(str, path)))


def marked_place(error: Exception) -> str:
    """The config path that was noted on an exception, or ""."""
    return str(getattr(error, _PLACE, ""))


def spell_full_key(path: KeyPath) -> str:
    """A key path as OmegaConf spells it: `steps[0].model`."""
    if path == (0,):
        return ""
    text = ""
    for number, key in enumerate(path):
        is_last = number == len(path) - 1
        # OmegaConf leaves the brackets out at the end: "steps0" is how it calls the first step
        text += (str(key) if is_last else f"[{key}]") if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def full_key_of(source: Any, path: KeyPath) -> str:
    """Where a place is written, as OmegaConf spells it from the root of the whole config."""
    # OmegaConf names the first item of a list 0, which Hydra takes for no name
    return spell_full_key(path) if isinstance(source, dict) else str(source._get_full_key(None) or "")
