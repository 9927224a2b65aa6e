"""Reads pipelines that are plain dicts and lists, as they are: no copy, no OmegaConf. Gives up where only that helps.

The commonest interpolation, `${a.b.0}` to another place of the same config, is followed here; all others, missing
values and structured configs are OmegaConf's.
"""

from __future__ import annotations

import re
from typing import Any

from hydra_cached.graph.expression import PLAIN_MODES, Items, Ref, set_convert
from hydra_cached.graph.kinds import is_structured, keeps_tuples
from hydra_cached.graph.paths import Link, spell_full_key, spread
from hydra_cached.graph.places import (
    DECLARING_KEYS,
    MODE_KEYS,
    SPECIAL_KEYS,
    Places,
    check_flag,
    declare,
    is_argument,
    mode_name,
)
from hydra_cached.graph.prepare import is_like_container, spell_target

_LEAVES = frozenset({int, float, bool, type(None), bytes})
_CONTAINERS = frozenset({dict, list, tuple})
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*(?:\.\w+|\[\d+\])*)\}\Z")
_ABSENT = object()


class NotPlainError(Exception):
    """The config has something in it that means more than it says: an interpolation, a structured config."""


class PlainReader:
    """Turns plain containers into expressions, and the calls in them into places."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._root: Any = None
        self._open_tuples = 0

    def read_root(self, config: Any) -> Any:
        """The expression of a whole config.

        Raises:
            NotPlainError: it has interpolations, missing values, structured configs or keys that are not strings.
        """
        self._root = config
        if isinstance(config, dict) and "_target_" not in config:
            return self._read_dict(config, None, "none", True, is_root=True)
        return self._read_container(config, None, "none", True)

    def _read(self, value: Any, path: Link, key: str | int, convert: str, recursive: bool) -> Any:
        kind = type(value)
        if kind is str:
            if "${" not in value and value != "???":
                return value
            value, home = self._follow(value)
            return self._read_container(value, home, convert, recursive, path=(path, key)) if home else value
        if kind in _LEAVES:
            return value
        if kind in _CONTAINERS:
            return self._read_container(value, (path, key), convert, recursive)
        if is_like_container(value):
            if self._open_tuples:
                raise NotPlainError
            return self._read_container(value, (path, key), convert, recursive)
        check_leaf(value)
        return value

    def _follow(self, written: str) -> tuple[Any, Link]:
        """What an interpolation refers to: a leaf and None, or a container and the path at which it is written."""
        seen = set()
        while True:
            match = _REFERENCE.match(written)
            if match is None or written in seen:
                raise NotPlainError
            seen.add(written)
            value: Any = self._root
            home: Link = None
            key: str | int
            for part in match.group(1).replace("[", ".").replace("]", "").split("."):
                if isinstance(value, dict):
                    value, key = value.get(part, _ABSENT), part
                elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                    value, key = value[int(part)], int(part)
                else:
                    raise NotPlainError
                home = (home, key)
            if isinstance(value, str) and ("${" in value or value == "???"):
                written = value
                continue
            if type(value) is tuple or is_like_container(value):
                return value, home
            if value is _ABSENT or value is None:
                # OmegaConf knows keys of other types, and what None in the place of a container means
                raise NotPlainError
            check_leaf(value)
            return value, None

    def _read_container(
        self, value: Any, home: Link, convert: str, recursive: bool, *, path: Link | None = None
    ) -> Any:
        """The expression of a container written at ``home`` and found, by a reference perhaps, at ``path``."""
        if isinstance(value, dict):
            if "_target_" in value:
                return self._read_call(value, home, convert, recursive, home if path is None else path)
            return self._read_dict(value, home, convert, recursive)
        self._places.enter(value, home)
        self._open_tuples += isinstance(value, tuple)
        items = tuple([self._read(each, home, i, convert, recursive) for i, each in enumerate(value)])
        self._open_tuples -= isinstance(value, tuple)
        self._places.leave(value)
        is_tuple = isinstance(value, tuple) and keeps_tuples()
        return Items(None, items, convert not in PLAIN_MODES, is_tuple=is_tuple)

    def _read_dict(
        self, source: dict[Any, Any], path: Link, convert: str, recursive: bool, *, is_root: bool = False
    ) -> Items:
        if "_convert_" in source or "_recursive_" in source or "_partial_" in source:
            convert, recursive, _ = self._modes(source, path, convert, recursive)
        self._places.enter(source, path)
        keys = tuple([key for key in source if not (is_root and key in MODE_KEYS and not is_argument(key))])
        values = []
        for key in keys:
            if type(key) is not str:
                raise NotPlainError
            values.append(self._read(source[key], path, key, convert, recursive))
        self._places.leave(source)
        return Items(keys, tuple(values), convert not in PLAIN_MODES)

    def _modes(self, source: dict[Any, Any], path: Link, convert: str, recursive: Any) -> tuple[str, bool, bool]:
        convert = source.get("_convert_", convert)
        recursive = source.get("_recursive_", recursive)
        is_partial = source.get("_partial_", False)
        if any(isinstance(each, str) and ("${" in each or each == "???") for each in (convert, recursive, is_partial)):
            raise NotPlainError
        if isinstance(recursive, (dict, list)) or isinstance(is_partial, (dict, list)):
            # Hydra's message names OmegaConf's class
            raise NotPlainError
        if not (isinstance(recursive, bool) and isinstance(is_partial, bool)):
            keys = spread(path)
            full_key = spell_full_key(keys)
            check_flag("_recursive_", recursive, full_key, keys)
            check_flag("_partial_", is_partial, full_key, keys)
        return mode_name(convert), recursive, is_partial

    def _read_call(self, source: dict[Any, Any], path: Link, convert: str, recursive: bool, found_at: Link) -> Ref:
        places = self._places
        known = places.known(source, convert, recursive, found_at)
        if known is not None:
            return known
        inherited = (convert, recursive)
        is_partial = False
        if "_convert_" in source or "_recursive_" in source or "_partial_" in source:
            convert, recursive, is_partial = self._modes(source, path, convert, recursive)
        places.enter(source, path)
        written = source["_target_"]
        if isinstance(written, str):
            if "${" in written or written == "???":
                raise NotPlainError
        elif isinstance(written, (dict, list)) or type(written).__module__.startswith("omegaconf"):
            raise NotPlainError
        target = places.target(written, path, source)
        kwargs: dict[str, Any] = {}
        declared = target[2]
        for key, value in source.items():
            if type(key) is not str:
                raise NotPlainError
            if key in SPECIAL_KEYS and not is_argument(key):
                if key in DECLARING_KEYS:
                    check_plain(value)
                    if isinstance(value, (list, tuple, dict)):
                        for each in value.values() if isinstance(value, dict) else value:
                            check_plain(each)
                    declared = declare(declared, {key: value}, path)
                continue
            kind = type(value)
            # the commonest leaves without a call
            if kind in _LEAVES or (kind is str and "${" not in value and value != "???"):
                kwargs[key] = value
            elif recursive:
                kwargs[key] = set_convert(self._read(value, path, key, convert, True), convert)
            else:
                kwargs[key] = self._unexpanded(value, convert)
        places.leave(source)
        return places.add(source, inherited, found_at, path, target, kwargs, convert, is_partial, declared)

    def _unexpanded(self, value: Any, convert: str) -> Any:
        check_plain(value)
        keys, values = None, value
        if isinstance(value, tuple) and any(type(each) is tuple or is_like_container(each) for each in value):
            # the rules for what is in a tuple differ
            raise NotPlainError
        if isinstance(value, dict):
            keys = tuple(value)
            values = [spell_target(each) if key == "_target_" else each for key, each in value.items()]
        elif type(value) is not tuple and not isinstance(value, list):
            return value
        built = tuple([self._unexpanded(each, convert) for each in values])
        is_tuple = isinstance(value, tuple) and keeps_tuples()
        return Items(keys, built, convert not in PLAIN_MODES, is_unexpanded=True, is_tuple=is_tuple)


def check_plain(value: Any) -> None:
    """
    Raises:
        NotPlainError: the value itself, or a key of it, means more to OmegaConf than it says.
    """
    if isinstance(value, str):
        if "${" in value or value == "???":
            raise NotPlainError
    elif isinstance(value, dict):
        if not all(type(key) is str for key in value):
            raise NotPlainError
    elif type(value) is not tuple and not isinstance(value, list):
        check_leaf(value)


def is_plain_leaf(value: Any) -> bool:
    """Whether a value is a leaf that means to OmegaConf just what it says."""
    return type(value) in _LEAVES or (type(value) is str and "${" not in value and value != "???")


def check_leaf(value: Any) -> None:
    """
    Raises:
        NotPlainError: an object that OmegaConf turns into a config, or text of a class of its own that means more.
    """
    if type(value) not in _LEAVES and (
        is_structured(value)
        or type(value).__module__.startswith("omegaconf")
        or (isinstance(value, str) and ("${" in value or value == "???"))
    ):
        raise NotPlainError
